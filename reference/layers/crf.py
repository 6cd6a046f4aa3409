"""A conditional random field over all pairs of pixels, and its mean field as a recurrent layer.

The kernels are computed between all H*W pixels, exactly; an image of 64 x 64 has
16.8 million pairs.  The papers use an approximate filter instead, for which the
step is linear in H*W.
"""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import ShapeError, require_at_least
from reference.layers.operand import require_float, require_like, require_number
from reference.layers.probability import softmax
from reference.layers.window import require_image


def gaussian_kernels(
    image: Tensor,
    *,
    theta_alpha: float = 160.0,
    theta_beta: float = 3.0,
    theta_gamma: float = 3.0,
    own_pixel: bool = False,
    normalized: bool = False,
) -> Tensor:
    """Say for all pairs of pixels how much they speak to each other.

        appearance: k_0[i, j] = exp(-|p_i - p_j|^2 / (2*theta_alpha^2) - |I_i - I_j|^2 / (2*theta_beta^2))
        smoothness: k_1[i, j] = exp(-|p_i - p_j|^2 / (2*theta_gamma^2))

    p is a place in pixels, I a colour.  Near pixels of like colour speak most.

    The sum in the paper's message leaves j = i out, and so the diagonal is 0
    here; the fast filter of the releases includes it (`own_pixel`) and divides a
    message by the sum of its weights (`normalized`).

    Shape:
        image:  (N, C, H, W)         float dtype; colours from 0 to 255 for the given theta_beta
        return: (N, 2, H*W, H*W)     dtype of image; [appearance, smoothness], pixels row by row

    Args:
        theta_alpha: Reach of the appearance kernel in pixels.
        theta_beta: Its reach in colours.
        theta_gamma: Reach of the smoothness kernel in pixels.
        own_pixel: Whether a pixel speaks to itself.
        normalized: Whether each row is divided by its sum.

    Raises:
        ShapeError: image is no batch of images.
        OptionError: image is no float, or a theta is not above 0.

    Example:
        >>> kernels = gaussian_kernels(torch.tensor([[[[0.0, 3.0]]]]), theta_alpha=1.0)
        >>> [round(value, 4) for value in kernels[0, :, 0, 1].tolist()]  # exp(-1/2 - 1/2), exp(-1/18)
        [0.3679, 0.946]

    Source:
        Kraehenbuehl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge
        Potentials", NIPS 2011, equation 3; the values: the release of CRF-RNN, ICCV 2015.
    """
    require_image("image", image)
    require_float("image", image)
    for name, value in (("theta_alpha", theta_alpha), ("theta_beta", theta_beta), ("theta_gamma", theta_gamma)):
        require_number(name, value, 1e-9)
    H, W = image.shape[2:]
    y = torch.arange(H, dtype=image.dtype, device=image.device)[:, None].expand(H, W).flatten()
    x = torch.arange(W, dtype=image.dtype, device=image.device).expand(H, W).flatten()
    apart = (y[:, None] - y).square() + (x[:, None] - x).square()  # (P, P)
    colours = image.flatten(2)  # (N, C, P)
    unlike = (colours[:, :, :, None] - colours[:, :, None, :]).square().sum(1)  # (N, P, P)
    appearance = torch.exp(-apart / (2 * theta_alpha**2) - unlike / (2 * theta_beta**2))
    smoothness = torch.exp(-apart / (2 * theta_gamma**2)).expand_as(appearance)
    kernels = torch.stack([appearance, smoothness], dim=1)  # (N, 2, P, P)
    if not own_pixel:
        kernels = kernels * (1 - torch.eye(H * W, dtype=image.dtype, device=image.device))
    if normalized:
        total = kernels.sum(-1, keepdim=True)
        kernels = kernels / torch.where(total > 0, total, torch.ones_like(total))
    return kernels


