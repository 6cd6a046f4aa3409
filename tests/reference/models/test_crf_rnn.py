"""CRF-RNN: a recurrent layer whose few weights are shared, and FCN-8s below it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.data import shapes
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.layers import cross_entropy, gaussian_kernels, mean_field, potts, softmax
from reference.models import CRFRNN, MeanFieldRNN, parameter_count, probability_loss
from tests.smoke import DEVICES, assert_learns


def small(**options: Any) -> CRFRNN:
    field = MeanFieldRNN(3, **options)
    return CRFRNN(num_classes=3, width=1, fc_width=4, dropout=0, field=field)


def scene(L: int = 3, H: int = 4, W: int = 5) -> tuple[Tensor, Tensor]:
    return torch.randn(2, L, H, W).double(), 20 * torch.rand(2, 3, H, W).double()


def test_three_matrices_are_learned_however_many_steps_there_are():
    for steps in (0, 5, 10):
        assert parameter_count(MeanFieldRNN(test_steps=steps)) == published("crf_rnn.parameters").value
    with torch.device("meta"):
        net = CRFRNN()
    assert parameter_count(net) == published("fcn8s.parameters").value + published("crf_rnn.parameters").value


def test_it_starts_with_the_values_of_the_release():
    layer, one = MeanFieldRNN(), torch.eye(21)
    assert torch.equal(layer.kernel_weights[0], published("crf_rnn.bilateral_weight").value * one)
    assert torch.equal(layer.kernel_weights[1], published("crf_rnn.spatial_weight").value * one)
    assert torch.equal(layer.compatibility, -one)
    for theta in ("theta_alpha", "theta_beta", "theta_gamma"):
        assert getattr(layer, theta) == published(f"crf_rnn.{theta}").value


def test_it_takes_5_steps_in_training_and_10_in_the_test():
    unary, image = scene()
    layer = MeanFieldRNN(3).double()
    kernels = gaussian_kernels(image, normalized=True)
    for training, steps in ((True, 5), (False, published("crf_rnn.test_steps").value)):
        layer.train(training)
        want = mean_field(unary, kernels, torch.tensor([5.0, 3.0]).double(), potts(3).double(), steps=steps)
        torch.testing.assert_close(layer(unary, image), want)


def test_no_steps_or_no_weights_give_the_softmax_of_the_scores():
    unary, image = scene()
    torch.testing.assert_close(MeanFieldRNN(3, train_steps=0).double()(unary, image), softmax(unary, 1))
    layer = MeanFieldRNN(3).double()
    nn.init.zeros_(layer.kernel_weights)
    torch.testing.assert_close(layer(unary, image), softmax(unary, 1))


def test_probabilities_sum_to_1():
    Q = MeanFieldRNN(3).double()(*scene())
    torch.testing.assert_close(Q.sum(1), torch.ones(2, 4, 5).double())


def test_the_pixel_itself_is_left_out_unless_asked_for():
    unary, image = torch.tensor([3.0, -3.0]).reshape(1, 2, 1, 1), torch.zeros(1, 3, 1, 1)
    alone = MeanFieldRNN(2)(unary, image)  # nobody else is there: nothing is heard
    torch.testing.assert_close(alone, softmax(unary, 1))
    assert MeanFieldRNN(2, own_pixel=True)(unary, image)[0, 0] > alone[0, 0]


def test_the_first_weights_belong_to_the_kernel_that_sees_colours():
    unary, image = scene()
    layer = MeanFieldRNN(3).double()
    with torch.no_grad():
        layer.kernel_weights[0] = 0
        assert torch.equal(layer(unary, image), layer(unary, image.flip(2)))
        layer.kernel_weights[0] = torch.eye(3)
        assert not torch.allclose(layer(unary, image), layer(unary, image.flip(2)))


def test_a_mean_taken_from_the_colours_changes_nothing():
    unary, image = scene()
    layer = MeanFieldRNN(3).double()
    torch.testing.assert_close(layer(unary, image), layer(unary, image - 104))


def test_a_lonely_label_is_talked_round_and_with_the_sign_turned_it_is_not():
    unary = torch.full((1, 2, 5, 5), 0.0)
    unary[:, 0], unary[0, :, 2, 2] = 1, torch.tensor([0.0, 0.8])
    layer, image = MeanFieldRNN(2, train_steps=1), torch.zeros(1, 3, 5, 5)
    assert layer(unary, image).argmax(1).unique().tolist() == [0]
    with torch.no_grad():
        layer.compatibility.neg_()
        assert layer(unary, image)[0, 1, 2, 2] > softmax(unary, 1)[0, 1, 2, 2]


def test_the_net_is_fcn_8s_and_the_field():
    net, x = small().double().eval(), 255 * torch.rand(1, 3, 6, 7).double()
    assert net.fcn.crops == (5, 9, 31)
    torch.testing.assert_close(net(x), net.field(net.fcn(x), x))


def test_the_gradient_reaches_the_first_convolution_through_all_steps():
    net = CRFRNN(num_classes=3, width=4, dropout=0)
    x = 255 * torch.rand(1, 3, 6, 7)
    probability_loss(net(x), torch.randint(3, (1, 6, 7))).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    first = net.fcn.trunk.layers["conv1_1"].conv.weight.grad
    assert first is not None
    assert first.any()
    assert net.field.compatibility.grad.any()


def test_the_loss_is_the_logarithm_of_what_the_true_class_has_got():
    Q = torch.tensor([[0.25, 1.0, 0.0], [0.75, 0.0, 1.0]]).reshape(1, 2, 1, 3)
    labels = torch.tensor([[[1, 0, 255]]])
    assert probability_loss(Q, labels).item() == pytest.approx(-math.log(0.75) / 2)
    assert probability_loss(Q, torch.tensor([[[1, 1, 1]]])).isfinite()  # a probability of 0


@pytest.mark.parametrize("device", DEVICES)
def test_fcn_8s_learns_a_tiny_batch_and_then_both_as_one_net(device: str):
    data = shapes(2, 16)
    field = MeanFieldRNN(4, theta_alpha=5, theta_beta=3 / 255)  # a small image, and colours from 0 to 1
    net = CRFRNN(num_classes=4, width=2, fc_width=8, dropout=0, field=field).to(device)
    images, labels = data.images.to(device), data.labels_per_pixel.to(device)
    # As in the paper: on random scores the field would talk all pixels into one label.
    assert_learns(lambda: cross_entropy(net.fcn(images), labels), net.fcn.parameters(), lr=0.2)
    assert_learns(lambda: probability_loss(net(images), labels), net.parameters(), lr=0.02)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), 255 * torch.rand(1, 3, 8, 9, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize(
    ("shape", "other"), [((1, 3, 4, 6), "(1, 3, 4, 6)"), ((2, 3, 4, 5), "(2, 3, 4, 5)"), ((3, 4, 5), "")]
)
def test_an_image_of_another_size_is_named(shape: tuple[int, ...], other: str):
    with pytest.raises(
        ShapeError, match=r"image: expected \(N, C, H, W\) of the size of unary, \(1, 2, 4, 5\), got \("
    ):
        MeanFieldRNN(2)(torch.zeros(1, 2, 4, 5), torch.zeros(shape))


@pytest.mark.parametrize(("name", "least"), [("num_classes", 1), ("train_steps", 0), ("test_steps", 0)])
def test_numbers_of_no_use_are_named(name: str, least: int):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least {least}, got -1"):
        MeanFieldRNN(**{name: -1})
