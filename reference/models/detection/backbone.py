"""A ResNet as the backbone of a detector: the maps after its four stages, its normalisation frozen."""

from __future__ import annotations

from torch import Tensor, nn

from reference.models.resnet import EXPANSION, FIRST_BOTTLENECK, ResNet


class ResNetBackbone(nn.Module):
    """Give the maps C2 to C5 of a ResNet, at 1/4, 1/8, 1/16 and 1/32 of the sides of the image.

    A detector's batch is one or two images a GPU, too few for statistics: the
    normalisation stays what pre-training left, a fixed scale and shift for every
    channel, in `train` mode as well.

    Shape:
        x:      (N, 3, H, W)
        return: four of (N, channels[l], H_l, W_l)

    Args:
        depth: 18, 34, 50, 101 or 152.
        width: Channels of conv1; 64 in the paper.
        version: "v1" (the authors' own detectors) or "v1.5" (torchvision's), see `ResNet`.
        freeze_norm: Whether the normalisation is fixed; False learns it, from batch statistics.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x is no such batch.

    Source:
        He et al., arXiv:1512.03385, appendix A: normalisation fixed while a detector is trained.
    """

    def __init__(self, depth: int = 50, width: int = 64, *, version: str = "v1", freeze_norm: bool = True) -> None:
        super().__init__()
        self.net = ResNet(depth, width=width, version=version)
        del self.net.fc, self.net.pool
        expansion = EXPANSION if depth >= FIRST_BOTTLENECK else 1
        self.channels = tuple(expansion * width * 2**stage for stage in range(4))
        self.freeze_norm = freeze_norm
        for layer in self._norms():
            layer.requires_grad_(not freeze_norm)
        self.train()

    def train(self, mode: bool = True) -> ResNetBackbone:
        """Change the mode; a frozen normalisation stays as in `eval`."""
        super().train(mode)
        if self.freeze_norm:
            for layer in self._norms():
                layer.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the four maps."""
        return self.net.stages(x)

    def _norms(self) -> list[nn.Module]:
        return [layer for layer in self.modules() if isinstance(layer, nn.BatchNorm2d)]