def potts(labels: int, *, dtype: torch.dtype = torch.float32, device: torch.device | str | None = None) -> Tensor:
    """Make the compatibility that charges 1 for two different labels and 0 for equal ones.

    Minus the identity, the start value of CRF-RNN's release, gives the same mean
    field: the two energies of a pixel differ by one number for all its labels,
    which cancels in the softmax.

    Shape:
        return: (labels, labels)

    Example:
        >>> potts(2).tolist()
        [[0.0, 1.0], [1.0, 0.0]]

    Source:
        Kraehenbuehl and Koltun, NIPS 2011, section 2: the Potts model.
    """
    require_at_least("labels", labels, 1)
    return 1 - torch.eye(labels, dtype=dtype, device=device)


def mean_field(unary: Tensor, kernels: Tensor, kernel_weights: Tensor, compatibility: Tensor, *, steps: int) -> Tensor:
    """Let the label of each pixel be asked of all others, a few times over.

        Q = softmax over labels of U
        steps times:
            M_m[i, l] = sum over j of k_m[i, j] Q[j, l]              message passing
            F[i, l]   = sum over m of w_m M_m[i, l]                  weighting
            E[i, l]   = sum over l' of mu[l, l'] F[i, l']            compatibility transform
            Q         = softmax over labels of (U - E)               adding the unary, normalising

    The energy is *subtracted*: with Potts's mu a label that the neighbours do not
    have becomes less likely.  With the sign turned labels spread apart.  The same
    weights serve in every step, which makes it a recurrent layer; all steps are differentiable.

    Shape:
        unary:          (N, L, H, W)       float dtype; U, the scores of a network, minus the unary energy
        kernels:        (N, M, H*W, H*W)   dtype of unary, as of `gaussian_kernels`
        kernel_weights: (M,), or (M, L, L) where each class is weighted by a row, as CRF-RNN learns it
        compatibility:  (L, L)             mu, as of `potts`
        return:         (N, L, H, W)       Q, dtype of unary; sums to 1 over the labels

    Args:
        steps: 0 returns the softmax of the unary; CRF-RNN trains with 5 and tests with 10.

    Raises:
        ShapeError: A shape does not fit the others.
        OptionError: A dtype is wrong, or `steps` is no integer of at least 0.

    Example:
        >>> unary = torch.tensor([2.0, 0.0, 0.1, 0.0, 0.0, 0.2]).reshape(1, 2, 1, 3)  # the third pixel says label 1
        >>> kernels = gaussian_kernels(torch.zeros(1, 1, 1, 3))
        >>> Q = mean_field(unary, kernels, torch.tensor([1.0, 1.0]), potts(2), steps=5)
        >>> Q.argmax(1).flatten().tolist()  # it is talked round
        [0, 0, 0]

    Source:
        Zheng et al., "Conditional Random Fields as Recurrent Neural Networks", ICCV 2015,
        algorithm 1; Kraehenbuehl and Koltun, NIPS 2011, algorithm 1.
    """
    require_image("unary", unary)
    require_float("unary", unary)
    require_at_least("steps", steps, 0)
    N, L, H, W = unary.shape
    if kernels.ndim != 4 or kernels.shape[1] == 0:
        raise ShapeError("kernels", f"({N}, M, {H * W}, {H * W})", repr(tuple(kernels.shape)))
    M = kernels.shape[1]
    require_like("kernels", kernels, unary, (N, M, H * W, H * W), "between all pixels of unary")
    full = kernel_weights.ndim == 3
    require_like(
        "kernel_weights", kernel_weights, unary, (M, L, L) if full else (M,), "one number a kernel, or one matrix"
    )
    require_like("compatibility", compatibility, unary, (L, L), "a charge for every pair of labels")
    scores = unary.flatten(2)  # (N, L, P)
    Q = softmax(scores, 1)
    for _ in range(steps):
        messages = torch.einsum("nmij,nlj->nmli", kernels, Q)
        weighted = torch.einsum("mkl,nmli->nki" if full else "m,nmki->nki", kernel_weights, messages)
        energy = torch.einsum("kl,nli->nki", compatibility, weighted)
        Q = softmax(scores - energy, 1)
    return Q.reshape(unary.shape)
