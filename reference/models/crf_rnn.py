"""CRF-RNN (Zheng et al., ICCV 2015): FCN-8s, and the mean field of a random field as a recurrent layer that learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least
from reference.layers import cross_entropy, gaussian_kernels, mean_field
from reference.models.fcn import FCN

BILATERAL, SPATIAL = 5.0, 3.0  # start of the kernels' weights in the release
TRAIN_STEPS, TEST_STEPS = 5, 10


class MeanFieldRNN(nn.Module):
    """Refine scores by asking all other pixels, a few times over with the same learned weights.

    One step is `reference.layers.mean_field`'s: messages through a bilateral and a
    spatial Gaussian, a weighting, a compatibility transform, the unary scores,
    softmax.  What is learned are three matrices between classes, shared by all
    steps: the weights of both kernels, which start as 5 and 3 on the diagonal, and
    the compatibility, which starts as Potts's model (minus the identity, which is
    the same field).  The reach of the kernels is fixed.

    The paper's message leaves the pixel itself out, and so does this layer; the
    fast filter of the release includes it (`own_pixel`).  Messages are divided by
    the sum of their weights (`normalized`), as in the release: the start
    values suit no other scale.  All pairs of pixels are computed, exactly: a
    filter that is linear in the pixels is what the release has for large images.

    Shape:
        unary:  (N, num_classes, H, W)   scores
        image:  (N, C, H, W)             dtype of unary; colours from 0 to 255, less a mean or not
        return: (N, num_classes, H, W)   probabilities, which sum to 1 over the classes

    Args:
        num_classes: Classes.
        train_steps: Steps in training.
        test_steps: Steps in `eval()`; 0 gives the softmax of the scores.
        theta_alpha: Reach of the bilateral kernel in pixels.
        theta_beta: Its reach in colours.
        theta_gamma: Reach of the spatial kernel in pixels.
        own_pixel: Whether a pixel speaks to itself.
        normalized: Whether each pixel's messages are averaged, not summed.

    Raises:
        OptionError: A number is of no use.
        ShapeError: From calling it: image and unary differ in size.

    Example:
        >>> layer = MeanFieldRNN(2).eval()
        >>> layer(torch.zeros(1, 2, 4, 5), torch.zeros(1, 3, 4, 5)).unique().tolist()
        [0.5]

    Source:
        Zheng et al., "Conditional Random Fields as Recurrent Neural Networks", ICCV 2015,
        sections 4 and 5, algorithm 1; start values and reaches: the authors' release
        (github.com/torrvision/crfasrnn), which also has the ten steps of the test.
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        train_steps: int = TRAIN_STEPS,
        test_steps: int = TEST_STEPS,
        theta_alpha: float = 160.0,
        theta_beta: float = 3.0,
        theta_gamma: float = 3.0,
        own_pixel: bool = False,
        normalized: bool = True,
    ) -> None:
        super().__init__()
        require_at_least("num_classes", num_classes, 1)
        require_at_least("train_steps", train_steps, 0)
        require_at_least("test_steps", test_steps, 0)
        self.train_steps, self.test_steps = train_steps, test_steps
        self.theta_alpha, self.theta_beta, self.theta_gamma = theta_alpha, theta_beta, theta_gamma
        self.own_pixel, self.normalized = own_pixel, normalized
        one = torch.eye(num_classes)
        self.kernel_weights = nn.Parameter(torch.stack([BILATERAL * one, SPATIAL * one]))
        self.compatibility = nn.Parameter(-one)

    def forward(self, unary: Tensor, image: Tensor) -> Tensor:
        """Refine the scores of a batch."""
        if (
            unary.ndim != 4
            or image.ndim != 4
            or image.shape[::2] != unary.shape[::2]
            or image.shape[3] != unary.shape[3]
        ):
            raise ShapeError(
                "image", f"(N, C, H, W) of the size of unary, {tuple(unary.shape)}", f"{tuple(image.shape)}"
            )
        kernels = gaussian_kernels(
            image,
            theta_alpha=self.theta_alpha,
            theta_beta=self.theta_beta,
            theta_gamma=self.theta_gamma,
            own_pixel=self.own_pixel,
            normalized=self.normalized,
        )
        steps = self.train_steps if self.training else self.test_steps
        return mean_field(unary, kernels, self.kernel_weights, self.compatibility, steps=steps)


class CRFRNN(nn.Module):
    """Label every pixel: FCN-8s gives the scores, the random field refines them, and both are trained as one net.

    Shape:
        x:      (N, in_channels, H, W), any size; colours from 0 to 255, less a mean or not
        return: (N, num_classes, H, W) probabilities, which sum to 1 over the classes

    Args:
        in_channels: Channels of the image.
        num_classes: Classes, background first; 21 for PASCAL VOC.
        width: Channels of FCN-8s's first stage; 64 in the paper.
        fc_width: Channels of its fc6 and fc7; None means 64*width.
        dropout: Part of fc6's and fc7's outputs that is dropped in training.
        field: The random field; None makes one with the release's start values.

    Raises:
        OptionError: An option is of no use.
        ShapeError: From calling it: x is no such batch.

    Example:
        >>> net = CRFRNN(width=1).eval()
        >>> net(torch.zeros(1, 3, 6, 9)).shape
        torch.Size([1, 21, 6, 9])

    Source:
        Zheng et al., ICCV 2015, section 5.  Training starts from a trained FCN-8s there: from random
        scores the field talks all pixels into one label.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 21,
        width: int = 64,
        fc_width: int | None = None,
        *,
        dropout: float = 0.5,
        field: MeanFieldRNN | None = None,
    ) -> None:
        super().__init__()
        self.fcn = FCN(in_channels, num_classes, width, fc_width, stride=8, dropout=dropout)
        self.field = MeanFieldRNN(num_classes) if field is None else field

    def forward(self, x: Tensor) -> Tensor:
        """Give every class a probability at every pixel."""
        refined: Tensor = self.field(self.fcn(x), x)
        return refined


def probability_loss(Q: Tensor, labels: Tensor, *, ignore_label: int = 255) -> Tensor:
    """Charge minus the logarithm of the probability that a pixel's true class has got.

        loss = mean over labels l of -log Q[n, l, ...]

    The softmax of log Q is Q itself, and so this is `cross_entropy`; no softmax is taken twice.

    Shape:
        Q:      (N, L, H, W)        probabilities, as of `CRFRNN`
        labels: (N, H, W)    int64  ignore_label counts nothing
        return: ()

    Example:
        >>> round(probability_loss(torch.tensor([[0.5, 1.0], [0.5, 0.0]]).reshape(1, 2, 1, 2), torch.tensor([[[0, 0]]])).item(), 4)
        0.3466
    """
    return cross_entropy(Q.clamp(min=torch.finfo(Q.dtype).tiny).log(), labels, ignore_label=ignore_label)
