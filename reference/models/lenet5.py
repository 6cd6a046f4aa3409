"""LeNet-5 (LeCun, Bottou, Bengio and Haffner, Proc. IEEE 1998): the original, with all that was dropped from it later."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import require_at_least, require_one_of
from reference.layers import LENET5_C3, scaled_tanh
from reference.layers.operand import require_number
from reference.models.bitmap import digit_bitmaps
from reference.models.count import parameter_count
from reference.models.label import require_labels
from reference.models.side import require_sides
from reference.models.table import TableConv2d

SIDE = 32


class SubSampling2d(nn.Module):
    """Add the pixels of every 2x2 window, times one trained coefficient a map, plus one trained bias.

    Today's average pooling is the case 1/4 and 0 of it.  The written-out layer is
    `reference.layers.subsample2d`.

    Shape:
        x:      (N, channels, H, W)
        return: (N, channels, floor(H/2), floor(W/2))

    Raises:
        OptionError: `channels` is no integer of at least 1.

    Example:
        >>> layer = SubSampling2d(1)
        >>> _ = layer.load_state_dict({"coefficient": torch.tensor([0.5]), "bias": torch.tensor([10.0])})
        >>> layer(torch.arange(4.0).reshape(1, 1, 2, 2)).item()
        13.0
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        require_at_least("channels", channels, 1)
        self.coefficient = nn.Parameter(torch.full((channels,), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Average, times the 4 that makes it a sum, times the coefficient."""
        return F.avg_pool2d(x, 2) * (4 * self.coefficient)[:, None, None] + self.bias[:, None, None]


class RadialBasis(nn.Module):
    """Measure how far a vector is from the bitmap of each digit.

        y[n, i] = sum over j of (x[n, j] - w[i, j])^2                       equation 7

    w is fixed, not learned.  y is a penalty: the *smallest* names the digit.

    Shape:
        x:       (N, 84)
        centres: (10, 84), not trained
        return:  (N, 10), at least 0
    """

    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centres", digit_bitmaps())

    def forward(self, x: Tensor) -> Tensor:
        """Square and add the differences."""
        return (x[:, None] - self.centres).square().sum(2)


class LeNet5(nn.Module):
    """Read a digit of 32 x 32 pixels: three convolutions, two sub-samplings, a dense layer, ten bitmaps.

        C1  6 maps 28 x 28    5x5                                       156 parameters
        S2  6 maps 14 x 14    sums of 2x2, a coefficient and bias each   12
        C3  16 maps 10 x 10   5x5, each sees 3, 4 or 6 maps of S2     1,516
        S4  16 maps 5 x 5     as S2                                      32
        C5  120 units         5x5 over all maps of S4                48,120
        F6  84 units          dense                                  10,164
        out 10 penalties      distances to fixed bitmaps of 7 x 12        0

    Exactly 60,000 trained parameters and 340,908 connections.  Every layer but the
    last is squashed by 1.7159 tanh(2x/3), sub-samplings too.

    What is called LeNet-5 today is another net: `LeNet5Modern` has 61,706
    parameters.  With `output="dense"` this one has 60,850.

    Shape:
        x:      (N, 1, 32, 32), -0.1 for the background and 1.175 for ink
        return: (N, 10) penalties, the smallest names the digit; with output="dense" scores, the largest does

    Args:
        output: "rbf", or "dense" for ten trained units.

    Raises:
        OptionError: `output` is neither word.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> LeNet5()(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 10])

    Source:
        LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc.
        IEEE 86, 1998: section II.B and figure 2 layers, table I connections of C3, appendix A squashing and
        initial weights, even in +-2.4/F with F the inputs of a unit.  Coefficients start at 1/4, the
        average; the paper does not say.
    """

    def __init__(self, *, output: str = "rbf") -> None:
        super().__init__()
        require_one_of("output", output, ("rbf", "dense"))
        self.C1 = nn.Conv2d(1, 6, 5)
        self.S2 = SubSampling2d(6)
        self.C3 = TableConv2d(6, LENET5_C3, 5)
        self.S4 = SubSampling2d(16)
        self.C5 = nn.Conv2d(16, 120, 5)
        self.F6 = nn.Linear(120, 84)
        self.out: nn.Module = RadialBasis() if output == "rbf" else nn.Linear(84, 10)
        self.C3.start(2.4)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                bound = 2.4 / layer.weight[0].numel()
                nn.init.uniform_(layer.weight, -bound, bound)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Give ten penalties, or ten scores."""
        require_sides(x, 1, range(SIDE, SIDE + 1), "C5 sees 5 x 5")
        y = x
        for layer in (self.C1, self.S2, self.C3, self.S4, self.C5):
            y = scaled_tanh(layer(y))
        y = scaled_tanh(self.F6(y.flatten(1)))  # (N, 84)
        answer: Tensor = self.out(y)
        return answer

    def connections(self) -> dict[str, int]:
        """Count the lines of the network, biases among them; shared weights count at every place."""
        return {
            "C1": 28 * 28 * parameter_count(self.C1),
            "S2": 6 * 14 * 14 * (4 + 1),
            "C3": 10 * 10 * parameter_count(self.C3),
            "S4": 16 * 5 * 5 * (4 + 1),
            "C5": parameter_count(self.C5),
            "F6": parameter_count(self.F6),
            "out": 10 * 84 + (10 if isinstance(self.out, nn.Linear) else 0),
        }


def penalty_loss(penalties: Tensor, labels: Tensor, *, j: float | None = 1.0) -> Tensor:
    """Pull the right digit's penalty down, and push those of the others up.

        E = mean over n of ( y[n, l] + log( exp(-j) + sum over i of exp(-y[n, i]) ) ),   l = labels[n]

    The first term alone (j=None) is equation 8: nothing there pushes, and if the
    bitmaps were trained, all could meet in one point.  The second term makes it
    equation 9, the negative logarithm of a posterior with a class of rubbish whose
    penalty is j: it keeps penalties that are large already from being pushed on.

    Shape:
        penalties: (N, C)         float dtype, smaller is better
        labels:    (N,)    int64  0 to C - 1
        return:    ()             dtype of penalties

    Args:
        j: Penalty of the rubbish, a positive constant that the paper leaves open; None for equation 8.

    Raises:
        ShapeError: Labels do not fit the penalties.
        OptionError: Labels are no classes, or j is not above 0.

    Example:
        >>> y = torch.tensor([[0.0, 30.0]])
        >>> [round(penalty_loss(y, torch.tensor([label]), j=2.0).item(), 4) for label in (0, 1)]
        [0.1269, 30.1269]

    Source:
        LeCun et al., Proc. IEEE 1998, section II.C, equations 8 and 9.
    """
    require_labels(labels, penalties)
    right = penalties.gather(1, labels[:, None]).squeeze(1)  # (N,)
    if j is None:
        return right.mean()
    require_number("j", j, 1e-9)
    rubbish = torch.full_like(penalties[:, :1], -j)
    return (right + torch.cat([-penalties, rubbish], dim=1).logsumexp(1)).mean()
