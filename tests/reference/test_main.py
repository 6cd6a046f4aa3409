"""`python -m reference`: overview, one system, and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reference.__main__ import main
from reference.systems import find_system, load_systems, measure_system
from reference.systems.terminal import print_overview


def test_one_system_is_printed_with_published_numbers_beside_ours(capsys: Any, monkeypatch: Any):
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["--system", "lenet5"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("LeNet-5, 1998, digits")
    for word in (
        "original, input 1 x 32 x 32",
        "published 60,000, agrees: LeCun et al., Proc. IEEE 1998",
        "61,706",
        "0.95 %",
    ):
        assert word in text


def test_the_overview_has_a_line_for_each_system(capsys: Any):
    entries = [measure_system(find_system(name)) for name in ("LeNet-5", "AlexNet")]
    print_overview(Console(width=140), entries)
    wide = " ".join(capsys.readouterr().out.split())
    assert "│ LeNet-5 │ 1998 │ 60.0 k │ 326 k │ 32 │ digits" in wide
    assert "0.95 %, test error on MNIST" in wide
    print_overview(Console(width=70), entries)
    narrow = " ".join(capsys.readouterr().out.split())
    assert "│ AlexNet │ 2012 │ 61.0 M │ 724 M │ 195 │ └" in narrow


def test_an_unknown_system_is_named(capsys: Any):
    with pytest.raises(SystemExit) as stopped:
        main(["--system", "Inception"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "name: expected a system of the lecture, got 'Inception'; there are Neocognitron" in error


def test_the_page_is_written_where_it_is_asked_for(tmp_path: Path, monkeypatch: Any, capsys: Any):
    few = [measure_system(system) for system in load_systems()[1:3]]
    monkeypatch.setattr("reference.systems.catalogue", lambda: few)
    assert main(["--markdown", str(tmp_path / "page.md")]) == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.startswith("# Catalogue\n")
    assert "| [LeNet (1989)](#lenet-1989) | 1989 | digits | 9.76 k | 63.7 k | 25 |" in page
    assert capsys.readouterr().out == f"{tmp_path / 'page.md'}\n"
