"""What made a feature fire: its projection back to the image (Zeiler and Fergus, ECCV 2014)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, require_one_of
from reference.geometry import Layer
from reference.models.plan import Conv, Pool
from reference.models.vgg import VGG16_TABLE, VGG16Features


class Projection(NamedTuple):
    """What `project_feature` returns.

    Shape:
        image:      (N, C, H, W)   the projection, in the space of the images
        features:   (N, h, w)      the feature map that was asked about
        positions:  (N, 2) int64   row and column of the unit in it
        activation: (N,)           its value
    """

    image: Tensor
    features: Tensor
    positions: Tensor
    activation: Tensor


def project_feature(
    encoder: VGG16Features, x: Tensor, layer: str, channel: int, position: tuple[int, int] | None = None
) -> Projection:
    """Send one feature of a VGG-16 encoder back to the image, by a deconvnet over the same weights.

    The image goes forward once.  In the chosen layer all units are set to zero but
    one, and what is left goes back through the layers in reverse order:

        pooling      unpooled: each value returns to its switch, zeros elsewhere
        ReLU         rectified again: negative values of the *returning* signal are set to zero
        convolution  the transposed convolution with the same weight, without its bias

    It is no gradient: that would stop at the units which were zero on the way
    *forward*, whatever the sign of what returns.  Batch normalisation, which the
    paper's net lacks, is a fixed scale and shift in eval mode; the scale returns.

    Shape:
        x:      (N, C, H, W), H and W of at least 32
        return: `Projection`

    Args:
        encoder: The network, in eval mode; `DeconvNet().encoder` and `SegNet().encoder` are such ones.
        layer: A row of `VGG16_TABLE`, "conv1_1" to "pool5"; of a convolution the output after its ReLU.
        channel: The feature, counted from 0.
        position: Row and column of its unit; None takes the strongest one in each image.

    Raises:
        OptionError: There is no such layer, channel or position, or batch normalisation is in training mode.
        ShapeError: The encoder cannot take x.

    Example:
        >>> encoder = VGG16Features(width=2, batch_norm=False)
        >>> project_feature(encoder, torch.rand(1, 3, 32, 48), "conv2_1", 3).image.shape
        torch.Size([1, 3, 32, 48])

    Source:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional
        Networks", arXiv:1311.2901, section 2.1 and figure 1.
    """
    names = tuple(row.name for row in VGG16_TABLE)
    require_one_of("layer", layer, names)
    rows = VGG16_TABLE[: names.index(layer) + 1]
    normed = any(isinstance(part, nn.BatchNorm2d) for part in encoder.modules())
    if normed and encoder.training:
        raise OptionError("encoder", "a network in eval mode", "one in training mode", "call encoder.eval()")
    with torch.no_grad():
        y, switches, sides = _forward(encoder, x, rows)
        _, C, H, W = y.shape
        if not isinstance(channel, int) or not 0 <= channel < C:
            raise OptionError("channel", f"0 to {C - 1}, the features of {layer}", repr(channel))
        features = y[:, channel]  # (N, h, w)
        if position is None:
            places = features.flatten(1).argmax(1)  # (N,)
        else:
            if not (0 <= position[0] < H and 0 <= position[1] < W):
                raise OptionError("position", f"a row below {H} and a column below {W}", repr(position))
            places = torch.full((len(y),), position[0] * W + position[1], device=y.device)
        activation = features.flatten(1).gather(1, places[:, None])  # (N, 1)
        alone = torch.zeros_like(features).flatten(1).scatter(1, places[:, None], activation)
        signal = torch.zeros_like(y)
        signal[:, channel] = alone.reshape(features.shape)
        for row in reversed(rows):
            if isinstance(row, Pool):
                signal = F.max_unpool2d(signal, switches.pop(), [2, 2], output_size=list(sides.pop()))
            else:
                signal = _back(encoder.layers[row.name], signal.relu())
    positions = torch.stack([places // W, places % W], dim=1)
    return Projection(signal, features, positions, activation[:, 0])


def _forward(
    encoder: VGG16Features, x: Tensor, rows: tuple[Conv | Pool, ...]
) -> tuple[Tensor, list[Tensor], list[tuple[int, int]]]:
    """Run the encoder; return the output of the last row, and switches and sizes of the poolings among the rows."""
    seen: list[Tensor] = []
    block = encoder.layers[[row.name for row in rows if isinstance(row, Conv)][-1]]
    hook = block.register_forward_hook(lambda _, __, output: seen.append(output))
    try:
        encoded = encoder(x)
    finally:
        hook.remove()
    pools = sum(isinstance(row, Pool) for row in rows)
    switches, sides = list(encoded.switches[:pools]), list(encoded.sides[:pools])
    [y] = seen
    if isinstance(rows[-1], Pool):
        y = y.flatten(2).gather(2, switches[-1].flatten(2)).reshape(switches[-1].shape)
    return y, switches, sides


def _back(block: nn.Module, signal: Tensor) -> Tensor:
    """Go back through normalisation and convolution of one block."""
    conv = block.get_submodule("conv")
    assert isinstance(conv, nn.Conv2d)
    for norm in block.children():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_var is not None
            signal = signal * (norm.weight / torch.sqrt(norm.running_var + norm.eps))[:, None, None]
    return F.conv_transpose2d(signal, conv.weight, padding=1)


def vgg16_layers(layer: str) -> list[Layer]:
    """The geometry of VGG-16 down to a layer, for its receptive field.

    Example:
        >>> from reference.geometry import receptive_field
        >>> receptive_field(vgg16_layers("pool5")).size
        212
    """
    names = tuple(row.name for row in VGG16_TABLE)
    require_one_of("layer", layer, names)
    return [
        Layer(2, stride=2) if isinstance(row, Pool) else Layer(row.kernel_size, padding=row.padding)
        for row in VGG16_TABLE[: names.index(layer) + 1]
    ]
