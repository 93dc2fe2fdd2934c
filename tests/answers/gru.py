"""Other answers for the checks of the section `gru`, right and wrong."""

import math

import numpy as np
import torch


def only_token_with_open_reset_before(t_prime, T):
    """Nothing is taken up before t_prime, so that the reset gate may be open there: the state is still 0."""
    return [1.0] * T, [float(t != t_prime) for t in range(T)]


def reset_only(X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h):
    return torch.tanh(X @ W_xh + (torch.sigmoid(X @ W_xr + H @ W_hr + b_r) * H) @ W_hh + b_h)


def update_only(X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h):
    return torch.lerp(torch.tanh(X @ W_xh + H @ W_hh + b_h), H, torch.sigmoid(X @ W_xz + H @ W_hz + b_z))


def numpy_half_life(z):
    with np.errstate(divide="ignore"):
        return np.log(0.5) / np.log(z)


def gates_by_hand(k, bias=8.0, size=1.0):
    """Another right answer: a smaller candidate, and the flag's weight just twice the bias."""
    eye, flag = torch.eye(k + 1, k), torch.zeros(k + 1, k)
    flag[-1] = -2 * bias
    return flag, torch.full((k,), bias), size * eye


RIGHT = {
    "check_only_token": {
        "open reset gate, nothing taken before": only_token_with_open_reset_before,
        "one tensor (2, T)": lambda t, T: torch.tensor(only_token_with_open_reset_before(t, T)),
        "a list of two lists": lambda t, T: list(only_token_with_open_reset_before(t, T)),
    },
    "check_update_only": {"lerp": update_only},
    "check_flip_update_gate": {"negated in place": lambda *parameters: [p.neg_() for p in parameters]},
    "check_gates_by_hand": {"a smaller candidate": gates_by_hand},
    "check_half_life": {"base two": lambda z: math.inf if z == 1 else -1 / math.log2(z)},
}
WRONG = {
    "check_only_token": {
        "counted from 1": (lambda t, T: only_token_with_open_reset_before(t - 1, T), "T = 5 the last state does not"),
        "right in the middle only": (lambda t, T: only_token_with_open_reset_before(t or T - 1, T), "t' = 0 and T = 6"),
        "gates half open": (lambda t, T: ([0.5] * T, [0.5] * T), "still depends on token 4"),
        "never taken up": (lambda t, T: ([0.0] * T, [1.0] * T), "does not depend on token 2 at all"),
        "not a number": (lambda t, T: ([math.nan] * T, [1.0] * T), "R leaves the range of a sigmoid"),
        "one number too few": (lambda t, T: ([0.0] * (T - 1), [1.0] * T), "R has the shape (4,); it should be (5,)"),
        "Z alone": (lambda t, T: [float(i != t) for i in range(T)], "should be (R, Z)"),
    },
    "check_reset_only": {
        "1 - R": (lambda X, H, A, B, c, *rest: reset_only(X, H, -A, -B, -c, *rest), "the result is off by"),
        "without the bias": (lambda *args: reset_only(*args[:-1], 0 * args[-1]), "the result is off by"),
        "without tanh": (lambda *args: torch.atanh(reset_only(*args)), "the result is off by"),
        "the first row alone": (lambda *args: reset_only(*args)[:1], "has the shape (1, 4); it should be (2, 4)"),
    },
    "check_update_only": {
        "a blind candidate": (lambda *args: update_only(*args[:-2], 0 * args[-2], args[-1]), "the result is off by"),
        "transposed": (lambda X, H, A, B, *rest: update_only(X, H, A, B.T, *rest), "for n = 2, d = 3 and h = 4 the"),
        "averaged over the batch": (lambda *args: update_only(*args).mean(0), "it should be (1, 1)"),
    },
    "check_flip_update_gate": {
        "nothing changed": (lambda *parameters: parameters, "the gate computed with your W_xz is not 1 - Z"),
        "two tensors": (lambda W_xz, W_hz, b_z: (-W_xz, -W_hz), "should be (W_xz, W_hz, b_z)"),
        "transposed": (lambda W, U, b: (-W.T, -U, -b), "d = 3 and h = 2 W_xz has the shape (2, 3); it should be (3, 2"),
    },
    "check_gates_by_hand": {
        "a leak": (lambda k: gates_by_hand(k, bias=2.0), "for k = 4 the flagged symbol is not the largest entry"),
        "the state held, nothing taken": (
            lambda k: gates_by_hand(k, size=0.0),
            "is not the flagged symbol at the step",
        ),
        "not a number": (lambda k: [part * math.nan for part in gates_by_hand(k)], "W_xz holds numbers that are not"),
        "for k = 4 alone": (lambda k: gates_by_hand(4), "for k = 2 W_xz has the shape (5, 4); it should be (3, 2)"),
        "transposed": (
            lambda k: [gates_by_hand(k)[0].T, *gates_by_hand(k)[1:]],
            "W_xz has the shape (4, 5); it should be",
        ),
    },
    "check_half_life": {
        "NumPy's quotient": (numpy_half_life, "for z = 1.0 the result is -inf; it should be inf: a state that is kept"),
        "rounded up": (lambda z: math.inf if z == 1 else math.ceil(-1 / math.log2(z)), "for z = 0.9 the result is 7"),
        "z = 1 forgotten": (lambda z: -1 / math.log2(z), "for z = 1.0 your function stops with ZeroDivisionError"),
        "several numbers": (lambda z: torch.tensor([1.0, 1.0]), "which is not a number"),
        "not a number": (lambda z: math.nan, "for z = 0.5 the result is nan"),
        "too large for a float": (lambda z: 10**400, "for z = 0.5 the result is"),
    },
}
