"""What of a section's notebook stands in an assignment: enough to answer its exercises, and nothing that trains.

setup          the cells before the exercises: the notebook's own set-up, and the definitions that the answers reach
statement      an exercise's text, with its points
stubs          the cells of an exercise that a student fills
scaffold       the code that an open exercise starts from
fresh_cases    cases of a check that no notebook shows, as the text of a list
"""

from __future__ import annotations

import ast
import builtins
import re

from teaching import fresh
from teaching.catalogue import Exercise, Part, Section
from teaching.names import Statement, free
from teaching.statements import marked, statements
from teaching.worked import STUB, cells, known_in, worked

# --- before the exercises --------------------------------------------------------------------------------------------


def setup(section: Section) -> list[str]:
    """Return the sources of the cells that stand before the exercises."""
    all_cells, known = cells(section.path), known_in(section)
    first = [cell.source for cell in all_cells if cell.cell_type == "code"][:2]  # Colab's, and the imports
    taken = {binding.place: binding for name in _named(section, known) for binding in _light(name, known) or ()}
    for name in _imports_of_the_answers(section, known):
        taken |= {binding.place: binding for binding in _light(name, known) or ()}
    begun = {place for place in taken if all_cells[place[0]].source in first}
    rest = [taken[place] for place in sorted(set(taken) - begun)]
    imports = [binding.source for binding in rest if binding.imports]
    others = [binding.source for binding in rest if not binding.imports]
    definitions = "\n".join(imports) + "\n\n" * bool(imports) + "\n\n".join(others)
    return [*first, definitions.strip()] if rest else first


def _light(name: str, known: dict[str, Statement], on_the_way: frozenset = frozenset()) -> list[Statement] | None:
    """Return the binding of a name with all that it reaches, or None where that computes more than a constant."""
    if name in on_the_way:
        return []
    binding = known.get(name)
    if binding is None:
        return None
    calls = [node.func for node in ast.walk(binding.node) if isinstance(node, ast.Call)]
    if isinstance(binding.node, ast.Assign) and not all(getattr(f, "id", "") in dir(builtins) for f in calls):
        return None
    reached = [_light(other, known, on_the_way | {name}) for other in binding.free]
    return None if None in reached else [binding, *(one for several in reached for one in several)]


def _named(section: Section, known: dict[str, Statement]) -> set[str]:
    """Return the definitions of the notebook that the statements of its checked exercises name."""
    words = set()
    for exercise in section.exercises:
        if exercise.parts:
            code = " ".join(re.findall(r"`([^`]+)`", statement(section, exercise)))
            functions = [node for source in stubs(section, exercise) for node in ast.parse(source).body]
            arguments = {arg.arg for function in functions for arg in function.args.args}
            words |= set(re.findall(r"\w+", code)) - arguments
    words &= set(known)
    # A small word, such as "windows", may mean something else there than a module's function.
    return {word for word in words if known[word].defines or (known[word].imports and word.lower() != word)}


def _imports_of_the_answers(section: Section, known: dict[str, Statement]) -> set[str]:
    names = {name for part in section.parts() for name in free(worked(section, part))}
    return {name for name in names if name in known and known[name].imports}


# --- one exercise ----------------------------------------------------------------------------------------------------


def statement(section: Section, exercise: Exercise) -> str:
    """Return the text of an exercise, with its points and minutes."""
    text = cells(section.path)[exercise.cells[0]].source
    return marked(dict(statements(text))[exercise.number], exercise)


def stubs(section: Section, exercise: Exercise) -> list[str]:
    sources = [cells(section.path)[number].source for number in exercise.cells if exercise.parts]
    return [source for source in sources if STUB.search(source)]


def scaffold(section: Section, exercise: Exercise) -> str:
    """Return the code below an open exercise; two that share their text share it, and the last one shows it."""
    shared = [other for other in section.exercises if other.cells == exercise.cells]
    if exercise.parts or exercise is not shared[-1]:
        return ""
    return "\n\n".join(
        cell.source for cell in (cells(section.path)[number] for number in exercise.cells) if cell.cell_type == "code"
    )


# --- cases -----------------------------------------------------------------------------------------------------------


def fresh_cases(section: Section, part: Part, seed: int) -> str:
    """Return cases that the check does not show, as code. Raises ValueError for one that code cannot write out."""
    found = fresh.cases(section.name, part.check, seed)
    text = repr(found)
    try:
        same = ast.literal_eval(text) == found
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise ValueError(f"{section.name}, {part.check}: a fresh case cannot be written out as a literal: {text}")
    return text
