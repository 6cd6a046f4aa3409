"""A convolution by hand, one element at a time: which numbers meet, their products, the sum."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reference.errors import OptionError, require_at_least, require_one_of
from reference.matrix import SHAPES, Shape, Values, exact_matrix
from reference.symbolic.convention import CONVENTIONS, Convention

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the sum.

    Args:
        a: The number of the image.
        w: The number of the kernel.
        a_place: Row and column of `a` in the image, from 1.
        w_place: Row and column of `w` in the kernel as given, before it is turned, from 1.
    """

    a: Fraction
    w: Fraction
    a_place: Place
    w_place: Place

    @property
    def value(self) -> Fraction:
        """The product."""
        return self.a * self.w

    def __str__(self) -> str:
        return f"{_factor(self.a)}*{_factor(self.w)}"


@dataclass(frozen=True, slots=True)
class WorkedElement:
    """One element of the result, with all that was multiplied for it.

    Args:
        place: Row and column in the result, from 1.
        products: What met, in the order of the image.  The zeros around the image are left out.
    """

    place: Place
    products: tuple[Product, ...]

    @property
    def total(self) -> Fraction:
        """The element."""
        return sum((product.value for product in self.products), Fraction(0))

    def __str__(self) -> str:
        first, *others = (product.value for product in self.products)
        sums = " ".join([str(first), *(f"{'-' if value < 0 else '+'} {abs(value)}" for value in others)])
        lines = [" + ".join(map(str, self.products)), sums, str(self.total)]
        return " = ".join(lines if others else lines[:2])


def worked_element(
    a: Values, w: Values, i: int, j: int, shape: Shape = "valid", *, convention: Convention = "convolution"
) -> WorkedElement:
    """Work out element (i, j) of conv2(a, w, shape) step by step, in exact fractions.

    Args:
        a: The image, (H, W).
        w: The kernel, (K_h, K_w).
        i: Row of the result, from 1.
        j: Column of the result, from 1.
        shape: "full", "same" or "valid" as in `conv2_matrix`.
        convention: "convolution" turns the kernel by 180 degrees, "correlation" does not.

    Raises:
        ShapeError: a or w is no matrix.
        OptionError: (i, j) is not in the result, an entry is no finite real number, or a word is unknown.

    Example:
        >>> element = worked_element([[1, 2], [0, 1]], [[1, -1]], 1, 1)
        >>> str(element), element.total
        ('1*(-1) + 2*1 = -1 + 2 = 1', Fraction(1, 1))
    """
    require_one_of("shape", shape, SHAPES)
    require_one_of("convention", convention, CONVENTIONS)
    image, kernel = exact_matrix("a", a), exact_matrix("w", w)
    rows = _meetings("i", i, image.shape[0], kernel.shape[0], shape)
    columns = _meetings("j", j, image.shape[1], kernel.shape[1], shape)
    products = []
    for r, u in rows:
        for c, v in columns:
            # The meetings are those of a convolution; a correlation is one with the turned kernel.
            turned = convention == "correlation"
            row, column = (kernel.shape[0] - 1 - u, kernel.shape[1] - 1 - v) if turned else (u, v)
            products.append(Product(image[r, c], kernel[row, column], (r + 1, c + 1), (row + 1, column + 1)))
    return WorkedElement((i, j), tuple(products))


def worked_elements(
    a: Values, w: Values, shape: Shape = "valid", *, convention: Convention = "convolution"
) -> list[list[WorkedElement]]:
    """Work out every element of conv2(a, w, shape), row by row; arguments and errors are those of `worked_element`.

    A kernel that is larger than the image leaves no element of the valid result.

    Example:
        >>> [str(element) for element in worked_elements([[1, 2, 3]], [[1, -1]])[0]]
        ['1*(-1) + 2*1 = -1 + 2 = 1', '2*(-1) + 3*1 = -2 + 3 = 1']
    """
    require_one_of("shape", shape, SHAPES)
    image, kernel = exact_matrix("a", a), exact_matrix("w", w)
    H_out, W_out = (_length(image.shape[axis], kernel.shape[axis], shape) for axis in (0, 1))
    return [
        [worked_element(a, w, i, j, shape, convention=convention) for j in range(1, W_out + 1)]
        for i in range(1, H_out + 1)
    ]


def _length(size: int, kernel_size: int, shape: Shape) -> int:
    return {"full": size + kernel_size - 1, "same": size, "valid": max(0, size - kernel_size + 1)}[shape]


def _meetings(name: str, index: int, size: int, kernel_size: int, shape: Shape) -> list[Place]:
    """Which position of the image meets which tap, along one axis, both from 0."""
    length = _length(size, kernel_size, shape)
    first = {"full": 0, "same": kernel_size // 2, "valid": kernel_size - 1}[shape]  # in the full result
    require_at_least(name, index, 1, "rows and columns are counted from 1")
    if index > length:
        raise OptionError(name, f"1 to {length}, the size of the {shape} result", repr(index))
    place = first + index - 1
    return [(position, place - position) for position in range(size) if 0 <= place - position < kernel_size]


def _factor(value: Fraction) -> str:
    return str(value) if value >= 0 and value.denominator == 1 else f"({value})"
