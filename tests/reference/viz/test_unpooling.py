"""The switches: where maxima were is where values return."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from reference.errors import OptionError, ShapeError
from reference.viz import unpooling
from reference.viz.style import PALE, TINTS

X = [[1, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 8, 3, 9]]


def texts(figure: Figure) -> dict[str, str]:
    return {text.get_gid(): text.get_text() for text in figure.axes[0].texts if text.get_gid()}


def board(figure: Figure, name: str, rows: int, columns: int) -> list[list[float]]:
    written = texts(figure)
    return [[float(written[f"{name}[{i},{j}]"]) for j in range(columns)] for i in range(rows)]


def cells(figure: Figure) -> dict[str, str]:
    patches = [patch for patch in figure.axes[0].patches if (patch.get_gid() or "").endswith(" cell")]
    return {patch.get_gid().removesuffix(" cell"): to_hex(patch.get_facecolor()) for patch in patches}


def test_the_boards_hold_what_torch_computes():
    figure = unpooling(X, values=[[60, 10], [20, 70]], language="en")
    pooled, indices = F.max_pool2d(torch.tensor(X, dtype=torch.float64)[None, None], 2, return_indices=True)
    assert board(figure, "x", 4, 4) == X
    assert board(figure, "pooled", 2, 2) == pooled[0, 0].tolist()
    assert board(figure, "values", 2, 2) == [[60, 10], [20, 70]]
    returned = torch.tensor([[60.0, 10.0], [20.0, 70.0]], dtype=torch.float64)[None, None]
    assert board(figure, "unpooled", 4, 4) == F.max_unpool2d(returned, indices, 2)[0, 0].tolist()
    switches = [[int(texts(figure)[f"values[{i},{j}] switch"]) for j in (0, 1)] for i in (0, 1)]
    assert switches == indices[0, 0].tolist() == [[4, 7], [13, 15]]


def test_windows_have_tints_and_a_value_keeps_its_windows_tint():
    colours = cells(unpooling(X, language="en"))
    assert [colours[f"x[{i},{j}]"] for i, j in ((0, 0), (0, 2), (2, 0), (2, 2))] == list(TINTS)
    assert colours["x[1,1]"] == TINTS[0]
    assert colours["unpooled[1,0]"] == colours["pooled[0,0]"] == TINTS[0]
    assert colours["unpooled[3,3]"] == colours["pooled[1,1]"] == TINTS[3]
    assert colours["unpooled[0,0]"] == PALE


def test_maxima_are_framed_in_both_images():
    frames = [patch for patch in unpooling(X, language="en").axes[0].patches if "frame" in (patch.get_gid() or "")]
    assert len(frames) == 8
    left = {(patch.get_y() - 1.6, patch.get_x() - 0.7) for patch in frames if patch.get_gid() == "x frame"}
    assert {(round(i), round(j)) for i, j in left} == {(1, 0), (1, 3), (3, 1), (3, 3)}


def test_without_values_the_maxima_return_and_there_is_no_decoder():
    figure = unpooling(X, language="en")
    assert "values title" not in texts(figure)
    assert board(figure, "unpooled", 4, 4) == [[0, 0, 0, 0], [4, 0, 0, 5], [0, 0, 0, 0], [0, 8, 0, 9]]


def test_rows_that_fill_no_window_are_white_and_stay_zero():
    figure = unpooling([[1, 2, 9], [3, 4, 9], [9, 9, 9]], language="en")
    colours = cells(figure)
    assert colours["x[0,2]"] == colours["x[2,0]"] == "#ffffff"
    assert board(figure, "unpooled", 3, 3) == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]


def test_overlapping_windows_tint_only_the_maxima():
    x = np.arange(25).reshape(5, 5)
    figure = unpooling(x, 3, stride=2, language="en")
    colours = cells(figure)
    assert {gid for gid, fill in colours.items() if gid.startswith("x") and fill != "#ffffff"} == {
        "x[2,2]", "x[2,4]", "x[4,2]", "x[4,4]",
    }  # fmt: skip
    assert board(figure, "unpooled", 5, 5)[4] == [0, 0, 22, 0, 24]


def test_nothing_is_cut_off():
    for figure in (unpooling(X, language="en"), unpooling([[5, 1]], (1, 2), values=[[-1]], language="en")):
        figure.canvas.draw()
        for text in figure.axes[0].texts:
            box = text.get_window_extent(figure.canvas.get_renderer())
            assert figure.bbox.x0 <= box.x0, text
            assert box.x1 <= figure.bbox.x1, text
            assert figure.bbox.y0 <= box.y0, text
            assert box.y1 <= figure.bbox.y1, text


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ShapeError) as error:
        unpooling(np.zeros((17, 3)))
    assert str(error.value) == "x: expected at most 16 x 16, got 17 x 3; more numbers cannot be read"
    with pytest.raises(ShapeError) as error:
        unpooling([1, 2])
    assert str(error.value) == "x: expected (H, W), no axis empty, got (2,)"
    with pytest.raises(ShapeError) as error:
        unpooling(X, values=[[1, 2]])
    assert str(error.value) == "values: expected the shape of the maxima, (2, 2), got (1, 2)"
    with pytest.raises(OptionError, match="kernel_size: expected an integer of at least 1, got 0"):
        unpooling(X, 0)
