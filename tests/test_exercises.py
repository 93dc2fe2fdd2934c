"""Every check: 'not solved yet' for the stub, 'correct' for right answers, and 'wrong', with the case, for the rest.

Right answers are those of the solutions' notebooks, in every dress; wrong ones stand beside their check, as its slips,
and each must get the message that is meant for it. tests/answers adds what only tests need: RIGHT has other right ways
by check and name, WRONG other wrong ones, each with a part of the message it should get.
"""

import ast
import importlib
import inspect
import json
import math
import pkgutil
import re
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from notebook_code import NOTEBOOKS, definitions
from torch import nn

from helpers import exercises
from helpers.exercises import messages
from helpers.exercises.check import Check, Verdict

SHARED = {"check", "messages", "returned"}
SECTIONS = [name for _, name, _ in pkgutil.iter_modules(exercises.__path__) if name not in SHARED]


def solutions(section: str) -> dict:
    """Return the function that the solutions' notebook of a section hands to each check."""
    for path in (NOTEBOOKS / "solutions").glob("*.ipynb"):
        cells = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
        if any(f"from helpers.exercises import {section} as exercises" in cell for cell in cells):
            checks = [ast.parse(cell).body[0].value for cell in cells if cell.startswith("exercises.check_")]
            defined = definitions(f"solutions/{path.stem}")
            return {check.func.attr: defined[check.args[0].id] for check in checks}
    raise LookupError(f"no notebook of solutions uses the checks of {section}")


def pattern(key: str) -> str:
    """Return a regular expression for a message, whatever its values are."""
    return r".*".join(map(re.escape, re.split(r"{[^}]+}", messages.MESSAGES[key])))


CHECKS, RIGHT, WRONG = {}, {}, {}
for section in SECTIONS:
    module, answers = (importlib.import_module(f"{package}.{section}") for package in ("helpers.exercises", "answers"))
    solved = solutions(section)
    for name, check in inspect.getmembers(module, lambda value: isinstance(value, Check)):
        full = f"{section}.{name}"
        CHECKS[full] = check
        RIGHT[full] = {"the solution": solved[name]} | getattr(answers, "RIGHT", {}).get(name, {})
        WRONG[full] = {key: (slip, f"^{pattern(key)}$") for key, slip in check.slips.items()}
        others = getattr(answers, "WRONG", {}).get(name, {})
        WRONG[full] |= {key: (f, re.escape(part)) for key, (f, part) in others.items()}
ALL_RIGHT = [(check, answer) for check in RIGHT for answer in RIGHT[check]]
ALL_WRONG = [(check, answer) for check in WRONG for answer in WRONG[check]]
TRAINED = [check for check in CHECKS if CHECKS[check].trains]


def raises_not_implemented(*args):
    raise NotImplementedError


def stops(*args):
    raise ValueError("as a reader's code may")


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_tried_with_a_right_answer_and_three_wrong_ones(check):
    assert len(RIGHT[check]) >= 1
    assert len(WRONG[check]) >= 3


@pytest.mark.parametrize("section", SECTIONS)
def test_every_check_is_named_in_its_modules_table_of_contents(section):
    module = importlib.import_module(f"helpers.exercises.{section}")
    names = [check.removeprefix(f"{section}.") for check in CHECKS if check.startswith(f"{section}.")]
    assert names, "a module of checks without a check"
    assert [name for name in names if name not in module.__doc__] == []
    assert all(CHECKS[f"{section}.{name}"].__doc__ for name in names)


@pytest.mark.parametrize("check", CHECKS)
def test_the_stub_is_not_solved_yet(check):
    found = CHECKS[check](raises_not_implemented)
    assert found.status == "not solved yet"
    assert "raise NotImplementedError" in found.message


