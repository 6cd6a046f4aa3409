"""Stacked Attention Network (Yang, He, Gao, Deng and Smola, CVPR 2016): look twice before you answer."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from reference.errors import ShapeError, require_at_least, require_one_of
from reference.layers import Hop, stacked_attention
from reference.models.question import QuestionCNN, QuestionLSTM
from reference.models.vgg import VGG16Features


class Answered(NamedTuple):
    """What a `StackedAttentionNetwork` returns.

    Shape:
        scores:  (N, num_answers)   the softmax belongs to the loss (`cross_entropy`)
        weights: (N, hops, R)       where each hop looked; sums to 1 over the regions, row by row of the map
    """

    scores: Tensor
    weights: Tensor


class AttentionHop(nn.Module):
    """The weights of one look as layers; calling it names them as the equations do.

    Args:
        channels: Channels d of the regions and of the query.
        attention_channels: Channels k in which the two meet.
        region_bias: Whether the regions' term has a bias of its own, as in the authors' code.
    """

    def __init__(self, channels: int, attention_channels: int, *, region_bias: bool) -> None:
        super().__init__()
        self.region = nn.Linear(channels, attention_channels, bias=region_bias)
        self.query = nn.Linear(channels, attention_channels)
        self.score = nn.Linear(attention_channels, 1)

    def forward(self) -> Hop:
        """Give W_I, W_Q, b_A, W_P, b_P and, in the release, b_I."""
        score = self.score.weight[0], self.score.bias[0]
        return Hop(self.region.weight, self.query.weight, self.query.bias, *score, self.region.bias)


class StackedAttention(nn.Module):
    """Find the answer in the regions of an image, asking several times.

        v_i = tanh(W f_i + b)                                     f_i: region i of the feature map
        h_i = tanh(W_I v_i + (W_Q u + b_A)),   p = softmax over the regions of (W_P h_i + b_P)
        u'  = u + sum over i of p_i v_i                           u starts as the question
        scores = W_u u_K + b_u                                    after K hops

    variant="paper" is this; it has b_A for the sum of both terms, and 4,561,130
    numbers at the paper's sizes.  variant="release", the authors' code, takes the
    tanh of the two terms *separately* and adds them, takes another tanh of the
    region's score before the softmax, and has a bias in both terms: 1,024 numbers
    more.  Weights of one do not give the outputs of the other.

    Shape:
        features: (N, in_channels, H, W), a feature map with R = H*W regions
        question: (N, channels)
        return:   `Answered`

    Args:
        in_channels: Channels of the feature map; 512 of VGG.
        channels: Channels d of the question, of a region, and of u; 1280 for VQA.
        attention_channels: Channels k in which region and question meet; 512 in the release.
        hops: How often it looks; 2 in the paper.
        num_answers: Answers to choose from; 1000 for VQA.
        variant: "paper" or "release".

    Raises:
        OptionError: A number is no integer of at least 1, or `variant` is neither word.
        ShapeError: From calling it: features are no such maps, or question no such batch.

    Example:
        >>> net = StackedAttention(4, 6, 5, num_answers=3)
        >>> scores, weights = net(torch.zeros(2, 4, 2, 3), torch.zeros(2, 6))
        >>> scores.shape, weights.shape
        (torch.Size([2, 3]), torch.Size([2, 2, 6]))

    Source:
        Yang et al., CVPR 2016, section 3.1 (regions) and 3.3 (attention); the release is
        github.com/zcyang/imageqa-san.
    """

    def __init__(
        self,
        in_channels: int = 512,
        channels: int = 1280,
        attention_channels: int = 512,
        hops: int = 2,
        num_answers: int = 1000,
        *,
        variant: str = "paper",
    ) -> None:
        super().__init__()
        numbers = {"in_channels": in_channels, "channels": channels, "attention_channels": attention_channels}
        for name, number in (numbers | {"hops": hops, "num_answers": num_answers}).items():
            require_at_least(name, number, 1)
        require_one_of("variant", variant, ("paper", "release"))
        self.in_channels, self.channels = in_channels, channels
        self.variant = variant
        self.region = nn.Linear(in_channels, channels)
        self.hops = nn.ModuleList(
            AttentionHop(channels, attention_channels, region_bias=variant == "release") for _ in range(hops)
        )
        self.answer = nn.Linear(channels, num_answers)

    def forward(self, features: Tensor, question: Tensor) -> Answered:
        """Look, look again, and answer."""
        if features.ndim != 4 or features.shape[1] != self.in_channels or 0 in features.shape[2:]:
            raise ShapeError("features", f"(N, {self.in_channels}, H, W)", repr(tuple(features.shape)))
        if tuple(question.shape) != (features.shape[0], self.channels):
            expected = f"({features.shape[0]}, {self.channels}), one question for each image"
            raise ShapeError("question", expected, repr(tuple(question.shape)))
        regions = torch.tanh(self.region(features.flatten(2).mT))  # (N, R, d)
        hops = [hop() for hop in self.hops]
        query, weights = stacked_attention(regions, question, hops, variant=self.variant)
        return Answered(self.answer(query), weights)


class StackedAttentionNetwork(nn.Module):
    """Answer a question about an image: VGG's map of the image, a vector of the question, attention in hops.

    The image is 448 x 448 in the paper, twice VGG's own, so that the last pooling
    gives 512 x 14 x 14: 196 regions of 32 x 32 pixels.  VGG is not trained; it has
    no normalisation.

    Shape:
        images:    (N, in_channels, H, W), H and W of at least 32
        questions: (N, T) int64, words, then zeros
        return:    `Answered`, with R = floor(H/32) * floor(W/32) regions

    Args:
        in_channels: Channels of the image.
        num_answers: Answers to choose from; 1000 for VQA.
        hops: How often it looks; 2 in the paper.
        width: Channels of VGG's first stage; 64 in the paper.
        question_model: `QuestionCNN` or `QuestionLSTM`; None means the paper's CNN for VQA.  Its
            out_channels are the channels of the attention.
        attention_channels: Channels in which region and question meet; 512 in the release.
        variant: "paper" or "release", see `StackedAttention`.
        train_image_model: Whether VGG is trained as well; not in the paper.

    Raises:
        OptionError: A number is no integer of at least 1, or `variant` is neither word.
        ShapeError: From calling it: images or questions are none, or not of the same number.

    Example:
        >>> net = StackedAttentionNetwork(num_answers=3, width=1, question_model=QuestionCNN(9, 4, (2, 2)))
        >>> scores, weights = net(torch.zeros(1, 3, 64, 96), torch.tensor([[5, 8, 0]]))
        >>> scores.shape, weights.shape
        (torch.Size([1, 3]), torch.Size([1, 2, 6]))

    Source:
        Yang, He, Gao, Deng and Smola, "Stacked Attention Networks for Image
        Question Answering", arXiv:1511.02274; sizes of the authors' published
        configuration for VQA (github.com/zcyang/imageqa-san).  It also drops half
        of u_K before the answer when it trains; the paper's equations do not, nor do we.
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_answers: int = 1000,
        hops: int = 2,
        width: int = 64,
        *,
        question_model: QuestionCNN | QuestionLSTM | None = None,
        attention_channels: int = 512,
        variant: str = "paper",
        train_image_model: bool = False,
    ) -> None:
        super().__init__()
        self.image_model = VGG16Features(in_channels, width, batch_norm=False).requires_grad_(train_image_model)
        self.question_model = QuestionCNN() if question_model is None else question_model
        self.attention = StackedAttention(
            self.image_model.out_channels,
            self.question_model.out_channels,
            attention_channels,
            hops,
            num_answers,
            variant=variant,
        )

    def forward(self, images: Tensor, questions: Tensor) -> Answered:
        """Answer one question about each image."""
        features = self.image_model(images).y
        question = self.question_model(questions)
        if len(features) != len(question):
            raise ShapeError("questions", f"({len(images)}, T), one for each image", repr(tuple(questions.shape)))
        answered: Answered = self.attention(features, question)
        return answered
