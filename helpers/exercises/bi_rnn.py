"""Checks for the exercises of the notebook `bi-rnn`.

check_two_widths         shapes and parameters when the two directions differ in width
check_run_deep           several bidirectional layers, one on top of the other
check_final_states       both final states, picked out of the outputs of padded sequences
check_around             for every place, what its neighbours tell without the place itself
check_forward_backward   the messages of a hidden Markov model, also where observations are missing
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers.exercises.verdict import Verdict, Wrong, call, number, parts, same, tensor, verdict


def _layer(kind: type[nn.RNNBase], seed: int, *sizes: int, **settings: Any) -> nn.RNNBase:
    """Return a layer of torch, batch first, that is the same each time; the global random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(*sizes, batch_first=True, **settings).requires_grad_(False)


def _one_way(layer: nn.RNNBase, level: int = 0) -> tuple[nn.RNNBase, nn.RNNBase]:
    """Return both directions of one layer of a bidirectional network, each as a network of its own."""
    pair = []
    for suffix in ("", "_reverse"):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = {f"{name}_l0": getattr(layer, f"{name}_l{level}{suffix}") for name in names}
        one = _layer(type(layer), 0, weights["weight_ih_l0"].shape[1], layer.hidden_size)
        one.load_state_dict(weights)
        pair.append(one)
    return pair[0], pair[1]


# --- two widths ------------------------------------------------------------------------------------------------------


def check_two_widths(two_widths: Callable[..., tuple]) -> Verdict:
    """Check two_widths(n, T, d, h_f, h_b, q) -> (shape of the outputs, shape of W_hq, parameters of the layer).

    The layer consists of two nn.GRU, of h_f and h_b hidden units; W_hq and its bias are not counted.
    """

    def run() -> str:
        for n, T, d, h_f, h_b, q in [(2, 5, 3, 4, 4, 7), (2, 5, 3, 4, 6, 7), (1, 1, 1, 5, 2, 3), (3, 8, 10, 1, 9, 28)]:
            case = f"n = {n}, T = {T}, d = {d}, h_f = {h_f}, h_b = {h_b}, q = {q}"
            pair = [_layer(nn.GRU, 0, d, h) for h in (h_f, h_b)]
            outputs = torch.cat([layer(torch.zeros(n, T, d))[0] for layer in pair], dim=-1)
            names = ("outputs", "W_hq", "parameters")
            answer = parts(call(two_widths, case, n, T, d, h_f, h_b, q), names, case)
            for shape, expected, name in zip(answer, [outputs.shape, (outputs.shape[-1], q)], names, strict=False):
                _shape(shape, tuple(expected), case, name)
            expected, both = sum(p.numel() for layer in pair for p in layer.parameters()), h_f + h_b
            slips = {
                expected - 3 * both: "nn.GRU keeps two biases for each of its three blocks",
                expected + (both + 1) * q: "W_hq and its bias are not part of the layer",
                expected + 6 * h_f * h_b: "no weight leads from one direction to the other",
            }
            number(answer[2], expected, f"{case}, parameters:", slips)
        return "widths add up; and no weight leads from one direction to the other, so their parameters do, too."

    return verdict(run)


def _shape(value: Any, expected: tuple[int, ...], case: str, name: str) -> None:
    try:
        value = tuple(size.item() if isinstance(size, (Tensor, np.generic)) else size for size in value)
        right = len(value) == len(expected) and all(bool(a == b) for a, b in zip(value, expected, strict=True))
    except (TypeError, ValueError, RuntimeError) as error:
        raise Wrong(f"for {case} the shape of {name} is {value!r}, which is not a tuple of whole numbers") from error
    if not right:
        raise Wrong(f"for {case} the shape of {name} is {value}; it should be {expected}")


# --- several layers --------------------------------------------------------------------------------------------------