@pytest.mark.parametrize(("check", "answer"), ALL_RIGHT)
def test_a_right_answer_is_correct(check, answer):
    found = CHECKS[check](RIGHT[check][answer])
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
    if not isinstance(value, (torch.Tensor, np.ndarray)):
        return value
    value = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)
    return value[::-1].copy()[::-1] if value.ndim else value


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
BATCH = "encoder_decoder.check_copy_batch"  # whose judge wants tensors, as training does
WITHOUT_GRADIENT = {as_lists, as_arrays, backwards_in_memory}


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.__name__)
@pytest.mark.parametrize(("check", "answer"), ALL_RIGHT)
def test_a_right_answer_in_other_dress_is_correct(check, answer, dress):
    found = CHECKS[check](lambda *args: dress(RIGHT[check][answer](*args)))
    if check in TRAINED and dress in WITHOUT_GRADIENT:
        assert re.search("no gradient flows back", found.message)
    elif CHECKS[check].tensors and dress in WITHOUT_GRADIENT | {as_lists_of_tensors, stacked}:
        assert found.status == "correct" or re.search("should be a tensor, which a layer|should be \\(", found.message)
    elif check == BATCH and dress in WITHOUT_GRADIENT | {as_lists_of_tensors}:
        assert "should be a tensor of int64" in found.message
    else:
        assert found.status == "correct", found.message


def detached(value):
    if isinstance(value, (tuple, list)):
        return type(value)(map(detached, value))
    return value.detach() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize(("check", "answer"), [pair for pair in ALL_RIGHT if pair[0] in TRAINED])
def test_an_answer_that_cannot_train_is_wrong(check, answer):
    right = RIGHT[check][answer]
    found = CHECKS[check](lambda *args: detached(right(*args)))
    assert re.search(pattern("detached"), found.message)
    found = CHECKS[check](torch.no_grad()(right))
    assert re.search(pattern("detached"), found.message)


@pytest.mark.parametrize(("check", "answer"), [pair for pair in ALL_RIGHT if pair[0] in TRAINED])
def test_an_answer_that_lets_only_a_part_of_the_gradient_through_is_wrong(check, answer):
    args, _ = CHECKS[check].question(*CHECKS[check].cases[-1])
    for i, arg in enumerate(args):
        first = arg[0] if isinstance(arg, tuple) else arg  # a state may be a pair
        if isinstance(first, torch.Tensor) and first.is_floating_point():
            cut = CHECKS[check](lambda *a, i=i: RIGHT[check][answer](*a[:i], detached(a[i]), *a[i + 1 :]))
            assert cut.status == "wrong"
            assert "gradient" in cut.message


@pytest.mark.parametrize(("check", "answer"), ALL_WRONG)
def test_a_wrong_answer_is_wrong_and_gets_its_message(check, answer):
    function, message = WRONG[check][answer]
    found = CHECKS[check](function)
    assert found.status == "wrong"
    assert found.message.startswith("for ")
    assert re.search(message, found.message), found.message


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
    found = CHECKS[check](answer)
    assert found.status == "wrong"
    assert found.message.startswith("for ")


@pytest.mark.parametrize("check", CHECKS)
def test_an_error_inside_the_answer_is_shown_with_the_case(check):
    found = CHECKS[check](stops)
    assert found.status == "wrong"
    assert found.message.startswith("for ")
    assert found.message.endswith("your function stops with ValueError: as a reader's code may")


@pytest.mark.parametrize(("check", "answer"), ALL_RIGHT)
def test_an_answer_that_spoils_its_arguments_is_judged_by_its_result(check, answer):
    def spoils(*args):
        result = RIGHT[check][answer](*[a.clone() if isinstance(a, torch.Tensor) else a for a in args])
        for argument in args:
            if isinstance(argument, torch.Tensor):
                argument.fill_(7)
        return result

    found = CHECKS[check](spoils)
    if keeps := CHECKS[check].keeps:
        assert re.search(pattern(keeps), found.message)
    else:
        assert found.status == "correct"


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_leaves_the_global_random_state_alone(check):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    CHECKS[check](next(iter(RIGHT[check].values())))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("status", "shown"),
    [("correct", "✓ Correct: why"), ("wrong", "✗ Wrong: why"), ("not solved yet", "… Not solved yet: why")],
)
def test_a_notebook_shows_mark_status_and_message(status, shown):
    assert repr(Verdict(status, "why")) == shown


