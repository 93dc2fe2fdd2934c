"""What a statement at the top of a cell binds, gives, changes and needs: the names in it, without running it.

Statement    one of them
statement    the Statement of a node
free         the names that a piece of code takes from outside
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, eq=False)
class Statement:
    """place: the cell, and its number in it. source: as it is written.

    binds: names that get a meaning. needs: names that it takes from elsewhere or from Python itself, also those inside
    its functions; of these, at_once: those that it takes when it runs, not when what it defines is called.
    """

    place: tuple[int, int]
    node: ast.stmt
    source: str
    binds: frozenset[str]
    needs: frozenset[str]
    at_once: frozenset[str]

    @property
    def defines(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    @property
    def imports(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_stub(self) -> bool:
        """Whether it is a function that only raises NotImplementedError, as those that are handed out."""
        body = self.node.body if isinstance(self.node, ast.FunctionDef) else []
        body = [part for part in body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
        return len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.dump(body[0])

    @property
    def makes(self) -> bool:
        """Whether it alone makes what it binds: nothing that stood in its names before matters."""
        if isinstance(self.node, ast.Assign):
            return all(isinstance(part, ast.Name) for target in self.node.targets for part in _parts(target))
        return self.defines or self.imports

    @property
    def free(self) -> frozenset[str]:
        """Names that it takes from elsewhere; x = x + 1 takes x, while a function and a loop have what they bind."""
        own = frozenset() if isinstance(self.node, ast.Assign) else self.binds
        return self.needs - own - BUILTINS

    @property
    def gives(self) -> set[str]:
        """Names that get a value or a part of one: n = 1, n += 1, table[key] = 1; not those that a loop counts with."""
        if self.defines or self.imports:
            return {*self.binds}
        found = set()
        for node in ast.walk(self.node):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if _is_change(node) else []
            found |= {_base(part) for target in targets for part in _parts(target)}
        return found - {""}

    @property
    def changes(self) -> set[str]:
        """Names whose values it changes: table[key] = 1, table.update(...), n += 1."""
        found = set()
        for node in ast.walk(self.node):
            if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
                found.add(_base(node))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                found.add(_base(node.value.func))
            if isinstance(node, ast.AugAssign):
                found.add(_base(node.target))
        return found - {""}


def _is_change(node: ast.AST) -> bool:
    return isinstance(node, ast.AugAssign | ast.AnnAssign)


def _parts(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [part for inner in target.elts for part in _parts(inner)]
    return [target.value] if isinstance(target, ast.Starred) else [target]


def _base(node: ast.AST) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def statement(node: ast.stmt, place: tuple[int, int], source: str) -> Statement:
    binds, at_once, inside = _names(ast.unparse(node))
    return Statement(place, node, source, binds, at_once | inside, at_once)


def free(source: str) -> frozenset[str]:
    """Return the names that a piece of code takes from outside."""
    binds, at_once, inside = _names(source)
    return (at_once | inside) - binds - BUILTINS


def _names(source: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the names that code binds, those that it takes at once, and those that its functions take."""
    table = symtable.symtable(source, "cell", "exec")
    symbols = table.get_symbols()
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}
    at_once = {s.get_name() for s in symbols if s.is_referenced()}
    return frozenset(binds), frozenset(at_once), frozenset(n for child in table.get_children() for n in _globals(child))


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        # Before Python 3.12, a function called "top" has its own names taken for global as well as local ones.
        if symbol.is_global() and not symbol.is_local():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)
