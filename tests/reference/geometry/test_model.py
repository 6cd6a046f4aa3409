"""The survey of a model: against layer lists, published totals, and the gradient probe."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError
from reference.facts import published
from reference.geometry import Layer, receptive_field, survey
from reference.models import DeconvNet, SegNet, VGG16Features


def on_meta(make: Any, *args: Any, **options: Any) -> nn.Module:
    with torch.device("meta"):
        model: nn.Module = make(*args, **options)
    return model


def alexnet() -> nn.Sequential:
    """The 2012 net, as modules."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(), nn.Dropout(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000),
    )  # fmt: skip


def test_alexnets_fields_and_costs_are_the_published_ones():
    found = survey(on_meta(alexnet), (1, 3, 227, 227))
    windows = [row for row in found.layers if row.operation in ("convolution", "max pooling", "dense")]
    assert [row.field.size for row in windows if row.field] == [11, 19, 51, 67, 99, 131, 163, 195, 355, 355, 355]
    pool5 = windows[7].field
    assert pool5 is not None
    assert pool5.size == published("alexnet.receptive_field_pool5").value == 195
    assert (pool5.jump, pool5.padding) == (32, 64)
    assert found.parameters == published("alexnet.parameters_bvlc").value
    assert (found.macs, found.activations) == (724406816, 781736)  # sums over the layers of the BVLC definition
    assert found.activation_memory == 4 * 781736


def test_vggs_fields_are_the_published_ones():
    found = survey(on_meta(VGG16Features, batch_norm=False), (1, 3, 224, 224))
    field = found.field
    assert field is not None
    assert field.size == published("vgg16.receptive_field_pool5").value == 212
    assert field.padding == published("vgg16.receptive_field_padding_pool5").value
    assert field.jump == published("vgg16.receptive_field_jump_pool5").value
    assert found.parameters == published("vgg16.conv_parameters_exact").value
    assert found.macs == published("vgg16.conv_macs").value
    layers = [layer for convs in (2, 2, 3, 3, 3) for layer in [*[Layer(3, 1, 1)] * convs, Layer(2, 2)]]
    assert field == receptive_field(layers)


def test_deconvnet_and_segnet_are_followed_through_their_unpoolings():
    deconvnet = survey(on_meta(DeconvNet), (1, 3, 224, 224))
    assert (deconvnet.macs, deconvnet.activations) == (32745979904, 34428928)
    assert published("deconvnet.parameters").agrees(deconvnet.parameters)
    fc6 = deconvnet.layer("middle.fc6.conv")
    assert fc6.field is not None
    assert fc6.field.size == published("vgg16.receptive_field_fc6").value
    assert deconvnet.layer("middle.deconv_fc6.conv").macs == 7 * 7 * 4096 * 512  # from one position
    assert deconvnet.field is not None
    segnet = survey(on_meta(SegNet, ceil_mode=True), (1, 3, 360, 480))
    assert (segnet.macs, segnet.activations) == (106712432640, 105734400)
    assert segnet.parameters == published("segnet.parameters_11_batch_norm").value
    assert {row.operation for row in segnet.layers if "decoder" in row.name} == {
        "convolution",
        "batch normalisation",
        "relu",
    }


class Functional(nn.Module):
    """The same net as `organised`, without a module for a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.rand(4, 3, 3, 3))
        self.offset = nn.Parameter(torch.rand(4))
        self.second = nn.Parameter(torch.rand(5, 4 * 8 * 8))

    def forward(self, x: Tensor) -> Tensor:
        y = F.max_pool2d(F.conv2d(x, self.first, self.offset, padding=1).relu_(), 2)
        return y.reshape(len(y), -1) @ self.second.T


def organised() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 5, bias=False)
    )


def test_organisation_does_not_matter():
    one, other = survey(organised(), (2, 3, 16, 16)), survey(Functional(), (2, 3, 16, 16))
    assert [row.operation for row in one.layers] == ["convolution", "relu", "max pooling", "dense"]
    for name in ("operation", "input_shape", "output_shape", "parameters", "macs", "fields", "activations"):
        assert [getattr(row, name) for row in one.layers] == [getattr(row, name) for row in other.layers], name
    assert [row.name for row in other.layers] == ["first", "", "", "second"]
    assert one.macs == 2 * (16 * 16 * 27 * 4 + 256 * 5)
    assert one.activations == 2 * (4 * 16 * 16 + 4 * 8 * 8 + 5)


class Answering(nn.Module):
    """An image and a question: an embedding, a convolution along the words, attention over the regions."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.phrases = nn.Conv1d(4, 6, 2)
        self.regions = nn.Conv2d(3, 6, 4, stride=4)
        self.answer = nn.Linear(6, 5)

    def forward(self, image: Tensor, question: Tensor) -> Tensor:
        query = self.phrases(self.words(question).transpose(1, 2)).amax(2)  # (N, 6)
        regions = self.regions(image).flatten(2)  # (N, 6, R)
        weights = torch.softmax(query[:, None] @ regions, 2)
        scores: Tensor = self.answer(query + (regions @ weights.transpose(1, 2))[:, :, 0])
        return scores


