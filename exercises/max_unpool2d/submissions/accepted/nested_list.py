"""Plain Python: nested lists, and no array in the result."""


def max_unpool2d(x, indices, output_size):
    """Fill planes of zeros."""
    H_out, W_out = output_size
    y = []
    for image, places in zip(x.tolist(), indices.tolist(), strict=True):
        planes = []
        for values, switches in zip(image, places, strict=True):
            plane = [[0.0] * W_out for _ in range(H_out)]
            for row, switch_row in zip(values, switches, strict=True):
                for value, k in zip(row, switch_row, strict=True):
                    plane[k // W_out][k % W_out] = value
            planes.append(plane)
        y.append(planes)
    return y
