"""Works the sheet out with loops, from the definition, for any A and W."""

from fractions import Fraction


def sheet(given):
    a, w = read(given["A"]), read(given["W"])
    (m, n), (k, q) = (len(a), len(a[0])), (len(w), len(w[0]))
    full = [[element(a, w, i, j) for j in range(n + q - 1)] for i in range(m + k - 1)]
    same = [row[q // 2 : q // 2 + n] for row in full[k // 2 : k // 2 + m]]
    valid = [row[q - 1 : n] for row in full[k - 1 : m]]
    return {"full": write(full), "same": write(same), "valid": write(valid)}


def element(a, w, i, j):
    total = Fraction(0)
    for u in range(len(w)):
        for v in range(len(w[0])):
            if 0 <= i - u < len(a) and 0 <= j - v < len(a[0]):
                total += w[u][v] * a[i - u][j - v]
    return total


def read(text):
    rows = text.strip("[] \n").replace("\n", ";").split(";")
    return [[Fraction(number) for number in row.split()] for row in rows]


def write(matrix):
    return "\n".join(", ".join(map(str, row)) for row in matrix)
