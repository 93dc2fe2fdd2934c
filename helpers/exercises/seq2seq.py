"""Checks for the exercises of the notebook `seq2seq`.

check_smoothed_bleu   BLEU of a single sentence, smoothed
check_sentence_loss   a masked loss in which every sentence counts the same
check_bridge          the encoder's state for a decoder of another size
check_start_lstm      the decoder's first state from that of an LSTM
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from helpers.exercises.check import Check, draw, layer


def _smoothed_bleu(prediction, references):
    """smoothed_bleu(prediction, references): n = 1 to 4, one added to matches and n-grams from n = 2 on."""
    return (prediction, list(references)), _bleu(prediction, references)


def _closest(pred: list, refs: list) -> int:
    return min((len(ref) for ref in refs), key=lambda length: (abs(length - len(pred)), length))


def _bleu(
    prediction: str,
    references: Sequence[str],
    add: Sequence[int] = (0, 1, 1, 1),
    clip: bool = True,
    length: Callable[[list, list], int] = _closest,
) -> float:
    """Return the score, with every n-gram of the prediction looked for and struck out by hand."""
    pred, refs = prediction.split(), [reference.split() for reference in references]
    product = float(bool(pred))
    for n, extra in enumerate(add, start=1):
        runs = [pred[i : i + n] for i in range(len(pred) - n + 1)]
        matches = 0
        for distinct in {tuple(run) for run in runs}:
            occurs = max(sum(tuple(ref[i : i + n]) == distinct for i in range(len(ref) - n + 1)) for ref in refs)
            count = runs.count(list(distinct))
            matches += min(count, occurs) if clip else count * (occurs > 0)
        product *= (matches + extra) / max(len(runs) + extra, 1)
    return math.exp(min(0.0, 1 - length(pred, refs) / max(len(pred), 1))) * product**0.25


check_smoothed_bleu = Check(
    _smoothed_bleu,
    case="sentences",
    cases=[
        ("va !", ["va !"]),
        ("le chat dort .", ["le chat dort ."]),
        ("le chat dort bien .", ["le chat dort ."]),
        ("le chat .", ["le chat dort bien ."]),
        ("le le le le", ["le chat dort ."]),
        ("un chien court", ["le chat dort ."]),
        ("", ["va !"]),
        ("je suis chez moi .", ["je suis à la maison .", "me voici .", "moi , je suis chez moi ."]),
        ("a b a b", ["a b c", "b a b a d"]),
        ("a b c", ["a b c d", "a b"]),
        ("a", ["b", "a a a"]),
    ],
    slips={
        "not smoothed": lambda pred, refs: _bleu(pred, refs, add=(0, 0, 0, 0)),
        "smoothed from 1": lambda pred, refs: _bleu(pred, refs, add=(1, 1, 1, 1)),
        "not clipped": lambda pred, refs: _bleu(pred, refs, clip=False),
        "first length": lambda pred, refs: _bleu(pred, refs, length=lambda _, found: len(found[0])),
        "one reference": lambda pred, refs: _bleu(pred, refs[:1]),
        "shortest length": lambda pred, refs: _bleu(pred, refs, length=lambda _, found: min(map(len, found))),
        "no brevity": lambda pred, refs: _bleu(pred, refs, length=lambda *_: 0),
        "percent": lambda pred, refs: 100 * _bleu(pred, refs),
    },
    praise="smoothed BLEU",
)


def _sentence_loss(B, T, V, lengths):
    """sentence_loss(logits (B, T, V), targets (B, T), lengths (B,)): the mean over sentences of their means."""
    logits, targets = 2 * draw(T, (B, T, V))[0], draw(B, (B, T, V))[0].argmax(-1)
    total = torch.zeros((), dtype=torch.float64)
    for b, n in enumerate(lengths):
        for t in range(n):
            p = logits[b, t].double().softmax(-1)
            total -= p[targets[b, t]].log() / n
    return (logits, targets, torch.tensor(lengths)), (total / B).float()


def _each(logits: Tensor, targets: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss at every place, (B, T), and the same with zeros at padding."""
    loss = nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return loss, loss * (torch.arange(loss.shape[1]) < lengths[:, None])


