"""A^2-Net (Chen, Kalantidis, Li, Yan and Feng, NeurIPS 2018): a ResNet whose positions can ask the whole image."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least, require_one_of
from reference.layers import double_attention2d
from reference.models.resnet import RESNET_TABLE, ResNet

# The blocks, from 0, that an attention follows: every second one of res3 and res4, five in all.
A2_PLACES: Mapping[int, tuple[int, ...]] = {3: (1, 3), 4: (1, 3, 5)}
REDUCTION = 4  # C_m = C_n = C/4


class DoubleAttention(nn.Module):
    """Gather features from the whole image, hand every position its mixture, and add that to the map.

        y = x + W_z * double_attention(W_phi * x, W_theta * x, W_rho * x)

    The products are 1x1 convolutions without bias.  theta's scores become weights
    over *positions*: where each of the C_n features is gathered.  rho's become
    weights over the C_n *features*: what each position takes.  W_z starts at 0:
    at first the block is the identity, so it can join a trained net; W_z learns
    first, and only then do the other three.

    Shape:
        x:      (N, channels, H, W)
        return: shape of x

    Args:
        channels: Channels C of x.
        feature_channels: C_m, channels of what is gathered; None means C/4, at least 1.
        attention_channels: C_n, how many features are gathered; None means C/4, at least 1.
        order: "gather" or "affinity": which product comes first, see `double_attention2d`; same numbers.

    Raises:
        OptionError: A number is no integer of at least 1, or `order` is neither word.
        ShapeError: From calling it: x is no such map.

    Example:
        >>> import torch
        >>> x = torch.randn(2, 8, 3, 4)
        >>> torch.equal(DoubleAttention(8)(x), x)
        True

    Source:
        Chen et al., NeurIPS 2018, section 3 and figure 2.
    """

    def __init__(
        self,
        channels: int,
        feature_channels: int | None = None,
        attention_channels: int | None = None,
        *,
        order: str = "gather",
    ) -> None:
        super().__init__()
        require_at_least("channels", channels, 1)
        reduced = max(1, channels // REDUCTION)
        C_m = reduced if feature_channels is None else feature_channels
        C_n = reduced if attention_channels is None else attention_channels
        require_at_least("feature_channels", C_m, 1)
        require_at_least("attention_channels", C_n, 1)
        require_one_of("order", order, ("gather", "affinity"))
        self.channels = channels
        self.order = order
        self.phi = nn.Conv2d(channels, C_m, 1, bias=False)
        self.theta = nn.Conv2d(channels, C_n, 1, bias=False)
        self.rho = nn.Conv2d(channels, C_n, 1, bias=False)
        self.restore = nn.Conv2d(C_m, channels, 1, bias=False)
        nn.init.zeros_(self.restore.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Gather, distribute, add."""
        if x.ndim != 4 or x.shape[1] != self.channels or 0 in x.shape[2:]:
            raise ShapeError("x", f"(N, {self.channels}, H, W) with H and W of at least 1", repr(tuple(x.shape)))
        Z = double_attention2d(self.phi(x), self.theta(x), self.rho(x), order=self.order)  # (N, C_m, H, W)
        y: Tensor = x + self.restore(Z)
        return y


class A2Net(ResNet):
    """Classify images: a ResNet with double attentions between its blocks.

    Each attention stands after a residual block and before the next; everything
    else is the ResNet's, under the ResNet's names, so that
    `load_state_dict(resnet.state_dict(), strict=False)` starts from a trained one
    and, as the attentions start as identities, from its answers.

    ResNet-50 with the five has 29.2 million numbers and beats ResNet-152, which has
    60.2 million, by the paper's abstract.

    Shape:
        x:      (N, in_channels, H, W), any sides; 224 in the paper
        return: (N, num_classes) scores; the soft-max belongs to the loss (`cross_entropy`)

    Args:
        depth: Layers of the ResNet: 18, 34, 50, 101 or 152; 50 in the paper.
        in_channels: Channels of the image.
        num_classes: Classes; 1000 for ImageNet.
        width: Channels of conv1; 64 in the paper.
        version: "v1" or "v1.5", see `ResNet`.
        places: After which blocks of which stage, 2 to 5, the attentions stand, each counted from 0.
        order: "gather" or "affinity", see `DoubleAttention`.

    Raises:
        OptionError: An option of `ResNet` or of `DoubleAttention` is wrong, or a place is none.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> import torch
        >>> A2Net(num_classes=7, width=1).eval()(torch.zeros(1, 3, 65, 40)).shape
        torch.Size([1, 7])

    Source:
        Chen, Kalantidis, Li, Yan and Feng, "A^2-Nets: Double Attention Networks",
        arXiv:1810.11579.  Five blocks in res3 and res4 are the paper's; after which
        residual blocks is our reading (every second one, as non-local nets have
        them), and so are C/4 channels at all places and no normalisation.
    """

    def __init__(
        self,
        depth: int = 50,
        in_channels: int = 3,
        num_classes: int = 1000,
        width: int = 64,
        *,
        version: str = "v1",
        places: Mapping[int, tuple[int, ...]] = A2_PLACES,
        order: str = "gather",
    ) -> None:
        super().__init__(depth, in_channels, num_classes, width, version=version)
        for stage, chosen in places.items():
            if stage not in range(2, 6):
                raise OptionError("places", "stages from 2 to 5", repr(stage))
            blocks = range(RESNET_TABLE[depth][stage - 2])
            for place in chosen:
                if place not in blocks:
                    raise OptionError("places", f"blocks of stage {stage} from 0 to {blocks[-1]}", repr(place))
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            for number, block in enumerate(self.get_submodule(f"res{stage}").children()):
                layers[str(number)] = block
                if number in chosen:
                    layers[f"attention{number}"] = DoubleAttention(_channels(block), order=order)
            self.add_module(f"res{stage}", nn.Sequential(layers))


def attention_macs(feature_channels: int, attention_channels: int, positions: int, *, order: str = "gather") -> int:
    """Count the multiply-accumulates of the two products of one double attention, its convolutions apart.

        gather:    2 * C_m * C_n * P           (A B^T) V
        affinity:  (C_n + C_m) * P^2           A (B^T V), as in a non-local layer

    Gathering grows with the number of positions, affinity with its square.

    Args:
        feature_channels: C_m.
        attention_channels: C_n.
        positions: P, rows times columns.
        order: "gather" or "affinity".

    Raises:
        OptionError: A number is no integer of at least 1, or `order` is neither word.

    Example:
        >>> attention_macs(256, 256, 14 * 14), attention_macs(256, 256, 14 * 14, order="affinity")
        (25690112, 19668992)

    Source:
        Chen et al., NeurIPS 2018, section 3.3.
    """
    numbers = {"feature_channels": feature_channels, "attention_channels": attention_channels, "positions": positions}
    for name, number in numbers.items():
        require_at_least(name, number, 1)
    require_one_of("order", order, ("gather", "affinity"))
    if order == "gather":
        return 2 * feature_channels * attention_channels * positions
    return (feature_channels + attention_channels) * positions**2


def _channels(block: nn.Module) -> int:
    """Channels that a residual block gives: those of its last normalisation."""
    norms = [layer for layer in block.get_submodule("body").modules() if isinstance(layer, nn.BatchNorm2d)]
    return norms[-1].num_features
