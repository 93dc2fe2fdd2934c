"""Right and wrong answers for the checks of the section `seq2seq`."""

import math
from collections import Counter

import torch
from notebook_code import definitions
from torch.nn import functional as F

from answers.table import Answers

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/seq2seq")  # whose answers join the right ones by themselves

# --- BLEU of one sentence --------------------------------------------------------------------------------------------


def ngrams(words, n):
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def bleu(prediction, references, *, add=1, from_n=2, clip=True, closest="closest", numerator=True, penalty=True):
    pred, refs = prediction.split(), [reference.split() for reference in references]
    if not pred:
        return 0.0
    product = 1.0
    for n in range(1, 5):
        of_pred, most = ngrams(pred, n), Counter()
        for ref in refs:
            most |= ngrams(ref, n)
        matches = sum((of_pred & most).values() if clip else (k for gram, k in of_pred.items() if gram in most))
        extra = add if n >= from_n else 0
        product *= (matches + (extra if numerator else 0)) / max(sum(of_pred.values()) + extra, 1)
    lengths = [len(ref) for ref in refs]
    key = {
        "closest": lambda r: (abs(r - len(pred)), r),
        "longer": lambda r: (abs(r - len(pred)), -r),
        "first": lambda r: 0,
        "shortest": lambda r: r,
    }[closest]
    brevity = math.exp(min(0, 1 - min(lengths, key=key) / len(pred))) if penalty else 1.0
    return brevity * product ** (1 / 4)


def bleu_by_logs(prediction, references):
    """The same with logarithms, which have no value for a precision of 0."""
    pred, refs = prediction.split(), [reference.split() for reference in references]
    if not set(pred) & {word for ref in refs for word in ref}:
        return 0.0
    total = 0.0
    for n in range(1, 5):
        grams = ngrams(pred, n)
        matches = sum(min(count, max(ngrams(ref, n)[gram] for ref in refs)) for gram, count in grams.items())
        total += math.log((matches + (n > 1)) / (sum(grams.values()) + (n > 1))) / 4
    r = min((abs(len(ref) - len(pred)), len(ref)) for ref in refs)[1]
    return torch.tensor(math.exp(total + min(0, 1 - r / len(pred))), dtype=torch.float64)


ANSWERS["check_smoothed_bleu"] = Answers(
    right={"counters": bleu, "logarithms, as a tensor": bleu_by_logs},
    wrong={
        "no smoothing": (lambda p, r: bleu(p, r, add=0), "for 'va !' against 'va !' the result is 0; it should be 1"),
        "smoothed from n = 1 on": (
            lambda p, r: bleu(p, r, from_n=1),
            "for 'le chat dort bien .' against 'le chat dort .' the result is",
        ),
        "added to the number of n-grams only": (
            lambda p, r: bleu(p, r, numerator=False),
            "for 'va !' against 'va !' the result is 0",
        ),
        "counts not clipped": (
            lambda p, r: bleu(p, r, clip=False),
            "for 'le le le le' against 'le chat dort .' the result is",
        ),
        "no brevity penalty": (
            lambda p, r: bleu(p, r, penalty=False),
            "for 'le chat .' against 'le chat dort bien .' the result is",
        ),
        "the first reference only": (
            lambda p, r: bleu(p, r[:1]),
            "for 'je suis chez moi .' against 'me voici .' / 'je suis à la maison .'",
        ),
        "the length of the first reference": (
            lambda p, r: bleu(p, r, closest="first"),
            "for 'je suis chez moi .' against 'me voici .' / 'je suis à la maison .'",
        ),
        "the shortest reference": (
            lambda p, r: bleu(p, r, closest="shortest"),
            "for 'je suis chez moi .' against 'me voici .' / 'je suis à la maison .'",
        ),
        "of two equally close the longer": (
            lambda p, r: bleu(p, r, closest="longer"),
            "for 'a b a b' against 'a b c' / 'b a b a d' the result is",
        ),
        "from 0 to 100": (lambda p, r: 100 * bleu(p, r), "for 'va !' against 'va !' the result is 100; it should be 1"),
        "an empty prediction fails": (
            lambda p, r: bleu(p, r) if p else 1 / len(p.split()),
            "for '' against 'va !' your function stops with ZeroDivisionError",
        ),
    },
)

# --- a loss by sentences ---------------------------------------------------------------------------------------------


def losses(logits, targets, lengths):
    each = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # (B, T)
    return each, torch.arange(targets.shape[1]) < lengths[:, None]


def sentence_loss(logits, targets, lengths):
    each, real = losses(logits, targets, lengths)
    return ((each * real).sum(1) / lengths).mean()


def sentence_loss_row_by_row(logits, targets, lengths):
    rows = zip(logits, targets, lengths.tolist(), strict=True)
    return sum(F.cross_entropy(row[:n], right[:n]) for row, right, n in rows) / len(logits)


def over_all_tokens(logits, targets, lengths):
    each, real = losses(logits, targets, lengths)
    return each[real].mean()


def over_all_places(logits, targets, lengths):
    each, real = losses(logits, targets, lengths)
    return (each * real).mean(1).mean()


def partly_detached(logits, targets, lengths):
    each = logits.logsumexp(-1).detach() - logits.gather(2, targets[..., None])[..., 0]
    return ((each * (torch.arange(targets.shape[1]) < lengths[:, None])).sum(1) / lengths).mean()


