"""The page of pictures and the command that makes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from reference.viz.__main__ import main
from reference.viz.gallery import COMMAND, GALLERY, page, trained_filters, trained_segnet

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_the_one_that_the_command_writes():
    assert (DOCS / "pictures.md").read_text(encoding="utf-8") == page()


def test_the_pictures_are_those_of_the_gallery_and_small():
    files = sorted((DOCS / "pictures").iterdir())
    assert [path.name for path in files] == sorted(picture.file for picture in GALLERY)
    sizes = [path.stat().st_size for path in files]
    assert max(sizes) < 100_000
    assert sum(sizes) < 400_000


def test_the_command_writes_what_it_is_asked_for(tmp_path, capsys):
    arguments = [
        str(tmp_path / "new"),
        "unpooling.png",
        "convolution.png",
        "--language",
        "en",
        "--page",
        str(tmp_path / "page.md"),
    ]
    assert main(arguments) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["convolution.png", "unpooling.png"]
    with Image.open(tmp_path / "new" / "unpooling.png") as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(100_000)) > 20  # something is drawn
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page()
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path / "new" / "convolution.png")


def test_a_picture_that_there_is_not_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), "cat.png"])
    assert stop.value.code == 2
    assert "got 'cat.png'" in capsys.readouterr().err


def test_every_picture_can_be_drawn_from_briefly_trained_networks(tmp_path, monkeypatch):
    for make in (trained_segnet, trained_filters):
        monkeypatch.setattr(f"reference.viz.gallery.{make.__name__}", lambda make=make: make.__wrapped__(2))
    for picture in GALLERY:
        if picture.file.startswith("convolution"):
            continue  # drawn in other tests
        path = picture.write(tmp_path, "en")
        with Image.open(path) as image:
            assert image.width < 1200
            assert path.stat().st_size < 130_000


def test_the_networks_are_the_same_each_time_and_the_generators_are_left_alone():
    import torch

    state = torch.random.get_rng_state()
    one, other = trained_filters.__wrapped__(2), trained_filters.__wrapped__(2)
    assert torch.equal(one.weight, other.weight)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_command_on_the_page_is_one_line_and_names_the_page():
    assert COMMAND in page()
    assert COMMAND.startswith("python -m reference.viz docs/pictures ")
