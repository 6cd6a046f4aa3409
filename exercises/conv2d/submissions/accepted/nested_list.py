"""Plain Python: lists in lists, and no array at all in the result."""


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Return the output as nested lists."""
    x, w = x.tolist(), weight.tolist()
    H, W = len(x[0][0]), len(x[0][0][0])
    K_h, K_w = len(w[0][0]), len(w[0][0][0])
    H_out, W_out = (H + 2 * padding - K_h) // stride + 1, (W + 2 * padding - K_w) // stride + 1

    def pixel(plane, row, column):
        return plane[row][column] if 0 <= row < H and 0 <= column < W else 0.0

    def window(image, kernel, i, j):
        return sum(
            kernel[c][u][v] * pixel(plane, i * stride + u - padding, j * stride + v - padding)
            for c, plane in enumerate(image)
            for u in range(K_h)
            for v in range(K_w)
        )

    b = [0.0] * len(w) if bias is None else bias.tolist()
    return [
        [[[window(image, w[o], i, j) + b[o] for j in range(W_out)] for i in range(H_out)] for o in range(len(w))]
        for image in x
    ]
