"""The first LeNet (LeCun et al., Neural Computation 1989): zip codes, strided convolutions, a bias for every unit."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, require_one_of
from reference.layers.connection import Table
from reference.models.label import require_labels
from reference.models.side import require_sides
from reference.models.table import TableConv2d

SIDE = 16
BACKGROUND = -1.0

LENET1989_H2: Table = (
    *(4 * (tuple(range(8)),)),
    *(4 * (tuple(range(4, 12)),)),
    *(4 * ((*range(4), *range(8, 12)),)),
)
"""Which 8 of the 12 maps of H1 each of the 12 maps of H2 sees.

The paper draws on "a scheme that will not be discussed here": only the 8 is known.
This choice, three groups of four maps, is that of Karpathy's reproduction.
"""


class LeNet1989(nn.Module):
    """Read a digit of 16 x 16 pixels with two strided convolutions and two dense layers.

        H1   12 maps 8 x 8    5x5, stride 2, sees the image
        H2   12 maps 4 x 4    5x5, stride 2, each map sees 8 of the 12 maps of H1
        H3   30 units         dense
        out  10 units         dense, +1 for the digit and -1 for the others

    Nothing is pooled: the stride makes maps smaller.  Kernels are shared over a map,
    **biases are not**: every unit has its own, 768 in H1 and 192 in H2.  Outside the
    image is background, so the border is -1, not 0.  The tanh follows every layer,
    the last one too.  9,760 parameters, 64,660 connections.

    Shape:
        x:      (N, 1, 16, 16), from -1 for the background to 1 for ink
        return: (N, 10) in (-1, 1)

    Args:
        table: The 8 maps of H1 that each map of H2 sees; see `LENET1989_H2`.
        initial: "fan_in" draws weights evenly from +-2.4/F, F the inputs of the unit, as the paper says;
            "root" from +-2.4/sqrt(F), as its reproduction found to learn better.  Biases start at 0.

    Raises:
        OptionError: `initial` is neither word, or the table has not 12 rows of 8 maps.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> LeNet1989()(torch.full((2, 1, 16, 16), -1.0)).shape
        torch.Size([2, 10])

    Source:
        LeCun, Boser, Denker, Henderson, Howard, Hubbard and Jackel, "Backpropagation Applied to
        Handwritten Zip Code Recognition", Neural Computation 1, 1989: section 3 and figure 3 layers,
        section 4 training.  The paper trains by a stochastic diagonal Newton method, which is not here;
        what its text leaves open follows github.com/karpathy/lecun1989-repro.
    """

    def __init__(self, table: Table = LENET1989_H2, *, initial: str = "fan_in") -> None:
        super().__init__()
        require_one_of("initial", initial, ("fan_in", "root"))
        if [len(seen) for seen in table] != 12 * [8]:
            raise OptionError("table", "12 rows of 8 maps", f"rows of {[len(seen) for seen in table]}")
        self.h1 = nn.Conv2d(1, 12, 5, stride=2, bias=False)
        self.h1_bias = nn.Parameter(torch.zeros(12, 8, 8))
        self.h2 = TableConv2d(12, table, 5, stride=2, bias=False)
        self.h2_bias = nn.Parameter(torch.zeros(12, 4, 4))
        self.h3 = nn.Linear(12 * 4 * 4, 30)
        self.out = nn.Linear(30, 10)
        power = 1.0 if initial == "fan_in" else 0.5
        self.h2.start(2.4, power)
        for layer, fan_in in ((self.h1, 25), (self.h3, 192), (self.out, 30)):
            nn.init.uniform_(layer.weight, -2.4 / fan_in**power, 2.4 / fan_in**power)
        for dense in (self.h3, self.out):
            nn.init.zeros_(dense.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Answer every digit with a number near 1 or -1."""
        require_sides(x, 1, range(SIDE, SIDE + 1), "H1 has a bias for each of its 8 x 8 units")
        y = torch.tanh(self.h1(_framed(x)) + self.h1_bias)  # (N, 12, 8, 8)
        y = torch.tanh(self.h2(_framed(y)) + self.h2_bias)  # (N, 12, 4, 4)
        y = torch.tanh(self.h3(y.flatten(1)))  # (N, 30)
        return torch.tanh(self.out(y))

    def connections(self) -> dict[str, int]:
        """Count the lines of the network, each unit's bias among them; shared weights count at every place."""
        return {
            "H1": self.h1_bias.numel() * (25 + 1),
            "H2": self.h2_bias.numel() * (8 * 25 + 1),
            "H3": 30 * (192 + 1),
            "out": 10 * (30 + 1),
        }


def squared_error(outputs: Tensor, labels: Tensor) -> Tensor:
    """Charge the mean square of the distance to the targets: +1 for the digit, -1 for the others.

        E = mean over patterns and units of (output - target)^2

    Shape:
        outputs: (N, C)         float dtype
        labels:  (N,)    int64  0 to C - 1
        return:  ()             dtype of outputs

    Raises:
        ShapeError: Labels do not fit the outputs.
        OptionError: Labels are no classes.

    Example:
        >>> squared_error(torch.tensor([[1.0, -1.0, 0.0]]), torch.tensor([0])).item()
        0.3333333432674408

    Source:
        LeCun et al., Neural Computation 1989, sections 3 and 4.
    """
    require_labels(labels, outputs)
    targets = 2.0 * F.one_hot(labels, outputs.shape[1]).to(outputs.dtype) - 1
    return F.mse_loss(outputs, targets)


def _framed(x: Tensor) -> Tensor:
    return F.pad(x, (2, 2, 2, 2), value=BACKGROUND)
