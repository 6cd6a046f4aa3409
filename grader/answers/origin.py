"""Whether the indices of a formula begin at 1, as in mathematics, or at 0, as in Python.

Both are common, sometimes in one formula: `Y_{12} = sum(x[c,0,1] * w[c,0,0] + ... for c in range(3))`.
An index that reaches the family's size says "from 1"; an index 0 says "from 0", if none is below it.
A family whose indices are all of 0 ... size - 1 surely begins at 0; one that only has a 0 may leave the image
instead, and does so if a family written in the same style surely begins at 1.
Families of one style that show nothing are taken to begin like the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.answers.index import Family
from grader.answers.polynomial import Polynomial, Variable
from grader.message import Message, msg


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the indices of each family begin: 0 or 1."""

    positions: Mapping[str, int]
    channels: int

    def moved(self, variable: Variable) -> Variable:
        """Count rows, columns and channels of a variable from 1."""
        shift = 1 - self.positions.get(variable.family, 1)
        channel = variable.channel
        if isinstance(channel, int):
            channel += 1 - self.channels
        if variable.row is None or variable.column is None:
            return Variable(variable.family, channel, variable.row, variable.column)
        return Variable(variable.family, channel, variable.row + shift, variable.column + shift)

    def remarks(self) -> tuple[Message, ...]:
        """Say what was counted from 0."""
        names = ", ".join(sorted(name for name, origin in self.positions.items() if origin == 0))
        remarks = []
        if names:
            remarks.append(msg("rows and columns of {names} were read as counted from 0", names=names))
        if self.channels == 0:
            remarks.append(msg("channels were read as counted from 0"))
        return tuple(remarks)


def origins(
    polynomials: Iterable[Polynomial],
    left: Variable | None,
    families: Mapping[str, Family],
    bracketed: Mapping[str, bool],
    position: tuple[int, int] | None,
) -> Origins:
    """Decide where the indices of every family begin.

    Args:
        polynomials: All sides of the formula, with the indices as written.
        left: The left-hand side.
        families: The sizes.
        bracketed: Which families are written with brackets, as x[0, 1].
        position: The element that was asked for; a left-hand side that names it counts from 1.
    """
    seen: dict[str, list[Variable]] = {}
    for variable in [v for polynomial in polynomials for v in polynomial.variables] + ([left] if left else []):
        seen.setdefault(variable.family, []).append(variable)
    known = {name: _position_origin(variables, families.get(name)) for name, variables in seen.items()}
    if left is not None and position is not None and (left.row, left.column) == position:
        known[left.family] = 1
    right = [name for name in seen if left is None or name != left.family]
    for name in [name for name in right if known[name] == 0 and not _fills_from_zero(seen[name], families.get(name))]:
        if any(known[other] == 1 and _is_alike(name, other, bracketed) for other in right):
            known[name] = 1
    chosen = {name: _shared(name, known, bracketed, left) for name in seen}
    channels = {v.channel for variables in seen.values() for v in variables if isinstance(v.channel, int)}
    sizes = {families[name].channels for name in seen if name in families}
    return Origins(chosen, 0 if 0 in channels and not channels & sizes else 1)


def _position_origin(variables: Iterable[Variable], family: Family | None) -> int | None:
    """What the indices of one family show by themselves; None when they show nothing."""
    rows = {v.row for v in variables if v.row is not None}
    columns = {v.column for v in variables if v.column is not None}
    if family is not None and (family.rows in rows or family.columns in columns):
        return 1
    return 0 if 0 in rows | columns and min(rows | columns) == 0 else None


def _fills_from_zero(variables: Iterable[Variable], family: Family | None) -> bool:
    """Whether the indices are all of those that a family has when it is counted from 0."""
    rows, columns = {v.row for v in variables}, {v.column for v in variables}
    return family is not None and rows == {*range(family.rows)} and columns == {*range(family.columns)}


def _shared(name: str, known: Mapping[str, int | None], bracketed: Mapping[str, bool], left: Variable | None) -> int:
    """Let a family that shows nothing itself begin as the left-hand side does, or as those written like it."""
    own = known[name]
    if own is not None:
        return own
    alike = [other for other in known if _is_alike(name, other, bracketed)]
    if left is not None and left.family in alike and known[left.family] is not None:
        return known[left.family] or 0
    return 0 if {known[other] for other in alike} - {None} == {0} else 1


def _is_alike(name: str, other: str, bracketed: Mapping[str, bool]) -> bool:
    """Whether two families are written in the same style."""
    return bracketed.get(other, False) == bracketed.get(name, False)
