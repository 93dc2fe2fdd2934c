"""Other answers for the checks of the section `bi_rnn`, right and wrong."""

import torch
from notebook_code import definitions
from torch.nn import functional as F

SOLVED = definitions("solutions/bi-rnn")
two_widths, run_deep, final_states = (SOLVED[name] for name in ("two_widths", "run_deep", "final_states"))
around, forward_backward, fixed_lag = (SOLVED[name] for name in ("around", "forward_backward", "fixed_lag"))


def run_deep_token_by_token(X, layers, state):
    """Two loops over time for each level, with one step of the layer at a time."""
    ends = []
    for level, pair in enumerate(layers):
        halves = []
        for layer, start, places in zip(pair, state[2 * level :], (1, -1), strict=False):
            h, outputs = start[None].contiguous(), []
            for x in X.split(1, dim=1)[::places]:
                output, h = layer(x, h)
                outputs.append(output)
            halves.append(torch.cat(outputs[::places], dim=1))
            ends.append(h)
        X = torch.cat(halves, dim=-1)
    return X, torch.cat(ends)


def two_stacks(X, layers, state):
    """Forward levels on top of each other, backward levels on top of each other, joined at the top."""
    there, back, last = X, X.flip(1), []
    for (forwards, backwards), start in zip(layers, state.split(2), strict=True):
        D = forwards.input_size
        there, end = forwards(F.pad(there, (0, D - there.shape[-1])), start[:1].contiguous())
        back, first = backwards(F.pad(back, (D - back.shape[-1], 0)), start[1:].contiguous())
        last += [end, first]
    return torch.cat([there, back.flip(1)], dim=-1), torch.cat(last)


def both_read_forwards(X, layers, state):
    (forwards, backwards), *_ = layers
    there, back = forwards(X, state[:1]), backwards(X, state[1:2].contiguous())
    return torch.cat([there[0], back[0]], dim=-1), torch.cat([there[1], back[1]])


def plain_numbers(log_start, log_move, log_emit, x):
    """In probabilities and double precision, with logarithms at the end."""
    start, A, B = (log.double().exp() for log in (log_start, log_move, log_emit))
    seen = [torch.ones_like(start) if o is None else B[:, o] for o in x]
    alpha, beta = [start * seen[0]], [torch.ones_like(start)]
    for s in seen[1:]:
        alpha.append((alpha[-1] @ A) * s)
    for s in reversed(seen[1:]):
        beta.append(A @ (s * beta[-1]))
    return torch.stack(alpha).log(), torch.stack(beta[::-1]).log()


def missing_is_skipped(log_start, log_A, log_B, x):
    """Leave the missing observations out of the chain, as if no time had passed; then put the rows back."""
    present = [o for o in x if o is not None]
    rows = [max(sum(o is not None for o in x[: t + 1]) - 1, 0) for t in range(len(x))]
    return [message[rows] for message in forward_backward(log_start, log_A, log_B, present)]


def late_by_lookahead(log_start, log_move, log_emit, x, lag):
    """From the filter, and a message that runs back over the few sounds ahead."""
    start, A, B = log_start.exp(), log_move.exp(), log_emit.exp()
    rows, pi = [], start
    for t in range(len(x)):
        rho = torch.ones_like(start)
        for o in reversed(x[t + 1 : t + 1 + lag]):
            rho = A @ (B[:, o] * rho)
        row = pi * B[:, x[t]] * rho
        rows.append(row / row.sum())
        pi = (pi * B[:, x[t]]) @ A
    return torch.stack(rows)