def check_run_deep(run_deep: Callable[..., tuple]) -> Verdict:
    """Check run_deep(X, layers, state) -> (outputs, state) against torch's bidirectional layers.

    layers: a pair (forwards, backwards) of one-directional layers for each level. X is (B, T, D), state (2L, B, H).
    """

    def run() -> str:
        for kind, L, B, T, D, H in [(nn.RNN, 1, 2, 4, 3, 2), (nn.GRU, 2, 3, 5, 2, 4), (nn.RNN, 3, 1, 6, 4, 3)]:
            case = f"{L} {'levels' if L > 1 else 'level'} of nn.{kind.__name__}, {T} steps"
            theirs = _layer(kind, L, D, H, L, bidirectional=True)
            layers = [_one_way(theirs, level) for level in range(L)]
            g = torch.Generator().manual_seed(L)
            X, state = torch.randn(B, T, D, generator=g), torch.randn(2 * L, B, H, generator=g)
            answer = parts(call(run_deep, case, X, layers, state), ("outputs", "state"), case, alike=False)
            outputs, last = tensor(answer[0], (B, T, 2 * H), case, "outputs"), answer[1]
            expected, expected_last = theirs(X, state)
            if not torch.allclose(outputs, expected, atol=1e-5):
                raise Wrong(f"for {case} {_what_went_wrong(outputs, X, theirs, state)}")
            last = tensor(last, (2 * L, B, H), case, "the state")
            by_direction = torch.cat([expected_last[0::2], expected_last[1::2]])
            if L > 1 and torch.allclose(last, by_direction, atol=1e-5):
                raise Wrong(
                    f"for {case} the state holds all forward states first; torch goes level by level: forward, backward"
                )
            same(last, expected_last, f"{case}, the state:", "2L slots, level by level: forward, backward")
        return "each level reads both directions of the one below, as torch's does."

    return verdict(run)


def _what_went_wrong(outputs: Tensor, X: Tensor, theirs: nn.RNNBase, state: Tensor) -> str:
    """Compare wrong outputs with some well-known mistakes."""
    H = theirs.hidden_size
    expected = theirs(X, state)[0]
    if torch.allclose(outputs, theirs(X)[0], atol=1e-5):
        return "the given state is ignored: each direction must start from its own slot"
    if torch.allclose(outputs[..., H:].flip(1), expected[..., H:], atol=1e-5):
        return "the backward half is in the order in which it was read; turn it round again"
    if torch.allclose(outputs[..., :H], expected[..., H:], atol=1e-5):
        return "the two halves have changed places: forward comes first"
    backward = torch.allclose(outputs[..., :H], expected[..., :H], atol=1e-5)
    gap = (outputs - expected)[..., H:].abs().max().item() if backward else (outputs - expected).abs().max().item()
    if theirs.num_layers > 1:  # one level alone was right
        return f"the outputs are off by up to {gap:.3f}; level 2 reads both halves of level 1, in the order of the text"
    if backward:
        return (
            f"the backward half is off by up to {gap:.3f}, though the forward half is right; it reads the tokens from "
            "the last to the first, and starts from slot 1 of the state"
        )
    return (
        f"the outputs are off by up to {gap:.3f}; the forward half reads the tokens in order, from slot 0 of the state"
    )


# --- final states ----------------------------------------------------------------------------------------------------


