"""The neocognitron (Fukushima, Biological Cybernetics 1980): features learned without a teacher and without a gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.layers import c_cell, s_cell
from reference.models.side import require_sides

SIDE = 16
S_AREA = 5
C_ALPHA = 0.5
INITIAL = 1e-3


@dataclass(frozen=True, slots=True)
class Stage:
    """An S-layer and the C-layer above it, which the paper calls a module.

    Args:
        s_side: Rows and columns of an S-plane.
        c_side: Rows and columns of a C-plane.
        c_area: Rows and columns of S-cells that a C-cell sees.
        column: Rows and columns of an S-column, in which S-cells of all planes compete.
        r: Selectivity of the S-cells.
        q: How much is learned at once.
        falls: What the fixed weights c of the S-cells fall by with each step from the middle.
        c_strength: Largest of the fixed weights d of the C-cells.
        c_falls: What those fall by with each step from the middle.
    """

    s_side: int
    c_side: int
    c_area: int
    column: int
    r: float
    q: float
    falls: float
    c_strength: float
    c_falls: float


# Sides, areas, columns, r and q are printed; how the fixed weights fall is not, and chosen here.
NEOCOGNITRON_TABLE = (
    Stage(16, 10, c_area=5, column=5, r=4.0, q=1.0, falls=0.9, c_strength=4.0, c_falls=0.9),
    Stage(8, 6, c_area=5, column=5, r=1.5, q=16.0, falls=0.9, c_strength=2.5, c_falls=0.8),
    Stage(2, 1, c_area=2, column=2, r=1.5, q=16.0, falls=0.9, c_strength=1.0, c_falls=1.0),
)


class SCModule(nn.Module):
    """One S-layer that learns and one C-layer that does not.

    Shape:
        u:          (N, in_planes, side, side), not negative
        excitatory: (planes, in_planes, 5, 5)   a, learned, one set a plane
        inhibitory: (planes,)                   b, learned
        return:     S-cells (N, planes, s_side, s_side) and C-cells (N, planes, c_side, c_side)
    """

    excitatory: Tensor
    inhibitory: Tensor
    s_fixed: Tensor
    c_fixed: Tensor

    def __init__(self, stage: Stage, side: int, in_planes: int, planes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.stage = stage
        self.s_places = _middle(stage.s_side, side)
        # An even area has no middle: it is an odd one whose last row and column weigh nothing.
        self.c_places = _middle(stage.c_side, stage.s_side) if stage.c_area % 2 else (1,)
        c = _falling(S_AREA, stage.falls)
        d = stage.c_strength * _falling(stage.c_area + 1 - stage.c_area % 2, stage.c_falls)
        d[stage.c_area :] = 0
        d[:, stage.c_area :] = 0
        drawn = torch.rand(planes, in_planes, S_AREA, S_AREA, generator=generator, device="cpu").to(c.device)
        self.register_buffer("excitatory", INITIAL * drawn * c)
        self.register_buffer("inhibitory", torch.zeros(planes))
        self.register_buffer("s_fixed", c / (in_planes * c.sum()))  # all inputs together weigh 1
        self.register_buffer("c_fixed", d)

    @torch.no_grad()
    def forward(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Find features, then forget a little where they were."""
        S, C = (self.s_places, self.s_places), (self.c_places, self.c_places)
        s = s_cell(u, self.excitatory, self.inhibitory, self.s_fixed, r=self.stage.r, centres=S)
        return s, c_cell(s, self.c_fixed, alpha=C_ALPHA, centres=C)

    def representatives(self, s: Tensor) -> dict[int, tuple[int, int]]:
        """Choose which cells learn: of each S-column the strongest, of these in each plane the strongest.

        An S-column holds the cells of all planes that see about the same place, so
        that planes compete and learn different features.  Columns overlap; a silent
        one has no candidate, and a plane without candidates does not learn.

        Shape:
            s:      (planes, s_side, s_side)
            return: plane -> (row, column)
        """
        side = self.stage.column
        margin = side // 2 if side % 2 else 0  # a column around every cell; an even one is the whole plane
        framed = F.pad(s, 4 * (margin,), value=-1)
        columns = framed.unfold(1, side, 1).unfold(2, side, 1)  # (planes, rows, columns, side, side)
        best, where = columns.permute(1, 2, 0, 3, 4).flatten(2).max(2)  # (rows, columns)
        chosen: dict[int, tuple[int, int]] = {}
        for i, j in (best > 0).nonzero().tolist():
            plane, rest = divmod(int(where[i, j]), side * side)
            row, column = i - margin + rest // side, j - margin + rest % side
            if plane not in chosen or s[plane, row, column] > s[plane][chosen[plane]]:
                chosen[plane] = row, column
        return chosen

    @torch.no_grad()
    def learn(self, u: Tensor, s: Tensor) -> dict[int, tuple[int, int]]:
        """Reinforce what made the representatives answer; all cells of a plane share the change.

            a[s, k, v] += q * c[v] * u[k, n + v]        n the place of plane s's representative
            b[s]       += q * sqrt(sum over (k, v) of c[v] * u[k, n + v]^2)

        Shape:
            u:      (in_planes, side, side), the cells below
            s:      (planes, s_side, s_side), what the S-cells made of them
            return: the representatives, plane -> (row, column)
        """
        chosen = self.representatives(s)
        framed = F.pad(u, 4 * (S_AREA // 2,))
        for plane, (row, column) in chosen.items():
            i, j = self.s_places[row], self.s_places[column]
            seen = framed[:, i : i + S_AREA, j : j + S_AREA]  # (in_planes, 5, 5)
            self.excitatory[plane] += self.stage.q * self.s_fixed * seen
            self.inhibitory[plane] += self.stage.q * (self.s_fixed * seen.square()).sum().sqrt()
        return chosen


class Neocognitron(nn.Module):
    """Learn to tell a few patterns apart by being shown them, and know them again where they have moved.

        U0  16 x 16
        US1 16 x 16 x 24   UC1 10 x 10 x 24
        US2  8 x  8 x 24   UC2  6 x  6 x 24
        US3  2 x  2 x 24   UC3  1 x  1 x 24

    S-cells answer to a feature in 5 x 5 cells of all planes below, with weights
    that they learn; C-cells answer if an S-cell of their plane around them does,
    with weights that never change.  So features may move a little at every level,
    and what is left at the end is *which* pattern, hardly *where*.  There is no
    loss, no gradient and no label: `learn` shows one pattern, and the cells that
    answer best are made to answer better.  11,320 excitatory cells; 29,400 learned
    excitatory weights and one inhibitory weight for each of the 72 planes.

    The layers thin out in no constant stride (16, 10, 8, 6, 2), so every layer
    stands on an explicit grid: the middle of the layer below.

    Shape:
        x:      (N, 1, 16, 16), from 0 to 1
        return: (N, planes), the C-cells of the last layer; the largest names the plane that knows the pattern

    Args:
        planes: Planes of each layer; 24 in the paper.
        seed: Of the small initial weights, by which planes differ before they have learned.

    Raises:
        OptionError: `planes` is no integer of at least 1.
        ShapeError: From calling it: x is no such batch; the text names the nearest size that works.

    Example:
        >>> net = Neocognitron(planes=6)
        >>> bar = torch.zeros(1, 1, 16, 16)
        >>> bar[..., 4:12, 8] = 1
        >>> for _ in range(3):
        ...     representatives = net.learn(bar[0])
        >>> int(net(bar).argmax()) == int(net(bar.roll(1, 3)).argmax())
        True

    Source:
        Fukushima, "Neocognitron: A Self-organizing Neural Network Model for a Mechanism of Pattern
        Recognition Unaffected by Shift in Position", Biological Cybernetics 36:193-202, 1980 (in Japanese
        1979): section 2 cells, 3 self-organization, 5 the network that was simulated, with sides, areas,
        columns, r, q and 20 presentations.  The initial weights, the fixed weights and the grids are
        chosen here; all layers learn at every presentation.  Whether every pattern gets a plane of its own
        depends on the initial weights: of the seeds 0 to 5 all but 4 end so with the five digits.
    """

    def __init__(self, planes: int = 24, *, seed: int = 0) -> None:
        super().__init__()
        require_at_least("planes", planes, 1)
        generator = torch.Generator().manual_seed(seed)
        self.stages = nn.ModuleList()
        side, seen = SIDE, 1
        for stage in NEOCOGNITRON_TABLE:
            self.stages.append(SCModule(stage, side, seen, planes, generator))
            side, seen = stage.c_side, planes

    def layers(self, x: Tensor) -> dict[str, Tensor]:
        """Give the answers of all layers, "US1", "UC1" and so on."""
        require_sides(x, 1, range(SIDE, SIDE + 1), "the grids of cells are drawn for it")
        answers, u = {}, x
        for number, stage in enumerate(self.stages, 1):
            answers[f"US{number}"], u = stage(u)
            answers[f"UC{number}"] = u
        return answers

    def forward(self, x: Tensor) -> Tensor:
        """Give the answers of the last layer."""
        return self.layers(x)["UC3"].flatten(1)

    def learn(self, pattern: Tensor) -> tuple[dict[int, tuple[int, int]], ...]:
        """Show one pattern, and let all layers learn from it.

        Shape:
            pattern: (1, 16, 16), not negative
            return:  for each S-layer its representatives, plane -> (row, column)

        Raises:
            ShapeError: `pattern` is none of this size.
            OptionError: It is negative somewhere: cells have no negative answers.
        """
        if tuple(pattern.shape) != (1, SIDE, SIDE):
            raise ShapeError("pattern", f"(1, {SIDE}, {SIDE})", repr(tuple(pattern.shape)))
        if bool((pattern < 0).any()):
            raise OptionError("pattern", "nothing below 0", f"{pattern.min().item():g}", "0 is background and 1 ink")
        answers = {name: answer[0] for name, answer in self.layers(pattern[None]).items()}
        below = (pattern, answers["UC1"], answers["UC2"])
        above = (answers["US1"], answers["US2"], answers["US3"])
        return tuple(stage.learn(u, s) for stage, u, s in zip(self.stages, below, above, strict=True))  # type: ignore[operator]

    def fit(self, patterns: Tensor, presentations: int = 20) -> None:
        """Show all patterns in turn, again and again.

        Shape:
            patterns: (P, 1, 16, 16)

        Args:
            patterns: What is to be told apart; the paper shows five digits.
            presentations: How often each is shown; 20 in the paper.

        Raises:
            ShapeError: A pattern has another size.
            OptionError: `presentations` is no integer of at least 1, or a pattern is negative somewhere.
        """
        require_at_least("presentations", presentations, 1)
        for _ in range(presentations):
            for pattern in patterns:
                self.learn(pattern)


def _middle(side: int, of: int) -> tuple[int, ...]:
    """The places in the middle of a row, as many on one end left out as on the other."""
    first = (of - side) // 2
    return tuple(range(first, first + side))


def _falling(side: int, base: float) -> Tensor:
    place = torch.arange(side) - side // 2
    distance = (place[:, None].square() + place.square()).sqrt()
    return base**distance
