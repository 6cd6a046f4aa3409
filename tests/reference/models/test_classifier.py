"""The dense layers: their order, their sizes, where dropout stands."""

from __future__ import annotations

import pytest
from torch import nn

from reference.errors import OptionError
from reference.models import parameter_count
from reference.models.classifier import dense_classifier


@pytest.mark.parametrize(
    ("drops_first", "order"),
    [
        (False, ["fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8"]),
        (True, ["drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "fc8"]),
    ],
)
def test_the_order(drops_first: bool, order: list[str]):
    layers = dense_classifier(9, 4, 2, dropout=0.25, drops_first=drops_first)
    assert [name for name, _ in layers.named_children()] == order
    assert {layer.p for layer in layers if isinstance(layer, nn.Dropout)} == {0.25}
    assert parameter_count(layers) == (9 + 1) * 4 + (4 + 1) * 4 + (4 + 1) * 2


@pytest.mark.parametrize("name", ["fc_width", "num_classes"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        dense_classifier(3, **({"fc_width": 2, "num_classes": 2} | {name: 0}), dropout=0.5)