RIGHT = {
    "check_two_widths": {
        "torch.Size": lambda *sizes: (*map(torch.Size, two_widths(*sizes)[:2]), two_widths(*sizes)[2])
    },
    "check_run_deep": {"token by token": run_deep_token_by_token},
    "check_forward_backward": {
        "in double precision": lambda *args: forward_backward(*[a.double() for a in args[:3]], args[3]),
        "lists of rows": lambda *args: [list(message) for message in forward_backward(*args)],
    },
    "check_fixed_lag": {"by looking ahead from the filter": late_by_lookahead},
}
WRONG = {
    "check_two_widths": {
        "a plain RNN": (
            lambda *s: (*two_widths(*s)[:2], two_widths(*s)[2] // 3),
            "parameters is 102; it should be 306",
        ),
        "W_hq transposed": (
            lambda *sizes: (two_widths(*sizes)[0], two_widths(*sizes)[1][::-1], two_widths(*sizes)[2]),
            "W_hq is (7, 10); it should be (10, 7)",
        ),
        "one output a sequence": (
            lambda n, T, *sizes: ((n, sum(sizes[1:3])), *two_widths(n, T, *sizes)[1:]),
            "outputs is (2, 10); it should be (2, 5, 10)",
        ),
        "the sizes without the shapes": (lambda *sizes: (10, 10, 306), "outputs is 10; it should be (2, 5, 10)"),
    },
    "check_run_deep": {
        "two stacks, joined at the top": (two_stacks, "for nn.GRU with L = 2 and T = 5 outputs is off by"),
        "both read forwards": (both_read_forwards, "for nn.RNN with L = 1 and T = 4 outputs is off by"),
        "the last output as the state": (
            lambda *args: (run_deep(*args)[0], torch.stack(run_deep(*args)[0][:, -1].chunk(2, dim=-1))),
            "for nn.RNN with L = 1 and T = 4 state is off by",
        ),
        "the top level's state alone": (
            lambda *args: (run_deep(*args)[0], run_deep(*args)[1][-2:]),
            "state has the shape (2, 3, 4); it should be (4, 3, 4)",
        ),
        "the outputs alone": (lambda *args: run_deep(*args)[0], "the result should be (outputs, state)"),
    },
    "check_final_states": {
        "outputs[:, -1]": (lambda outputs, lengths: outputs[:, -1], "[4, 4] the backward half has read the last token"),
        "counted one too far": (
            lambda outputs, lengths: final_states(outputs, lengths.clamp(max=outputs.shape[1] - 1) + 1),
            "for lengths = [5, 2, 4] the forward half is taken from the padding",
        ),
        "halves exchanged": (
            lambda outputs, lengths: final_states(outputs, lengths).roll(outputs.shape[-1] // 2, dims=-1),
            "for lengths = [4, 4] the result is off by",
        ),
        "summed": (lambda outputs, lengths: outputs.sum(dim=1), "for lengths = [4, 4] the result is off by"),
        "the forward half alone": (
            lambda outputs, lengths: final_states(outputs, lengths)[:, : outputs.shape[-1] // 2],
            "has the shape (2, 3); it should be (2, 6)",
        ),
    },
    "check_around": {
        "the first place repeated": (lambda o: torch.cat([o[:, :1], around(o)[:, 1:]], dim=1), "the result is off by"),
        "two places shorter": (lambda o: around(o)[:, 1:-1], "has the shape (1, 1, 4); it should be (1, 3, 4)"),
    },
    "check_forward_backward": {
        "probabilities in double precision": (plain_numbers, "log_alpha is not finite"),
        "no logarithm": (lambda *args: [m.exp() for m in forward_backward(*args)], "x = [0, 1, 1] log_alpha is off by"),
        "a step too early": (
            lambda start, A, B, x: forward_backward(torch.logsumexp(start[:, None] + A, dim=0), A, B, x),
            "for k = 2 and x = [0, 1, 1] log_alpha is off by",
        ),
        "normalised": (lambda *args: [m.log_softmax(-1) for m in forward_backward(*args)], "log_alpha is off by"),
        "beta turned round": (
            lambda *args: (forward_backward(*args)[0], forward_backward(*args)[1].flip(0)),
            "for k = 2 and x = [0, 1, 1] log_beta is off by",
        ),
        "missing observations skipped": (missing_is_skipped, "2, None, None, 1, 0, None] log_alpha is off by"),
        "alpha alone": (lambda *args: forward_backward(*args)[0], "the result should be (log_alpha, log_beta)"),
    },
    "check_fixed_lag": {
        "move transposed": (
            lambda a, b, c, x, lag: fixed_lag(a, b.T, c, x, lag),
            "for k = 2, x = [0, 1, 1, 0, 0, 1] and lag = 2 the result is off by",
        ),
        "the last rows left out": (
            lambda *args: fixed_lag(*args)[: -args[-1]],
            "has the shape (4, 2); it should be (6, 2)",
        ),
        "of the step before": (lambda *args: fixed_lag(*args).roll(1, dims=0), "the result is off by"),
    },
}
