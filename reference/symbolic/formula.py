"""Every output of a convolution over several channels, as a formula."""

from __future__ import annotations

from sympy import Add, Expr, Mul, Symbol

from reference.errors import ShapeError, require_at_least, require_one_of
from reference.geometry import output_size
from reference.symbolic.convention import CONVENTIONS, Convention
from reference.symbolic.symbol import bias_symbol, grad_symbol, w_symbol, x_symbol

Sides = tuple[int, int]


def output_products(
    i: int,
    j: int,
    kernel: Sides = (2, 2),
    channels: int = 3,
    convention: Convention = "convolution",
    n: int | None = None,
) -> list[tuple[Symbol, Symbol]]:
    """List the products of one output, pixel and weight, in the order in which the window is read.

    The window of y_ij starts at pixel x_ij (stride 1, no padding, indices from 1):

        convolution   x^c_(i+u-1, j+v-1) meets w^c_(K_h+1-u, K_w+1-v)     kernel turned by 180 degrees
        correlation   x^c_(i+u-1, j+v-1) meets w^c_(u, v)

    for all channels c, u = 1..K_h and v = 1..K_w.  The channels are never turned.

    Args:
        i: Row of the output, from 1.
        j: Column of the output, from 1.
        kernel: K_h and K_w.
        channels: Channels of the image, and so of the kernel.
        convention: "convolution" as in mathematics and MATLAB, "correlation" as in caffe and torch.
        n: Number of the kernel, and of the output channel, if there are several.

    Raises:
        OptionError: A number is no integer of at least 1, or `convention` is another word.

    Example:
        >>> output_products(1, 1, kernel=(1, 2), channels=1)
        [(x_1_1_1, w_1_1_2), (x_1_1_2, w_1_1_1)]
    """
    require_at_least("i", i, 1, "rows are counted from 1")
    require_at_least("j", j, 1, "columns are counted from 1")
    require_at_least("channels", channels, 1)
    require_one_of("convention", convention, CONVENTIONS)
    K_h, K_w = kernel
    require_at_least("kernel", K_h, 1)
    require_at_least("kernel", K_w, 1)
    products = []
    for c in range(1, channels + 1):
        for u in range(1, K_h + 1):
            for v in range(1, K_w + 1):
                row, column = (u, v) if convention == "correlation" else (K_h + 1 - u, K_w + 1 - v)
                products.append((x_symbol(c, i + u - 1, j + v - 1), w_symbol(c, row, column, n)))
    return products


def output_formula(
    i: int,
    j: int,
    kernel: Sides = (2, 2),
    channels: int = 3,
    convention: Convention = "convolution",
    bias: bool = False,
    n: int | None = None,
) -> Expr:
    """Write output y_ij of one kernel as a sum of products over all channels, plus one bias if asked.

    Arguments and errors are those of `output_products`.

    Example:
        >>> output_formula(1, 1, kernel=(1, 2), channels=1, bias=True)
        b + w_1_1_1*x_1_1_2 + w_1_1_2*x_1_1_1
    """
    terms = [Mul(x, w) for x, w in output_products(i, j, kernel, channels, convention, n)]
    return Add(*terms, bias_symbol(n)) if bias else Add(*terms)


def output_formulas(
    image: Sides = (3, 3),
    kernel: Sides = (2, 2),
    channels: int = 3,
    convention: Convention = "convolution",
    bias: bool = False,
    n: int | None = None,
) -> list[list[Expr]]:
    """Write all outputs of one kernel over an image, row by row.

    Args:
        image: H and W.
        kernel: K_h and K_w.
        channels: Channels of the image.
        convention: As in `output_products`.
        bias: Whether the kernel has one.
        n: Number of the kernel if there are several: [output_formulas(n=n) for n in (1, 2)] is a layer of two.

    Raises:
        OptionError: As in `output_products`.
        ShapeError: The kernel is larger than the image.

    Example:
        >>> [output_formulas((1, 2), (1, 2), channels=1, n=n) for n in (1, 2)]
        [[[w_1_1_1_1*x_1_1_2 + w_1_1_1_2*x_1_1_1]], [[w_2_1_1_1*x_1_1_2 + w_2_1_1_2*x_1_1_1]]]
    """
    H_out, W_out = _output_sides(image, kernel)
    return [
        [output_formula(i, j, kernel, channels, convention, bias, n) for j in range(1, W_out + 1)]
        for i in range(1, H_out + 1)
    ]


def derivative(
    i: int,
    j: int,
    symbol: Symbol,
    kernel: Sides = (2, 2),
    channels: int = 3,
    convention: Convention = "convolution",
    bias: bool = False,
    n: int | None = None,
) -> Expr:
    """Differentiate output y_ij by a pixel, a weight or the bias.

    By a weight it is the pixel that the weight met, by a pixel the weight; 0
    where the window does not reach the pixel.

    Example:
        >>> derivative(1, 2, w_symbol(3, 2, 2))
        x_3_1_2
    """
    return output_formula(i, j, kernel, channels, convention, bias, n).diff(symbol)


def loss_gradient(
    symbol: Symbol,
    image: Sides = (3, 3),
    kernel: Sides = (2, 2),
    channels: int = 3,
    convention: Convention = "convolution",
    bias: bool = False,
    filters: int | None = None,
) -> Expr:
    """Differentiate the loss by a pixel, a weight or the bias: all outputs that use it contribute.

        dL/ds = sum over (i, j) of g_ij * dy_ij/ds      with g_ij = dL/dy_ij

    and over n as well if there are several `filters`, kernels with numbers from 1.

    By the weights it is again a correlation of the image, with g as the kernel.
    By the pixels of a correlation it is the full convolution of g with the
    kernel, and the other way round.  Arguments and errors are those of `output_formulas`.

    Example:
        >>> loss_gradient(bias_symbol(), image=(2, 3), bias=True)
        g_1_1 + g_1_2
        >>> loss_gradient(x_symbol(1, 1, 2), image=(1, 3), kernel=(1, 2), convention="correlation")
        g_1_1*w_1_1_2 + g_1_2*w_1_1_1
    """
    H_out, W_out = _output_sides(image, kernel)
    places = [(i, j) for i in range(1, H_out + 1) for j in range(1, W_out + 1)]
    if filters is not None:
        require_at_least("filters", filters, 1)
    kernels = [None] if filters is None else range(1, filters + 1)
    return Add(
        *(
            grad_symbol(i, j, n) * derivative(i, j, symbol, kernel, channels, convention, bias, n)
            for n in kernels
            for i, j in places
        )
    )


def _output_sides(image: Sides, kernel: Sides) -> Sides:
    try:
        return output_size(image[0], kernel[0]), output_size(image[1], kernel[1])
    except ShapeError as error:
        raise ShapeError("image", f"H and W of at least the kernel's {kernel}", repr(image)) from error
