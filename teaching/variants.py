"""Numbers of one's own: for some exercises each student gets others, and the grader knows them.

variant      an exercise as one student gets it: its statement, its numbers, and what changes in the cells
check_for    the check of a part for one student: of their own numbers, or the public one with hidden cases
examples     code that checks a part of a student's own on a few examples, in their copy

What differs stands in `own_numbers`: a coded exercise keeps the name and the arguments of its function and asks for
something else by it, so that another student's answer is wrong; an open one has other seeds, sizes or spans of text.
All numbers follow from the student's id.
"""

from __future__ import annotations

import inspect
import math
import re
from functools import cache
from random import Random
from typing import Any

import nbformat

from helpers.exercises.check import Check
from teaching import catalogue, fresh
from teaching.catalogue import Part
from teaching.own_numbers import OWN
from teaching.own_numbers.own import Own
from teaching.statements import statements


def variant(section: str, number: int, student_id: str) -> dict[str, Any]:
    """Return an exercise as a student gets it, or {} where everybody gets the same.

    statement: its text. values: the student's numbers by name. changes: (old, new) pairs for the code of its cells.
    Raises LookupError for an exercise that does not exist.
    """
    found = catalogue.section(section)
    if number not in {exercise.number for exercise in found.exercises}:
        raise LookupError(f"there is no exercise {number} in the section {section!r}")
    if not student_id or (section, number) not in OWN:
        return {}
    own = OWN[section, number]
    values = own.values(Random(f"{section} {number} {student_id.casefold()}"))
    texts = {**own.texts(values), **values} if own.texts else values
    statement = _statement(section, number)
    for old, new in own.statement:
        statement = _replace(statement, old, _fill(new, texts))
    return {
        "statement": statement,
        "values": values,
        "changes": [(old, _fill(new, texts)) for old, new in own.code],
    }


def check_for(section: str, part: Part | str, student_id: str = "", seed: int = 0) -> Check:
    """Return the check of a part (or of the check's name) for a student; hidden cases, of this seed, are among its own.

    Where everybody gets the same exercise, and for the id "", it is the published one with hidden cases.
    """
    found = catalogue.section(section)
    name = part if isinstance(part, str) else part.check
    number = next((e.number for e in found.exercises if name in {p.check for p in e.parts}), None)
    if number is None:
        raise LookupError(f"there is no {name!r} in the section {section!r}")
    given = variant(section, number, student_id)
    if not given or OWN[section, number].check != name:
        return fresh.harder(section, name, seed)
    hidden = fresh.cases(section, name, seed)
    return _own_check(OWN[section, number], given["values"], getattr(found.module, name), hidden)


def examples(section: str, number: int, student_id: str) -> str:
    """Return the code of a cell that holds a student's answer to a few examples; "" where the public check fits."""
    given = variant(section, number, student_id)
    own = OWN.get((section, number))
    if not given or not own.check:
        return ""
    found = catalogue.section(section)
    answer = next(p.answer for p in found.parts() if p.check == own.check)
    check = _own_check(own, given["values"], getattr(found.module, own.check), [])
    names = ", ".join(inspect.signature(check.question).parameters)
    args = f"({names},)" if "," not in names else f"({names})"
    right = "".join(f"    ({case!a}, {_code(check.question(*case)[1])}),\n" for case in own.examples)
    tolerance = "" if own.tolerance == Check.tolerance else f" tolerance={own.tolerance},"
    return (
        "from helpers.exercises.check import Check\n\n"
        "# Examples with your own numbers. What you hand in is tried on other cases as well.\n"
        f"examples = [\n{right}]\n\n"
        f"def example({names}):\n"
        f"    case = {args}\n"
        "    return case, next(right for known, right in examples if known == case)\n\n"
        f'Check(example, case="{check.case}", cases=[case for case, _ in examples],{tolerance}\n'
        f'      praise="{check.praise}")({answer})'
    )


def _own_check(own: Own, values: dict, public: Check, hidden: list[tuple]) -> Check:
    """Return the check of a student's own numbers; a message about a case is worded as in the public check."""
    return Check(
        own.question(values),
        case=own.case or public.case,
        cases=[*own.examples, *own.more, *(hidden if own.hidden else [])],
        praise=public.praise,
        tolerance=own.tolerance,
    )


def _code(value: Any) -> str:
    """Return a right result as code, floats to eight digits."""
    if isinstance(value, float):
        return repr(float(f"{value:.8g}")) if math.isfinite(value) else f'float("{value}")'
    return ascii(value)


@cache
def _statement(section: str, number: int) -> str:
    found = catalogue.section(section)
    exercise = next(e for e in found.exercises if e.number == number)
    cells = nbformat.read(found.path, as_version=4).cells
    return dict(statements(cells[exercise.cells[0]].source))[number]


def _fill(text: str, values: dict) -> str:
    """Return the text with its <<names>> filled in; braces are left alone, as formulas and code have them."""
    return re.sub(r"<<(\w+)>>", lambda match: str(values[match[1]]), text)


def _replace(text: str, old: str, new: str) -> str:
    """Return the text with its one `old` replaced. Raises ValueError if it is not there, as in a changed notebook."""
    if text.count(old) != 1:
        raise ValueError(f"{old!r} should stand once in {text[:60]!r} …, and stands there {text.count(old)} times")
    return text.replace(old, new)
