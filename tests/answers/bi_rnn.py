"""Right and wrong answers for the checks of the section `bi_rnn`."""

import numpy as np
import torch
from notebook_code import definitions
from torch.nn import functional as F

from answers.table import Answers

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/bi-rnn")  # whose answers join the right ones by themselves

# --- two widths ------------------------------------------------------------------------------------------------------


def gru(d, h):
    return 3 * h * (d + h + 2)


two_widths = SOLVED["two_widths"]


ANSWERS["check_two_widths"] = Answers(
    right={
        "lists": lambda *sizes: [list(two_widths(*sizes)[0]), list(two_widths(*sizes)[1]), two_widths(*sizes)[2]],
        "torch.Size": lambda *sizes: (*map(torch.Size, two_widths(*sizes)[:2]), two_widths(*sizes)[2]),
        "arrays": lambda *sizes: (*map(np.array, two_widths(*sizes)[:2]), np.int64(two_widths(*sizes)[2])),
    },
    wrong={
        "twice the forward width": (
            lambda n, T, d, h_f, h_b, q: ((n, T, 2 * h_f), (2 * h_f, q), gru(d, h_f) + gru(d, h_b)),
            "h_f = 4, h_b = 6, q = 7 the shape of outputs is (2, 5, 8); it should be (2, 5, 10)",
        ),
        "one layer of both widths together": (
            lambda n, T, d, h_f, h_b, q: (*two_widths(n, T, d, h_f, h_b, q)[:2], gru(d, h_f + h_b)),
            "parameters: the result is 312; it should be 216: no weight leads from one direction to the other",
        ),
        "one bias": (
            lambda n, T, d, h_f, h_b, q: (*two_widths(n, T, d, h_f, h_b, q)[:2], gru(d - 1, h_f) + gru(d - 1, h_b)),
            "parameters: the result is 192; it should be 216: nn.GRU keeps two biases for each of its three blocks",
        ),
        "a plain RNN": (
            lambda *sizes: (*two_widths(*sizes)[:2], two_widths(*sizes)[2] // 3),
            "parameters: the result is 72; it should be 216",
        ),
        "W_hq transposed": (
            lambda *sizes: (two_widths(*sizes)[0], two_widths(*sizes)[1][::-1], two_widths(*sizes)[2]),
            "the shape of W_hq is (7, 8); it should be (8, 7)",
        ),
        "one output a sequence": (
            lambda n, T, *sizes: ((n, sum(sizes[1:3])), *two_widths(n, T, *sizes)[1:]),
            "the shape of outputs is (2, 8); it should be (2, 5, 8)",
        ),
        "W_hq counted as well": (
            lambda n, T, d, h_f, h_b, q: (
                *two_widths(n, T, d, h_f, h_b, q)[:2],
                gru(d, h_f) + gru(d, h_b) + (h_f + h_b + 1) * q,
            ),
            "parameters: the result is 279; it should be 216: W_hq and its bias are not part of the layer",
        ),
        "the sizes without the shapes": (lambda *sizes: (8, 8, 216), "the shape of outputs is 8"),
    },
)

# --- several layers --------------------------------------------------------------------------------------------------


def one_level(X, pair, start):
    there, last = pair[0](X, start[0][None])
    back, first = pair[1](X.flip(1), start[1][None])
    return torch.cat([there, back.flip(1)], dim=-1), torch.cat([last, first])


def run_deep(X, layers, state, level=one_level):
    last = []
    for pair, start in zip(layers, state.split(2), strict=True):
        X, end = level(X, pair, start)
        last.append(end)
    return X, torch.cat(last)


def run_deep_token_by_token(X, layers, state):
    """Two loops over time for each level, with one step of the layer at a time."""
    B, T, _ = X.shape
    last = []
    for number, (forwards, backwards) in enumerate(layers):
        H = forwards.hidden_size
        outputs = torch.zeros(B, T, 2 * H)
        for half, layer, places in ((0, forwards, range(T)), (1, backwards, reversed(range(T)))):
            h = state[2 * number + half][None].contiguous()
            for t in places:
                step, h = layer(X[:, t : t + 1], h)
                outputs[:, t, half * H : (half + 1) * H] = step[:, 0]
            last.append(h[0])
        X = outputs
    return X, torch.stack(last)


def two_stacks(X, layers, state):
    """Forward levels on top of each other, backward levels on top of each other, joined at the top."""
    there, back, last = X, X.flip(1), []
    for (forwards, backwards), start in zip(layers, state.split(2), strict=True):
        H, D = forwards.hidden_size, forwards.input_size
        there, end = forwards(F.pad(there, (0, D - there.shape[-1])), start[:1].contiguous())
        back, first = backwards(F.pad(back, (D - back.shape[-1], 0)), start[1:].contiguous())
        last += [end, first]
        assert there.shape[-1] == back.shape[-1] == H
    return torch.cat([there, back.flip(1)], dim=-1), torch.cat(last)


def not_turned_back(X, pair, start):
    outputs, end = one_level(X, pair, start)
    H = outputs.shape[-1] // 2
    return torch.cat([outputs[..., :H], outputs[..., H:].flip(1)], dim=-1), end


def halves_exchanged(X, pair, start):
    outputs, end = one_level(X, pair, start)
    return outputs.roll(outputs.shape[-1] // 2, dims=-1), end


def both_read_forwards(X, pair, start):
    there, last = pair[0](X, start[0][None])
    back, first = pair[1](X, start[1][None])
    return torch.cat([there, back], dim=-1), torch.cat([last, first])


ANSWERS["check_run_deep"] = Answers(
    right={
        "level by level": run_deep,
        "token by token": run_deep_token_by_token,
        "as a list": lambda *args: list(run_deep(*args)),
    },
    wrong={
        "two stacks, joined at the top": (
            two_stacks,
            "for 2 levels of nn.GRU, 5 steps the outputs are off by",
        ),
        "the backward half not turned back": (
            lambda *args: run_deep(*args, level=not_turned_back),
            "for 1 level of nn.RNN, 4 steps the backward half is in the order in which it was read",
        ),
        "halves exchanged": (
            lambda *args: run_deep(*args, level=halves_exchanged),
            "the two halves have changed places",
        ),
        "both read forwards": (
            lambda *args: run_deep(*args, level=both_read_forwards),
            "for 1 level of nn.RNN, 4 steps the backward half is off by up to 1.259, though the forward half is right",
        ),
        "the two slots exchanged": (
            lambda X, layers, state: run_deep(X, layers, state.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)),
            "for 1 level of nn.RNN, 4 steps the outputs are off by up to",
        ),
        "the state ignored": (
            lambda X, layers, state: run_deep(X, layers, torch.zeros_like(state)),
            "for 1 level of nn.RNN, 4 steps the given state is ignored",
        ),
        "all forward states first": (
            lambda *args: (lambda outputs, last: (outputs, torch.cat([last[0::2], last[1::2]])))(*run_deep(*args)),
            "for 2 levels of nn.GRU, 5 steps the state holds all forward states first",
        ),
        "the last output as the state": (
            lambda X, layers, state: (lambda Y: (Y, Y[:, -1].unflatten(1, (2, -1)).transpose(0, 1)))(
                run_deep(X, layers, state)[0]
            ),
            "for 1 level of nn.RNN, 4 steps, the state: the result is off by",
        ),
        "the top level's state alone": (
            lambda *args: (run_deep(*args)[0], run_deep(*args)[1][-2:]),
            "the state has the shape (2, 3, 4); it should be (4, 3, 4)",
        ),
        "the outputs alone": (lambda *args: run_deep(*args)[0], "the result should be (outputs, state)"),
    },
)

# --- final states ----------------------------------------------------------------------------------------------------


final_states = SOLVED["final_states"]


def final_states_in_a_loop(outputs, lengths):
    H = outputs.shape[-1] // 2
    ends = [torch.cat([row[n - 1, :H], row[0, H:]]) for row, n in zip(outputs, lengths.tolist(), strict=True)]
    return torch.stack(ends)


def final_states_by_gather(outputs, lengths):
    there, back = outputs.chunk(2, dim=-1)
    index = (lengths - 1)[:, None, None].expand(-1, 1, there.shape[-1])
    return torch.cat([there.gather(1, index)[:, 0], back[:, 0]], dim=-1)


ANSWERS["check_final_states"] = Answers(
    right={"a loop": final_states_in_a_loop, "gather": final_states_by_gather},
    wrong={
        "outputs[:, -1]": (
            lambda outputs, lengths: outputs[:, -1],
            "for sequences of 4 and 4 tokens the backward half of the sequence of 4 tokens has read the last",
        ),
        "both halves at the last real token": (
            lambda outputs, lengths: outputs[torch.arange(len(outputs)), lengths - 1],
            "the backward half of the sequence of 4 tokens has read the last token only",
        ),
        "the padding forgotten": (
            lambda outputs, lengths: torch.cat(
                [o := outputs.chunk(2, dim=-1)[0][:, -1], outputs[:, 0, o.shape[1] :]], 1
            ),
            "for sequences of 5, 2 and 4 tokens the forward half of the sequence of 2 tokens",
        ),
        "counted one too far": (
            lambda outputs, lengths: final_states(outputs, lengths.clamp(max=outputs.shape[1] - 1) + 1),
            "for sequences of 5, 2 and 4 tokens the forward half of the sequence of 2 tokens",
        ),
        "halves exchanged": (
            lambda outputs, lengths: final_states(outputs, lengths).roll(outputs.shape[-1] // 2, dims=-1),
            "for sequences of 4 and 4 tokens the forward half",
        ),
        "outputs[:, 0]": (lambda outputs, lengths: outputs[:, 0], "the forward half of the sequence of 4 tokens"),
        "the backward half counted from the end": (
            lambda outputs, lengths: final_states(
                torch.cat([outputs.chunk(2, -1)[0], outputs.chunk(2, -1)[1].flip(1)], dim=-1), lengths
            ),
            "the backward half of the sequence of 4 tokens",
        ),
        "summed": (lambda outputs, lengths: outputs.sum(dim=1), "the forward half of the sequence of 4 tokens"),
        "the forward half alone": (
            lambda outputs, lengths: final_states(outputs, lengths)[:, : outputs.shape[-1] // 2],
            "has the shape (2, 3); it should be (2, 6)",
        ),
    },
)

# --- around ----------------------------------------------------------------------------------------------------------


around = SOLVED["around"]


def around_place_by_place(outputs):
    B, T, H = outputs.shape[0], outputs.shape[1], outputs.shape[2] // 2
    result = torch.zeros(B, T, 2 * H)
    for t in range(T):
        if t > 0:
            result[:, t, :H] = outputs[:, t - 1, :H]
        if t + 1 < T:
            result[:, t, H:] = outputs[:, t + 1, H:]
    return result


def rolled(outputs):
    there, back = outputs.chunk(2, dim=-1)
    return torch.cat([there.roll(1, dims=1), back.roll(-1, dims=1)], dim=-1)


ANSWERS["check_around"] = Answers(
    right={"place by place": around_place_by_place},
    wrong={
        "nothing shifted": (
            lambda outputs: outputs,
            "for a batch of 1, 3 steps and 2 hidden units each way the forward half at place 0 has read place 0 itself",
        ),
        "the forward half alone is shifted": (
            lambda outputs: torch.cat([around(outputs).chunk(2, -1)[0], outputs.chunk(2, -1)[1]], dim=-1),
            "the backward half at place 0 has read place 0 itself; it should be that of the place after",
        ),
        "shifted the wrong way": (
            lambda outputs: around(outputs.flip(1)).flip(1),
            "the forward half at place 0 is wrong; it should be zero",
        ),
        "rolled round the corner": (
            rolled,
            "the forward half at place 0 is wrong; it should be zero: there is nothing to read",
        ),
        "both shifted to the right": (
            lambda outputs: F.pad(outputs, (0, 0, 1, 0))[:, :-1],
            "the backward half at place 0 is wrong; it should be that of the place after",
        ),
        "the first place repeated": (
            lambda outputs: torch.cat([outputs[:, :1], around(outputs)[:, 1:]], dim=1),
            "the forward half at place 0 has read place 0 itself",
        ),
        "two places shorter": (
            lambda outputs: around(outputs)[:, 1:-1],
            "has the shape (1, 1, 4); it should be (1, 3, 4)",
        ),
    },
)

# --- hidden Markov models --------------------------------------------------------------------------------------------


forward_backward = SOLVED["forward_backward"]


def rescaled(log_start, log_A, log_B, x):
    """In probabilities, divided by their sum at each step."""
    start, A = log_start.exp(), log_A.exp()
    seen = [torch.ones_like(start) if o is None else log_B[:, o].exp() for o in x]

    def run(message, steps):
        found, log_scale = [], torch.zeros(())
        for step in [*steps, None]:
            log_scale, message = log_scale + message.sum().log(), message / message.sum()
            found.append(message.log() + log_scale)
            message = message if step is None else step(message)
        return torch.stack(found)

    alpha = run(start * seen[0], [lambda m, s=s: (m @ A) * s for s in seen[1:]])
    return alpha, run(torch.ones_like(start), [lambda m, s=s: A @ (s * m) for s in seen[:0:-1]]).flip(0)


def plain_numbers(log_start, log_A, log_B, x, dtype=torch.float32):
    start, A, B = (p.to(dtype).exp() for p in (log_start, log_A, log_B))
    seen = [torch.ones_like(start) if o is None else B[:, o] for o in x]
    alpha, beta = [start * seen[0]], [torch.ones_like(start)]
    for s in seen[1:]:
        alpha.append((alpha[-1] @ A) * s)
    for s in reversed(seen[1:]):
        beta.append(A @ (s * beta[-1]))
    return torch.stack(alpha).log(), torch.stack(beta[::-1]).log()


def log_seen(log_B, x):
    return torch.stack([torch.zeros(len(log_B)) if o is None else log_B[:, o] for o in x])


def missing_is_skipped(log_start, log_A, log_B, x):
    """Leave the missing observations out of the chain, as if no time had passed; then put the rows back."""
    present = [o for o in x if o is not None]
    alpha, beta = forward_backward(log_start, log_A, log_B, present)
    rows = [max(sum(o is not None for o in x[: t + 1]) - 1, 0) for t in range(len(x))]
    return alpha[rows], beta[rows]


def missing_is_symbol_0(log_start, log_A, log_B, x):
    return forward_backward(log_start, log_A, log_B, [o or 0 for o in x])


ANSWERS["check_forward_backward"] = Answers(
    right={
        "rescaled": rescaled,
        "in double precision": lambda *args: forward_backward(*[a.double() for a in args[:3]], args[3]),
        "as lists": lambda *args: [message.tolist() for message in forward_backward(*args)],
    },
    wrong={
        "probabilities in place of logs": (plain_numbers, "for a chain of 1,500 observations log_alpha is not finite"),
        "probabilities in double precision": (
            lambda *args: plain_numbers(*args, dtype=torch.float64),
            "for a chain of 1,500 observations log_alpha is not finite",
        ),
        "no logarithm at the end": (
            lambda *args: tuple(message.exp() for message in forward_backward(*args)),
            "for 2 states and the observations [0, 1, 1] log_alpha at place 0 is",
        ),
        "pi, without the observation at t": (
            lambda *args: (lambda alpha, beta: (alpha - log_seen(args[2], args[3]), beta),)[0](
                *forward_backward(*args)
            ),
            "log_alpha is off by the factor p(x_t | h_t): at t it must count the observation at t",
        ),
        "beta counts the observation at t": (
            lambda *args: (lambda alpha, beta: (alpha, beta + log_seen(args[2], args[3])),)[0](
                *forward_backward(*args)
            ),
            "log_beta is off by the factor p(x_t | h_t): at t it must not count the observation at t",
        ),
        "A transposed": (
            lambda start, A, B, x: forward_backward(start, A.T, B, x),
            "for 2 states and the observations [0, 1, 1] log_alpha at place 1 is",
        ),
        "the chain steps before the first observation": (
            lambda start, A, B, x: forward_backward(torch.logsumexp(start[:, None] + A, dim=0), A, B, x),
            "for 2 states and the observations [0, 1, 1] log_alpha at place 0 is",
        ),
        "normalised messages": (
            lambda *args: tuple(message.log_softmax(-1) for message in forward_backward(*args)),
            "for 2 states and the observations [0, 1, 1] log_alpha at place 0 is",
        ),
        "the best path instead of all": (
            lambda start, A, B, x: (lambda alpha: (torch.stack(alpha), forward_backward(start, A, B, x)[1]),)[0](
                best_paths(start, A, B, x)
            ),
            "for 2 states and the observations [0, 1, 1] log_alpha at place 1 is",
        ),
        "beta in the order in which it was found": (
            lambda *args: (lambda alpha, beta: (alpha, beta.flip(0)))(*forward_backward(*args)),
            "for 2 states and the observations [0, 1, 1] log_beta at place 0 is",
        ),
        "missing observations skipped": (
            missing_is_skipped,
            "for 3 states and the observations [None, 2, None, None, 1, 0, None] log_alpha at place 0 is",
        ),
        "missing observations taken for the first symbol": (
            missing_is_symbol_0,
            "for 3 states and the observations [None, 2, None, None, 1, 0, None] log_alpha at place 0 is",
        ),
        "alpha alone": (lambda *args: forward_backward(*args)[0], "the result should be (log_alpha, log_beta)"),
    },
)


def best_paths(start, A, B, x):
    seen = log_seen(B, x)
    alpha = [start + seen[0]]
    for s in seen[1:]:
        alpha.append((alpha[-1][:, None] + A).amax(dim=0) + s)
    return alpha
