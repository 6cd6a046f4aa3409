"""The record of a forward pass, read as if a hostile process had written it."""

import numpy as np
import pytest
import torch
from torch import nn

from grader.network.align import align, describe
from grader.network.model import of_reference
from grader.network.trace import CONV, NORM, POOL, RELU, UNPOOL, UnreadableRecord, read_trace
from grader.network.weight import flipped, fresh_state, identity_state
from tests.grader.network.toys import IMAGE, KWARGS, Toy


def traced(maker, shape=(IMAGE[0], KWARGS["in_channels"], *IMAGE[1:]), **kwargs):
    model = of_reference(maker)
    model.build(kwargs or {}, "float64")
    return model.trace(np.random.default_rng(0).standard_normal(shape)).trace


def toy():
    return Toy(**KWARGS)


def test_the_steps_are_those_of_the_forward_pass_in_its_order():
    block = [CONV, NORM, RELU]

    assert [step.operation for step in traced(toy).steps] == [
        *block, POOL, *block, POOL, UNPOOL, *block, UNPOOL, CONV,
    ]  # fmt: skip


def test_an_unpooling_knows_its_pooling():
    trace = traced(toy)
    inner, outer = [step for step in trace.steps if step.operation == UNPOOL]

    assert [trace.ordinal(trace.pool_of(step)) for step in (inner, outer)] == [2, 1]


def test_steps_are_described_in_the_words_of_torch():
    assert [describe(step) for step in traced(toy).steps][:4] == [
        "conv2d 3x3, 2 -> 4",
        "batch_norm of 4 channels",
        "relu",
        "max_pool2d 2x2",
    ]
    strided = nn.Sequential(nn.Conv2d(2, 4, (3, 5), stride=2, groups=2), nn.ConvTranspose2d(4, 2, 2, stride=2))
    assert [describe(step) for step in traced(lambda: strided).steps] == [
        "conv2d 3x5, 2 -> 4, stride 2x2, padding 0x0, groups 2",
        "conv_transpose2d 2x2, 4 -> 2, stride 2x2, padding 0x0",
    ]


def test_layers_are_labelled_by_the_names_of_the_reference():
    labels = list(align(traced(toy), traced(toy)).labels.values())

    assert labels[:4] == ["first", "batch_norm of first_norm", "relu of first", "pool1"]
    assert labels[7:9] == ["pool2", "unpool2"]
    assert labels[-1] == "score"


def test_a_network_does_not_differ_from_itself():
    assert align(traced(toy), traced(toy)).differences() == ()


def test_a_missing_and_an_additional_layer_are_found_where_they_are():
    class Longer(Toy):
        def forward(self, x):
            return super().forward(torch.sigmoid(x))

    [difference] = align(traced(toy), traced(lambda: Longer(**KWARGS))).differences()
    assert str(difference.message) == "at the beginning: expected nothing, got sigmoid"
    [difference] = align(traced(lambda: Longer(**KWARGS)), traced(toy)).differences()
    assert str(difference.message) == "sigmoid of input: expected sigmoid, got nothing"


def test_fresh_weights_depend_on_the_place_and_not_on_the_name():
    class Renamed(nn.Module):
        def __init__(self):
            super().__init__()
            self.z, self.a = nn.Conv2d(2, 3, 3), nn.Conv2d(3, 2, 1)

        def forward(self, x):
            return self.a(self.z(x))

    plain, renamed = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Conv2d(3, 2, 1)), Renamed()
    first, second = fresh_state(traced(lambda: plain), seed=1), fresh_state(traced(lambda: renamed), seed=1)

    assert first.keys() == {"0.weight", "0.bias", "1.weight", "1.bias"}
    for one, other in (("0.weight", "z.weight"), ("0.bias", "z.bias"), ("1.weight", "a.weight")):
        np.testing.assert_array_equal(first[one], second[other])
    assert not np.array_equal(first["0.weight"], fresh_state(traced(lambda: plain), seed=2)["0.weight"])


def test_a_transposed_convolution_gets_the_weights_of_its_twin():
    conv, twin = nn.Conv2d(2, 3, 3, padding=1), nn.ConvTranspose2d(2, 3, 3, padding=1)
    one = fresh_state(traced(lambda: nn.Sequential(conv)), seed=3)["0.weight"]
    other = fresh_state(traced(lambda: nn.Sequential(twin)), seed=3)["0.weight"]

    np.testing.assert_array_equal(flipped(one), other)
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(one))
        twin.weight.copy_(torch.from_numpy(other))
        twin.bias.copy_(conv.bias)
        x = torch.randn(1, 2, 5, 6, dtype=torch.float64)
        torch.testing.assert_close(conv(x), twin(x))


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(2, 5, 3, padding=1), nn.ConvTranspose2d(2, 5, 3, padding=1), nn.Conv2d(2, 2, 1)]
)
def test_with_the_identity_the_first_channels_pass_unchanged(layer):
    net = nn.Sequential(layer).double()
    state = identity_state(traced(lambda: net))
    net.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    x = torch.randn(2, 2, 6, 7, dtype=torch.float64)

    y = net(x)
    torch.testing.assert_close(y[:, :2], x)
    assert not y[:, 2:].any()


GOOD = {"operator": "relu", "arguments": {"self": {"tensor": 0, "memory": 0, "shape": [1, 2, 3, 4]}}, "results": [[1, 1, [1, 2, 3, 4]]]}  # fmt: skip
FORGED = [
    None,
    {},
    "steps",
    [[]],
    ["relu"],
    [{"operator": "relu"}],
    [{**GOOD, "operator": 3}],
    [{**GOOD, "arguments": []}],
    [{**GOOD, "results": {}}],
    [{**GOOD, "results": [[1]]}],
    [{**GOOD, "results": [["1", 1, [1]]]}],
    [{**GOOD, "results": [[1, 1, [-1]]]}],
    [{**GOOD, "results": [[1, 1, [1] * 9]]}],
    [{**GOOD, "results": [[True, 1, [1]]]}],
    [{**GOOD, "results": [[2**70, 1, [1]]]}],
    [{**GOOD, "operator": "convolution", "arguments": {"input": GOOD["arguments"]["self"], "weight": {"parameter": "w", "shape": [1, 2, 3, 4]}}}],
    [{**GOOD, "operator": "max_pool2d_with_indices", "arguments": {**GOOD["arguments"], "kernel_size": ["a"]}}],
    [{**GOOD, "operator": "max_pool2d_with_indices", "arguments": {**GOOD["arguments"], "kernel_size": [1, 2, 3]}}],
    [GOOD] * 5001,
]  # fmt: skip


def test_a_record_of_the_right_form_is_read():
    assert [step.operation for step in read_trace([GOOD]).steps] == ["relu"]


@pytest.mark.parametrize("record", FORGED, ids=range(len(FORGED)))
def test_a_record_that_no_recorder_makes_is_refused(record):
    with pytest.raises(UnreadableRecord):
        read_trace(record)


def test_names_from_the_guest_are_cut():
    long = {**GOOD, "arguments": {**GOOD["arguments"], "weight": {"parameter": "w" * 9999, "shape": [1]}}}

    [step] = read_trace([long]).steps
    assert len(step.tensors["weight"].name) == 200
