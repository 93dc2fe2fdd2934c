"""Finding answers in the code of a submission, by the names of their functions, without running any of it.

Code             the top-level statements of a notebook's cells, and the cells that do not parse
sections_in      which sections a submission answers
find             the statements that an answer consists of, or why there are none
suspicious       pieces of text that a person should look at

An answer is the last definition of its name, with whatever it reaches by name: in the submission, or else in the
section's published notebook.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from IPython.core.inputtransformer2 import TransformerManager

from teaching.catalogue import Section
from teaching.definitions import is_stub
from teaching.inbox import cells_of

LONGEST_CELL = 200_000  # characters
KEPT_MAGICS = re.compile(r"\s*%%(time|timeit|capture|prun|debug)\b.*\n?")  # the rest of such a cell is Python
SUSPICIOUS = [
    r"\.question\b", r"\bgc\.get_", r"\bctypes\b", r"\bos\.(fork|_exit|kill|system|exec\w*|remove|environ)\b",
    r"\bsubprocess\b", r"\bsocket\b", r"\bsys\._getframe\b", r"\bsys\.modules\b(?!:)", r"__reduce\w*__",
    r"__subclasses__",
    r"helpers\.exercises\.\w+(\.\w+)*\s*=[^=]", r"\bexercises\.\w+\s*=[^=]", r"\bclass (Verdict|Check)\b",
    r"\b(torch|nn|F|builtins|np|numpy)\.\w+(\.\w+)*\s*=[^=]", r"\bsetattr\((torch|nn|builtins)\b", r"\brmtree\b",
    r"\bfrom teaching\b", r"\bimport teaching\b", r"solutions/",
]  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A statement at the top level: where it stands, the names that it binds and that it needs."""

    place: int
    node: ast.stmt
    binds: frozenset[str]
    needs: frozenset[str]
    at_once: frozenset[str]  # of `needs`, those that it needs when it runs, not when what it defines is called

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


def _base(node: ast.AST) -> str:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@dataclass
class Code:
    """statements in order; broken: for each cell that does not parse, (its number, what is wrong, its text)."""

    statements: list[Statement] = field(default_factory=list)
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    text: str = ""

    def binding(self, name: str) -> list[Statement]:
        return [statement for statement in self.statements if name in statement.binds]


def read(cells: list[str]) -> Code:
    """Parse cells of code. Lines for IPython (%, !, ?) are left out."""
    code = Code(text="\n".join(cells))
    for number, cell in enumerate(cells, 1):
        try:
            if len(cell) > LONGEST_CELL:
                raise ValueError(f"it has more than {LONGEST_CELL:,} characters")
            body = _NoMagics().visit(ast.parse(_as_python(cell))).body
            code.statements += [_statement(len(code.statements) + i, node) for i, node in enumerate(body)]
        except SyntaxError as error:
            code.broken.append((number, f"line {error.lineno}: {error.msg}", cell))
        except (ValueError, RecursionError, MemoryError) as error:
            code.broken.append((number, str(error) or type(error).__name__, cell))
    return code


def _as_python(cell: str) -> str:
    if cell.lstrip().startswith("%%"):
        match = KEPT_MAGICS.match(cell)
        cell = cell[match.end() :] if match else ""
    return TransformerManager().transform_cell(cell)


class _NoMagics(ast.NodeTransformer):
    """Puts `pass` in the place of what IPython makes of its own lines."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node) if "get_ipython()" in ast.unparse(node)[:40] else node


def _statement(place: int, node: ast.stmt) -> Statement:
    table = symtable.symtable(ast.unparse(node), "answer", "exec")
    symbols = table.get_symbols()
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}
    at_once = {s.get_name() for s in symbols if s.is_referenced()}
    inside = {name for child in table.get_children() for name in _globals(child)}
    return Statement(place, node, frozenset(binds), frozenset(at_once | inside), frozenset(at_once))


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


# --- which answers there are -----------------------------------------------------------------------------------------


@cache
def published(section: Section) -> Code:
    """The code of the section's own notebook, where the stubs stand."""
    return read(cells_of(section.path.name, section.path.read_bytes()))


def parameters(node: ast.AST) -> list[str] | None:
    return [a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)] if isinstance(node, ast.FunctionDef) else None


def sections_in(code: Code, sections: list[Section]) -> list[Section]:
    """A section counts if the code imports its checks, or has two of its answers, or one with the stub's parameters."""
    return [section for section in sections if _answers(code, section)]


