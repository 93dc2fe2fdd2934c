"""Every check: 'not solved yet' for the stub, 'correct' for right answers, and 'wrong', with the case, for the rest.

tests/answers has a module for each section, whose ANSWERS holds, for each check, right answers and plausible wrong ones
with a part of the message they should get. A check without an entry fails the first test.
"""

import importlib
import inspect
import math
import pkgutil

import pytest
import torch

from helpers import exercises
from helpers.exercises.verdict import Verdict

SECTIONS = [name for _, name, _ in pkgutil.iter_modules(exercises.__path__) if name != "verdict"]
CHECKS, ANSWERS = {}, {}
for section in SECTIONS:
    for name, check in inspect.getmembers(importlib.import_module(f"helpers.exercises.{section}"), callable):
        if name.startswith("check_"):
            CHECKS[f"{section}.{name}"] = check
    for name, answers in importlib.import_module(f"answers.{section}").ANSWERS.items():
        ANSWERS[f"{section}.{name}"] = answers
RIGHT = [(check, answer) for check in ANSWERS for answer in ANSWERS[check].right]
WRONG = [(check, answer) for check in ANSWERS for answer in ANSWERS[check].wrong]


def verdict(check: str, answer) -> Verdict:
    return CHECKS[check](answer)


def raises_not_implemented(*args):
    raise NotImplementedError


def stops(*args):
    raise ValueError("as a reader's code may")


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_tried_with_a_right_answer_and_three_wrong_ones(check):
    assert check in ANSWERS, f"add right and wrong answers for {check} to the tables in tests/answers"
    assert len(ANSWERS[check].right) >= 1
    assert len(ANSWERS[check].wrong) >= 3


@pytest.mark.parametrize("section", SECTIONS)
def test_every_check_is_named_in_its_modules_table_of_contents(section):
    module = importlib.import_module(f"helpers.exercises.{section}")
    names = [check.removeprefix(f"{section}.") for check in CHECKS if check.startswith(f"{section}.")]
    assert names, "a module of checks without a check"
    assert [name for name in names if name not in module.__doc__] == []


@pytest.mark.parametrize("check", CHECKS)
def test_the_stub_is_not_solved_yet(check):
    found = verdict(check, raises_not_implemented)
    assert found.status == "not solved yet"
    assert "raise NotImplementedError" in found.message


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_a_right_answer_is_correct(check, answer):
    found = verdict(check, ANSWERS[check].right[answer])
    assert found.status == "correct", found.message
    assert found.message


@pytest.mark.parametrize(("check", "answer"), WRONG)
def test_a_wrong_answer_is_wrong_and_the_case_is_named(check, answer):
    function, message = ANSWERS[check].wrong[answer]
    found = verdict(check, function)
    assert found.status == "wrong"
    assert found.message.startswith("for ")
    assert message in found.message


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "answer",
    [
        lambda *args: None,
        lambda *args: "text",
        lambda *args: object(),
        lambda *args: {"a": 1},
        lambda *args: (),
        lambda *args: torch.zeros(9, 9, 9),
        lambda *args: torch.tensor(math.nan),
        lambda *args: 1j,
        lambda: 0,
        None,
    ],
    ids=["None", "text", "object", "dict", "empty", "shape", "nan", "complex", "arguments", "no function"],
)
def test_an_answer_of_a_wrong_kind_is_wrong_and_no_crash(check, answer):
    found = verdict(check, answer)
    assert found.status == "wrong"
    assert found.message.startswith("for ")


@pytest.mark.parametrize("check", CHECKS)
def test_an_error_inside_the_answer_is_shown_with_the_case(check):
    found = verdict(check, stops)
    assert found.status == "wrong"
    assert found.message.startswith("for ")
    assert found.message.endswith("your function stops with ValueError: as a reader's code may")


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_an_answer_that_spoils_its_arguments_is_judged_by_its_result(check, answer):
    def spoils(*args):
        result = ANSWERS[check].right[answer](*[a.clone() if isinstance(a, torch.Tensor) else a for a in args])
        for argument in args:
            if isinstance(argument, torch.Tensor):
                argument.fill_(7)
        return result

    assert verdict(check, spoils).status == "correct"


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_leaves_the_global_random_state_alone(check):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    verdict(check, next(iter(ANSWERS[check].right.values())))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("status", "shown"),
    [("correct", "✓ Correct: why"), ("wrong", "✗ Wrong: why"), ("not solved yet", "… Not solved yet: why")],
)
def test_a_notebook_shows_mark_status_and_message(status, shown):
    assert repr(Verdict(status, "why")) == shown
