"""The exercises of a section as plain pytest tests, for classrooms whose homework is a repository on GitHub.

python -m teaching.pytest_entry [SECTION ...] [--out build/classroom]      all sections, if none is named
pytest build/classroom/grade_gru.py --submission=gru.ipynb [--seed=N]

make      write a grade_SECTION.py for each section, and what pytest needs beside them
parts     the checks of a section, for parametrize
grade     hold one answer to its check, published cases and fresh ones

Answers are found by the names of their functions, and run here, in this process: a machine that holds something worth
keeping from students is the wrong one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.exercises.check import CORRECT
from teaching import answers, catalogue, fresh, reading
from teaching.catalogue import Exercise, Part
from teaching.cells import cells_of
from tools import common

SECONDS = 60

TESTS = '''"""The exercises of the section `{section}`, one test for each function that they ask for.

pytest grade_{module}.py --submission={section}.ipynb
"""

import pytest

from teaching import pytest_entry


@pytest.mark.parametrize(("exercise", "part"), pytest_entry.parts("{section}"))
def test_answer(exercise, part, request, record_property):
    pytest_entry.grade("{section}", exercise, part, request.config, record_property)
'''
CONFTEST = "from teaching.pytest_plugin import pytest_addoption, pytest_configure, pytest_report_header\n" + (
    "from teaching.pytest_plugin import pytest_terminal_summary\n"
    '\n__all__ = ["pytest_addoption", "pytest_configure", "pytest_report_header", "pytest_terminal_summary"]\n'
)
SETTINGS = """# Beside the tests, so that no settings of other folders count.
[pytest]
pythonpath = {project}
python_files = grade_*.py
addopts = -rN --tb=short --show-capture=no -p no:cacheprovider
"""


def make(names: list[str], out: Path) -> None:
    """Write the tests of the sections called `names` into `out`; none named: all."""
    sections = [catalogue.section(name) for name in names] or catalogue.sections()
    out.mkdir(parents=True, exist_ok=True)
    common.write(out / "conftest.py", CONFTEST)
    common.write(out / "pytest.ini", SETTINGS.format(project=Path(os.path.relpath(common.ROOT, out)).as_posix()))
    for section in sections:
        path = out / f"grade_{section.name.replace('-', '_')}.py"
        common.write(path, TESTS.format(section=section.name, module=path.stem.removeprefix("grade_")))
        print(path)


def parts(name: str) -> list:
    """Return an argument for `pytest.mark.parametrize` for each check of a section, under the name of its function."""
    section = catalogue.section(name)
    found = [(exercise, part) for exercise in section.exercises for part in exercise.parts]
    return [pytest.param(*each, id=f"{each[0].number}-{each[1].answer}") for each in found]


def grade(
    name: str, exercise: Exercise, part: Part, config: pytest.Config, record: Callable[[str, object], None]
) -> None:
    """Fail with one sentence if the answer is missing or wrong. record: takes the points, for the summary."""
    section = catalogue.section(name)
    points = exercise.points / len(exercise.parts)
    record("points", (name, exercise.number, 0.0, points))
    check = fresh.harder(name, part.check, config.option.seed)
    path = config.option.submission
    try:
        with limited(SECONDS):
            found = answers.find(reading.read(cells_of(path.name, path.read_bytes())), section, part.answer)
            verdict = check(defined(found)[part.answer])
            reason = "" if verdict.status == CORRECT else str(verdict)
    except (LookupError, ValueError, TimeLimit) as problem:
        reason = str(problem)
    except SystemExit:
        reason = "the code ends Python (SystemExit)"
    if reason:
        pytest.fail(reason, pytrace=False)
    record("points", (name, exercise.number, points, points))


def defined(statements: list[str]) -> dict:
    """Run the statements; return what they define. Raises ValueError with a sentence for whatever they raise."""
    namespace: dict = {"__name__": "submission"}
    for statement in statements:
        try:
            exec(compile(statement, "submission", "exec"), namespace)
        except Exception as error:
            line = statement.partition("\n")[0]
            raise ValueError(f"the code stops at `{line}` with {type(error).__name__}: {error}") from error
    return namespace


class TimeLimit(BaseException):
    """Not an Exception: an answer that catches all of those is stopped as well."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeLimit if the block takes longer; where the system has no alarm (Windows), it may."""

    def stop(*_) -> None:
        raise TimeLimit(f"no result after {seconds} seconds")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--out", type=Path, default=common.BUILD / "classroom", help="the folder for the tests")
    given = parser.parse_args()
    try:
        make(given.sections, given.out)
    except LookupError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
