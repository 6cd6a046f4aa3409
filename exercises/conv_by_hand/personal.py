"""A 5 x 5 matrix and a 3 x 3 kernel for one student, such that every known mistake gives another answer."""

from itertools import product

A_SIDE, W_SIDE = 5, 3
A_NUMBERS = (0, 0, 1, 1, 2, 2, 3, 4, 5)  # zeros and small numbers: a sum is done in the head
W_NUMBERS = (-2, -1, -1, 0, 0, 1, 1, 2, 3)


def personal(rng):
    """Draw A and W: a text per field."""
    while True:
        a = [[rng.choice(A_NUMBERS) for _ in range(A_SIDE)] for _ in range(A_SIDE)]
        w = [[rng.choice(W_NUMBERS) for _ in range(W_SIDE)] for _ in range(W_SIDE)]
        if _tells_mistakes_apart(a, w):
            return {"A": _text(a), "W": _text(w)}


def _tells_mistakes_apart(a, w):
    """No turned or mirrored W equals another one, W has a negative and a positive sum, A is busy at its rim."""
    turned = [_turned(w, turns, mirrored) for turns, mirrored in product(range(4), (False, True))]
    is_asymmetric = len({str(image) for image in turned}) == len(turned)
    rim = [*a[0], *a[-1], *(row[0] for row in a), *(row[-1] for row in a)]
    zeros = sum(row.count(0) for row in w)
    return (
        is_asymmetric
        and any(number < 0 for row in w for number in row)
        and sum(map(sum, w)) > 0
        and 2 <= zeros <= 4
        and 0 < rim.count(0) <= len(rim) // 3
        and a[0] != a[-1]
        and a != [list(column) for column in zip(*a, strict=True)]
    )


def _turned(matrix, turns, mirrored):
    for _ in range(turns):
        matrix = [list(row) for row in zip(*matrix[::-1], strict=True)]
    return matrix[::-1] if mirrored else matrix


def _text(matrix):
    width = max(len(str(number)) for row in matrix for number in row)
    return "\n".join(" ".join(str(number).rjust(width) for number in row) for row in matrix)