# --- the runner ------------------------------------------------------------------------------------------------------


def asks_for(right) -> Check:
    """Return a check with no arguments."""
    return Check(lambda: ((), right), case="counted", cases=[()], praise="counted")


@pytest.mark.parametrize(
    ("right", "answer", "message"),
    [
        (5, 5.0, None),
        (5, np.array([5]), None),
        (5, 5.00001, "the result is 5.00001; it should be 5"),
        (5, "5", "the result is '5', which is not a number"),
        (2**70, 2**70, None),
        (2**70, 2**70 + 1, "it should be 1180591620717411303424"),
        (0.5, torch.tensor(0.5), None),
        (True, np.bool_(True), None),
        (True, 2, "the result is 2; it should be True or False"),
        ("mer", "mère", "the result is 'mère'; it should be 'mer'"),
        (None, 0, "the result is 0; it should be None"),
        ((2, "a"), [np.int64(2), "a"], None),
        ((2, 3), torch.tensor([2, 4]), "the result is (2, 4); it should be (2, 3)"),
        (torch.tensor(0.5), [0.5], None),
        (torch.tensor(0.5), 0.7, "the result is 0.7; it should be 0.5"),
        (torch.tensor([1, 2]), [1, 2], None),
        (torch.tensor([1, 2]), [1.0, 2.0], "is made of floating-point numbers"),
        (torch.ones(2), [1.0, math.nan], "holds numbers that are not finite"),
        (torch.ones(2), np.ones(2) + 1j, "which is not a tensor of numbers"),
        (torch.ones(2), torch.ones(2) + 1j, "which is not a tensor of numbers"),
        ({"a": 1, "b": [2, {"c": 3}]}, [1, (2, [3])], None),
        ({"a": 1, "b": [2, {"c": 3}]}, [1, (2, [4])], "b[1].c is 4; it should be 3"),
        ({"a": 1, "b": [2, 3]}, (1, (2,)), "b should be (b[0], b[1]); it is (2,)"),
        (..., [1, 2], None),
        ({"a": ..., "b": 3}, ([1, 2], 3), None),
        ({"a": ..., "b": 3}, ([1, 2], 4), "b is 4; it should be 3"),
    ],
)
def test_the_right_result_says_what_is_asked_for(right, answer, message):
    found = asks_for(right)(lambda: answer)
    assert found.status == ("wrong" if message else "correct"), found.message
    assert (message or "") in found.message


def test_what_a_function_draws_is_the_same_at_each_try():
    drawn = []
    for _ in range(2):
        torch.rand(1)  # the reader's own random numbers go on in between
        asks_for(...)(lambda: drawn.append(torch.rand(3)))
    assert torch.equal(*drawn)


def test_the_shared_modules_import_no_model_and_no_data():
    for name in SHARED:
        source = (NOTEBOOKS.parent / "helpers" / "exercises" / f"{name}.py").read_text()
        assert re.findall(r"^(?:from|import) helpers(?!\.exercises)", source, re.MULTILINE) == []


# --- the table of messages -------------------------------------------------------------------------------------------


def test_every_message_is_used_and_every_key_has_a_message():
    folder = NOTEBOOKS.parent / "helpers" / "exercises"
    sources = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "messages.py")
    unused = [key for key in messages.MESSAGES if f'"{key}"' not in sources]
    assert unused == []
    for check in CHECKS.values():
        assert {check.case, check.praise, *check.slips} <= set(messages.MESSAGES)


