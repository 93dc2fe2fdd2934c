"""Cells of code, read without running any of them.

statements    those at the top of one cell
bindings      of a notebook's cells: the last statement that makes each name
read          what was handed in, as Code: statements, and the cells that are no Python
suspicious    pieces of it that a person should look at
UNREADABLE    what `statements` raises
"""

from __future__ import annotations

import ast
import contextlib
import re
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from teaching.names import Statement, statement

UNREADABLE = SyntaxError, ValueError, RecursionError, MemoryError
KEPT_MAGICS = re.compile(r"\s*%%(time|timeit|capture|prun|debug)\b.*\n?")  # the rest of such a cell is Python
LONGEST_CELL = 200_000  # characters
SUSPICIOUS = [
    r"\.question\b", r"\bgc\.get_", r"\bctypes\b", r"\bos\.(fork|_exit|kill|system|exec\w*|remove|environ)\b",
    r"\bsubprocess\b", r"\bsocket\b", r"\bsys\._getframe\b", r"\bsys\.modules\b(?!:)", r"__reduce\w*__",
    r"__subclasses__",
    r"helpers\.exercises\.\w+(\.\w+)*\s*=[^=]", r"\bexercises\.\w+\s*=[^=]", r"\bclass (Verdict|Check)\b",
    r"\b(torch|nn|F|builtins|np|numpy)\.\w+(\.\w+)*\s*=[^=]", r"\bsetattr\((torch|nn|builtins)\b", r"\brmtree\b",
    r"\bfrom teaching\b", r"\bimport teaching\b", r"solutions/",
]  # fmt: skip


def statements(source: str, cell: int = 0) -> list[Statement]:
    """Return what stands at the top of a cell of this number. Raises what UNREADABLE lists.

    Lines for IPython (%, !, ?) do nothing; a cell of another language (%%bash) is empty.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        if source.lstrip().startswith("%%"):
            kept = KEPT_MAGICS.match(source)
            source = source[kept.end() :] if kept else ""
        tree = ast.parse(TransformerManager().transform_cell(source))
    lines, found = source.splitlines(), []
    for number, node in enumerate(_NoMagics().visit(tree).body):
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        found.append(statement(node, (cell, number), "\n".join(lines[first - 1 : node.end_lineno])))
    return found


class _NoMagics(ast.NodeTransformer):
    """Puts `pass` in the place of what IPython makes of its own lines."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node) if "get_ipython()" in ast.unparse(node)[:40] else node


def bindings(cells: list[NotebookNode], stubs: bool = True) -> dict[str, Statement]:
    """Return the last statement that defines, imports or assigns each name. A cell that is no Python is passed over.

    stubs: take functions that do nothing but raise NotImplementedError, too.
    """
    found = {}
    for number, cell in enumerate(cells):
        with contextlib.suppress(*UNREADABLE):
            for one in statements(cell.source, number) if cell.cell_type == "code" else []:
                if one.makes and (stubs or not one.is_stub):
                    found |= dict.fromkeys(one.binds, one)
    return found


@dataclass
class Code:
    """statements in order; broken: for each cell that does not parse, (its number, what is wrong, its text)."""

    statements: list[Statement] = field(default_factory=list)
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    text: str = ""

    def binding(self, name: str) -> list[Statement]:
        return [statement for statement in self.statements if name in statement.binds]


def read(cells: list[str]) -> Code:
    """Parse cells of code; a cell that is too much for the parser counts as broken."""
    code = Code(text="\n".join(cells))
    for number, cell in enumerate(cells, 1):
        try:
            if len(cell) > LONGEST_CELL:
                raise ValueError(f"it has more than {LONGEST_CELL:,} characters")
            code.statements += statements(cell, number)
        except SyntaxError as error:
            code.broken.append((number, f"line {error.lineno}: {error.msg}", cell))
        except UNREADABLE as error:
            code.broken.append((number, str(error) or type(error).__name__, cell))
    return code


def suspicious(code: Code) -> list[str]:
    """Return pieces of the code that an answer has no use for."""
    found = (re.search(pattern, code.text) for pattern in SUSPICIOUS)
    return [match[0].strip() for match in found if match]
