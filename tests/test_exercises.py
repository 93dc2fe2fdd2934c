"""Every check: 'not solved yet' for the stub, 'correct' for right answers, and 'wrong', with the case, for the rest.

tests/answers has a module for each section, whose ANSWERS holds, for each check, right answers and plausible wrong ones
with a part of the message they should get; the worked answer of the solutions joins the right ones. A check without an
entry fails the first test.
"""

import importlib
import inspect
import math
import pkgutil
import re

import numpy as np
import pytest
import torch
from notebook_code import NOTEBOOKS, definitions

from helpers import exercises
from helpers.exercises.verdict import Verdict


def worked_answers(module) -> tuple[dict, dict]:
    """Return what the solutions to a module's exercises define, and for each check the name of what it is given."""
    notebook = f"solutions/{re.search('notebook `(.+)`', module.__doc__)[1]}"
    calls = re.findall(r"exercises\.(check_\w+)\((\w+)\)", (NOTEBOOKS / f"{notebook}.ipynb").read_text("utf-8"))
    return definitions(notebook), dict(calls)


SECTIONS = [name for _, name, _ in pkgutil.iter_modules(exercises.__path__) if name != "verdict"]
CHECKS, ANSWERS = {}, {}
for section in SECTIONS:
    for name, check in inspect.getmembers(importlib.import_module(f"helpers.exercises.{section}"), callable):
        if name.startswith("check_"):
            CHECKS[f"{section}.{name}"] = check
    found, checked = worked_answers(importlib.import_module(f"helpers.exercises.{section}"))
    for name, answers in importlib.import_module(f"answers.{section}").ANSWERS.items():
        answers.right["as in the solutions"] = found[checked[name]]
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


def as_lists(value):
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return value.tolist()
    return [as_lists(part) for part in value] if isinstance(value, (tuple, list)) else value


def as_tuples(value):
    return tuple(map(as_tuples, value)) if isinstance(value, (tuple, list)) else value


def as_arrays(value):
    if isinstance(value, (tuple, list)):
        numbers = value and all(isinstance(part, (int, float)) for part in value)
        return np.array(value) if numbers else type(value)(map(as_arrays, value))
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    kinds = {bool: np.bool_, int: np.int64, float: np.float64}
    return kinds[type(value)](value) if type(value) in kinds and abs(value) < 2**63 else value


def as_tensors(value):
    if isinstance(value, (tuple, list)):
        return type(value)(map(as_tensors, value))
    number = isinstance(value, (int, float)) or (isinstance(value, np.ndarray) and value.dtype.kind in "bif")
    return torch.as_tensor(value) if number else value


def in_double_precision(value):
    if isinstance(value, (tuple, list)):
        return type(value)(map(in_double_precision, value))
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def not_contiguous(value):
    """Every tensor is every second number of a larger one."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(not_contiguous, value))
    if not isinstance(value, torch.Tensor) or value.dim() == 0:
        return value
    return torch.stack([value, value], dim=-1)[..., 0]


def backwards_in_memory(value):
    """Every array lies in memory from its end to its beginning, which torch cannot take as it is."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(backwards_in_memory, value))
    if not isinstance(value, (torch.Tensor, np.ndarray)) or value.ndim == 0:
        return value
    return np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)[::-1].copy()[::-1]


def as_lists_of_tensors(value):
    if isinstance(value, torch.Tensor) and value.dim() > 0:
        return list(value)
    return type(value)(map(as_lists_of_tensors, value)) if isinstance(value, (tuple, list)) else value


def stacked(value):
    """Parts of one shape are one tensor."""
    if not isinstance(value, (tuple, list)) or not value:
        return value
    try:
        return torch.stack([torch.as_tensor(stacked(part)) for part in value])
    except (TypeError, ValueError, RuntimeError):
        return type(value)(map(stacked, value))


DRESSES = [as_lists, as_tuples, as_arrays, as_tensors, in_double_precision, not_contiguous, backwards_in_memory]
DRESSES += [as_lists_of_tensors, stacked]
NOT_FOR = {
    "deep_rnn.check_split_state": {as_lists, as_arrays, backwards_in_memory, as_lists_of_tensors, stacked},
    "encoder_decoder.check_copy_batch": {as_lists, as_arrays, backwards_in_memory, as_lists_of_tensors},
    "seq2seq.check_sentence_loss": {as_lists, as_arrays, backwards_in_memory},
}  # what goes into a layer, a batch or backward() must be tensors


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.__name__)
@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_a_right_answer_in_other_dress_is_correct(check, answer, dress):
    if dress in NOT_FOR.get(check, ()):
        pytest.skip("this answer must be made of tensors")
    found = verdict(check, lambda *args: dress(ANSWERS[check].right[answer](*args)))
    assert found.status == "correct", found.message


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
