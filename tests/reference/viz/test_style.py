"""Fonts and languages, and that pictures leave matplotlib's global state alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from matplotlib.text import Text

from reference.errors import OptionError
from reference.viz import convolution_frame, field_rows, style, unpooling
from reference.viz.style import Voice, number_text


@pytest.fixture
def with_chinese_font(monkeypatch):
    """A machine that has a font for Chinese; none is drawn with it here."""
    monkeypatch.setattr(style, "cjk_font", lambda: "Noto Sans CJK SC")


@pytest.fixture
def without_chinese_font(monkeypatch):
    monkeypatch.setattr(style, "cjk_font", lambda: None)


def test_auto_is_chinese_where_a_font_is(with_chinese_font):
    figure = convolution_frame([[1, 2]], [[1]], (0, 0))
    titles = {text.get_gid(): text.get_text() for text in figure.axes[0].texts}
    assert (titles["x title"], titles["w title"], titles["y title"]) == ("输入", "卷积核", "输出")
    assert all(text.get_fontfamily() == ["DejaVu Sans", "Noto Sans CJK SC"] for text in figure.findobj(Text))


def test_english_can_be_asked_for_where_a_font_is(with_chinese_font):
    figure = unpooling([[1, 2]], (1, 2), language="en")
    assert all(text.get_text().isascii() or "·" in text.get_text() for text in figure.axes[0].texts)


def test_auto_is_english_without_a_font(without_chinese_font):
    figure = field_rows([style_layer()], 4)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert "image" in words
    assert "layer 1" in words


def style_layer():
    from reference.geometry import Layer

    return Layer(2)


def test_chinese_without_a_font_is_refused_with_the_way_out(without_chinese_font):
    with pytest.raises(OptionError) as error:
        Voice("zh")
    assert str(error.value) == (
        "language: expected 'en' on a machine without a Chinese font, got 'zh'; "
        "install one, on Debian and Ubuntu fonts-noto-cjk"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "0"), (7.0, "7"), (-12, "−12"), (0.5, "0.5"), (1.25, "1.25"), (1 / 3, "0.33"), (-0.004, "−0.004"), (123456, "123456"), (12345.6, "12346")],
)  # fmt: skip
def test_numbers_are_written_as_in_print(value: float, text: str):
    assert number_text(value) == text


def test_tints_leave_dark_numbers_readable():
    # WCAG asks for a contrast of 4.5 between text and ground.
    for tint in (*style.TINTS, style.PALE, "#ffffff"):
        assert contrast(style.INK, tint) > 4.5
    for colour in (style.VERMILION, style.BLUE):
        assert contrast(colour, "#ffffff") > 3.5


def contrast(one: str, other: str) -> float:
    lights = sorted((luminance(one), luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_no_picture_loads_pyplot_and_the_reference_loads_no_matplotlib():
    program = (
        "import sys, reference, reference.layers, reference.models, reference.data, reference.geometry\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from reference.viz import convolution_frame\n"
        "convolution_frame([[1]], [[1]], (0, 0)).canvas.draw()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_matplotlib_the_error_says_what_to_install():
    program = "import sys\nsys.modules['matplotlib'] = None\nimport reference.viz"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith("reference.viz draws with matplotlib: pip install 'convnet-grader[viz]'")