def _answers(code: Code, section: Section) -> bool:
    if re.search(rf"helpers\.exercises(\.| import ){section.module.__name__.rpartition('.')[2]}\b", code.text):
        return True
    names = [part.answer for part in section.parts()]
    found = [name for name in names if _chosen(code, section, name)]
    broken = [name for name in names if _broken(code, name)]
    return len({*found, *broken}) > 1 or any(_as_handed_out(code, section, name) for name in found)


def _as_handed_out(code: Code, section: Section, name: str) -> list[Statement]:
    """The definitions that take what the stub takes; another section may use the same name for something else."""
    stubs = [parameters(statement.node) for statement in published(section).binding(name)]
    return [s for s in code.binding(name) if parameters(s.node) is not None and parameters(s.node) in stubs]


def _chosen(code: Code, section: Section, name: str) -> Statement | None:
    """The last definition; rather one with the stub's parameters, and rather a written one than a stub.

    What the published notebook binds to this name elsewhere, such as data called `train`, is nobody's answer.
    """
    if not code.binding(name):
        return None
    ours = {ast.unparse(s.node) for s in published(section).binding(name) if not is_stub(s.node)}
    found = [s for s in code.binding(name) if not isinstance(s.node, (ast.For, ast.While, ast.With, ast.AugAssign))]
    found = [statement for statement in found if ast.unparse(statement.node) not in ours]
    written = [statement for statement in found if not is_stub(statement.node)]
    fitting = [statement for statement in _as_handed_out(code, section, name) if statement in written]
    choice = (fitting or written or found)[-1:]
    return choice[0] if choice else None


def attempted(code: Code, section: Section) -> int:
    """How many of the section's answers are more than a stub."""
    chosen = [_chosen(code, section, part.answer) for part in section.parts()]
    return sum(statement is not None and not is_stub(statement.node) for statement in chosen)


def _broken(code: Code, name: str) -> tuple[int, str] | None:
    """The cell that does not parse in which a definition of the name stands, and what is wrong with it."""
    cells = [(number, wrong) for number, wrong, text in code.broken if re.search(rf"^def {name}\b", text, re.MULTILINE)]
    return cells[-1] if cells else None


# --- what an answer consists of --------------------------------------------------------------------------------------


def find(code: Code, section: Section, name: str) -> list[str]:
    """Return the statements of an answer, those that it needs first.

    Raises LookupError, with a sentence, where there are none, or where they stand in a cell that does not parse.
    """
    start = _chosen(code, section, name)
    broken = _broken(code, name)
    if broken and (start is None or is_stub(start.node)):
        raise LookupError(f"code cell {broken[0]}, in which it stands, does not parse: {broken[1]}")
    if start is None:
        raise LookupError(f"there is no function {name} in what was handed in")
    handed_out = published(section)
    taken: dict[tuple[int, int], Statement] = {(1, start.place): start}
    for origin, source in ((0, handed_out), (1, code)):
        for statement in source.statements:
            if isinstance(statement.node, ast.ImportFrom) and statement.node.names[0].name == "*":
                taken[origin, statement.place] = statement
    open_names, seen = list(start.needs), {name}
    while open_names:
        wanted = open_names.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        for origin, source in ((1, code), (0, handed_out)):
            if found := _resolve(source, wanted):
                taken |= {(origin, statement.place): statement for statement in found}
                open_names += [need for statement in found for need in statement.needs]
                break
    return [ast.unparse(taken[key].node) for key in sorted(taken)]


def _resolve(code: Code, name: str) -> list[Statement]:
    """The statements that give a name its last value: its last definition; for a variable also what changes it."""
    found = code.binding(name)
    plain = [s for s in found if not isinstance(s.node, (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.AugAssign))]
    if not (plain or found) or (not plain and hasattr(builtins, name)):
        return []
    first = (plain or found)[-1]
    if isinstance(first.node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
        return [first]
    before = [s for s in found if s.place < first.place and name in first.at_once][-1:]
    later = [s for s in code.statements if s.place > first.place and name in s.changes and not _is_definition(s.node)]
    return [*before, first, *later]


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def suspicious(code: Code) -> list[str]:
    """Return pieces of the code that an answer has no use for."""
    found = (re.search(pattern, code.text) for pattern in SUSPICIOUS)
    return [match[0].strip() for match in found if match]
