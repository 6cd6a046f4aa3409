"""The second witness for normalisation, attention, random fields and cells: slow loops over single numbers.

Nothing here imports `reference`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.oracles import Array, Pair, places


def softmax(scores: Sequence[float]) -> list[float]:
    """The definition; scores are small here."""
    grown = [math.exp(score) for score in scores]
    return [value / math.fsum(grown) for value in grown]


def cross_entropy(scores: Array, labels: Array, weight: Array | None, ignore_label: int) -> tuple[Array, float]:
    """The loss of each label, and what it counts."""
    losses, counted = np.zeros(labels.shape), 0.0
    for place in places(*labels.shape):
        label = labels[place]
        if label == ignore_label:
            continue
        column = scores[(place[0], slice(None), *place[1:])]
        importance = 1.0 if weight is None else weight[label]
        losses[place] = -importance * math.log(softmax(column)[label])
        counted += importance
    return losses, counted


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """The paper's formula; the caller divides alpha."""
    y = np.zeros_like(x)
    for n, c, i, j in places(*x.shape):
        first, last = max(0, c - size // 2), min(x.shape[1] - 1, c + size // 2)
        energy = math.fsum(x[n, d, i, j] ** 2 for d in range(first, last + 1))
        y[n, c, i, j] = x[n, c, i, j] / (k + alpha * energy) ** beta
    return y


def l2_normalize2d(x: Array, scale: Array) -> Array:
    """Every pixel by its length."""
    y = np.zeros_like(x)
    for n, i, j in places(x.shape[0], *x.shape[2:]):
        length = math.sqrt(math.fsum(value**2 for value in x[n, :, i, j]))
        for c in range(x.shape[1]):
            y[n, c, i, j] = scale[c] * x[n, c, i, j] / length if length else 0
    return y


def subsample2d(x: Array, coefficient: Array, bias: Array, kernel_size: Pair) -> Array:
    """Sum each window, then two numbers a map."""
    (N, C, H, W), (K_h, K_w) = x.shape, kernel_size
    y = np.zeros((N, C, H // K_h, W // K_w), dtype=x.dtype)
    for n, c, i, j in places(*y.shape):
        total = sum(x[n, c, i * K_h + u, j * K_w + v] for u, v in places(K_h, K_w))
        y[n, c, i, j] = coefficient[c] * total + bias[c]
    return y


def correlate2d_table(x: Array, weight: Array, bias: Array, table: Sequence[Sequence[int]]) -> Array:
    """Walk the table link by link."""
    (N, _, H, W), (_, K_h, K_w) = x.shape, weight.shape
    y = np.zeros((N, len(table), H - K_h + 1, W - K_w + 1), dtype=x.dtype)
    link = 0
    for o, seen in enumerate(table):
        y[:, o] += bias[o]
        for c in seen:
            for n, i, j in places(N, *y.shape[2:]):
                y[n, o, i, j] += sum(weight[link, u, v] * x[n, c, i + u, j + v] for u, v in places(K_h, K_w))
            link += 1
    return y


def sample_bilinear(plane: Array, row: float, column: float) -> float:
    """Every pixel by its hat; most are 0."""
    return math.fsum(
        plane[i, j] * max(0.0, 1 - abs(row - i)) * max(0.0, 1 - abs(column - j)) for i, j in places(*plane.shape)
    )


def distance_transform(plane: Array, costs: Sequence[float], reach: Pair | None) -> tuple[Array, Array]:
    """Every place against every other."""
    H, W = plane.shape
    y, indices = np.zeros((H, W)), np.zeros((H, W), dtype=np.int64)
    for i, j in places(H, W):
        offers = []
        for p, q in places(H, W):
            dx, dy = q - j, p - i
            if reach is None or (abs(dy) <= reach[0] and abs(dx) <= reach[1]):
                price = costs[0] * dx**2 + costs[1] * dx + costs[2] * dy**2 + costs[3] * dy
                offers.append((plane[p, q] - price, -(p * W + q)))
        y[i, j], place = max(offers)  # of equal offers the smallest index
        indices[i, j] = -place
    return y, indices


def lower_envelope(values: Sequence[float], square: float) -> list[float]:
    """max over q of values[q] - square*(q - p)^2 in one pass: parabolas that are above all others somewhere."""
    tops, borders = [0], [-math.inf, math.inf]
    for q in range(1, len(values)):
        while True:
            r = tops[-1]  # where the parabola of q begins to be above that of r
            meet = ((square * q * q - values[q]) - (square * r * r - values[r])) / (2 * square * (q - r))
            if meet > borders[-2]:
                break
            tops.pop()
            borders.pop(-2)
        tops.append(q)
        borders[-1:] = [meet, math.inf]
    result, k = [], 0
    for p in range(len(values)):
        while borders[k + 1] < p:
            k += 1
        result.append(values[tops[k]] - square * (tops[k] - p) ** 2)
    return result


def attend(
    regions: Array, query: Array, weights: Sequence[Array], release: bool, bias_region: Array | None = None
) -> tuple[Array, Array]:
    """One question of one image: refined query, weights of the regions."""
    weight_region, weight_query, bias, weight_score, bias_score = weights
    scores = []
    for region in regions:
        score = float(bias_score)
        for k in range(len(bias)):
            seen = sum(weight_region[k, d] * region[d] for d in range(len(region)))
            seen += 0 if bias_region is None else bias_region[k]
            asked = sum(weight_query[k, d] * query[d] for d in range(len(query))) + bias[k]
            score += weight_score[k] * (math.tanh(seen) + math.tanh(asked) if release else math.tanh(seen + asked))
        scores.append(math.tanh(score) if release else score)
    p = softmax(scores)
    return query + sum(weight * region for weight, region in zip(p, regions, strict=True)), np.array(p)


def double_attention(features: Array, gathering: Array, distributing: Array) -> Array:
    """One image, (C, H, W): what each position takes from each other, one pair of positions at a time."""
    positions = list(places(*features.shape[1:]))
    C_n = gathering.shape[0]
    B = [softmax([gathering[(n, *q)] for q in positions]) for n in range(C_n)]
    V = [softmax([distributing[(n, *p)] for n in range(C_n)]) for p in positions]
    Z = np.zeros(features.shape)
    for c in range(features.shape[0]):
        for p, place in enumerate(positions):
            Z[(c, *place)] = math.fsum(
                features[(c, *other)] * B[n][q] * V[p][n] for q, other in enumerate(positions) for n in range(C_n)
            )
    return Z


def gaussian_kernels(image: Array, alpha: float, beta: float, gamma: float) -> Array:
    """One image, (C, H, W): appearance and smoothness between all pixels, not of a pixel with itself."""
    positions = list(places(*image.shape[1:]))
    kernels = np.zeros((2, len(positions), len(positions)))
    for i, a in enumerate(positions):
        for j, b in enumerate(positions):
            if i != j:
                apart = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
                unlike = sum((plane[a] - plane[b]) ** 2 for plane in image)
                kernels[0, i, j] = math.exp(-apart / (2 * alpha**2) - unlike / (2 * beta**2))
                kernels[1, i, j] = math.exp(-apart / (2 * gamma**2))
    return kernels


def mean_field(unary: Array, kernels: Array, weights: Array, compatibility: Array, steps: int) -> Array:
    """One image, (L, P): the paper's algorithm, pixel by pixel, label by label."""
    L, P = unary.shape
    Q = [softmax(unary[:, i]) for i in range(P)]
    for _ in range(steps):
        new = []
        for i in range(P):
            filtered = []
            for label in range(L):
                total = 0.0
                for m in range(len(kernels)):
                    messages = [sum(kernels[m, i, j] * Q[j][other] for j in range(P)) for other in range(L)]
                    row = weights[m][label] if np.ndim(weights[m]) else weights[m] * np.eye(L)[label]
                    total += sum(row[other] * messages[other] for other in range(L))
                filtered.append(total)
            energy = [sum(compatibility[a, b] * filtered[b] for b in range(L)) for a in range(L)]
            new.append(softmax([unary[label, i] - energy[label] for label in range(L)]))
        Q = new
    return np.array(Q).T


def _area(u: Array, n: int, i: int, j: int, sides: Pair) -> list[tuple[int, int, int, float]]:
    """(plane, row of the area, column of the area, value) of all cells that (i, j) is connected to."""
    H, W = u.shape[2:]
    seen = []
    for k, a, b in places(u.shape[1], *sides):
        row, column = i + a - sides[0] // 2, j + b - sides[1] // 2
        if 0 <= row < H and 0 <= column < W:
            seen.append((k, a, b, float(u[n, k, row, column])))
    return seen


def s_cell(u: Array, excitatory: Array, inhibitory: Array, fixed: Array, r: float) -> Array:
    """Fukushima's formula, cell by cell."""
    y = np.zeros((u.shape[0], len(excitatory), *u.shape[2:]))
    for n, s, i, j in places(*y.shape):
        area = _area(u, n, i, j, fixed.shape)
        e = sum(excitatory[s, k, a, b] * value for k, a, b, value in area)
        v = math.sqrt(sum(fixed[a, b] * value**2 for _, a, b, value in area))
        y[n, s, i, j] = r * max(0.0, (1 + e) / (1 + r / (1 + r) * inhibitory[s] * v) - 1)
    return y


def c_cell(u: Array, fixed: Array, alpha: float) -> Array:
    """Fukushima's formula, cell by cell."""
    y = np.zeros(u.shape)
    K = u.shape[1]
    for n, k, i, j in places(*u.shape):
        area = _area(u, n, i, j, fixed.shape)
        own = sum(fixed[a, b] * value for plane, a, b, value in area if plane == k)
        mean = sum(fixed[a, b] * value for _, a, b, value in area) / K
        x = max(0.0, (1 + own) / (1 + mean) - 1)
        y[n, k, i, j] = x / (alpha + x)
    return y
