"""The sides that a net can take, and the nearest that it could."""

from __future__ import annotations

from torch import Tensor

from reference.errors import ShapeError

ENDLESS = 2**31


def multiples(number: int) -> range:
    """All sides that a net can halve and double again without a rest: multiples of `number`, from itself on.

    Example:
        >>> 64 in multiples(64), 224 in multiples(64), 0 in multiples(64)
        (True, False, False)
    """
    return range(number, ENDLESS, number)


def nearest_side(side: int, sides: range) -> int:
    """Find the side that is nearest, the larger one of two.

    Example:
        >>> [nearest_side(side, multiples(64)) for side in (0, 64, 95, 96)], nearest_side(300, range(227, 259))
        ([64, 64, 64, 128], 258)
    """
    place = (side - sides.start + sides.step // 2) // sides.step
    return sides[min(max(0, place), len(sides) - 1)]


def require_sides(x: Tensor, channels: int, sides: range, reason: str = "") -> None:
    """Demand a batch of images of a size that a net can take.

    Args:
        x: What the net was called with.
        channels: The channels that its first layer takes.
        sides: What H and W may be, in rising order.
        reason: Why no other.

    Raises:
        ShapeError: x is no such batch; the text names the nearest size that works.

    Example:
        >>> import torch
        >>> require_sides(torch.zeros(1, 3, 100, 64), 3, multiples(64))
        Traceback (most recent call last):
            ...
        reference.errors.ShapeError: x: expected (N, 3, H, W) with H and W multiples of 64, got (1, 3, 100, 64); \
the nearest size that works is 128 x 64
    """
    is_fixed = len(sides) == 1
    expected = f"(N, {channels}, {sides[0]}, {sides[0]})" if is_fixed else f"(N, {channels}, H, W)"
    if x.ndim != 4 or x.shape[1] != channels:
        raise ShapeError("x", expected, repr(tuple(x.shape)))
    H, W = (nearest_side(side, sides) for side in x.shape[2:])
    if tuple(x.shape[2:]) != (H, W):
        bounds = "" if is_fixed else f" with H and W {_describe(sides)}"
        raise ShapeError(
            "x",
            f"{expected}{bounds}{reason and f', as {reason}'}",
            repr(tuple(x.shape)),
            f"the nearest size that works is {H} x {W}",
        )


def _describe(sides: range) -> str:
    if sides == multiples(sides.step):
        return f"multiples of {sides.step}"
    steps = f" in steps of {sides.step}" if sides.step > 1 else ""
    return f"from {sides[0]} to {sides[-1]}{steps}" if sides.stop < ENDLESS else f"of at least {sides[0]}{steps}"
