"""What the checks of all sections share: questions with their right results, recognised slips, and one runner.

Check         a check: call it with the reader's function and it returns a Verdict, which a notebook shows
call          call the reader's function; its errors become messages
equal         whether a part of a result is as wanted
draw, layer   random tensors, and a layer of torch, that are the same each time

A check is a table. `question(*case)` makes the arguments for the reader's function, and the right result in a way of
its own. The right result says as well what is asked for:

a dict                     a tuple with one part for each key, its name
a list                     as many parts
a tensor                   a tensor of this shape, of integers if this is one of integers
a tensor on device "meta"  any numbers of its shape: the `judge` looks at them
a number, a truth value, a text, or a tuple of such values; or None
...                        anything: the `judge` looks at it

Lists, arrays and numbers of either precision are as right as tensors, unless the answer is to be trained. A judge, and
whatever else is wrong, raises `messages.Wrong`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.messages import Wrong, _
from helpers.exercises.returned import flat, shown, take, wrong

NOT_SOLVED, WRONG, CORRECT = "not solved yet", "wrong", "correct"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check: `status` is 'not solved yet', 'wrong' or 'correct'."""

    status: str
    message: str

    def __repr__(self) -> str:
        mark = {NOT_SOLVED: "…", WRONG: "✗", CORRECT: "✓"}[self.status]
        return f"{mark} {_(self.status)}: {self.message}"


@dataclass
class Check:
    """A check of one exercise; its docstring is that of the question.

    question: question(*case) -> (arguments, right result)
    case:     key of the message that describes a case, with the names of the question's parameters as placeholders
    slips:    key of a message -> function of the arguments whose result a well-known mistake leads to
    judge:    judge(result, *arguments) raises Wrong for what comparing with the right result cannot find
    off:      key of the message about a wrong part, where the common one would not tell the reader enough
    keeps:    key of the message for a function that changes its arguments, where it must not
    trains:   what the reader writes is to be trained: it must let gradients through, and right ones
    tensors:  the result goes into a layer: lists and arrays do not
    """

    question: Callable[..., tuple]
    case: str
    cases: Sequence[tuple]
    praise: str
    slips: Mapping[str, Callable] = field(default_factory=dict)
    judge: Callable[..., None] | None = None
    off: str = ""
    keeps: str = ""
    trains: bool = False
    tensors: bool = False
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        self.__doc__ = self.question.__doc__

    def __call__(self, answer: Callable) -> Verdict:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)  # what the reader's function draws is the same each time
            return self._verdict(answer)

    def _verdict(self, answer: Callable) -> Verdict:
        for values in self.cases:
            shown_values = [shown(value) if isinstance(value, (tuple, list)) else value for value in values]
            known = dict(zip(inspect.signature(self.question).parameters, shown_values, strict=True))
            try:
                self._try(answer, *self.question(*values))
            except NotImplementedError:
                return Verdict(NOT_SOLVED, _("raise NotImplementedError"))
            except Wrong as found:
                return Verdict(WRONG, _(found.key, **{**known, "case": _(self.case, **known), **found.values}))
        return Verdict(CORRECT, _(self.praise))

    def _try(self, answer: Callable, args: Sequence, right: Any) -> None:
        handed = [_each(Tensor.clone, arg) for arg in args]
        given = take(call(lambda: answer(*handed)), right, tensors=self.tensors)
        if self.keeps and not _alike(handed, list(args)):
            raise Wrong(self.keeps)
        if self.judge is not None:
            self.judge(given, *args)
        for place, (name, part, wanted) in enumerate(flat(given, right)):
            if not equal(part, wanted, self.tolerance):
                self._recognise(place, name, part, wanted, args, right)
                raise _off(name, part, wanted, self.off)
        if self.trains:
            _hold_to_gradient(answer, args, right)

    def _recognise(self, place: int, name: str, part: Any, wanted: Any, args: Sequence, right: Any) -> None:
        """Raise the message of the slip, if any, that gives the same wrong part at this place."""
        for key, slip in self.slips.items():
            try:
                _name, mistaken, _wanted = list(flat(take(call(slip, *args), right), right))[place]
            except Wrong:  # this mistake cannot be made here
                continue
            if equal(part, mistaken, self.tolerance):
                raise Wrong(key, name=name, given=shown(part), wanted=shown(wanted))


