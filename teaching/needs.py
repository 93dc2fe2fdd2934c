"""What of a notebook its exercises need: the statements that their names lead back to, and no others.

needed       the needed statements, by the cell in which they stand

A name leads to the last statement before it that gives it a value: a definition, an import or an assignment; then on to
the names in that statement. (The names inside a function lead to what they mean when the exercise calls it.) What only
acts on a value (a training run, a figure) is left out, so that an open exercise which goes on from a trained model has
to say so in its text. What the text of an exercise names in `code` is needed as well.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from functools import cache
from itertools import pairwise

from nbformat import NotebookNode

DEFINITIONS = ast.FunctionDef | ast.ClassDef
CODE = re.compile(r"```python\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def needed(before: list[NotebookNode], exercises: list[NotebookNode]) -> dict[int, str]:
    """Return {place in `before`: source} of all statements that the cells of the exercises lead to."""
    wanted = _mentioned([cell.source for cell in exercises if cell.cell_type == "markdown"], before)
    known: set[str] = set()
    for cell in exercises:
        for statement in _statements(cell):
            wanted |= _read(statement) - known
            known |= _given(statement)
    kept, inside = _kept(before, wanted)
    while inside - wanted:
        wanted |= inside
        kept, inside = _kept(before, wanted)
    return {place: _source(before[place], kept[place]) for place in sorted(kept)}


def _kept(before: list[NotebookNode], wanted: set[str]) -> tuple[dict[int, list[ast.stmt]], set[str]]:
    """Return the statements that the wanted names lead to, going backwards, and the names inside their functions."""
    kept: dict[int, list[ast.stmt]] = {}
    inside: set[str] = set()
    for place, cell in reversed(list(enumerate(before))):
        for statement in reversed(_statements(cell)):
            given, read = _given(statement), _read(statement)
            if given & wanted:
                kept.setdefault(place, []).insert(0, statement)
                wanted = (wanted - given if _is_whole(statement) else wanted) | read
                inside |= read if isinstance(statement, DEFINITIONS) else set()
    return kept, inside


def _statements(cell: NotebookNode) -> list[ast.stmt]:
    return _parsed(cell.source) if cell.cell_type == "code" and "google.colab" not in cell.source else []


@cache
def _parsed(source: str) -> list[ast.stmt]:
    return ast.parse(source).body


def _mentioned(texts: list[str], before: list[NotebookNode]) -> set[str]:
    """Return the functions and classes of the notebook that the texts name in code, and values as in `novel.raw`."""
    statements = [statement for cell in before for statement in _statements(cell)]
    defined = {statement.name for statement in statements if isinstance(statement, DEFINITIONS)}
    given = set().union(*map(_given, statements))
    code = "\n".join(block or inline for text in texts for block, inline in CODE.findall(text))
    return defined & set(re.findall(r"[A-Za-z_]\w*", code)) | given & set(re.findall(r"\b([A-Za-z_]\w*)\.", code))


@cache
def _read(statement: ast.stmt) -> frozenset[str]:
    """Return the names that a statement takes from outside, also those inside its functions."""
    names: set[str] = set()

    def visit(table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                names.add(symbol.get_name())
        for inner in table.get_children():
            visit(inner)

    visit(symtable.symtable(ast.unparse(statement), "cell", "exec"))
    own = set() if isinstance(statement, ast.Assign) else _given(statement) | _targets(statement)
    return frozenset(names - own - set(dir(builtins)))


def _targets(statement: ast.stmt) -> set[str]:
    """Return the names that a loop or a block counts with."""
    if isinstance(statement, DEFINITIONS):
        return set()
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


@cache
def _given(statement: ast.stmt) -> frozenset[str]:
    """Return the names to which a statement gives a value, or a part of it; a loop's own counters do not count."""
    if isinstance(statement, DEFINITIONS):
        return frozenset({statement.name})
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return frozenset((alias.asname or alias.name).partition(".")[0] for alias in statement.names)
    names: set[str] = set()
    for node in ast.walk(statement):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if _is_change(node) else []
        for target in targets:
            names |= {base.id for part in _parts(target) if isinstance(base := _base(part), ast.Name)}
    return frozenset(names)


def _is_change(node: ast.AST) -> bool:
    return isinstance(node, ast.AugAssign | ast.AnnAssign)


def _parts(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [part for inner in target.elts for part in _parts(inner)]
    return [target.value] if isinstance(target, ast.Starred) else [target]


def _base(target: ast.expr) -> ast.expr:
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target


def _is_whole(statement: ast.stmt) -> bool:
    """Whether the statement alone makes the value: nothing that stood in the names before matters."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(part, ast.Name) for target in statement.targets for part in _parts(target))
    return isinstance(statement, DEFINITIONS | ast.Import | ast.ImportFrom)


def _source(cell: NotebookNode, statements: list[ast.stmt]) -> str:
    """Return the statements as they are written in the cell, with two empty lines around definitions as there."""
    lines, written = cell.source.splitlines(), []
    for statement in statements:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        written.append("\n".join(lines[first - 1 : statement.end_lineno]))
    text = written[0]
    for (before, statement), source in zip(pairwise(statements), written[1:], strict=True):
        apart = isinstance(before, DEFINITIONS) or isinstance(statement, DEFINITIONS)
        text += ("\n\n" if apart else "\n") + source
    return text
