"""What the checks say, in one table: whole sentences with named placeholders, none of them put together from pieces.

_            a message by its key, with its values filled in
Wrong        raised with the key of the message that the reader gets
translate    the hook for an edition in another language: a function from an English template to one in that language,
             such as `gettext.translation(...).gettext`; the placeholders keep their names

A placeholder {case} holds the description of a case, which stands in this table as well. {given}, {wanted} and {name}
hold code, which is the same in every language. A key that ends in ", named" is about one part of a result. Names of
numbers ("n = 2") stand in place of counted things ("2 inputs"), so that no language needs its plurals.
"""

# ruff: noqa: E501 (a message is one line)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

translate: Callable[[str], str] = str

MESSAGES = {
    # verdicts
    "not solved yet": "Not solved yet",
    "wrong": "Wrong",
    "correct": "Correct",
    "raise NotImplementedError": "replace `raise NotImplementedError` by your answer, and run both cells again.",
    # every section
    "stops": "for {case} your function stops with {error}: {text}",
    "parts": "for {case} the result should be {wanted}; it is {given}",
    "parts, named": "for {case} {name} should be {wanted}; it is {given}",
    "no tensor": "for {case} the result is {given}, which is not a tensor of numbers",
    "no tensor, named": "for {case} {name} is {given}, which is not a tensor of numbers",
    "tensor needed": "for {case} the result should be a tensor, which a layer can take; it is of type {given}",
    "tensor needed, named": "for {case} {name} should be a tensor, which a layer can take; it is of type {given}",
    "shape": "for {case} the result has the shape {given}; it should be {wanted}",
    "shape, named": "for {case} {name} has the shape {given}; it should be {wanted}",
    "floats": "for {case} the result is made of floating-point numbers; it should be made of integers",
    "floats, named": "for {case} {name} is made of floating-point numbers; it should be made of integers",
    "no number": "for {case} the result is {given}, which is not a number",
    "no number, named": "for {case} {name} is {given}, which is not a number",
    "no truth": "for {case} the result is {given}; it should be True or False",
    "no truth, named": "for {case} {name} is {given}; it should be True or False",
    "differs": "for {case} the result is {given}; it should be {wanted}",
    "differs, named": "for {case} {name} is {given}; it should be {wanted}",
    "off": "for {case} the result is off by up to {gap}",
    "off, named": "for {case} {name} is off by up to {gap}",
    "not finite": "for {case} the result holds numbers that are not finite (nan or inf)",
    "not finite, named": "for {case} {name} holds numbers that are not finite (nan or inf)",
    "detached": "for {case} the result is right, but no gradient flows back from it: it must stay a tensor of the graph",
    "detached, named": "for {case} {name} is right, but no gradient flows back from it: it must stay a tensor of the graph",
    "gradient": "for {case} the result is right, but its gradient is not: is a part of it detached?",
    "gradient, named": "for {case} {name} is right, but its gradient is not: is a part of it detached?",
    "cell": "n = {n}, d = {d} and h = {h}",
    # gru
    "token": "t' = {t_prime} and T = {T}",
    "token not seen": "for {case} the last state does not depend on token {t_prime} at all",
    "token still seen": "for {case} the last state still depends on token {t}",
    "no sigmoid": "for {case} {name} leaves the range of a sigmoid, 0 to 1: {given}",
    "only token": "the last state depends on the chosen token and on no other.",
    "reset after": "for {case} R acts after the product with W_hh; here it must act on H before it",
    "no reset": "for {case} the candidate sees the whole state; R decides how much of it",
    "reset mixes": "for {case} R mixes the old state with the candidate; with no update gate the candidate is the new state",
    "reset only": "the candidate, computed from the reset state, is the new state.",
    "update the other way": "for {case} Z and 1 - Z have changed places: in the book's form Z keeps the old state",
    "update resets": "for {case} the candidate sees the state through Z; with no reset gate it sees the whole state",
    "update only": "the new state lies between the old one and the candidate, where Z puts it.",
    "weights": "d = {d} and h = {h}",
    "not flipped": "for {case} the gate computed with your {name} is not 1 - Z for every input",
    "bias kept": "for {case} the gate computed with your b_z is not 1 - Z: a bias that opens a gate in one convention closes it in the other",
    "one minus": "for {case} your {name} is 1 minus the old one, but σ stands between a parameter and the gate",
    "flipped": "the two conventions are the same family of models; only the sign of three parameters differs.",
    "constant gate": "z = {z}",
    "half-life upside down": "for {case} the result is {given}; it should be {wanted}: which of the two logarithms is divided by the other?",
    "a lifetime": "for {case} the result is {given}; it should be {wanted}: that is the mean number of steps, not the half-life",
    "never, with no sign": "for {case} the result is {given}; it should be inf: a state that is kept whole never halves, and a quotient by ln 1 = 0 has no sign",
    "half-life": "from z = 0.9 to z = 0.99 the memory becomes ten times as long.",
}


def _(key: str, **values: Any) -> str:
    """Return the message with its values in place; values that it does not name are left out."""
    return translate(MESSAGES[key]).format(**values)


class Wrong(Exception):
    """The reader's answer is wrong: the key of the message, and its values but those of the case."""

    def __init__(self, key: str, **values: Any):
        super().__init__(key)
        self.key, self.values = key, values
