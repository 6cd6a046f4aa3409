"""Double attention: gather features from all positions into a few, then give each position its mixture of them."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import ShapeError, require_one_of
from reference.layers.operand import require_float, require_like
from reference.layers.probability import softmax
from reference.layers.window import require_image


def double_attention2d(features: Tensor, gathering: Tensor, distributing: Tensor, *, order: str = "gather") -> Tensor:
    """Gather the features of the whole image, then distribute them to every position.

        A = features (C_m x P)              P = H*W positions, written as columns
        B = softmax of gathering (C_n x P) over *positions*: row n says where the n-th feature is collected
        V = softmax of distributing (C_n x P) over *channels*: column p says what position p wants
        G = A B^T (C_m x C_n)               gather
        Z = G V (C_m x P)                   distribute

    (A B^T) V = A (B^T V): the two orders give the same numbers at different cost.
    order="gather" takes 2*C_m*C_n*P steps and forms a C_m x C_n matrix;
    order="affinity" forms the P x P matrix of how much position p takes from
    position q, as a non-local layer does, and its cost grows with P^2.

    Moving positions around moves Z around with them; G does not notice.

    Shape:
        features:     (N, C_m, H, W)   float dtype
        gathering:    (N, C_n, H, W)   dtype of features; scores, the softmax is taken here
        distributing: (N, C_n, H, W)   dtype of features; scores
        return:       (N, C_m, H, W)   dtype of features

    Args:
        order: "gather" or "affinity": which product comes first.

    Raises:
        ShapeError: A shape does not fit the others.
        OptionError: A dtype is wrong, or `order` is neither word.

    Example:
        >>> features, zeros = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2), torch.zeros(1, 1, 1, 2)
        >>> double_attention2d(features, zeros, zeros).flatten().tolist()  # no preference: the mean, everywhere
        [2.0, 2.0]

    Source:
        Chen, Kalantidis, Li, Yan and Feng, "A^2-Nets: Double Attention Networks", NeurIPS 2018, equations 2-5.
    """
    require_one_of("order", order, ("gather", "affinity"))
    for name, x in (("features", features), ("gathering", gathering), ("distributing", distributing)):
        require_image(name, x)
        require_float(name, x)
    N, C_n = gathering.shape[:2]
    if (N, *gathering.shape[2:]) != (features.shape[0], *features.shape[2:]):
        raise ShapeError("gathering", f"N, H, W of features, {tuple(features.shape)}", repr(tuple(gathering.shape)))
    require_like("gathering", gathering, features, tuple(gathering.shape), "")
    require_like("distributing", distributing, features, tuple(gathering.shape), f"the shape of gathering, C_n = {C_n}")
    A = features.flatten(2)  # (N, C_m, P)
    B = softmax(gathering.flatten(2), 2)  # (N, C_n, P), each row sums to 1
    V = softmax(distributing.flatten(2), 1)  # (N, C_n, P), each column sums to 1
    Z = (A @ B.mT) @ V if order == "gather" else A @ (B.mT @ V)  # (N, C_m, P)
    return Z.reshape(features.shape)


def double_attention_block(
    x: Tensor,
    weight_features: Tensor,
    weight_gathering: Tensor,
    weight_distributing: Tensor,
    weight_restore: Tensor,
    *,
    order: str = "gather",
) -> Tensor:
    """Add to a feature map what double attention makes of it.

        y = x + W_z * double_attention(W_phi * x, W_theta * x, W_rho * x)

    The products are 1 x 1 convolutions.  With weight_restore = 0 the block is the
    identity, so it can be put into a trained network.

    Shape:
        x:                   (N, C, H, W)   float dtype
        weight_features:     (C_m, C)       phi
        weight_gathering:    (C_n, C)       theta
        weight_distributing: (C_n, C)       rho
        weight_restore:      (C, C_m)
        return:              shape and dtype of x

    Args:
        order: "gather" or "affinity", see `double_attention2d`.

    Raises:
        ShapeError: A shape does not fit the others.
        OptionError: A dtype is wrong, or `order` is neither word.

    Example:
        >>> x, one = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2), torch.ones(1, 1)
        >>> double_attention_block(x, one, 0 * one, 0 * one, one).flatten().tolist()
        [3.0, 5.0]

    Source:
        Chen et al., NeurIPS 2018, section 3.3 and figure 2; there C_m = C_n = C/4.
    """
    require_image("x", x)
    require_float("x", x)
    C = x.shape[1]
    for name, weight in (
        ("weight_features", weight_features),
        ("weight_gathering", weight_gathering),
        ("weight_distributing", weight_distributing),
    ):
        if weight.ndim != 2:
            raise ShapeError(name, f"(channels out, {C})", repr(tuple(weight.shape)))
        require_like(name, weight, x, (weight.shape[0], C), f"as x has C = {C}")
    C_m = weight_features.shape[0]
    require_like("weight_restore", weight_restore, x, (C, C_m), f"back from C_m = {C_m} to C = {C}")
    Z = double_attention2d(
        _mix(x, weight_features), _mix(x, weight_gathering), _mix(x, weight_distributing), order=order
    )
    return x + _mix(Z, weight_restore)


def _mix(x: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("nchw,oc->nohw", x, weight)