def test_an_edition_in_another_language_translates_every_word_that_a_reader_sees(monkeypatch):
    monkeypatch.setattr(messages, "translate", lambda template: re.sub(r"[a-zA-Zσ]+(?![^{]*})", "×", template))
    for check in CHECKS:
        for answer in (*RIGHT[check].values(), *CHECKS[check].slips.values(), raises_not_implemented):
            shown = repr(CHECKS[check](answer))
            assert (
                re.search(r"\b(the|it|should|result(?!\[)|for|not|solved|wrong|correct)\b", shown, re.IGNORECASE)
                is None
            )


# --- right results, by another way -----------------------------------------------------------------------------------


def test_the_messages_of_a_short_chain_are_the_sum_over_all_paths():
    check = CHECKS["bi_rnn.check_forward_backward"]
    for k, m, x in check.cases[:-1]:  # the last one has 1,500 observations
        (log_start, log_move, log_emit, _x), right = check.question(k, m, x)
        start, move, emit = (log.double().exp() for log in (log_start, log_move, log_emit))
        seen = [[1.0] * k if o is None else emit[:, o].tolist() for o in x]
        alpha, beta = torch.zeros(len(x), k), torch.zeros(len(x), k)
        for t in range(len(x)):
            for path in product(range(k), repeat=len(x)):
                steps = [move[a, b] * seen[s][b] for s, (a, b) in enumerate(pairwise(path), 1)]
                if not any(path[t + 1 :]):  # each path up to t counts once
                    alpha[t, path[t]] += start[path[0]] * seen[0][path[0]] * math.prod(steps[:t])
                if not any(path[:t]):
                    beta[t, path[t]] += math.prod(steps[t:])
        torch.testing.assert_close(right["log_alpha"], alpha.log())
        torch.testing.assert_close(right["log_beta"], beta.log())


def test_the_beliefs_with_a_lag_are_the_sum_over_all_paths_of_what_was_heard():
    check = CHECKS["bi_rnn.check_fixed_lag"]
    for k, m, x, lag in check.cases:
        (log_start, log_move, log_emit, *_), right = check.question(k, m, x, lag)
        start, move, emit = (log.double().exp().tolist() for log in (log_start, log_move, log_emit))
        for t in range(len(x)):
            heard, belief = x[: t + lag + 1], torch.zeros(k)
            for path in product(range(k), repeat=len(heard)):
                p = start[path[0]] * math.prod(move[a][b] for a, b in pairwise(path))
                belief[path[t]] += p * math.prod(emit[h][o] for h, o in zip(path, heard, strict=True))
            torch.testing.assert_close(right[t], belief / belief.sum())


def test_the_operator_of_onnx_run_with_the_right_weights_is_torchs_lstm():
    check = CHECKS["lstm.check_to_onnx"]
    for d, h in check.cases:
        args, right = check.question(d, h)
        lstm = nn.LSTM(d, h, batch_first=True)
        lstm.load_state_dict(dict(zip(lstm.state_dict(), args, strict=True)))
        X = torch.randn(2, 5, d, generator=torch.Generator().manual_seed(0))
        (Wi, Wo, Wf, Wc), (Ri, Ro, Rf, Rc) = right["W"][0].chunk(4), right["R"][0].chunk(4)
        bi, bo, bf, bc, ri, ro, rf, rc = right["B"][0].chunk(8)
        H = C = torch.zeros(2, h)
        for x in X.unbind(dim=1):  # as the documentation of the operator defines it
            i, o = torch.sigmoid(x @ Wi.T + H @ Ri.T + bi + ri), torch.sigmoid(x @ Wo.T + H @ Ro.T + bo + ro)
            f = torch.sigmoid(x @ Wf.T + H @ Rf.T + bf + rf)
            C = f * C + i * torch.tanh(x @ Wc.T + H @ Rc.T + bc + rc)
            H = o * torch.tanh(C)
        torch.testing.assert_close(H, lstm(X)[0][:, -1])
