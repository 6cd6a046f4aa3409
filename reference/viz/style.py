"""What all pictures share: colours that colour-blind readers can tell apart, fonts, and the language of their titles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import isclose

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from reference.errors import OptionError, require_one_of

INK = "#222222"
GREY = "#8a8a8a"
PALE = "#eeeeee"
# The palette of Okabe and Ito, "Color Universal Design", 2008.
BLUE = "#0072b2"
SKY = "#56b4e9"
GREEN = "#009e73"
YELLOW = "#f0e442"
ORANGE = "#e69f00"
VERMILION = "#d55e00"
PURPLE = "#cc79a7"
# Tints of four of them, light enough to read numbers on.
TINTS = ("#cfe8f7", "#fbe3b0", "#c6ebdd", "#f3d9e7")

INCHES = 0.42  # side of a cell
LANGUAGES = ("auto", "en", "zh")

CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Arial Unicode MS",
    "Noto Sans CJK JP",  # the same characters, drawn as in Japan
)


@cache
def cjk_font() -> str | None:
    """Name a font of this machine that has Chinese characters; None if there is none."""
    here = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in here), None)


class Voice:
    """Chooses between the two wordings of a text, and sets the fonts that can show it.

    Args:
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        OptionError: Another word, or "zh" without such a font.

    Example:
        >>> Voice("en")("input", "输入")
        'input'
    """

    def __init__(self, language: str) -> None:
        require_one_of("language", language, LANGUAGES)
        self.font = cjk_font()
        if language == "zh" and self.font is None:
            raise OptionError(
                "language",
                "'en' on a machine without a Chinese font",
                "'zh'",
                "install one, on Debian and Ubuntu fonts-noto-cjk",
            )
        self.is_chinese = language == "zh" or (language == "auto" and self.font is not None)

    def __call__(self, english: str, chinese: str) -> str:
        """Return the wording in this voice's language."""
        return chinese if self.is_chinese else english

    def dress(self, figure: Figure) -> Figure:
        """Give every text of a figure the fonts; digits and Latin letters look the same in both languages."""
        fonts = ["DejaVu Sans", self.font] if self.is_chinese and self.font is not None else ["DejaVu Sans"]
        for text in figure.findobj(Text):
            text.set_fontfamily(fonts)
        return figure


def new_figure(width_in: float, height_in: float, dpi: int = 110) -> Figure:
    """Make a figure that belongs to nobody: no window, no entry in pyplot's list, gone when it is dropped."""
    figure = Figure(figsize=(width_in, height_in), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def new_sheet(columns: float, rows: float) -> tuple[Figure, Axes]:
    """Make a figure of square cells: x runs to the right from 0 to `columns`, y down from 0 to `rows`."""
    figure = new_figure(columns * INCHES, rows * INCHES)
    axes = figure.add_axes((0, 0, 1, 1))
    lay_out(axes, columns, rows)
    return figure, axes


def lay_out(axes: Axes, columns: float, rows: float) -> None:
    """Give axes the coordinates of `new_sheet`, and no frame."""
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_aspect("equal")
    axes.set_axis_off()


def number_text(value: float) -> str:
    """Write a number as in print: integers without a point, others with two decimals, a true minus.

    Example:
        >>> number_text(-3.0), number_text(0.256), number_text(0.5), number_text(0.00034)
        ('−3', '0.26', '0.5', '0.0003')
    """
    if float(value).is_integer():
        text = str(int(value))
    elif abs(value) >= 1e4:
        text = f"{value:.0f}"
    elif abs(value) >= 0.005:
        text = f"{value:.2f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.1g}"
    return text.replace("-", "\u2212")


def factor_text(value: float) -> str:
    """Write a number as a factor: in parentheses if it is negative.

    Example:
        >>> factor_text(-1)
        '(−1)'
    """
    text = number_text(value)
    return f"({text})" if text.startswith("\u2212") else text


def equals(value: float) -> str:
    """The sign before a number as `number_text` writes it: "=" if nothing is rounded away, else "≈".

    Example:
        >>> equals(0.25), equals(0.256)
        ('=', '≈')
    """
    written = float(number_text(value).replace("\u2212", "-"))
    return "=" if isclose(written, value, rel_tol=1e-9) else "≈"


def size_text(sides: Iterable[int]) -> str:
    """Write sides as a size.

    Example:
        >>> size_text((3, 4))
        '3 × 4'
    """
    return " × ".join(map(str, sides))
