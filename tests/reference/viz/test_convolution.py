"""A convolution step by step: what is drawn is what is computed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from reference.errors import OptionError, ShapeError
from reference.viz import convolution_animation, convolution_frame, convolution_frames
from reference.viz.style import PALE, TINTS
from tests.oracles import correlate2d
from tests.strategies import matrices

X = [[1, 2, 0, 3], [0, -1, 3, 2], [2, 0, 1, 1]]
W = [[1, 2], [0, -1]]


def texts(figure: Figure) -> dict[str, str]:
    """What is written, by gid, with the true minus made plain."""
    return {text.get_gid(): text.get_text().replace("\u2212", "-") for text in figure.axes[0].texts if text.get_gid()}


def fills(figure: Figure) -> dict[str, str]:
    return {
        patch.get_gid().removesuffix(" cell"): to_hex(patch.get_facecolor())
        for patch in figure.axes[0].patches
        if patch.get_gid().endswith(" cell")
    }


def drawn(figure: Figure, board: str, rows: int, columns: int) -> list[list[float | None]]:
    written = texts(figure)
    read = [[written.get(f"{board}[{i},{j}]") for j in range(columns)] for i in range(rows)]
    return [[None if text is None else float(text) for text in row] for row in read]


def worked(line: str) -> float:
    """The left side of a line of arithmetic, evaluated by this test."""
    left = re.split(r"[=≈]", line)[0]
    assert re.fullmatch(r"[-+·().\d ]+", left), left
    return float(eval(left.replace("·", "*")))


def test_the_boards_hold_image_kernel_and_the_result_so_far():
    figure = convolution_frame(X, W, (1, 1), language="en")
    assert drawn(figure, "x", 3, 4) == X
    assert drawn(figure, "w", 2, 2) == W
    y = correlate2d(np.array(X, float)[None, None], np.array(W, float)[None, None])[0, 0]
    assert drawn(figure, "y", 2, 3) == [y[0].tolist(), [y[1, 0], y[1, 1], None]]


def test_the_window_is_tinted_and_its_cells_carry_the_weights_they_meet():
    figure = convolution_frame(X, W, (1, 2), language="en")
    tinted = {gid for gid, fill in fills(figure).items() if fill == TINTS[1]}
    assert tinted == {"x[1,2]", "x[1,3]", "x[2,2]", "x[2,3]"}
    written = texts(figure)
    weights = {gid: text for gid, text in written.items() if gid.endswith("weight")}
    assert weights == {"x[1,2] weight": "×1", "x[1,3] weight": "×2", "x[2,2] weight": "×0", "x[2,3] weight": "×-1"}


def test_the_arithmetic_is_that_of_the_window():
    written = texts(convolution_frame(X, W, (1, 1), bias=4, language="en"))
    assert written["sum 0"] == "(-1)·1 + 3·2 = 5"
    assert written["sum 1"] == "0·0 + 1·(-1) = -1"
    assert written["sum 2"] == "bias 4"
    assert written["total"] == "y[1, 1] = 5 + (-1) + 4 = 8"


def test_a_true_convolution_shows_the_kernel_turned_and_says_so():
    figure = convolution_frame(X, W, (0, 0), convention="convolution", language="en")
    assert drawn(figure, "w", 2, 2) == [[-1, 0], [2, 1]]
    assert texts(figure)["w title"] == "kernel, turned"
    assert texts(figure)["total"].endswith("= -2")  # 1·(-1) + 2·0 + 0·2 + (-1)·1
    assert any(text.get_text() == "∗" for text in figure.axes[0].texts)
    plain = convolution_frame(X, W, (0, 0), language="en")
    assert texts(plain)["w title"] == "kernel"
    assert any(text.get_text() == "⋆" for text in plain.axes[0].texts)


def test_padding_is_grey_zeros_and_dilation_leaves_cells_out():
    figure = convolution_frame(X, W, (0, 0), padding=(1, 0), dilation=(2, 3), language="en")
    assert drawn(figure, "x", 5, 4) == [[0] * 4, *X, [0] * 4]
    colours = fills(figure)
    assert {gid for gid, fill in colours.items() if fill == TINTS[1]} == {"x[0,0]", "x[0,3]", "x[2,0]", "x[2,3]"}
    assert colours["x[4,1]"] == PALE
    assert colours["x[1,1]"] == "#ffffff"
    assert colours["x[1,0]"] == "#ffffff"  # between two taps


@settings(max_examples=15)
@given(x=matrices(4), w=matrices(3), data=st.data())
def test_every_drawn_total_is_the_sum_of_the_drawn_products(
    x: list[list[int]], w: list[list[int]], data: st.DataObject
):
    border = ((len(w) - 1,) * 2, (len(w[0]) - 1,) * 2)
    y = correlate2d(np.array(x, float)[None, None], np.array(w, float)[None, None], padding=border)[0, 0]
    place = tuple(data.draw(st.integers(0, side - 1)) for side in y.shape)
    written = texts(convolution_frame(x, w, place, padding="full", language="en"))
    sums = [worked(text) for gid, text in written.items() if gid.startswith("sum")]
    assert float(written[f"y[{place[0]},{place[1]}]"]) == y[place] == sum(sums)
    assert float(written["total"].rsplit(" ", 1)[1]) == y[place]


def test_there_is_a_frame_for_every_element_in_reading_order():
    figures = convolution_frames(X, W, stride=(1, 2), language="en")
    totals = [texts(figure)["total"][:7] for figure in figures]
    assert totals == ["y[0, 0]", "y[0, 1]", "y[1, 0]", "y[1, 1]"]


def test_channels_have_boards_of_their_own_and_are_added():
    x = torch.tensor([X, [[5, 0, 0, 1], [1, 1, 0, 0], [0, 2, 0, 0]]])
    w = torch.tensor([W, [[3, 0], [0, 1]]])
    figure = convolution_frame(x, w, (0, 1), stride=(1, 2), language="en")
    assert drawn(figure, "x1", 3, 4) == x[1].tolist()
    assert drawn(figure, "w1", 2, 2) == w[1].tolist()
    y = correlate2d(x[None].double().numpy(), w[None].double().numpy(), stride=(1, 2))
    written = texts(figure)
    assert written["x1 title"] == "channel 1"
    sums = [text for gid, text in written.items() if gid.startswith("sum")]
    assert len(sums) == 4  # a line for every row of every kernel
    assert sum(map(worked, sums)) == y[0, 0, 0, 1] == float(written["y[0,1]"])


def test_rounded_numbers_are_said_to_be_rounded():
    written = texts(convolution_frame([[0.1234]], [[0.5]], (0, 0), language="en"))
    assert written["sum 0"] == "0.12·0.5 ≈ 0.06"
    written = texts(convolution_frame([[30864.25]], [[3]], (0, 0), language="en"))
    assert written["sum 0"] == "30864·3 ≈ 92593"
    assert texts(convolution_frame([[0.25]], [[2.0]], (0, 0), language="en"))["sum 0"] == "0.25·2 = 0.5"


def boxes_of(figure: Figure, wanted: Any) -> list[Any]:
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in figure.axes[0].texts if wanted(text)]


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        (X, W, {"padding": 1}),
        ([[-1234567, 0.001], [12.25, -0.333]], [[-0.25]], {}),
        (torch.arange(400).reshape(20, 20), [[1, -1, 1], [1, 1, -1]], {"stride": 5}),
        (torch.full((3, 4, 4), -7), torch.full((3, 3, 3), -2), {"bias": -100}),
    ],
)
def test_nothing_is_cut_off_and_numbers_stay_in_their_cells(x: Any, w: Any, options: dict[str, Any]):
    figure = convolution_frame(x, w, (0, 0), language="en", **options)
    figure.canvas.draw()
    page = figure.bbox
    for box in boxes_of(figure, lambda _: True):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
    cell = figure.axes[0].transData.transform([(0, 0), (1, 1)])
    width = abs(cell[1, 0] - cell[0, 0])
    numbers = boxes_of(figure, lambda text: re.fullmatch(r"[xyw]\d*\[\d+,\d+\]", text.get_gid() or ""))
    assert max(box.width for box in numbers) <= width


def test_the_animation_has_a_frame_a_step_and_ends_with_the_whole_result(tmp_path):
    from PIL import Image

    animation = convolution_animation(X, W, seconds=0.5, language="en")
    animation.save(tmp_path / "steps.gif", writer="pillow", dpi=40)
    with Image.open(tmp_path / "steps.gif") as gif:
        assert gif.n_frames in (6, 7)  # 2 x 3 steps, the last one twice; equal frames may be merged
        durations = []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            durations.append(gif.info["duration"])
    assert durations[:5] == [500] * 5
    assert sum(durations) == 3500
    assert all(value is not None for row in drawn(animation._fig, "y", 2, 3) for value in row)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: convolution_frame(X, W, (2, 0)), OptionError, "place: expected a row below 2 and a column below 3, got (2, 0); counted from 0"),
        (lambda: convolution_frame(X, W, (0, 0), convention="cross"), OptionError, "convention: expected 'correlation' or 'convolution', got 'cross'"),
        (lambda: convolution_frame(X, [W], (0, 0), stride=0), OptionError, "stride: expected an integer of at least 1, got 0"),
        (lambda: convolution_frame([1, 2], W, (0, 0)), ShapeError, "x: expected (H, W) or (C, H, W), no axis empty, got (2,)"),
        (lambda: convolution_frame(X, [[W]], (0, 0)), ShapeError, "weight: expected (H, W) or (C, H, W), no axis empty, got (1, 1, 2, 2)"),
        (
            lambda: convolution_frame(np.zeros((19, 5)), W, (0, 0), padding=1),
            ShapeError,
            "x: expected at most 20 x 20 with its padding, got 21 x 7; more numbers cannot be read; draw a part of the image",
        ),
        (lambda: convolution_animation(X, W, seconds=0), OptionError, "seconds: expected more than 0, got 0"),
        (lambda: convolution_frame(X, W, (0, 0), language="de"), OptionError, "language: expected 'auto' or 'en' or 'zh', got 'de'"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_named(call: Any, error: type[Exception], message: str):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_a_kernel_larger_than_the_image_is_the_layers_own_error():
    with pytest.raises(ShapeError, match="x: expected H of at least 4"):
        convolution_frame(X, np.ones((4, 1)), (0, 0))
