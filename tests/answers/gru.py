"""Right and wrong answers for the checks of the section `gru`."""

import math

import numpy as np
import torch
from torch import nn

from answers.table import Answers

ANSWERS: dict[str, Answers] = {}


def sigmoid(a):
    return 1 / (1 + (-a).exp())


# --- only one token --------------------------------------------------------------------------------------------------


def only_token(t_prime, T):
    """Take nothing but the candidate at t_prime, computed without the past, and keep it to the end."""
    return [0.0] * T, [float(t != t_prime) for t in range(T)]


def only_token_with_open_reset_before(t_prime, T):
    """Nothing is taken up before t_prime, so that the reset gate may be open there: the state is still 0."""
    Z = torch.ones(T)
    Z[t_prime] = 0
    return torch.ones(T), Z


ANSWERS["check_only_token"] = Answers(
    right={
        "lists": only_token,
        "tensors": lambda t, T: tuple(map(torch.tensor, only_token(t, T))),
        "integers": lambda t, T: ([0] * T, [int(i != t) for i in range(T)]),
        "arrays": lambda t, T: (np.zeros(T), np.array(only_token(t, T)[1])),
        "a list of two": lambda t, T: list(only_token(t, T)),
        "one tensor (2, T)": lambda t, T: torch.tensor(only_token(t, T)),
        "open reset gate, nothing taken before": only_token_with_open_reset_before,
        "forget before, keep after": lambda t, T: ([float(i > t) for i in range(T)], [float(i > t) for i in range(T)]),
    },
    wrong={
        "Z of the other convention": (
            lambda t, T: ([0.0] * T, [float(i == t) for i in range(T)]),
            "for t' = 2 in a sequence of 5 tokens the last state does not depend on token 2 at all",
        ),
        "counted from 1": (
            lambda t, T: only_token(t - 1, T) if t else only_token(0, T),
            "for t' = 2 in a sequence of 5 tokens the last state does not depend on token 2 at all",
        ),
        "the past not reset": (
            lambda t, T: ([1.0] * T, [float(i > t) for i in range(T)]),
            "for t' = 2 in a sequence of 5 tokens the last state still depends on token 1",
        ),
        "overwritten afterwards": (lambda t, T: ([0.0] * T, [0.0] * T), "does not depend on token 2 at all"),
        "never taken up": (lambda t, T: ([0.0] * T, [1.0] * T), "does not depend on token 2 at all"),
        "right for a token in the middle only": (
            lambda t, T: only_token(t if t else T - 1, T),
            "for t' = 0 in a sequence of 6 tokens",
        ),
        "gates half open": (lambda t, T: ([0.5] * T, [0.5] * T), "still depends on token 4"),
        "outside a sigmoid's range": (lambda t, T: (only_token(t, T)[0], [9.0] * T), "Z leaves the range of a sigmoid"),
        "not a number": (lambda t, T: ([math.nan] * T, only_token(t, T)[1]), "R leaves the range of a sigmoid"),
        "one number too few": (lambda t, T: ([0.0] * (T - 1), [1.0] * T), "R has the shape (4,); it should be (5,)"),
        "Z alone": (lambda t, T: only_token(t, T)[1], "should be (R, Z)"),
        "three parts": (lambda t, T: (*only_token(t, T), 0), "should be (R, Z)"),
    },
)

# --- half a GRU ------------------------------------------------------------------------------------------------------


def reset_only(X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h):
    R = sigmoid(X @ W_xr + H @ W_hr + b_r)
    return torch.tanh(X @ W_xh + (R * H) @ W_hh + b_h)


def reset_only_number_by_number(X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h):
    (n, d), h = X.shape, H.shape[1]
    new = torch.zeros(n, h)
    for i in range(n):
        read = H[i].clone()
        for k in range(h):
            a = b_r[k] + sum(X[i, j] * W_xr[j, k] for j in range(d)) + sum(H[i, j] * W_hr[j, k] for j in range(h))
            read[k] = H[i, k] / (1 + math.exp(-a))
        for k in range(h):
            a = b_h[k] + sum(X[i, j] * W_xh[j, k] for j in range(d)) + sum(read[j] * W_hh[j, k] for j in range(h))
            new[i, k] = math.tanh(a)
    return new


ANSWERS["check_reset_only"] = Answers(
    right={"matrices": reset_only, "number by number": reset_only_number_by_number},
    wrong={
        "the reset after the product, as torch has it": (
            lambda X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h: torch.tanh(
                X @ W_xh + sigmoid(X @ W_xr + H @ W_hr + b_r) * (H @ W_hh) + b_h
            ),
            "for a batch of 2, 3 inputs and 4 hidden units R acts after the product with W_hh",
        ),
        "no reset": (
            lambda X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h: torch.tanh(X @ W_xh + H @ W_hh + b_h),
            "for a batch of 1, 1 inputs and 1 hidden units the result is off by",
        ),
        "1 - R": (lambda X, H, A, B, c, *rest: reset_only(X, H, -A, -B, -c, *rest), "the result is off by"),
        "the reset gate mixes, too": (
            lambda X, H, A, B, c, *rest: (lambda R: R * H + (1 - R) * reset_only(X, H, A, B, c, *rest))(
                sigmoid(X @ A + H @ B + c)
            ),
            "the new state is the candidate itself",
        ),
        "without the bias": (
            lambda X, H, A, B, c, W_xh, W_hh, b_h: reset_only(X, H, A, B, c, W_xh, W_hh, 0 * b_h),
            "the result is off by",
        ),
        "without tanh": (lambda *args: torch.atanh(reset_only(*args)), "the result is off by"),
        "the first row alone": (lambda *args: reset_only(*args)[:1], "has the shape (1, 4); it should be (2, 4)"),
    },
)