def test_only_the_first_argument_is_the_image_and_attention_is_no_dense_layer():
    found = survey(Answering(), (2, 3, 16, 16), torch.zeros(2, 7, dtype=torch.int64))
    assert [(row.name, row.operation, row.macs) for row in found.layers if row.parameters] == [
        ("words", "embedding", 0),
        ("phrases", "convolution", 2 * 6 * 6 * 4 * 2),
        ("regions", "convolution", 2 * 16 * 6 * 48),
        ("answer", "dense", 2 * 6 * 5),
    ]
    assert found.layer("phrases").fields is None  # it sees nothing of the image
    assert found.field is not None
    assert found.field.size == 16
    assert found.parameters == sum(weight.numel() for weight in Answering().parameters())


def test_shared_layers_count_once_and_work_each_time():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 3, padding=1)
            self.gain = nn.Parameter(torch.ones(2, 1, 1))

        def forward(self, x: Tensor) -> list[Tensor]:
            return [self.conv(self.conv(x)) * self.gain]

    found = survey(Twice(), (1, 2, 5, 7))
    assert found.parameters == 38 + 2
    assert found.macs == 2 * 5 * 7 * 36
    assert [(row.name, row.operation, row.parameters) for row in found.layers] == [
        ("conv", "convolution", 38), ("conv", "convolution", 38), ("gain", "scale", 2)
    ]  # fmt: skip


def test_what_is_written_into_a_tensor_counts_from_there_on():
    class Assembling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.links = nn.Parameter(torch.rand(2, 3, 3))

        def forward(self, x: Tensor) -> Tensor:
            kernel = torch.zeros(2, 2, 3, 3)
            kernel[0, 0], kernel[1, 1] = self.links[0], self.links[1]  # a table of connections
            padded = x.new_zeros(1, 2, 8, 9)
            padded[:, :, 1:-1, 1:-1] = x
            return F.conv2d(padded, kernel)

    found = survey(Assembling(), (1, 2, 6, 7))
    (row,) = found.layers
    assert (row.name, row.operation, row.parameters, found.parameters) == ("links", "convolution", 18, 18)
    assert row.input_shape == (1, 2, 8, 9)
    assert row.field is not None
    assert (row.field.size, row.field.padding) == (3, 1)


def test_both_directions_have_fields_of_their_own():
    found = survey(nn.Sequential(nn.Conv2d(1, 1, (3, 5), (1, 2)), nn.AdaptiveAvgPool2d(1)), (1, 1, 10, 20))
    first, last = found.layers
    assert first.field is None
    assert first.fields is not None
    assert [(field.size, field.jump) for field in first.fields] == [(3, 1), (5, 2)]
    assert last.operation == "global pooling"
    assert last.fields is not None
    assert [field.size for field in last.fields] == [10, 19]  # the last column begins no window


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_batch_normalisation_is_a_row_wherever_the_model_lies(device: str):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).to(device)
    rows = survey(net, (2, 1, 5, 6)).layers
    assert [(row.name, row.operation, row.output_shape, row.parameters) for row in rows] == [
        ("0", "convolution", (2, 2, 3, 4), 20),
        ("1", "batch normalisation", (2, 2, 3, 4), 4),
        ("2", "relu", (2, 2, 3, 4), 0),
    ]


def test_a_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    survey(model, torch.rand(2, 1, 5, 5))
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Silent(nn.Module):
    def forward(self, x: Tensor) -> str:
        return "nothing"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: survey(nn.ReLU()), "inputs: expected a shape or a tensor for each argument of forward, got none"),
        (lambda: survey(Silent(), (1, 2)), "model: expected a module that returns a tensor, or several, got 'str'"),
        (lambda: survey(nn.ReLU(), (1, 2)).layer("conv"), "name: expected a layer of the survey, got 'conv'"),
    ],
)
def test_calls_of_no_use_are_named(call: Any, message: str):
    with pytest.raises(OptionError, match=message):
        call()