def check_final_states(final_states: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """Check final_states(outputs, lengths) -> (B, 2H): the final forward state, then the final backward state.

    outputs (B, T, 2H) come from a bidirectional layer that read packed sequences, so that it never saw the padding;
    what stands there (0, or another value) means nothing. lengths is (B,), whole numbers from 1 to T.
    """

    def run() -> str:
        for lengths, D, H, padding in [
            ([4, 4], 2, 3, 0),
            ([5, 2, 4], 3, 2, 0),
            ([1, 6, 1], 1, 4, 9),
            ([3, 7], 4, 1, -5),
        ]:
            case = f"sequences of {', '.join(map(str, lengths[:-1]))} and {lengths[-1]} tokens"
            B, T = len(lengths), max(lengths)
            X = torch.randn(B, T, D, generator=torch.Generator().manual_seed(T))
            layer = _layer(nn.GRU, T, D, H, bidirectional=True)
            packed = pack_padded_sequence(X, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
            outputs, h_n = layer(packed)
            outputs = pad_packed_sequence(outputs, batch_first=True, padding_value=padding)[0]
            result = tensor(call(final_states, case, outputs, torch.tensor(lengths)), (B, 2 * H), case)
            for row, length in enumerate(lengths):
                who = f"the sequence of {length} token{'s' * (length > 1)}"
                if not torch.allclose(result[row, :H], h_n[0, row], atol=1e-5):
                    raise Wrong(f"for {case} the forward half of {who} is not its state after the last real token")
                if not torch.allclose(result[row, H:], h_n[1, row], atol=1e-5):
                    read_one = torch.allclose(result[row, H:], outputs[row, length - 1, H:], atol=1e-5)
                    why = "has read the last token only" if read_one else "is not its state after the first token"
                    raise Wrong(f"for {case} the backward half of {who} {why}")
        return "forward states end at the last real token, backward states at the first."

    return verdict(run)


# --- around ----------------------------------------------------------------------------------------------------------


def check_around(around: Callable[[Tensor], Tensor]) -> Verdict:
    """Check around(outputs) -> (B, T, 2H): at each place the forward state before it and the backward state after it.

    outputs (B, T, 2H) are those of a bidirectional layer. Where nothing comes before or after, the half is zero. The
    truth is found by letting both directions read what lies on their side of a place, and nothing else.
    """

    def run() -> str:
        for B, T, D, H in [(1, 3, 2, 2), (2, 6, 3, 4), (3, 1, 2, 3), (2, 2, 1, 1)]:
            case = f"a batch of {B}, {T} step{'s' * (T > 1)} and {H} hidden unit{'s' * (H > 1)} each way"
            X = torch.randn(B, T, D, generator=torch.Generator().manual_seed(T))
            layer = _layer(nn.GRU, T, D, H, bidirectional=True)
            forwards, backwards = _one_way(layer)
            expected = torch.zeros(B, T, 2 * H)
            for t in range(T):
                if t > 0:
                    expected[:, t, :H] = forwards(X[:, :t])[1][0]
                if t < T - 1:
                    expected[:, t, H:] = backwards(X[:, t + 1 :].flip(1))[1][0]
            outputs = layer(X)[0]
            result = tensor(call(around, case, outputs), (B, T, 2 * H), case)
            for t in range(T):
                for name, half, empty in (("forward", slice(0, H), t == 0), ("backward", slice(H, None), t == T - 1)):
                    if torch.allclose(result[:, t, half], expected[:, t, half], atol=1e-5):
                        continue
                    place = "before" if name == "forward" else "after"
                    should = "zero: there is nothing to read" if empty else f"that of the place {place}"
                    seen = torch.allclose(result[:, t, half], outputs[:, t, half], atol=1e-5)
                    what = f"has read place {t} itself" if seen else "is wrong"
                    raise Wrong(f"for {case} the {name} half at place {t} {what}; it should be {should}")
        return "every place is described by all the others, and by nothing of its own."

    return verdict(run)


# --- hidden Markov models --------------------------------------------------------------------------------------------


def check_forward_backward(forward_backward: Callable[..., tuple]) -> Verdict:
    """Check forward_backward(log_start, log_move, log_emit, x) -> (log_alpha, log_beta), each (T, k).

    alpha_t(h) = p(observations up to and including t, h_t = h), beta_t(h) = p(observations after t | h_t = h);
    start (k,), move[i, j] = p(j follows i), emit[i, o] = p(o | i). x is a list of numbers; None: nothing was observed.
    Short chains are compared with the sum over all paths, the long one with a recursion that rescales at each step.
    """

    def run() -> str:
        long = [(7 * t * t + t // 3) % 3 for t in range(1500)]
        chains = [(2, 2, [0, 1, 1]), (3, 2, [1, 0, 1, 1, 0, 1]), (2, 3, [2]), (3, 3, [None, 2, None, None, 1, 0, None])]
        for k, m, x in [*chains, (3, 3, long)]:
            case = f"{k} states and the observations {x}" if x is not long else f"a chain of {len(x):,} observations"
            g = torch.Generator().manual_seed(len(x))
            start, A, B = (torch.rand(s, generator=g, dtype=torch.float64) + 0.1 for s in [(k,), (k, k), (k, m)])
            start, A, B = (p / p.sum(dim=-1, keepdim=True) for p in (start, A, B))
            expected = _rescaled(start, A, B, x) if x is long else _all_paths(start, A, B, x)
            logs = [p.log().float() for p in (start, A, B)]
            answer = parts(call(forward_backward, case, *logs, list(x)), ("log_alpha", "log_beta"), case)
            missing = torch.tensor([o is None for o in x])
            emission = logs[2][:, [o or 0 for o in x]].T.masked_fill(missing[:, None], 0.0)
            for result, right, name, hint in zip(
                answer, expected, ("log_alpha", "log_beta"), (emission, -emission), strict=True
            ):
                result = tensor(result, (len(x), k), case, name)
                _compare(result, right.float(), result + hint, case, name)
        return "the sum over all paths, without visiting them; and in logarithms no chain is too long."

    return verdict(run)


def _compare(result: Tensor, right: Tensor, corrected: Tensor, case: str, name: str) -> None:
    """Compare messages; `corrected` is what they would be with, or without, the observation at their own place."""
    close = torch.isclose(result, right, rtol=1e-4, atol=1e-4).all(dim=1)  # (T,)
    if close.all():
        return
    if not result.isfinite().all():
        raise Wrong(
            f"for {case} {name} is not finite: probabilities this small are 0 in a computer, their logs are not"
        )
    if torch.allclose(corrected, right, rtol=1e-4, atol=1e-4):
        rule = "must count the observation at t" if name == "log_alpha" else "must not count the observation at t"
        raise Wrong(f"for {case} {name} is off by the factor p(x_t | h_t): at t it {rule}")
    t = int((~close).nonzero()[0])
    values = [f"{value:.3f}" for value in result[t].tolist()], [f"{value:.3f}" for value in right[t].tolist()]
    raise Wrong(f"for {case} {name} at place {t} is {', '.join(values[0])}; it should be {', '.join(values[1])}")


def _all_paths(start: Tensor, A: Tensor, B: Tensor, x: Sequence[int | None]) -> tuple[Tensor, Tensor]:
    """Return log alpha and log beta, each a sum over every path of hidden states, in double precision."""
    k, T = len(start), len(x)
    p_start, p_next = start.tolist(), A.tolist()
    seen = [[1.0] * k if o is None else B[:, o].tolist() for o in x]  # T lists of k numbers
    alpha, beta = torch.zeros(T, k, dtype=start.dtype), torch.zeros(T, k, dtype=start.dtype)
    for t in range(T):
        for path in product(range(k), repeat=t + 1):  # the states at 0 .. t
            p = p_start[path[0]] * seen[0][path[0]]
            for s in range(1, t + 1):
                p *= p_next[path[s - 1]][path[s]] * seen[s][path[s]]
            alpha[t, path[-1]] += p
        for path in product(range(k), repeat=T - t):  # the states at t .. T - 1
            p = 1.0
            for s in range(1, T - t):
                p *= p_next[path[s - 1]][path[s]] * seen[t + s][path[s]]
            beta[t, path[0]] += p
    return alpha.log(), beta.log()


def _rescaled(start: Tensor, A: Tensor, B: Tensor, x: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return log alpha and log beta by matrix products, divided by their sum at each step; its log is added up."""
    alpha, beta = [], []
    message, log_scale = start * B[:, x[0]], torch.zeros((), dtype=start.dtype)
    for o in [*x[1:], None]:
        log_scale, message = log_scale + message.sum().log(), message / message.sum()
        alpha.append(log_scale + message.log())
        if o is not None:
            message = (message @ A) * B[:, o]
    message, log_scale = torch.ones_like(start), torch.zeros((), dtype=start.dtype)
    for o in [*x[:0:-1], None]:
        log_scale, message = log_scale + message.sum().log(), message / message.sum()
        beta.append(log_scale + message.log())
        if o is not None:
            message = A @ (B[:, o] * message)
    return torch.stack(alpha), torch.stack(beta[::-1])
