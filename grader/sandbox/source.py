"""A student's file, statement by statement: what it defines, and what cannot be parsed.

Both sides load this file (the host to find a function, the guest to run the
file), so it imports nothing of ours.  Students hand in exported notebooks with
shell lines, Python 2 prints and cells that nobody needs: a top-level block that
cannot be parsed is left out and reported, the rest counts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LEFT_OUT = 200
MAX_PARSED = 20 * 2**20  # characters in all passes together: each block that is left out costs one
DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Lines `first` to `last` (1-based) that are not Python; `line` is where the parser stopped, and why."""

    first: int
    last: int
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """The statements of a file that can be parsed, and the blocks that cannot."""

    body: tuple[ast.stmt, ...]
    left_out: tuple[LeftOut, ...]

    def defines(self) -> frozenset[str]:
        """Names that the top level binds: functions, classes, assignments, imports, also inside `if` and `try`."""
        return frozenset(name for statement in self.body for name in bound_names(statement))

    def leaves_unwritten(self) -> frozenset[str]:
        """Functions and classes as a template has them: all that one of their bodies does is raise NotImplementedError."""
        last = {name: statement for statement in self.body for name in defined_names(statement)}
        return frozenset(name for name, statement in last.items() if any(map(_is_unwritten, ast.walk(statement))))


def parse(text: str, filename: str) -> Source:
    """Parse a file, leaving out the top-level blocks that cannot be parsed.

    Never raises on any text: in the worst case everything is left out.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ").replace("\0", "\ufffd").split("\n")
    left_out: list[LeftOut] = []
    passes = min(MAX_LEFT_OUT, MAX_PARSED // max(len(text), 1)) + 1
    for _ in range(passes):
        try:
            tree = ast.parse("\n".join(lines), filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            at = min(max(getattr(error, "lineno", None) or 1, 1), len(lines))
            first, last = _block_around(lines, at)
            if not any(line.strip() for line in lines[first - 1 : last]):
                break  # nothing left to take away here: the file as a whole is not Python
            left_out.append(LeftOut(first, last, at, str(getattr(error, "msg", None) or type(error).__name__)))
            lines[first - 1 : last] = [""] * (last - first + 1)
        else:
            return Source(tuple(_apart(tree.body)), tuple(sorted(left_out, key=lambda block: block.first)))
    worst = left_out[0] if left_out else LeftOut(1, len(lines), 1, "not Python")
    return Source((), (LeftOut(1, len(lines), worst.line, worst.reason),))


def _apart(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, `import wget, numpy` as two: where one library is not there, the other one is."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield ast.copy_location(ast.Import([alias]), statement)
        else:
            yield statement


def _block_around(lines: list[str], at: int) -> tuple[int, int]:
    """The top-level block around line `at`: from the last unindented line to the next one."""

    def starts_block(line: str) -> bool:
        return bool(line) and not line[0].isspace() and line[0] not in ")]}#"

    first = at
    while first > 1 and not starts_block(lines[first - 1]):
        first -= 1
    last = at
    while last < len(lines) and not starts_block(lines[last]):
        last += 1
    while last > at and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1  # what only stands between two blocks belongs to neither
    return first, last


def bound_names(statement: ast.stmt) -> set[str]:
    """The names that a statement of the top level binds, also inside `if`, `try` and loops."""
    if isinstance(statement, DEFINING):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    if isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        inner = [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.stmt)]
        for handler in getattr(statement, "handlers", []):
            inner += handler.body
        return {name for node in inner for name in bound_names(node)}
    return set()


def defined_names(statement: ast.stmt) -> set[str]:
    """The functions and classes that a statement of the top level defines, also inside `if`, `try` and loops."""
    if isinstance(statement, DEFINING):
        return {statement.name}
    if isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        inner = [node for node in ast.walk(statement) if isinstance(node, DEFINING)]
        return {node.name for node in inner} & bound_names(statement)
    return set()


def _is_unwritten(node: ast.AST) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    raised = body[0].exc if len(body) == 1 and isinstance(body[0], ast.Raise) else None
    return "NotImplementedError" in {part.id for part in ast.walk(raised or node.args) if isinstance(part, ast.Name)}
