"""Digits as bitmaps of 7 x 12, the fixed targets of LeNet-5's output layer."""

from __future__ import annotations

import torch
from torch import Tensor

HEIGHT, WIDTH = 12, 7

# Drawn for this project: the paper shows its bitmaps in figure 3, but prints no values.
_DIGITS = """
..###.. ...#... ..###.. .#####. ....#.. ####### ..####. ####### ..###.. ..###..
.#...#. ..##... .#...#. #.....# ...##.. #...... .#..... ......# .#...#. .#...#.
#.....# .#.#... #.....# ......# ...##.. #...... #...... ......# #.....# #.....#
#.....# #..#... ......# ......# ..#.#.. #...... #...... .....#. #.....# #.....#
#.....# ...#... ......# .....#. ..#.#.. #.###.. #...... .....#. .#...#. #.....#
#.....# ...#... .....#. ..###.. .#..#.. ##...#. #.###.. ....#.. ..###.. .#...##
#.....# ...#... ....#.. .....#. .#..#.. ......# ##...#. ....#.. .#...#. ..###.#
#.....# ...#... ...#... ......# #...#.. ......# #.....# ...#... #.....# ......#
#.....# ...#... ..#.... ......# ####### ......# #.....# ...#... #.....# ......#
#.....# ...#... .#..... ......# ....#.. ......# #.....# ..#.... #.....# ......#
.#...#. ...#... #...... #.....# ....#.. #....#. .#...#. ..#.... .#...#. .....#.
..###.. ####### ####### .#####. ....#.. .####.. ..###.. .#..... ..###.. .####..
"""


def digit_bitmaps() -> Tensor:
    """Give the ten bitmaps: +1 for ink and -1 for paper, where the squashing of F6 is neither flat nor linear.

    Shape:
        return: (10, 84) float32, row by row

    Example:
        >>> for row in digit_bitmaps()[7].reshape(12, 7)[:3].tolist():
        ...     print("".join("#" if value > 0 else "." for value in row))
        #######
        ......#
        ......#
    """
    lines = [line.split() for line in _DIGITS.split("\n") if line]
    pixels = [[line[digit] for line in lines] for digit in range(10)]
    return torch.tensor([[1.0 if mark == "#" else -1.0 for row in rows for mark in row] for rows in pixels])
