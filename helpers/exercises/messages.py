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
    # lstm
    "cell after steps": "C = {value} and T = {T}",
    "gate out of range": "for {case} {name} leaves its range, {low} to 1: {given}",
    "cell elsewhere": "for {case} your gates lead to C = {C}",
    "reached": "after T steps the cell can hold anything from -T to T: only the second tanh bounds the output.",
    "single layer": "nn.{kind} with d = {d} and h = {h}",
    "one bias per block": "for {case} {name} is {given}; it should be {wanted}: torch keeps two biases for each block",
    "biases multiplied": "for {case} {name} is {given}; it should be {wanted}: biases are added, nothing is multiplied by them",
    "blocks": "for {case} {name} is {given}; it should be {wanted}: a GRU has three blocks, an LSTM four, gates and candidate",
    "costs": "three and four times the plain RNN's, whatever d and h; for large h both grow with its square.",
    "torch's order": "for {case} the blocks of {name} are in torch's order i, f, g, o; the second block should be that of the output gate",
    "order read backwards": "for {case} the blocks of {name} have moved the wrong way: which of torch's blocks comes second, which third?",
    "biases in torch's order": "for {case} the blocks of B are in torch's order; biases are reordered like weights, either side by itself",
    "state side first": "for {case} B begins with the biases of the state side; those of the input side come first",
    "biases added": "for {case} the two halves of B have the right sum, but the first should hold the biases of the input side, the second those of the state side",
    "to ONNX": "the operator, run with your weights, gives the outputs of nn.LSTM.",
    "half-life of a cell": "a half-life of k = {k}",
    "cell left": "for {case} a bias of {bias} leaves {left} of the cell; it should leave 0.500",
    "bias for": "ten times the memory takes a bias that is only about ln 10 = 2.3 larger.",
    "windows": "windows with N = {N} and T = {T}",
    "later windows": "later windows with M = {M} and S = {S}",
    "no model": "for {case} the result should be a model that can be called; it is {given}",
    "rows mixed": "for {case} a forecast depends on the other rows: is the batch taken for time?",
    "no better than naive": "for {case} the mean squared error is {error:.3f}; repeating the last value has {naive:.3f}, and the forecast should have at most 0.8 of that",
    "no LSTM": "for {case} no nn.LSTM runs in the model; the forecast should come from one",
    "LSTM idle": "for {case} the nn.LSTM hardly matters: with zeros in place of its outputs the mean squared error is {without:.3f}, and with them {error:.3f}",
    "forecasts": "the forecasts beat the naive one, at both lengths of window.",
    # deep_rnn
    "two layers of units": "B = {B}, T = {T}, D = {D} and layers of width {h1} and {h2}",
    "layer 1 shown": "for {case} the outputs are those of layer 1; they should come from layer 2",
    "layer 2 late": "for {case} layer 2 reads the state that layer 1 had one step before; it reads the new one",
    "initial states ignored": "for {case} the given states are ignored: each layer must start from its own",
    "two layers": "outputs and both states are those of torch's layers.",
    "torch layer": "nn.{kind}, num_inputs = {num_inputs}, num_hiddens = {num_hiddens} and num_layers = {num_layers}",
    "W_xh is square": "for {case} the result is {given}; it should be {wanted}: W_xh of layer 1 is d × h, not h × h",
    "W_xh is d × h everywhere": "for {case} the result is {given}; it should be {wanted}: from the second layer on, the inputs are the h outputs of the layer below",
    "one bias": "for {case} the result is {given}; it should be {wanted}: torch keeps two biases",
    "counted": "every count is torch's.",
    "torch state": "the state of nn.{kind} with L = {L}, B = {B} and H = {H}",
    "last layer first": "for {case} {name} is that of another layer: the first state is that of layer 1, at the bottom",
    "H and C exchanged": "for {case} {name} is the other one of the pair: H comes first, then C",
    "state taken apart": "each layer gets its own state, and can go on from it alone.",
    "pieces": "T = {T} and size = {size} through {kind} with L = {L}",
    "layer not called": "for {case} the layer was never called",
    "too many steps at once": "for {case} the layer was given {steps} steps at once",
    "state not handed over": "for {case} every piece starts from an empty state; hand the last one over",
    "read in pieces": "in pieces or in one go, the outputs and the last state are the same.",
    # bi_rnn
    "two widths": "n = {n}, T = {T}, d = {d}, h_f = {h_f}, h_b = {h_b} and q = {q}",
    "output counted": "for {case} {name} is {given}; it should be {wanted}: W_hq and its bias are not part of the layer",
    "one wide layer": "for {case} {name} is {given}; it should be {wanted}: no weight leads from one direction to the other",
    "twice the forward width": "for {case} {name} is {given}; it should be {wanted}: the backward half has a width of its own",
    "widths add up": "widths add up; and no weight leads from one direction to the other, so their parameters do, too.",
    "levels": "nn.{kind} with L = {L} and T = {T}",
    "not turned back": "for {case} the backward half is in the order in which it was read; turn it round again",
    "halves exchanged": "for {case} the two halves have changed places: forward comes first",
    "state ignored": "for {case} the given state is ignored: each direction must start from its own slot",
    "slots exchanged": "for {case} the directions start from each other's slot: on each level, the forward one comes first",
    "forward states first": "for {case} the state holds all forward states first; torch goes level by level: forward, backward",
    "levels joined": "each level reads both directions of the one below, as torch's does.",
    "padded sequences": "lengths = {lengths}",
    "backward half from the end": "for {case} the backward half has read the last token only; it is final at the first",
    "forward half from the padding": "for {case} the forward half is taken from the padding of a shorter sequence; it is final at the last real token",
    "forward half from the start": "for {case} the forward half has read the first token only; it is final at the last real one",
    "right ends": "forward states end at the last real token, backward states at the first.",
    "outputs": "outputs with B = {B}, T = {T} and H = {H}",
    "own place read": "for {case} each half has read its own place; it should be that of the place before, or after",
    "backward half not moved": "for {case} the backward half has read its own place; it should be that of the place after",
    "moved the wrong way": "for {case} the halves have moved the wrong way: which state at place t has not read t, the one before or the one after?",
    "both moved to the right": "for {case} both halves have moved to the right, but the backward one reads from the other end",
    "round the corner": "for {case} a state has gone round the corner to the other end; where there is nothing to read, the half is zero",
    "around": "every place is described by all the others, and by nothing of its own.",
    "chain": "k = {k} and x = {x}",
    "probabilities vanish": "for {case} {name} is not finite: probabilities this small are 0 in a computer, their logs are not",
    "alpha without its observation": "for {case} log_alpha is off by the factor p(x_t | h_t): at t it must count the observation at t",
    "beta with its observation": "for {case} log_beta is off by the factor p(x_t | h_t): at t it must not count the observation at t",
    "move transposed": "for {case} {name} is wrong, as if log_move were transposed: its row is the state before, its column the state after",
    "missing taken for 0": "for {case} {name} takes a missing observation for the symbol 0; its factor is 1 whatever the state",
    "messages": "the sum over all paths, without visiting them; and in logarithms no chain is too long.",
}


def _(key: str, **values: Any) -> str:
    """Return the message with its values in place; values that it does not name are left out."""
    return translate(MESSAGES[key]).format(**values)


class Wrong(Exception):
    """The reader's answer is wrong: the key of the message, and its values but those of the case."""

    def __init__(self, key: str, **values: Any):
        super().__init__(key)
        self.key, self.values = key, values
