"""What of a notebook's code goes onto a slide.

    Shown    remembers, through a notebook, which names only serve to draw; `code` gives what is left of a cell
    pieces   code that is too long for one slide, cut where a blank line or a new statement begins

Left out are imports, what draws a figure or lays out a table, and what reads a stored experiment: a slide shows the
figure and the table themselves. A cell that ends with one of them keeps its functions and classes alone.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

DRAWING = frozenset({"plt", "plotting", "display", "results"})
MODULES = ("matplotlib", "helpers.display", "helpers.plotting", "helpers.results")


class Shown:
    """Follow the cells of one notebook, in order."""

    def __init__(self):
        self.drawing = set(DRAWING)

    def code(self, source: str) -> str:
        """Return the statements of a cell that a slide shows, with their comments; '' if there are none."""
        try:
            statements = ast.parse(source).body
        except SyntaxError:  # a magic, such as %pip
            return source
        displays = bool(statements) and _displays(statements[-1])
        shown = [s for s in statements if not self._draws(s) and not _imports(s) and (_defines(s) or not displays)]
        if len(shown) < len(statements) and not any(_calls(n) or _defines(n) for n in _nodes(shown)):
            return ""  # a name or two that the figure needs
        lines, kept, end = source.splitlines(), [], 0
        for statement in statements:
            start = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]) - 1
            if statement in shown:  # with the blank lines and comments above it
                kept += [*lines[end:start], *lines[start : statement.end_lineno]]
            end = statement.end_lineno
        return re.sub(r"  # noqa.*", "", "\n".join(kept).strip("\n"))

    def _draws(self, statement: ast.stmt) -> bool:
        """Tell whether a statement uses a name that draws; what it then assigns draws as well."""
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(MODULES):
            self.drawing |= {alias.asname or alias.name for alias in statement.names}
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        arguments = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
        assigned = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | arguments
        used = {node.id for node in names if isinstance(node.ctx, ast.Load)} - assigned
        draws = "ax" in arguments or bool(used & self.drawing)
        if _defines(statement):
            assigned = {statement.name}
        self.drawing = self.drawing | assigned if draws else (self.drawing - assigned) | DRAWING
        return draws


def _nodes(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from ast.walk(statement)


def _defines(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.ClassDef))


def _calls(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and not hasattr(builtins, ast.unparse(node.func))


def _imports(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _displays(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("display.")


def pieces(code: str, height: int) -> list[str]:
    """Return the code in pieces of at most `height` lines, cut at blank lines, else before the least indented line."""
    if not code:
        return []
    lines, found = code.splitlines(), []
    while len(lines) > height:
        places = range(height // 3, height + 1)
        cut = max(places, key=lambda i: (not lines[i].strip(), -_indent(lines[i]), i))
        found.append("\n".join(lines[:cut]).rstrip())
        lines = lines[cut:] if lines[cut].strip() else lines[cut + 1 :]
    return [*found, "\n".join(lines)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
