"""Which statements of a program some names need: found by reading, so it is a help and never a proof.

A notebook is run whole and in order.  Only where that never comes to its end are the
statements run that an exercise needs; and only what went wrong in those is told.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from grader.sandbox.source import Source, bound_names

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def needed_lines(source: Source, names: Collection[str]) -> frozenset[int]:
    r"""The first lines of the statements that these names need: what binds or changes them, and what those use.

    Example:
        >>> from grader.sandbox.source import parse
        >>> source = parse("import numpy as np\nK = 3\nplot = 1\ndef f(x):\n    return np.sum(x) * K\n", "")
        >>> sorted(needed_lines(source, ["f"]))
        [1, 2, 4]
    """
    binding: dict[str, list[ast.stmt]] = {}
    for statement in source.body:
        for name in _touched(statement):
            binding.setdefault(name, []).append(statement)
    lines: set[int] = set()
    waiting, seen = list(names), set(names)
    stars = [statement for statement in source.body if _is_star(statement)]
    lines |= {statement.lineno for statement in stars}
    while waiting:
        for statement in binding.get(waiting.pop(), ()):
            lines.add(statement.lineno)
            used = _free_names(statement) - seen
            seen |= used
            waiting += used
    return frozenset(lines)


def _touched(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds, or whose objects it changes: `x[0] = 1`, `np.random.seed(0)`."""
    yield from bound_names(statement)
    if not isinstance(statement, DEFINITIONS):
        for node in ast.walk(statement):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                yield from _owner(node.value.func)


def _owner(function: ast.expr) -> Iterator[str]:
    """The name in front of a method: `np` of `np.random.seed`; none for a function's own name."""
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name) and root is not function:
        yield root.id


def _free_names(node: ast.AST) -> set[str]:
    """The names that a statement uses and does not bind by itself; a function's parameters and variables are its own."""
    names: set[str] = set()
    own: set[str] = set()
    inner = list(ast.iter_child_nodes(node))
    while inner:
        part = inner.pop()
        if isinstance(part, FUNCTIONS):
            names |= _free_names(part)
        else:
            inner += ast.iter_child_nodes(part)
        if isinstance(part, ast.Name):
            (names if isinstance(part.ctx, ast.Load) or not isinstance(node, FUNCTIONS) else own).add(part.id)
        elif isinstance(part, ast.arg):
            own.add(part.arg)
    if isinstance(node, FUNCTIONS):
        shared = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
        return (names - own) | shared
    return names


def _is_star(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names)
