"""Kernels and feature maps: the pictures hold the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.viz import feature_maps, kernels, network_features


def images(figure: Figure) -> dict[str, Any]:
    return {image.get_gid(): image for axes in figure.axes for image in axes.images}


def headline(figure: Figure) -> str:
    [text] = [text.get_text() for text in figure.texts if text.get_gid() == "headline"]
    return text


def test_kernels_of_one_channel_are_drawn_with_zero_in_the_middle_of_one_scale():
    weight = torch.randn(5, 1, 3, 4)
    figure = kernels(weight, language="en")
    drawn = images(figure)
    assert set(drawn) == {f"kernel {n},0" for n in range(5)}
    largest = weight.abs().max().item()
    for number in range(5):
        image = drawn[f"kernel {number},0"]
        np.testing.assert_allclose(image.get_array(), weight[number, 0].numpy())
        assert image.get_clim() == pytest.approx((-largest, largest))
    assert headline(figure).startswith("kernels 5 × 1 × 3 × 4, scale −")


def test_kernels_of_three_channels_are_colours_and_grey_is_zero():
    weight = torch.zeros(2, 3, 2, 2)
    weight[0, 0, 1, 0] = 4.0
    weight[1, 2, 0, 0] = -2.0
    drawn = images(kernels(weight, language="en"))
    np.testing.assert_allclose(drawn["kernel 0"].get_array()[1, 0], (1.0, 0.5, 0.5))
    np.testing.assert_allclose(drawn["kernel 1"].get_array()[0, 0], (0.5, 0.5, 0.25))
    np.testing.assert_allclose(drawn["kernel 1"].get_array()[1, 1], (0.5, 0.5, 0.5))


def test_kernels_of_other_channels_are_rows_of_pictures():
    weight = torch.randn(3, 2, 3, 3)
    drawn = images(kernels(weight, language="en"))
    assert set(drawn) == {f"kernel {o},{c}" for o in range(3) for c in range(2)}
    np.testing.assert_allclose(drawn["kernel 2,1"].get_array(), weight[2, 1].numpy())
    heights = {gid: image.axes.get_position().y0 for gid, image in drawn.items()}
    assert heights["kernel 0,0"] == heights["kernel 0,1"] > heights["kernel 1,0"]


def test_most_bounds_what_is_drawn():
    assert len(images(kernels(torch.randn(9, 5, 2, 2), most=4, language="en"))) == 16
    assert len(images(feature_maps(torch.randn(9, 2, 2), most=4, language="en"))) == 4


def test_positive_maps_start_at_zero_and_signed_ones_are_centred():
    y = torch.rand(3, 4, 5) + 1
    figure = feature_maps(y, language="en")
    assert images(figure)["map 1"].get_clim() == pytest.approx((0, y.max().item()))
    assert headline(figure).startswith("feature maps 3 × 4 × 5, 0 to ")
    low, high = images(feature_maps(y - 3, language="en"))["map 0"].get_clim()
    assert low == -high == pytest.approx((y - 3).min().item())
    np.testing.assert_allclose(images(feature_maps(y[None], language="en"))["map 2"].get_array(), y[2].numpy())


def net() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())


def test_rows_hold_the_strongest_maps_of_each_layer():
    model, x = net(), torch.rand(1, 3, 8, 10)
    figure = network_features(model, x, ["0", "3"], most=2, language="en")
    drawn = images(figure)
    with torch.no_grad():
        y = model[0](x)[0]
    strongest = sorted(y.abs().mean((1, 2)).topk(2).indices.tolist())
    assert [gid for gid in drawn if gid.startswith("0 ")] == [f"0 {channel}" for channel in strongest]
    for channel in strongest:
        np.testing.assert_allclose(drawn[f"0 {channel}"].get_array(), y[channel].numpy(), rtol=1e-6)
    np.testing.assert_allclose(drawn["image"].get_array(), x[0].permute(1, 2, 0).numpy())
    labels = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {"image", "3 × 8 × 10", "0", "6 × 6 × 8", "3", "6 × 3 × 4"} <= set(labels)


def test_the_network_is_left_as_it_was():
    model = net()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network_features(model, torch.rand(1, 3, 8, 8), ["2"], language="en")
    assert [layer.training for layer in model] == [True, False, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model[2]._forward_hooks


def test_images_with_other_channels_are_not_drawn():
    model = nn.Sequential(nn.Conv2d(2, 3, 1))
    assert "image" not in images(network_features(model, torch.rand(1, 2, 4, 4), ["0"], language="en"))


def test_long_names_are_not_cut_off():
    model = nn.ModuleDict({"a_name_as_long_as_those_of_deep_networks": nn.Conv2d(3, 2, 1)})
    model.forward = lambda x: model["a_name_as_long_as_those_of_deep_networks"](x)
    figure = network_features(
        model, torch.rand(1, 3, 4, 4), ["a_name_as_long_as_those_of_deep_networks"], language="en"
    )
    figure.canvas.draw()
    for axes in figure.axes:
        for text in axes.texts:
            assert text.get_window_extent(figure.canvas.get_renderer()).x0 >= 0, text


def test_what_cannot_be_drawn_is_named():
    x = torch.rand(1, 3, 8, 8)
    unused = nn.Sequential(nn.Conv2d(3, 2, 1))
    unused.idle = nn.ReLU()
    unused.forward = lambda x: unused[0](x)
    for call, error, message in (
        (lambda: kernels(torch.zeros(3, 3)), ShapeError, "weight: expected (C_out, C_in, K_h, K_w), no axis empty, got (3, 3)"),
        (lambda: kernels(torch.zeros(1, 1, 1, 1), most=0), OptionError, "most: expected an integer of at least 1, got 0"),
        (lambda: feature_maps(torch.zeros(2, 3, 4, 4)), ShapeError, "y: expected (C, H, W) or (1, C, H, W), no axis empty, got (2, 3, 4, 4)"),
        (lambda: network_features(net(), x[0], ["0"]), ShapeError, "x: expected (1, C, H, W), got (3, 8, 8); draw one image at a time"),
        (lambda: network_features(net(), x, ["conv"]), OptionError, "layers: expected names of modules, got 'conv'; some are 0, 1, 2, 3, 4"),
        (lambda: network_features(net(), x, ["4"]), ShapeError, "4: expected (C, H, W) or (1, C, H, W), no axis empty, got (1, 54)"),
        (lambda: network_features(unused, x, ["idle"]), OptionError, "layers: expected modules that the forward pass calls, got 'idle'"),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value) == message