ANSWERS["check_sentence_loss"] = Answers(
    right={
        "mask": sentence_loss,
        "row by row": sentence_loss_row_by_row,
        "one entry, with an axis": lambda *args: sentence_loss(*args)[None],
    },
    wrong={
        "a number without a gradient": (
            lambda *args: sentence_loss(*args).item(),
            "for a batch of 1 with 3 places and lengths [3] the loss is right, but no gradient can flow back from it",
        ),
        "detached": (
            lambda *args: sentence_loss(*args).detach(),
            "the loss is right, but no gradient can flow back from it: it must stay a tensor",
        ),
        "the normaliser detached": (
            partly_detached,
            "for a batch of 1 with 3 places and lengths [3] the loss is right, but its gradient is not",
        ),
        "a gradient of something else": (
            lambda logits, targets, lengths: sentence_loss(logits.detach(), targets, lengths) + 0 * logits.sum(),
            "the loss is right, but its gradient is not: is a part of it detached?",
        ),
        "every token counts the same": (over_all_tokens, "for a batch of 2 with 5 places and lengths [5, 1]"),
        "divided by all places": (over_all_places, "for a batch of 1 with 6 places and lengths [2]"),
        "padding included": (
            lambda logits, targets, lengths: losses(logits, targets, lengths)[0].mean(),
            "for a batch of 1 with 6 places and lengths [2]",
        ),
        "summed over the sentences": (
            lambda logits, targets, lengths: sentence_loss(logits, targets, lengths) * len(logits),
            "for a batch of 2 with 5 places and lengths [5, 1]",
        ),
        "one loss for each sentence": (
            lambda logits, targets, lengths: torch.stack(
                [F.cross_entropy(a[:n], b[:n]) for a, b, n in zip(logits, targets, lengths, strict=True)]
            ),
            "which is not a number",
        ),
        "likelihood instead of loss": (
            lambda *args: -sentence_loss(*args),
            "for a batch of 1 with 3 places and lengths [3] the result is -",
        ),
        "one token too few": (
            lambda logits, targets, lengths: over_all_tokens(logits, targets, (lengths - 1).clamp(min=1)),
            "for a batch of 1 with 3 places and lengths [3]",
        ),
    },
)

# --- a bridge --------------------------------------------------------------------------------------------------------


bridge = SOLVED["bridge"]


ANSWERS["check_bridge"] = Answers(
    right={
        "cat and chunk": lambda state, W, b, n: torch.stack(torch.tanh(torch.cat([*state], 1) @ W + b).chunk(n, 1)),
        "a linear layer": lambda state, W, b, n: torch.stack(
            F.linear(state.permute(1, 0, 2).flatten(1), W.T, b).tanh().tensor_split(n, dim=-1)
        ),
    },
    wrong={
        "reshaped without transposing": (
            lambda state, W, b, n: torch.stack(torch.tanh(state.reshape(state.shape[1], -1) @ W + b).chunk(n, 1)),
            "for a batch of 3, an encoder of 2 layers of 4 and a decoder of 3 layers of 2",
        ),
        "the result reshaped without transposing": (
            lambda state, W, b, n: torch.tanh(torch.cat([*state], 1) @ W + b).reshape(n, state.shape[1], -1),
            "mixed by a reshape",
        ),
        "no tanh": (
            lambda state, W, b, n: torch.stack((torch.cat([*state], 1) @ W + b).chunk(n, 1)),
            "for a batch of 1, an encoder of 1 layer of 3 and a decoder of 1 layer of 3",
        ),
        "no bias": (
            lambda state, W, b, n: bridge(state, W, torch.zeros_like(b), n),
            "for a batch of 1, an encoder of 1 layer of 3 and a decoder of 1 layer of 3",
        ),
        "the last layer first": (
            lambda state, W, b, n: bridge(state.flip(0), W, b, n),
            "for a batch of 1, an encoder of 2 layers of 3",
        ),
        "only the last layer": (
            lambda state, W, b, n: bridge(state[-1:], W, b, n),
            "your function stops with RuntimeError",
        ),
        "batch first": (
            lambda state, W, b, n: bridge(state, W, b, n).transpose(0, 1),
            "the result has the shape (2, 1, 3); it should be (1, 2, 3)",
        ),
    },
)

# --- the state of an LSTM --------------------------------------------------------------------------------------------


start_lstm = SOLVED["start_lstm"]


ANSWERS["check_start_lstm"] = Answers(
    right={
        "index_select, as lists": lambda state, index: [
            state[0][-1].index_select(0, index),
            [part.index_select(1, index) for part in state],
        ],
    },
    wrong={
        "the cell as context": (
            lambda state, index: (state[1][-1][index], start_lstm(state, index)[1]),
            "for an LSTM of 1 layer, a batch of 1 and the rows [0] the context is the memory cell c",
        ),
        "the first layer's state": (
            lambda state, index: (state[0][0][index], start_lstm(state, index)[1]),
            "for an LSTM of 2 layers, a batch of 2 and the rows [0, 1], in the context",
        ),
        "layers for rows": (
            lambda state, index: (state[0][-1][index], (state[0][index], state[1][index])),
            "for an LSTM of 2 layers, a batch of 3 and the rows [2, 0] your function stops with IndexError",
        ),
        "the context keeps its order": (
            lambda state, index: (state[0][-1][: len(index)], start_lstm(state, index)[1]),
            "and the rows [2, 0], in the context",
        ),
        "the state keeps its order": (
            lambda state, index: (state[0][-1][index], tuple(part[:, : len(index)] for part in state)),
            "and the rows [2, 0], in h of the state",
        ),
        "the cell keeps its order": (
            lambda state, index: (
                state[0][-1][index],
                (state[0][:, index], state[1][:, torch.arange(len(index)) % state[1].shape[1]]),
            ),
            "and the rows [2, 0], in c of the state",
        ),
        "h alone": (
            lambda state, index: (state[0][-1][index], state[0][:, index]),
            "the state should be (h, c); it is",
        ),
        "h twice": (
            lambda state, index: (state[0][-1][index], (state[0][:, index],) * 2),
            "in c of the state",
        ),
    },
)
