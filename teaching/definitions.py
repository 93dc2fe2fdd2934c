"""What the top level of a notebook's cells defines, and what a piece of code takes from it.

Binding     a statement that gives names a meaning
bindings    the last one for each name
statements  those at the top of a cell
free        the names that a piece of code takes from outside
is_stub     whether a function is one that was handed out
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import symtable
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode


@dataclass(frozen=True)
class Binding:
    """A statement at the top of a cell that gives names a meaning."""

    place: tuple[int, int]  # the cell, and the line in it
    node: ast.stmt
    source: str


def bindings(all_cells: list[NotebookNode], stubs: bool = True) -> dict[str, Binding]:
    """Return the last statement at the top of a code cell that defines, imports or assigns each name.

    A cell that is no Python is passed over. stubs: take functions that do nothing but raise NotImplementedError, too.
    """
    found = {}
    for number, cell in enumerate(all_cells):
        for node in statements(cell):
            if not stubs and is_stub(node):
                continue
            start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            source = "\n".join(cell.source.splitlines()[start - 1 : node.end_lineno])
            found |= dict.fromkeys(_names(node), Binding((number, start), node, source))
    return found


def statements(cell: NotebookNode) -> list[ast.stmt]:
    """Return what stands at the top of a code cell; IPython's own commands (%, !) are calls."""
    for change in (str, TransformerManager().transform_cell):
        with contextlib.suppress(SyntaxError, ValueError):
            return ast.parse(change(cell.source)).body if cell.cell_type == "code" else []
    return []


def free(source: str) -> set[str]:
    """Return the names that a piece of code takes from outside."""

    def outside(table: symtable.SymbolTable) -> set[str]:
        symbols = table.get_symbols()
        if table.get_type() == "module":
            names = {s.get_name() for s in symbols if s.is_referenced() and not (s.is_assigned() or s.is_imported())}
            own = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
        else:
            # Before Python 3.12, a function called "top" has its own names taken for global as well as local ones.
            names = {s.get_name() for s in symbols if s.is_global() and not s.is_local() and s.is_referenced()}
            own = set()
        return names.union(*map(outside, table.get_children())) - own

    return outside(symtable.symtable(source, "cell", "exec")) - set(dir(builtins))


def is_stub(node: ast.AST) -> bool:
    """Whether a function only raises NotImplementedError, as those that are handed out."""
    body = node.body if isinstance(node, ast.FunctionDef) else []
    body = [part for part in body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    return len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.dump(body[0])


def _names(node: ast.stmt) -> set[str]:
    if defines(node):
        return {node.name}
    if is_import(node):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}


def defines(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef)


def is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
