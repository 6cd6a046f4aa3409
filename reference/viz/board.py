"""A matrix drawn as a board: square cells with numbers in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reference.viz.style import GREY, INK, number_text

Place = tuple[int, int]  # row and column


@dataclass(frozen=True, slots=True)
class Board:
    """Where a matrix stands on a sheet (`style.new_sheet`).

    Args:
        name: Begins the gid of every artist: number (i, j) of board "x" is "x[i,j]", its cell "x[i,j] cell".
        x: Left edge, in cells.
        y: Upper edge, in cells.
        rows: Height.
        columns: Width.
    """

    name: str
    x: float
    y: float
    rows: int
    columns: int

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.columns

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.rows

    def middle(self, place: Place) -> tuple[float, float]:
        """The middle of a cell, x and y."""
        return self.x + place[1] + 0.5, self.y + place[0] + 0.5

    def draw(
        self,
        axes: Axes,
        number: Callable[[Place], float | None],
        *,
        fill: Callable[[Place], str] = lambda _: "white",
        colour: Callable[[Place], str] = lambda _: INK,
        bold: Callable[[Place], bool] = lambda _: False,
    ) -> None:
        """Draw all cells.

        Args:
            number: What stands in a cell; None leaves it empty.
            fill: Its background.
            colour: The colour of the number.
            bold: Whether the number is bold.
        """
        places = [(row, column) for row in range(self.rows) for column in range(self.columns)]
        texts = {place: number_text(value) for place in places if (value := number(place)) is not None}
        longest = max(map(len, texts.values()), default=1)
        size = {1: 11.0, 2: 11.0, 3: 11.0, 4: 9.0}.get(longest, 38.0 / longest)  # one size for the whole board
        for place in places:
            gid = f"{self.name}[{place[0]},{place[1]}]"
            corner = (self.x + place[1], self.y + place[0])
            cell = Rectangle(corner, 1, 1, facecolor=fill(place), edgecolor=GREY, lw=0.7)
            cell.set_gid(f"{gid} cell")
            axes.add_patch(cell)
            if place in texts:
                axes.text(
                    *self.middle(place),
                    texts[place],
                    color=colour(place),
                    fontsize=size,
                    fontweight="bold" if bold(place) else "normal",
                    ha="center",
                    va="center",
                    gid=gid,
                )

    def note(self, axes: Axes, place: Place, text: str, colour: str, gid: str) -> None:
        """Write something small into the lower right corner of a cell."""
        x, y = self.x + place[1] + 0.95, self.y + place[0] + 0.97
        axes.text(x, y, text, fontsize=6.2, color=colour, ha="right", va="bottom", gid=gid)

    def title(self, axes: Axes, text: str) -> None:
        """Write above the board, from its left edge."""
        axes.text(self.x, self.y - 0.35, text, fontsize=10, color=INK, ha="left", va="bottom", gid=f"{self.name} title")

    def frame(self, axes: Axes, place: Place, rows: int, columns: int, colour: str, *, width: float = 2.5) -> None:
        """Draw a frame around a block of cells."""
        corner = (self.x + place[1], self.y + place[0])
        box = Rectangle(corner, columns, rows, fill=False, edgecolor=colour, lw=width, zorder=3)
        box.set_gid(f"{self.name} frame")
        axes.add_patch(box)
