"""The table of facts is complete, sourced, and read right."""

from __future__ import annotations

import pytest

from reference.errors import OptionError
from reference.facts import Fact, load_facts, published


@pytest.mark.parametrize("name", sorted(load_facts()))
def test_every_fact_has_an_integer_and_a_source(name: str):
    fact = published(name)
    assert isinstance(fact.value, int)
    assert fact.within >= 0
    assert len(fact.source) > 20


def test_a_rounded_fact_agrees_as_far_as_it_was_printed():
    fact = Fact(252_000_000, "a paper", within=500_000)
    assert fact.agrees(251_772_245)
    assert not fact.agrees(251_499_999)
    assert Fact(14, "a paper").agrees(14)
    assert not Fact(14, "a paper").agrees(15)


def test_an_unknown_fact_is_named_with_its_neighbours():
    with pytest.raises(OptionError, match=r"name: expected a fact of facts.toml, got 'unet.side'; there are unet\.\w+"):
        published("unet.side")
    with pytest.raises(OptionError, match=r"got 'net.side'; there are .*alexnet, .*deconvnet,"):
        published("net.side")
