"""Hidden cases: right answers stay right on them, slips stay wrong, and an answer that has the public cases by heart
is found out."""

import dataclasses
from collections.abc import Callable
from itertools import islice

import pytest
import torch
from test_exercises import CHECKS, RIGHT
from torch import nn

from helpers.exercises.check import Check
from teaching import catalogue, fresh

SEEDS = (1, 2)
SECTION_OF = {section.module.__name__.rpartition(".")[2]: section.name for section in catalogue.sections()}
SLOW = {"lstm.check_forecaster"}  # whose answers train: one seed, one answer
WITHOUT = [full for full in CHECKS if f"{SECTION_OF[full.partition('.')[0]]} {full.partition('.')[2]}" in fresh.NONE]
WITH = [full for full in CHECKS if full not in WITHOUT]
FEW = {name.partition(" ")[2] for name in fresh.FEW}


def hidden(full: str, seed: int) -> list[tuple]:
    module, _, name = full.partition(".")
    return fresh.cases(SECTION_OF[module], name, seed)


def only(full: str, cases: list[tuple]) -> Check:
    return dataclasses.replace(CHECKS[full], cases=cases)


@pytest.mark.parametrize("full", WITH)
def test_there_are_a_few_cases_and_none_is_public(full):
    for seed in SEEDS:
        cases = hidden(full, seed)
        assert 1 <= len(cases) <= 4
        assert all(case not in CHECKS[full].cases for case in cases)


@pytest.mark.parametrize("full", CHECKS)
def test_the_same_seed_gives_the_same_cases_and_another_seed_others(full):
    assert hidden(full, 7) == hidden(full, 7)
    if full in WITH and full.partition(".")[2] not in FEW:
        assert hidden(full, 7) != hidden(full, 8)


@pytest.mark.parametrize("full", WITH)
def test_right_answers_are_right_on_hidden_cases(full):
    few = 1 if full in SLOW else None
    for seed in SEEDS[:few]:
        for name, answer in islice(RIGHT[full].items(), few):
            found = only(full, hidden(full, seed)[:few])(answer)
            assert found.status == "correct", (name, found)


@pytest.mark.parametrize("full", [full for full in CHECKS if CHECKS[full].slips])
def test_slips_are_refused_with_the_hidden_cases_as_well(full):
    check = only(full, [*CHECKS[full].cases, *hidden(full, SEEDS[0])])
    for name, slip in CHECKS[full].slips.items():
        assert check(slip).status == "wrong", name


# --- by heart --------------------------------------------------------------------------------------------------------


def alike(one, other) -> bool:
    """Whether two arguments are the same to somebody who looks into them."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, torch.Tensor):
        return one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, nn.Module):
        return repr(one) == repr(other) and getattr(one, "state", None) == getattr(other, "state", None)
    return (vars(one) == vars(other)) if hasattr(one, "__dict__") else one == other


def nothing(value):
    """What is of the same form and knows nothing."""
    if isinstance(value, torch.Tensor):
        return value * 0
    if isinstance(value, (tuple, list)):
        return type(value)(map(nothing, value))
    return type(value)() if isinstance(value, (bool, int, float, str)) else lambda X: X[:, 0] * 0


def by_heart(check: Check, answer: Callable, otherwise: Callable) -> Callable:
    """Return an answer that is right for the check's public cases, and otherwise(*args) for others."""
    known = [check.question(*case)[0] for case in check.cases]

    def recall(*args):
        heard = any(len(args) == len(asked) and all(map(alike, args, asked)) for asked in known)
        return (answer if heard else otherwise)(*args)

    return recall


@pytest.mark.parametrize("full", WITH)
def test_an_answer_that_has_the_public_cases_by_heart_is_found_out(full):
    # Without the test of the gradient, which tries arguments of its own and finds such an answer out already.
    public, answer = dataclasses.replace(CHECKS[full], trains=False), RIGHT[full]["the solution"]
    first, _ = CHECKS[full].question(*CHECKS[full].cases[0])
    rivals = [lambda *args: nothing(answer(*args))]
    if full not in SLOW:  # a model that was trained on the public windows forecasts the later ones as well
        rivals.append(lambda *args: answer(*first))
    for otherwise in rivals:
        recall = by_heart(public, answer, otherwise)
        assert public(recall).status == "correct"
        assert dataclasses.replace(public, cases=[*public.cases, *hidden(full, SEEDS[0])])(recall).status == "wrong"


# --- what there is not -----------------------------------------------------------------------------------------------


def test_checks_without_hidden_cases_say_why():
    names = {f"{section.name} {part.check}" for section in catalogue.sections() for part in section.parts()}
    assert names >= {*fresh.NONE, *fresh.FEW}
    assert all(fresh.cases(*name.split(), seed=0) == [] for name in fresh.NONE)


@pytest.mark.parametrize(("section", "check"), [("gru", "check_reach"), ("gruu", "check_half_life")])
def test_an_unknown_section_or_check_is_named(section, check):
    with pytest.raises(LookupError, match=section if section == "gruu" else check):
        fresh.cases(section, check, 0)
