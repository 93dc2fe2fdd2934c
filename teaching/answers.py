"""Finding answers in the code of a submission, by the names of their functions, without running any of it.

sections_in      which sections a submission answers
attempted        how many of a section's answers are more than a stub
find             the statements that an answer consists of, or why there are none

An answer is the last definition of its name, with whatever it reaches by name: in the submission, or else in the
section's published notebook.
"""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache

from teaching.catalogue import Section
from teaching.cells import cells_of
from teaching.names import Statement
from teaching.reading import Code, read

BLOCKS = ast.For | ast.While | ast.With | ast.AugAssign

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
    ours = {ast.unparse(s.node) for s in published(section).binding(name) if not s.is_stub}
    found = [s for s in code.binding(name) if not isinstance(s.node, BLOCKS)]
    found = [statement for statement in found if ast.unparse(statement.node) not in ours]
    written = [statement for statement in found if not statement.is_stub]
    fitting = [statement for statement in _as_handed_out(code, section, name) if statement in written]
    choice = (fitting or written or found)[-1:]
    return choice[0] if choice else None


def attempted(code: Code, section: Section) -> int:
    """How many of the section's answers are more than a stub."""
    chosen = [_chosen(code, section, part.answer) for part in section.parts()]
    return sum(statement is not None and not statement.is_stub for statement in chosen)


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
    if broken and (start is None or start.is_stub):
        raise LookupError(f"code cell {broken[0]}, in which it stands, does not parse: {broken[1]}")
    if start is None:
        raise LookupError(f"there is no function {name} in what was handed in")
    handed_out = published(section)
    taken: dict[tuple[int, tuple[int, int]], Statement] = {(1, start.place): start}
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
    plain = [s for s in found if not isinstance(s.node, BLOCKS | ast.If | ast.Try)]
    if not (plain or found) or (not plain and hasattr(builtins, name)):
        return []
    first = (plain or found)[-1]
    if first.defines or first.imports:
        return [first]
    before = [s for s in found if s.place < first.place and name in first.at_once][-1:]
    later = [s for s in code.statements if s.place > first.place and name in s.changes and not s.defines]
    return [*before, first, *later]
