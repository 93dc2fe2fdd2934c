"""Worked answers, from the notebooks of solutions, written into the stubs that students get.

solved         a stub's cell with the worked answer between marks
worked         the body of an answer, with what it needs
known_in       what a section's notebook defines before its exercises
cells          of a notebook
"""

from __future__ import annotations

import ast
import re
import textwrap
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from teaching.catalogue import Part, Section
from teaching.names import Statement, free
from teaching.reading import bindings

STUB = re.compile(r"^( +)raise NotImplementedError *(#.*)?$", re.MULTILINE)
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@cache
def cells(path: Path) -> list[NotebookNode]:
    return nbformat.read(path, as_version=4).cells


@cache
def known_in(section: Section) -> dict[str, Statement]:
    """Return what the notebook defines before its exercises."""
    return bindings(cells(section.path)[: section.exercises[0].cells[0]])


@cache
def _own(section: Section) -> dict[str, Statement]:
    """Return what the notebook of the solutions defines."""
    return bindings(cells(section.solutions))


def solved(section: Section, source: str) -> str:
    """Return the cell with each `raise NotImplementedError` replaced by the worked answer between marks."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    lines = source.splitlines()
    for node in reversed(functions):
        part = next(part for part in section.parts() if part.answer == node.name)
        indent, comment = STUB.fullmatch(lines[node.end_lineno - 1]).groups()
        body = "\n".join([*filter(None, [comment]), BEGIN, worked(section, part), END])
        lines[node.end_lineno - 1] = textwrap.indent(body, indent)
    return "\n".join(lines)


def worked(section: Section, part: Part) -> str:
    """Return the body of the worked answer, with what it needs of its notebook written into it; not indented."""
    own, known = _own(section), known_in(section)
    answers = {other.answer for other in section.parts()}
    answer = own[part.answer]
    needed: dict[tuple[int, int], Statement] = {}
    waiting = [answer.source]
    while waiting:
        for name in free(waiting.pop()) & set(own) - answers:
            binding = own[name]
            if binding.place in needed or not (binding.defines or (binding.imports and name not in known)):
                continue
            needed[binding.place] = binding
            waiting.append(binding.source)
    before = [needed[place] for place in sorted(needed)]
    imports = "\n".join(binding.source for binding in before if binding.imports)
    definitions = [binding.source for binding in before if binding.defines]
    body = cells(section.solutions)[answer.place[0]].source.splitlines()[
        answer.node.body[0].lineno - 1 : answer.node.end_lineno
    ]
    body = textwrap.dedent("\n".join(body))
    for decorator in answer.node.decorator_list:  # such as torch.no_grad(), which serves as a context as well
        body = f"with {ast.unparse(decorator)}:\n{textwrap.indent(body, '    ')}"
    return "\n\n".join(filter(None, [imports, *definitions, body]))
