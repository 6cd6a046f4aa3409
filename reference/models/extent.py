"""The range of image sizes that a net with dense layers can take."""

from __future__ import annotations

from torch import Tensor

from reference.errors import ShapeError


def require_extent(x: Tensor, in_channels: int, sides: range, reason: str = "") -> None:
    """Demand a batch of images whose sides lie in a range.

    Args:
        x: What the net was called with.
        in_channels: The channels that its first layer takes.
        sides: The sides that work, `range(least, most + 1)`.
        reason: Why no others do, for the error.

    Raises:
        ShapeError: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> require_extent(torch.zeros(1, 3, 20, 300), 3, range(224, 256), "fc6 sees 7 x 7")
        Traceback (most recent call last):
            ...
        reference.errors.ShapeError: x: expected (N, 3, H, W) with H and W from 224 to 255, as fc6 sees 7 x 7, \
got (1, 3, 20, 300); the nearest size that works is 224 x 255
    """
    least, most = sides[0], sides[-1]
    expected = f"(N, {in_channels}, {least}, {least})" if least == most else f"(N, {in_channels}, H, W)"
    if x.ndim != 4 or x.shape[1] != in_channels:
        raise ShapeError("x", expected, repr(tuple(x.shape)))
    H, W = (min(max(side, least), most) for side in x.shape[2:])
    if tuple(x.shape[2:]) != (H, W):
        bounds = "" if least == most else f" with H and W from {least} to {most}"
        because = f", as {reason}" if reason else ""
        raise ShapeError(
            "x", f"{expected}{bounds}{because}", repr(tuple(x.shape)), f"the nearest size that works is {H} x {W}"
        )