def update_only(X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h):
    Z = sigmoid(X @ W_xz + H @ W_hz + b_z)
    return Z * H + (1 - Z) * torch.tanh(X @ W_xh + H @ W_hh + b_h)


def update_only_by_torch(X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h):
    """nn.GRUCell, with its reset gate forced open."""
    cell = nn.GRUCell(X.shape[1], H.shape[1])
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat([0 * W_xz, W_xz, W_xh], dim=1).T)
        cell.weight_hh.copy_(torch.cat([0 * W_hz, W_hz, W_hh], dim=1).T)
        cell.bias_ih.copy_(torch.cat([0 * b_z + 100, b_z, b_h]))
        cell.bias_hh.zero_()
    return cell(X, H)


ANSWERS["check_update_only"] = Answers(
    right={"matrices": update_only, "nn.GRUCell with R = 1": update_only_by_torch},
    wrong={
        "Z and 1 - Z exchanged": (
            lambda X, H, A, B, c, *rest: update_only(X, H, -A, -B, -c, *rest),
            "for a batch of 1, 1 inputs and 1 hidden units Z and 1 - Z have changed places",
        ),
        "the candidate alone": (
            lambda X, H, A, B, c, W_xh, W_hh, b_h: torch.tanh(X @ W_xh + H @ W_hh + b_h),
            "for a batch of 1, 1 inputs and 1 hidden units the result is off by",
        ),
        "a candidate that does not see the state": (
            lambda X, H, A, B, c, W_xh, W_hh, b_h: update_only(X, H, A, B, c, W_xh, 0 * W_hh, b_h),
            "the result is off by",
        ),
        "a candidate that sees the state through Z": (
            lambda X, H, A, B, c, W_xh, W_hh, b_h: (
                lambda Z: Z * H + (1 - Z) * torch.tanh(X @ W_xh + (Z * H) @ W_hh + b_h)
            )(sigmoid(X @ A + H @ B + c)),
            "the result is off by",
        ),
        "the weights transposed": (
            lambda X, H, A, B, c, W_xh, W_hh, b_h: update_only(X, H, A, B.T, c, W_xh, W_hh, b_h),
            "for a batch of 2, 3 inputs and 4 hidden units the result is off by",
        ),
        "averaged over the batch": (lambda *args: update_only(*args).mean(0), "it should be (1, 1)"),
    },
)

# --- the other convention --------------------------------------------------------------------------------------------

ANSWERS["check_flip_update_gate"] = Answers(
    right={
        "all three negated": lambda W_xz, W_hz, b_z: (-W_xz, -W_hz, -b_z),
        "as a list": lambda *parameters: [-p for p in parameters],
        "negated in place": lambda *parameters: tuple(p.neg_() for p in parameters),
    },
    wrong={
        "the bias forgotten": (
            lambda W_xz, W_hz, b_z: (-W_xz, -W_hz, b_z),
            "for 1 inputs and 1 hidden units the gate computed with your parameters differs from 1 - Z by up to",
        ),
        "the recurrent weights forgotten": (lambda W_xz, W_hz, b_z: (-W_xz, W_hz, -b_z), "differs from 1 - Z"),
        "one minus": (lambda *parameters: tuple(1 - p for p in parameters), "differs from 1 - Z by up to"),
        "nothing changed": (lambda *parameters: parameters, "differs from 1 - Z by up to"),
        "two tensors": (lambda W_xz, W_hz, b_z: (-W_xz, -W_hz), "should be (W_xz, W_hz, b_z)"),
        "transposed": (
            lambda W_xz, W_hz, b_z: (-W_xz.T, -W_hz, -b_z),
            "for 3 inputs and 2 hidden units W_xz has the shape (2, 3); it should be (3, 2)",
        ),
    },
)

# --- half-life -------------------------------------------------------------------------------------------------------


def half_life(z):
    return math.inf if z == 1 else math.log(0.5) / math.log(z)


def numpy_half_life(z):
    with np.errstate(divide="ignore"):
        return np.log(0.5) / np.log(z)


ANSWERS["check_half_life"] = Answers(
    right={
        "formula": half_life,
        "base two": lambda z: math.inf if z == 1 else -1 / math.log2(z),
        "in single precision": lambda z: torch.tensor(0.5).log() / torch.tensor(z).log() if z < 1 else math.inf,
        "a number of NumPy": lambda z: np.float64(half_life(z)),
        "a tensor with one number": lambda z: torch.tensor([half_life(z)]),
    },
    wrong={
        "upside down": (
            lambda z: 0 if z == 1 else math.log(z) / math.log(0.5),
            "for z = 0.9 the result is 0.152003; it should be 6.57881",
        ),
        "rounded up": (lambda z: math.inf if z == 1 else math.ceil(half_life(z)), "for z = 0.9 the result is 7"),
        "the mean number of steps": (lambda z: math.inf if z == 1 else 1 / (1 - z), "for z = 0.5 the result is 2"),
        "negative": (lambda z: -half_life(z), "for z = 0.5 the result is -1"),
        "z = 1 forgotten": (
            lambda z: math.log(0.5) / math.log(z),
            "for z = 1.0 your function stops with ZeroDivisionError",
        ),
        "z = 1 never ends, but negatively": (lambda z: -math.inf if z == 1 else half_life(z), "it should be inf"),
        "NumPy's quotient": (
            numpy_half_life,
            "for z = 1.0 the result is -inf; it should be inf, for a state that is kept whole never halves",
        ),
        "several numbers": (lambda z: torch.tensor([half_life(z)] * 2), "for z = 0.5 the result is tensor"),
        "not a number": (lambda z: math.nan, "for z = 0.5 the result is nan"),
        "too large for a float": (lambda z: 10**400, "for z = 0.5 the result is"),
    },
)
