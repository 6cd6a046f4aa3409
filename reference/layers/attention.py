"""Spatial attention: a query asks the regions of an image, again and again with what it learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_one_of
from reference.layers.operand import require_float, require_like
from reference.layers.probability import softmax


class Hop(NamedTuple):
    """The weights of one attention layer; k is the width of the layer in which region and query meet.

    Shape:
        weight_region: (k, d)   W_I of the paper
        weight_query:  (k, d)   W_Q
        bias:          (k,)     b_A, one for the sum of both
        weight_score:  (k,)     W_P
        bias_score:    ()       b_P; without the release's tanh it cancels in the softmax
        bias_region:   (k,)     the second bias of the release; None means 0
    """

    weight_region: Tensor
    weight_query: Tensor
    bias: Tensor
    weight_score: Tensor
    bias_score: Tensor
    bias_region: Tensor | None = None


class Attended(NamedTuple):
    """What an attention returns.

    Shape:
        query:   (N, d)         the refined query u
        weights: (N, R)         how much each region had in it; sums to 1.  (N, hops, R) of a stack
    """

    query: Tensor
    weights: Tensor


def attend(regions: Tensor, query: Tensor, hop: Hop, *, variant: str = "paper") -> Attended:
    """Ask the regions one query: weigh them by how well they fit, and add their mean to the query.

        h_i = tanh(W_I v_i + W_Q u + b_A)
        p   = softmax over the regions i of (W_P h_i + b_P)
        u'  = u + sum over i of p_i v_i

    The softmax runs over *regions*: it chooses places, not channels.  Reordering
    the regions reorders p and leaves u' as it is: positions are not told.

    The authors' code differs from the paper and is variant="release":

        h_i = tanh(W_I v_i + b_I) + tanh(W_Q u + b_A),   p = softmax of tanh(W_P h_i + b_P)

    Shape:
        regions: (N, R, d)   float dtype; of a feature map (N, d, H, W): x.flatten(2).transpose(1, 2)
        query:   (N, d)      dtype of regions
        return:  `Attended`

    Args:
        variant: "paper" or "release".

    Raises:
        ShapeError: A shape does not fit the others.
        OptionError: A dtype is wrong, or `variant` is neither word.

    Example:
        >>> regions, query = torch.tensor([[[1.0, 0.0], [0.0, 3.0]]]), torch.tensor([[10.0, 20.0]])
        >>> hop = Hop(*(torch.zeros(shape) for shape in ((4, 2), (4, 2), (4,), (4,), ())))
        >>> attend(regions, query, hop)  # without preference all regions weigh the same
        Attended(query=tensor([[10.5000, 21.5000]]), weights=tensor([[0.5000, 0.5000]]))

    Source:
        Yang, He, Gao, Deng and Smola, "Stacked Attention Networks for Image Question
        Answering", CVPR 2016, equations 15-18 (one layer) and 22-25 (the k-th of a stack).
    """
    require_one_of("variant", variant, ("paper", "release"))
    _check(regions, query, hop)
    region = regions @ hop.weight_region.T  # (N, R, k)
    if hop.bias_region is not None:
        region = region + hop.bias_region
    asked = (query @ hop.weight_query.T + hop.bias)[:, None]  # (N, 1, k)
    if variant == "paper":
        scores = torch.tanh(region + asked) @ hop.weight_score + hop.bias_score  # (N, R)
    else:
        scores = torch.tanh((torch.tanh(region) + torch.tanh(asked)) @ hop.weight_score + hop.bias_score)
    weights = softmax(scores, 1)
    found = torch.einsum("nr,nrd->nd", weights, regions)
    return Attended(query + found, weights)


def stacked_attention(regions: Tensor, query: Tensor, hops: Sequence[Hop], *, variant: str = "paper") -> Attended:
    """Ask several times, each time with the query that the last time refined.

        u_0 = query,   u_k = u_(k-1) + sum over i of p_k,i v_i,   p_k from u_(k-1) and the k-th weights

    The query of the second hop is u_1, not the question again.

    Shape:
        regions: (N, R, d)   float dtype
        query:   (N, d)      dtype of regions
        return:  the last query, (N, d), and the weights of all hops, (N, hops, R)

    Args:
        hops: The weights of each layer; two in the paper.
        variant: "paper" or "release", see `attend`.

    Raises:
        ShapeError: A shape does not fit the others.
        OptionError: A dtype is wrong, there is no hop, or `variant` is neither word.

    Example:
        >>> regions, query = torch.tensor([[[1.0], [3.0]]]), torch.tensor([[10.0]])
        >>> hop = Hop(*(torch.zeros(shape) for shape in ((4, 1), (4, 1), (4,), (4,), ())))
        >>> stacked_attention(regions, query, [hop, hop]).query.item()  # 10 + 2 + 2
        14.0

    Source:
        Yang et al., CVPR 2016, section 3.3.
    """
    if not hops:
        raise OptionError("hops", "the weights of one hop or more", "none")
    weights = []
    for hop in hops:
        query, attention = attend(regions, query, hop, variant=variant)
        weights.append(attention)
    return Attended(query, torch.stack(weights, dim=1))


def _check(regions: Tensor, query: Tensor, hop: Hop) -> None:
    if regions.ndim != 3 or 0 in regions.shape[1:]:
        raise ShapeError(
            "regions",
            "(N, R, d) with one region or more",
            repr(tuple(regions.shape)),
            "x.flatten(2).transpose(1, 2) makes regions of a feature map",
        )
    require_float("regions", regions)
    N, _, d = regions.shape
    require_like("query", query, regions, (N, d), "as wide as a region, since the two are added")
    if hop.bias.ndim != 1:
        raise ShapeError("hop.bias", "(k,)", repr(tuple(hop.bias.shape)))
    k = len(hop.bias)
    shapes = {"weight_region": (k, d), "weight_query": (k, d), "bias": (k,), "weight_score": (k,), "bias_score": ()}
    for name, shape in shapes.items():
        require_like(f"hop.{name}", getattr(hop, name), regions, shape, f"with k = {k} and d = {d}")
    if hop.bias_region is not None:
        require_like("hop.bias_region", hop.bias_region, regions, (k,), f"with k = {k}")
