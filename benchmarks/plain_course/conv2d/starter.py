"""conv2d: a convolution in numpy."""


def conv2d(x, weight, stride=1, padding=0):
    """Slide filters over images; x is (N, C_in, H, W), weight (C_out, C_in, K_h, K_w)."""
    raise NotImplementedError