def call(answer: Callable, *args: Any) -> Any:
    """Call the reader's function with copies, so that it cannot spoil the question; its errors become messages."""
    try:
        return answer(*(_each(Tensor.clone, arg) for arg in args))
    except (NotImplementedError, Wrong):
        raise
    except Exception as error:  # any mistake of the reader's is a verdict, not a crash
        raise Wrong("stops", error=type(error).__name__, text=error) from error


def _each(change: Callable[[Tensor], Any], value: Any) -> Any:
    """Return the value with every tensor in it changed."""
    if isinstance(value, Tensor):
        return change(value)
    return type(value)(_each(change, part) for part in value) if type(value) in (tuple, list) else value


# --- comparing -------------------------------------------------------------------------------------------------------


def equal(given: Any, wanted: Any, tolerance: float = 1e-5) -> bool:
    """Return whether a part of the result is as wanted; NaN never is."""
    if isinstance(wanted, Tensor):
        return wanted.is_meta or torch.allclose(given, wanted.float(), rtol=tolerance, atol=tolerance)
    if isinstance(wanted, float):  # single precision is good enough
        return given == wanted or (
            abs(given) < 2**1000 and math.isclose(given, wanted, rel_tol=tolerance, abs_tol=1e-9)
        )
    return isinstance(wanted, EllipsisType) or bool(given == wanted)


def _alike(value: Any, other: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_alike, value, other))
    return torch.equal(value, other) if isinstance(value, Tensor) else value == other


def _off(name: str, given: Any, wanted: Any, key: str = "") -> Wrong:
    if key:
        return Wrong(key, name=name, given=shown(given), wanted=shown(wanted))
    if not isinstance(wanted, Tensor) or wanted.dim() == 0:
        return wrong("differs", name, given=shown(given), wanted=shown(wanted))
    if wanted.isfinite().all() and not given.isfinite().all():
        return wrong("not finite", name)
    return wrong("off", name, gap=f"{(given - wanted).abs().max().item():.3f}")


def _hold_to_gradient(answer: Callable, args: Sequence, right: Any, step: float = 1e-3) -> None:
    """Compare the slope of the result along one direction, by autograd, with the quotient of differences."""
    inputs: list[Tensor] = []

    def moved(by: float) -> list[Tensor]:
        """Return a weighted sum of each part, for arguments moved by so much; they end up in `inputs`."""
        inputs.clear()
        g = torch.Generator().manual_seed(0)

        def change(value: Tensor) -> Tensor:
            if not value.is_floating_point():
                return value
            inputs.append((value.detach() + by * torch.randn(value.shape, generator=g)).requires_grad_())
            return inputs[-1]

        result = call(answer, *(_each(change, arg) for arg in args))
        parts = [part for _name, part, _wanted in flat(take(result, right), right)]
        return [(part * torch.linspace(0.5, 1.5, part.numel()).view_as(part)).sum() for part in parts]

    names = [name for name, _part, _wanted in flat(right, right)]
    ahead, behind, here = moved(step), moved(-step), moved(0.0)
    g = torch.Generator().manual_seed(0)
    direction = [torch.randn(value.shape, generator=g) for value in inputs]
    for name, plus, minus, total in zip(names, ahead, behind, here, strict=True):
        try:
            grads = torch.autograd.grad(total, inputs, retain_graph=True, allow_unused=True)
        except RuntimeError as error:  # nothing requires a gradient, or what it needs was overwritten
            raise wrong("detached", name) from error
        slope = sum((grad * v).sum().item() for grad, v in zip(grads, direction, strict=True) if grad is not None)
        measured = (plus - minus).item() / (2 * step)
        if not abs(slope - measured) <= 0.01 * max(1.0, abs(measured)):
            raise wrong("gradient", name)


# --- material for questions ------------------------------------------------------------------------------------------


def draw(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Return tensors of standard normal numbers, the same each time; the global random state stays as it was."""
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=g) for shape in shapes]


def layer(kind: str, seed: int, *sizes: int, **settings: Any) -> nn.RNNBase:
    """Return torch.nn's layer of this kind ("GRU"), batch first, with weights that are the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return getattr(nn, kind)(*sizes, batch_first=True, **settings).requires_grad_(False)
