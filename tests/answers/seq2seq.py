"""Other answers for the checks of the section `seq2seq`, right and wrong."""

import torch
from torch.nn import functional as F

from helpers.exercises.seq2seq import _bleu


def sentence_loss(logits, targets, lengths):
    rows = zip(logits, targets, lengths.tolist(), strict=True)
    return sum(F.cross_entropy(row[:n], right[:n]) for row, right, n in rows) / len(logits)


def partly_detached(logits, targets, lengths):
    each = logits.logsumexp(-1).detach() - logits.gather(2, targets[..., None])[..., 0]
    return ((each * (torch.arange(targets.shape[1]) < lengths[:, None])).sum(1) / lengths).mean()


def bridge(state, W, b, num_layers):
    L, B, H = state.shape
    mapped = F.linear(state.transpose(0, 1).reshape(B, L * H), W.T, b).tanh()
    return mapped.view(B, num_layers, -1).transpose(0, 1)


def start_lstm(state, index):
    h, c = (part.index_select(1, index) for part in state)
    return [h[-1], [h, c]]


RIGHT = {
    "check_sentence_loss": {"row by row": sentence_loss, "with an axis": lambda *args: sentence_loss(*args)[None]},
    "check_bridge": {"transposed": bridge},
    "check_start_lstm": {"index_select": start_lstm},
}
WRONG = {
    "check_smoothed_bleu": {
        "nothing predicted": (
            lambda pred, refs: _bleu(pred, refs) / bool(pred),
            "'' against ['va !'] your function stops with ZeroDiv",
        )
    },
    "check_sentence_loss": {
        "one for each sentence": (lambda y, t, n: torch.stack([y.sum()] * 2), "has the shape (2,); it should be ()"),
        "one token too few": (lambda y, t, n: sentence_loss(y, t, n - 1), "B = 1, T = 3, V = 4 and lengths = [3] the"),
        "a bare number": (lambda *args: sentence_loss(*args).item(), "but no gradient flows back from it"),
        "detached": (lambda *args: sentence_loss(*args).detach(), "but no gradient flows back from it"),
        "the normaliser detached": (partly_detached, "the result is right, but its gradient is not"),
    },
    "check_bridge": {
        "only the last layer": (lambda state, *args: bridge(state[-1:], *args), "stops with RuntimeError"),
        "detached": (lambda *args: bridge(*args).detach(), "but no gradient flows back from it"),
        "batch first": (lambda *args: bridge(*args).transpose(0, 1), "the shape (2, 1, 3); it should be (1, 2, 3)"),
    },
    "check_start_lstm": {
        "layers for rows": (lambda s, i: (s[0][-1][i], (s[0][i], s[1][i])), "index = [2, 0] your function stops with"),
        "the cell unmoved": (
            lambda s, i: (s[0][-1][i], (s[0][:, i], s[1][:, torch.arange(len(i)) % s[1].shape[1]])),
            "index = [2, 0] the rows of state.c do not follow the index",
        ),
        "detached": (lambda s, i: start_lstm([part.detach() for part in s], i), "but no gradient flows back from it"),
        "h alone": (lambda s, i: (s[0][-1][i], s[0][:, i][:1]), "state should be (h, c); it is"),
    },
}