check_sentence_loss = Check(
    _sentence_loss,
    case="targets",
    cases=[(1, 3, 4, [3]), (1, 6, 4, [2]), (2, 5, 7, [5, 1]), (4, 6, 3, [2, 6, 1, 3])],
    slips={
        "tokens alike": lambda *args: _each(*args)[1].sum() / args[2].sum(),
        "all places": lambda *args: _each(*args)[1].mean(),
        "padding counted": lambda *args: _each(*args)[0].mean(),
        "sentences added": lambda *args: (_each(*args)[1].sum(1) / args[2]).sum(),
        "likelihood": lambda *args: -(_each(*args)[1].sum(1) / args[2]).mean(),
    },
    trains=True,
    praise="sentence loss",
)


def _bridge(L, B, H, num_layers, width):
    """bridge(state (L, B, H), W (L·H, num_layers·width), b, num_layers) -> (num_layers, B, width)."""
    state, W, b = draw(H, (L, B, H), (L * H, num_layers * width), (num_layers * width,))
    W = W / (L * H) ** 0.5
    mapped = torch.einsum("lbh,lhnw->nbw", state, W.view(L, H, num_layers, width))
    return (state, W, b, num_layers), torch.tanh(mapped + b.view(num_layers, 1, width))


def _side_by_side(state: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return torch.cat([*state], 1) @ W + b  # (B, num_layers·width)


check_bridge = Check(
    _bridge,
    case="bridge",
    cases=[(1, 1, 3, 1, 3), (1, 2, 4, 1, 3), (2, 1, 3, 1, 5), (2, 3, 4, 3, 2)],
    slips={
        "sentences mixed": lambda state, W, b, n: torch.stack(
            torch.tanh(state.reshape(state.shape[1], -1) @ W + b).chunk(n, 1)
        ),
        "layers mixed": lambda state, W, b, n: torch.tanh(_side_by_side(state, W, b)).view(n, state.shape[1], -1),
        "layers turned": lambda state, W, b, n: torch.stack(torch.tanh(_side_by_side(state.flip(0), W, b)).chunk(n, 1)),
        "no tanh": lambda state, W, b, n: torch.stack(_side_by_side(state, W, b).chunk(n, 1)),
        "no bias": lambda state, W, b, n: torch.stack(torch.tanh(_side_by_side(state, W, 0)).chunk(n, 1)),
    },
    trains=True,
    praise="bridged",
)


def _start_lstm(L, B, H, index):
    """start_lstm((h, c), index (N,)) -> (context (N, H), (h, c)) with rows chosen by `index`."""
    outputs, (h, c) = layer("LSTM", L, 5, H, L)(draw(B, (B, 4, 5))[0])
    state = {"h": torch.stack([h[:, i] for i in index], 1), "c": torch.stack([c[:, i] for i in index], 1)}
    # What an LSTM shows of its last layer is its last output: truth that does not come from h.
    return ((h, c), torch.tensor(index)), {"context": outputs[index, -1], "state": state}


check_start_lstm = Check(
    _start_lstm,
    case="LSTM state",
    cases=[(1, 1, 3, [0]), (2, 2, 3, [0, 1]), (2, 3, 4, [2, 0]), (3, 2, 2, [1, 1, 0, 1])],
    slips={
        "cell shown": lambda state, i: (state[1][-1][i], [part[:, i] for part in state]),
        "first layer": lambda state, i: (state[0][0][i], [part[:, i] for part in state]),
        "context unmoved": lambda state, i: (state[0][-1][: len(i)], [part[:, i] for part in state]),
        "state unmoved": lambda state, i: (state[0][-1][i], [part[:, : len(i)] for part in state]),
        "h twice": lambda state, i: (state[0][-1][i], [state[0][:, i]] * 2),
    },
    trains=True,
    praise="LSTM begun",
)
