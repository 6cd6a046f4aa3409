"""Stacked Attention Network: counts of both variants, hops that refine the query, regions chosen by a softmax."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.data import questions
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.layers import cross_entropy
from reference.models import (
    QuestionCNN,
    QuestionLSTM,
    StackedAttention,
    StackedAttentionNetwork,
    VGG16Features,
    parameter_count,
)
from tests.smoke import DEVICES, assert_learns

VARIANTS = pytest.mark.parametrize("variant", ["paper", "release"])


def attention(**options: Any) -> StackedAttention:
    return StackedAttention(
        **({"in_channels": 3, "channels": 5, "attention_channels": 4, "num_answers": 6} | options)
    ).double()


def small(**options: Any) -> StackedAttentionNetwork:
    model = QuestionCNN(9, 4, (2, 3))
    options = {"num_answers": 6, "width": 1, "attention_channels": 4, "question_model": model} | options
    return StackedAttentionNetwork(**options)


def batch() -> tuple[Tensor, Tensor]:
    return torch.randn(2, 3, 2, 4, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)


def test_the_counts_of_both_variants():
    with torch.device("meta"):
        paper, release = StackedAttention(), StackedAttention(variant="release")
    assert parameter_count(paper.region) == published("san.region_parameters").value
    assert [parameter_count(hop) for hop in paper.hops] == 2 * [published("san.hop_parameters").value]
    assert parameter_count(paper.answer) == published("san.answer_parameters").value
    assert parameter_count(paper) == published("san.attention_parameters").value == 4_561_130
    assert parameter_count(release) - parameter_count(paper) == 2 * 512  # b_I of each hop


def test_448_pixels_are_196_regions_of_512_channels():
    with torch.device("meta"):
        net = StackedAttentionNetwork()
        features = net.image_model(torch.zeros(1, 3, 448, 448)).y
    assert features.shape == (1, published("san.region_channels").value, 14, 14)
    assert published("san.regions").value == 14 * 14
    assert net.attention.channels == sum((256, 512, 512)) == 1280
    assert (len(net.attention.hops), net.attention.answer.out_features) == (2, 1000)
    features, question = torch.zeros(1, 512, 14, 14, device="meta"), torch.zeros(1, 1280, device="meta")
    assert net.attention(features, question).weights.shape == (1, 2, 196)


@VARIANTS
def test_the_attention_equals_loops_over_regions(variant: str):
    net, (features, question) = attention(variant=variant), batch()
    got = net(features, question)
    for n in range(2):
        regions = [torch.tanh(net.region(features[n, :, i, j])) for i in range(2) for j in range(4)]
        u = question[n]
        for k, hop in enumerate(net.hops):
            if variant == "paper":
                scores = [hop.score(torch.tanh(hop.region(v) + hop.query(u))) for v in regions]
            else:
                scores = [torch.tanh(hop.score(torch.tanh(hop.region(v)) + torch.tanh(hop.query(u)))) for v in regions]
            p = torch.cat(scores).exp() / torch.cat(scores).exp().sum()
            torch.testing.assert_close(got.weights[n, k], p)
            u = u + sum(p_i * v for p_i, v in zip(p, regions, strict=True))
        torch.testing.assert_close(got.scores[n], net.answer(u))


def test_the_variants_differ_in_their_outputs_for_the_same_weights():
    paper, release = attention(), attention(variant="release")
    weights = paper.state_dict() | {f"hops.{k}.region.bias": torch.zeros(4).double() for k in range(2)}
    release.load_state_dict(weights)
    features, question = batch()
    assert not torch.allclose(paper(features, question).scores, release(features, question).scores, atol=1e-4)


@VARIANTS
def test_weights_sum_to_1_over_the_regions(variant: str):
    weights = attention(variant=variant, hops=3)(*batch()).weights
    assert weights.shape == (2, 3, 8)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 3, dtype=torch.float64))
    assert not torch.allclose(weights.sum(1), torch.ones(2, 8, dtype=torch.float64))


@VARIANTS
def test_without_preference_the_mean_of_the_regions_is_added_by_each_hop(variant: str):
    net, (features, question) = attention(variant=variant), batch()
    for hop in net.hops:
        nn.init.zeros_(hop.score.weight)
    mean = torch.tanh(net.region(features.flatten(2).mT)).mean(1)
    torch.testing.assert_close(net(features, question).scores, net.answer(question + 2 * mean))


@VARIANTS
def test_the_second_hop_asks_with_the_query_of_the_first(variant: str):
    net, (features, question) = attention(variant=variant), batch()
    regions = torch.tanh(net.region(features.flatten(2).mT))
    first = attention(variant=variant, hops=1)
    first.load_state_dict({name: value for name, value in net.state_dict().items() if ".1." not in name})
    refined = question + torch.einsum("nr,nrd->nd", first(features, question).weights[:, 0], regions)
    first.load_state_dict(
        {name.replace("hops.1.", "hops.0."): value for name, value in net.state_dict().items() if ".0." not in name}
    )
    got = net(features, question).weights[:, 1]
    torch.testing.assert_close(got, first(features, refined).weights[:, 0])
    assert not torch.allclose(got, first(features, question).weights[:, 0])  # the question again would be this


@VARIANTS
def test_reordering_the_regions_reorders_the_weights_and_leaves_the_scores(variant: str):
    net, (features, question) = attention(variant=variant), batch()
    here, there = net(features, question), net(features.flip(2, 3), question)
    torch.testing.assert_close(here.scores, there.scores)
    torch.testing.assert_close(here.weights.flip(2), there.weights)


@pytest.mark.parametrize("model", [QuestionCNN(9, 4, (2, 3)), QuestionLSTM(9, 4, 5)])
def test_the_whole_net_is_its_three_parts(model: Any):
    net = small(question_model=model).double()
    images, asked = torch.randn(2, 3, 64, 96, dtype=torch.float64), torch.tensor([[1, 2, 3], [4, 0, 0]])
    got = net(images, asked)
    want = net.attention(net.image_model(images).y, model(asked))
    torch.testing.assert_close(got.scores, want.scores)
    assert got.weights.shape == (2, 2, 2 * 3)


def test_vgg_is_the_original_and_not_trained_unless_asked():
    net = small()
    assert isinstance(net.image_model, VGG16Features)
    assert not [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    net(torch.randn(1, 3, 64, 64), torch.tensor([[1, 2]])).scores.sum().backward()
    assert all(weight.grad is None for weight in net.image_model.parameters())
    assert all(weight.grad is not None for weight in net.attention.parameters())
    assert all(weight.requires_grad for weight in small(train_image_model=True).image_model.parameters())


@VARIANTS
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", [QuestionCNN, QuestionLSTM])
def test_it_learns_to_answer(kind: Any, device: str, variant: str):
    data = questions(6, 32)
    words, answers = len(data.vocabulary), len(data.answer_names)
    model = QuestionCNN(words, 8, (4, 4)) if kind is QuestionCNN else QuestionLSTM(words, 8, 8)
    net = small(question_model=model, num_answers=answers, hops=2, width=2, variant=variant).to(device)
    images, asked, want = (part.to(device) for part in (data.images, data.questions, data.answers))
    assert_learns(lambda: cross_entropy(net(images, asked).scores, want), net.parameters(), steps=15, lr=0.3)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, asked = small().double(), torch.tensor([[1, 2, 3]])
    images = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    want = net(images, asked)
    got = net.cuda()(images.cuda(), asked.cuda())
    for part, wanted in zip(got, want, strict=True):
        torch.testing.assert_close(part.cpu(), wanted)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attention()(torch.zeros(2, 3, 4), batch()[1]), r"features: expected \(N, 3, H, W\), got \(2, 3, 4\)"),
        (lambda: attention()(batch()[0][:, :2], batch()[1]), r"features: expected \(N, 3, H, W\), got \(2, 2, 2, 4\)"),
        (lambda: attention()(batch()[0], batch()[1][:1]), r"question: expected \(2, 5\), one question for each image"),
        (lambda: attention()(batch()[0], batch()[1][:, :4]), r"question: expected \(2, 5\), .* got \(2, 4\)"),
        (
            lambda: small()(torch.zeros(1, 3, 31, 64), torch.tensor([[1]])),
            r"x: expected \(N, 3, H, W\) with H and W of at least 32",
        ),
        (
            lambda: small()(torch.zeros(2, 3, 32, 32), torch.tensor([[1]])),
            r"questions: expected \(2, T\), one for each image, got \(1, 1\)",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_named(call: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize("name", ["in_channels", "channels", "attention_channels", "hops", "num_answers"])
def test_numbers_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        StackedAttention(**{name: 0})


def test_a_variant_that_is_none_is_named():
    with pytest.raises(OptionError, match="variant: expected 'paper' or 'release', got 'copy'"):
        StackedAttention(variant="copy")
