"""Checks for the exercises of the notebook `gru`.

check_only_token         gates that let one token decide
check_reset_only         a cell with a reset gate and no update gate
check_update_only        a cell with an update gate and no reset gate
check_flip_update_gate   from one convention for Z to the other
check_half_life          how long a gate remembers
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.exercises.verdict import Verdict, Wrong, call, number, parts, same, scalar, tensor, verdict


def check_only_token(gates: Callable[[int, int], tuple]) -> Verdict:
    """Check gates(t_prime, T) -> (R, Z), T numbers each: the last state must depend on the input at t_prime alone.

    Positions count from 0. Dependence is measured by the derivative of H_{T-1} with respect to every input.
    """

    def run() -> str:
        for t_prime, T in [(2, 5), (0, 6), (3, 4), (0, 1), (4, 9)]:
            case = f"t' = {t_prime} in a sequence of {T} tokens"
            answer = parts(call(gates, case, t_prime, T), "RZ", case)
            R, Z = (tensor(gate, (T,), case, name) for gate, name in zip(answer, "RZ", strict=True))
            for gate, name in ((R, "R"), (Z, "Z")):
                if not ((gate >= 0) & (gate <= 1)).all():  # so that NaN is refused as well
                    raise Wrong(f"for {case} {name} leaves the range of a sigmoid, 0 to 1: {gate.tolist()}")
            effect = _effect_of_inputs(R, Z)
            if effect[t_prime] < 1e-6:
                raise Wrong(f"for {case} the last state does not depend on token {t_prime} at all")
            others = [t for t in range(T) if t != t_prime and effect[t] > 1e-6]
            if others:
                raise Wrong(f"for {case} the last state still depends on token {others[-1]}")
        return "the last state depends on the chosen token and on no other."

    return verdict(run)


def _effect_of_inputs(R: Tensor, Z: Tensor) -> Tensor:
    """Return the norm of dH_{T-1}/dX_t for every t (T,), for a GRU whose gates are forced to R and Z."""
    g = torch.Generator().manual_seed(0)
    W_xh, W_hh = torch.randn(2, 3, generator=g), torch.randn(3, 3, generator=g)
    X = torch.randn(len(R), 2, generator=g, requires_grad=True)
    H = torch.zeros(3)
    for x, r, z in zip(X, R, Z, strict=True):
        H = z * H + (1 - z) * torch.tanh(x @ W_xh + (r * H) @ W_hh)
    if not H.requires_grad:
        return torch.zeros(len(R))
    return torch.autograd.grad(H.sum(), X)[0].norm(dim=1)


def _cell_case(seed: int, n: int, d: int, h: int, scale: float = 1.0) -> list[Tensor]:
    """Return X (n, d), H (n, h), and twice W (d, h), W (h, h), b (h,), drawn at random."""
    g = torch.Generator().manual_seed(seed)
    shapes = [(n, d), (n, h)] + [(d, h), (h, h), (h,)] * 2
    return [scale * torch.randn(*shape, generator=g) for shape in shapes]


def check_reset_only(step: Callable[..., Tensor]) -> Verdict:
    """Check step(X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h) -> H: a cell with a reset gate and no update gate."""

    def run() -> str:
        for n, d, h in [(1, 1, 1), (2, 3, 4), (5, 2, 6)]:
            case = f"a batch of {n}, {d} inputs and {h} hidden units"
            X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h = args = _cell_case(n, n, d, h)
            r = 1 / (1 + torch.exp(-(X @ W_xr + H @ W_hr + b_r)))
            expected = torch.tanh(X @ W_xh + torch.einsum("nh,nh,hk->nk", r, H, W_hh) + b_h)
            torch_form = torch.tanh(X @ W_xh + r * (H @ W_hh) + b_h)
            result = call(step, case, *args)
            if h > 1 and torch.allclose(tensor(result, (n, h), case), torch_form, atol=1e-5):
                raise Wrong(f"for {case} R acts after the product with W_hh; here it must act on H before it")
            same(result, expected, case, "without an update gate the new state is the candidate itself")
        return "the candidate, computed from the reset state, is the new state."

    return verdict(run)


def check_update_only(step: Callable[..., Tensor]) -> Verdict:
    """Check step(X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h) -> H: a cell with an update gate and no reset gate."""

    def run() -> str:
        for n, d, h in [(1, 1, 1), (2, 3, 4), (5, 2, 6)]:
            case = f"a batch of {n}, {d} inputs and {h} hidden units"
            X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h = args = _cell_case(n + 10, n, d, h)
            z = 1 / (1 + torch.exp(-(X @ W_xz + H @ W_hz + b_z)))
            candidate = torch.tanh(X @ W_xh + H @ W_hh + b_h)
            result = call(step, case, *args)
            if torch.allclose(tensor(result, (n, h), case), (1 - z) * H + z * candidate, atol=1e-5):
                raise Wrong(f"for {case} Z and 1 - Z have changed places: in the book's form Z keeps the old state")
            same(result, candidate + z * (H - candidate), case)
        return "the new state lies between the old one and the candidate, where Z puts it."

    return verdict(run)


def check_flip_update_gate(flip: Callable[..., tuple]) -> Verdict:
    """Check flip(W_xz, W_hz, b_z) -> three tensors, with which the update gate becomes 1 - Z for every input."""

    def run() -> str:
        for n, d, h in [(1, 1, 1), (4, 3, 2), (6, 2, 5)]:
            case = f"{d} inputs and {h} hidden units"
            X, H, W_xz, W_hz, b_z, *_ = _cell_case(n + 20, n, d, h)
            shapes, names = [(d, h), (h, h), (h,)], ["W_xz", "W_hz", "b_z"]
            answer = parts(call(flip, case, W_xz, W_hz, b_z), names, case)
            V_xz, V_hz, c_z = (tensor(a, s, case, name) for a, s, name in zip(answer, shapes, names, strict=True))
            flipped, Z = torch.sigmoid(X @ V_xz + H @ V_hz + c_z), torch.sigmoid(X @ W_xz + H @ W_hz + b_z)
            gap = (flipped - (1 - Z)).abs().max().item()
            if not gap < 1e-5:  # so that NaN is refused as well
                raise Wrong(
                    f"for {case} the gate computed with your parameters differs from 1 - Z by up to {gap:.3f}; "
                    "for which number is σ as far below 1 as it is above 0 for another?"
                )
        return "the two conventions are the same family of models; only the sign of three parameters differs."

    return verdict(run)


def check_half_life(half_life: Callable[[float], float]) -> Verdict:
    """Check half_life(z): after how many steps a state that is multiplied by z at each step has halved."""

    def run() -> str:
        for z in (0.5, 0.9, 0.99, 0.25, 1.0):
            case, expected = f"z = {z}", math.inf if z == 1 else math.log(0.5, z)
            answer = call(half_life, case, z)
            if z == 1 and scalar(answer, case) != expected:
                raise Wrong(
                    f"for {case} the result is {scalar(answer, case):g}; it should be inf, for a state that is kept "
                    "whole never halves, and a quotient by ln 1 = 0 has no sign"
                )
            number(answer, expected, case)
        return "from z = 0.9 to z = 0.99 the memory becomes ten times as long."

    return verdict(run)
