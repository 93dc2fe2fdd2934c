"""Checks for the exercises of the notebook `gru`.

check_only_token         gates that let one token decide
check_reset_only         a cell with a reset gate and no update gate
check_update_only        a cell with an update gate and no reset gate
check_flip_update_gate   from one convention for Z to the other
check_half_life          how long a gate remembers
check_gates_by_hand      weights with which a GRU keeps the symbol that was flagged last
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.exercises.check import Check, draw
from helpers.exercises.messages import Wrong
from helpers.exercises.returned import wrong


def _only_token(t_prime, T):
    """gates(t_prime, T) -> (R, Z), T numbers each: the last state must depend on the input at t_prime alone.

    Positions count from 0. Dependence is measured by the derivative of H_{T-1} with respect to every input.
    """
    return (t_prime, T), {name: torch.empty(T, device="meta") for name in "RZ"}


def _one_token_decides(gates: dict[str, Tensor], t_prime: int, T: int) -> None:
    for name, gate in gates.items():
        if not ((gate >= 0) & (gate <= 1)).all():  # so that NaN is refused as well
            raise Wrong("no sigmoid", name=name, given=gate.tolist())
    X, W_xh, W_hh = draw(0, (T, 2), (2, 3), (3, 3))
    X.requires_grad_()
    H = 0 * X[0] @ W_xh
    for x, r, z in zip(X, gates["R"].detach(), gates["Z"].detach(), strict=True):
        H = z * H + (1 - z) * torch.tanh(x @ W_xh + (r * H) @ W_hh)
    effect = torch.autograd.grad(H.sum(), X)[0].norm(dim=1)  # (T,)
    if effect[t_prime] < 1e-6:
        raise Wrong("token not seen")
    for t in reversed(range(T)):
        if t != t_prime and effect[t] > 1e-6:
            raise Wrong("token still seen", t=t)


check_only_token = Check(
    _only_token,
    case="token",
    cases=[(2, 5), (0, 6), (3, 4), (0, 1), (4, 9)],
    judge=_one_token_decides,
    slips={
        "token not seen": lambda t_prime, T: ([0] * T, [t == t_prime for t in range(T)]),  # Z the other way round
        "token still seen": lambda t_prime, T: ([1] * T, [t > t_prime for t in range(T)]),  # the past not reset
        "no sigmoid": lambda t_prime, T: ([0] * T, [9] * T),
    },
    praise="only token",
)

CELLS = [(1, 1, 1), (2, 3, 4), (5, 2, 6)]  # n, d, h


def _cell(n: int, d: int, h: int) -> list[Tensor]:
    """Return X (n, d), H (n, h), and twice W (d, h), W (h, h), b (h,)."""
    return draw(n, (n, d), (n, h), *[(d, h), (h, h), (h,)] * 2)


def _gate(X: Tensor, H: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-(X @ W_x + H @ W_h + b)))


def _reset_only(n, d, h):
    """step(X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h) -> H: a cell with a reset gate and no update gate."""
    X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h = args = _cell(n, d, h)
    seen = torch.einsum("nh,nh,hk->nk", _gate(X, H, W_xr, W_hr, b_r), H, W_hh)
    return args, torch.tanh(X @ W_xh + seen + b_h)


check_reset_only = Check(
    _reset_only,
    case="cell",
    cases=CELLS,
    slips={
        "no reset": lambda X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h: torch.tanh(X @ W_xh + H @ W_hh + b_h),
        "reset after": lambda X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h: torch.tanh(
            X @ W_xh + _gate(X, H, W_xr, W_hr, b_r) * (H @ W_hh) + b_h
        ),
        "reset mixes": lambda X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h: torch.lerp(
            torch.tanh(X @ W_xh + H @ W_hh + b_h), H, _gate(X, H, W_xr, W_hr, b_r)
        ),
    },
    trains=True,
    praise="reset only",
)


def _update_only(n, d, h):
    """step(X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h) -> H: a cell with an update gate and no reset gate."""
    X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h = args = _cell(n, d, h)
    candidate = torch.tanh(X @ W_xh + H @ W_hh + b_h)
    return args, candidate + _gate(X, H, W_xz, W_hz, b_z) * (H - candidate)


check_update_only = Check(
    _update_only,
    case="cell",
    cases=CELLS,
    slips={
        "update the other way": lambda X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h: torch.lerp(
            H, torch.tanh(X @ W_xh + H @ W_hh + b_h), _gate(X, H, W_xz, W_hz, b_z)
        ),
        "update resets": lambda X, H, W_xz, W_hz, b_z, W_xh, W_hh, b_h: torch.lerp(
            torch.tanh(X @ W_xh + (Z := _gate(X, H, W_xz, W_hz, b_z)) * H @ W_hh + b_h), H, Z
        ),
    },
    trains=True,
    praise="update only",
)


def _flip_update_gate(d, h):
    """flip(W_xz, W_hz, b_z) -> three tensors, with which the update gate becomes 1 - Z for every input."""
    parameters = draw(h, (d, h), (h, h), (h,))
    return parameters, dict(zip(("W_xz", "W_hz", "b_z"), (p.neg() for p in parameters), strict=True))


check_flip_update_gate = Check(
    _flip_update_gate,
    case="weights",
    cases=[(1, 1), (3, 2), (2, 5)],
    slips={
        "bias kept": lambda W_xz, W_hz, b_z: (-W_xz, -W_hz, b_z),
        "one minus": lambda W_xz, W_hz, b_z: (1 - W_xz, 1 - W_hz, 1 - b_z),
        "not flipped": lambda W_xz, W_hz, b_z: (-W_xz, W_hz, -b_z),
    },
    off="not flipped",
    praise="flipped",
)


def _half_life(z):
    """half_life(z): after how many steps a state that is multiplied by z at each step has halved."""
    return (z,), math.inf if z == 1 else math.log(0.5, z)


check_half_life = Check(
    _half_life,
    case="constant gate",
    cases=[(0.5,), (0.9,), (0.99,), (0.25,), (1.0,)],
    slips={
        "half-life upside down": lambda z: math.log(z) / math.log(0.5),
        "a lifetime": lambda z: math.inf if z == 1 else 1 / (1 - z),
        "never, with no sign": lambda z: -math.inf if z == 1 else math.log(0.5, z),  # as NumPy has it
    },
    praise="half-life",
)


def _gates_by_hand(k):
    """by_hand(k) -> (W_xz, b_z, W_xh): the largest of the k entries of H must always be the symbol flagged last.

    X is (B, k + 1): a one-hot symbol of k, then the flag. Z = sigmoid(X W_xz + b_z), and the candidate is tanh(X W_xh).
    """
    shapes = {"W_xz": (k + 1, k), "b_z": (k,), "W_xh": (k + 1, k)}
    return (k,), {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def _last_flagged_is_largest(given: dict[str, Tensor], k: int, batch_size: int = 50, steps: int = 80) -> None:
    for name, part in given.items():
        if not part.isfinite().all():
            raise wrong("not finite", name)
    W_xz, b_z, W_xh = (part.detach() for part in given.values())
    g = torch.Generator().manual_seed(k)
    symbols = torch.randint(k, (batch_size, steps), generator=g)
    flags = torch.rand(batch_size, steps, generator=g) < 0.05
    stored, since = torch.full((batch_size,), -1), torch.zeros(batch_size, dtype=torch.int64)
    H = torch.zeros(batch_size, k)
    for symbol, flag in zip(symbols.T, flags.T, strict=True):
        X = torch.cat([F.one_hot(symbol, k), flag[:, None]], dim=1).float()
        Z = torch.sigmoid(X @ W_xz + b_z)
        H = Z * H + (1 - Z) * torch.tanh(X @ W_xh)
        stored, since = torch.where(flag, symbol, stored), torch.where(flag, 0, since + 1)
        others = H.scatter(1, stored.clamp(min=0)[:, None], -torch.inf).amax(dim=1)
        lost = (stored >= 0) & ~(H.gather(1, stored.clamp(min=0)[:, None])[:, 0] > others)
        if (lost & flag).any():
            raise Wrong("flag missed")
        if lost.any():
            raise Wrong("symbol lost", steps=since[lost].min().item())


check_gates_by_hand = Check(
    _gates_by_hand,
    case="symbols",
    cases=[(4,), (2,), (9,)],
    judge=_last_flagged_is_largest,
    slips={
        "flag missed": lambda k: (  # the flag keeps, the other steps write
            torch.cat([torch.zeros(k, k), torch.full((1, k), 20.0)]),
            torch.full((k,), -10.0),
            torch.cat([3 * torch.eye(k), torch.zeros(1, k)]),
        ),
        "symbol lost": lambda k: (  # no bias: without a flag the gate stands half open
            torch.cat([torch.zeros(k, k), torch.full((1, k), -20.0)]),
            torch.zeros(k),
            torch.cat([3 * torch.eye(k), torch.zeros(1, k)]),
        ),
    },
    praise="set by hand",
)
