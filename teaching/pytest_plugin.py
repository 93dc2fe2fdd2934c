"""The options of the exercises as plain tests, and their points at the end: hooks for the conftest.py beside them."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from teaching import catalogue


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--submission", type=Path, metavar="FILE", help="the notebook, or .py file, with the answers")
    parser.addoption("--seed", type=int, help="of the fresh cases; by default another one every time")


def pytest_configure(config: pytest.Config) -> None:
    if "grade_*.py" not in config.getini("python_files"):
        raise pytest.UsageError(
            "pytest took the settings of another folder; write --submission=FILE, with the equals sign: without it, "
            "it looks for settings beside that file"
        )
    given = config.option.submission
    if given is None or not (config.invocation_params.dir / given).is_file():
        raise pytest.UsageError(f"--submission FILE names the notebook with the answers; there is no file {given}")
    config.option.submission = config.invocation_params.dir / given
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(2**32)


def pytest_report_header(config: pytest.Config) -> str:
    return f"submission: {config.option.submission}, fresh cases: --seed {config.option.seed}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many points each exercise earned, and which exercises a person grades."""
    reports = [report for state in ("passed", "failed") for report in terminalreporter.stats.get(state, [])]
    earned: dict[tuple[str, int], list[float]] = {}
    for name, number, points, most in (dict(report.user_properties)["points"] for report in reports):
        so_far = earned.setdefault((name, number), [0.0, 0.0])
        earned[name, number] = [so_far[0] + points, so_far[1] + most]
    for name in dict.fromkeys(name for name, _ in earned):
        terminalreporter.section(f"points, {name}")
        exercises = catalogue.section(name).exercises
        for exercise in exercises:
            if (name, exercise.number) in earned:
                points, most = earned[name, exercise.number]
                terminalreporter.write_line(f"{exercise.number}. {exercise.title}: {points:g} of {most:g}")
        total, most = (sum(each) for each in zip(*(earned[key] for key in earned if key[0] == name), strict=True))
        terminalreporter.write_line(f"in all: {total:g} of {most:g}")
        rest = [f"{exercise.number} ({exercise.points})" for exercise in exercises if not exercise.parts]
        if rest:
            terminalreporter.write_line(f"graded by a person: {', '.join(rest)}")
