"""Checks for the exercises of the notebook `seq2seq`.

check_smoothed_bleu      BLEU of a single sentence, smoothed
check_sentence_loss      a masked loss in which every sentence counts the same
check_bridge             the encoder's state for a decoder of another size
check_start_lstm         the decoder's first state from that of an LSTM
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.verdict import Verdict, Wrong, call, number, parts, same, tensor, verdict


def check_smoothed_bleu(smoothed_bleu: Callable[[str, list[str]], float]) -> Verdict:
    """Check smoothed_bleu(prediction, references): n = 1 to 4, one added to matches and n-grams from n = 2 on."""

    def run() -> str:
        cases = [
            ("va !", ["va !"]),
            ("le chat dort .", ["le chat dort ."]),
            ("le chat dort bien .", ["le chat dort ."]),
            ("le chat .", ["le chat dort bien ."]),
            ("le le le le", ["le chat dort ."]),
            ("un chien court", ["le chat dort ."]),
            ("", ["va !"]),
            ("je suis chez moi .", ["me voici .", "je suis à la maison .", "moi , je suis chez moi ."]),
            ("a b a b", ["a b c", "b a b a d"]),
            ("a b c", ["a b c d", "a b"]),
            ("a", ["b", "a a a"]),
        ]
        for prediction, references in cases:
            case = f"{prediction!r} against {' / '.join(map(repr, references))}"
            number(call(smoothed_bleu, case, prediction, list(references)), _smoothed(prediction, references), case)
        return "a sentence with one good pair of words is worth more than nothing, and a perfect one is worth 1."

    return verdict(run)


def _smoothed(prediction: str, references: Sequence[str]) -> float:
    """Return the score, with every n-gram of the prediction looked for and struck out by hand."""
    pred, refs = prediction.split(), [reference.split() for reference in references]
    if not pred:
        return 0.0
    product = 1.0
    for n in range(1, 5):
        runs = [pred[i : i + n] for i in range(len(pred) - n + 1)]
        matches = 0
        for distinct in {tuple(run) for run in runs}:
            occurs = [sum(tuple(ref[i : i + n]) == distinct for i in range(len(ref) - n + 1)) for ref in refs]
            matches += min(runs.count(list(distinct)), max(occurs))
        product *= (matches + (n > 1)) / (len(runs) + (n > 1))
    closest = sorted((len(ref) for ref in refs), key=lambda length: (abs(length - len(pred)), length))[0]
    return math.exp(min(0.0, 1 - closest / len(pred))) * product**0.25


def check_sentence_loss(sentence_loss: Callable[[Tensor, Tensor, Tensor], Any]) -> Verdict:
    """Check sentence_loss(logits (B, T, V), targets (B, T), lengths (B,)): the mean over sentences of their means.

    It must be possible to train with it, so that the gradient of the logits is held to the right one, too.
    """

    def run() -> str:
        for B, T, V, lengths in [(1, 3, 4, [3]), (1, 6, 4, [2]), (2, 5, 7, [5, 1]), (4, 6, 3, [2, 6, 1, 3])]:
            case = f"a batch of {B} with {T} places and lengths {lengths}"
            g = torch.Generator().manual_seed(T)
            logits = (2 * torch.randn(B, T, V, generator=g)).requires_grad_()
            targets = torch.randint(V, (B, T), generator=g)
            means = []
            for b, n in enumerate(lengths):
                log_probs = logits[b, :n] - logits[b, :n].logsumexp(-1, keepdim=True)
                means.append(-sum(log_probs[t, targets[b, t]].item() for t in range(n)) / n)
            with torch.enable_grad():
                answer = call(sentence_loss, case, logits, targets, torch.tensor(lengths))
            number(answer, sum(means) / B, case)
            loss = answer[0] if isinstance(answer, (list, tuple)) else answer
            if not isinstance(loss, Tensor) or not loss.requires_grad:
                raise Wrong(
                    f"for {case} the loss is right, but no gradient can flow back from it: it must stay a tensor"
                )
            found = torch.autograd.grad(loss.sum(), logits, allow_unused=True)[0]
            real = (torch.arange(T) < torch.tensor(lengths)[:, None]).unsqueeze(-1)  # (B, T, 1)
            slope = logits.detach().softmax(-1) - nn.functional.one_hot(targets, V)
            wanted = slope * real / torch.tensor(lengths)[:, None, None] / B
            if found is None or not torch.allclose(found, wanted, atol=1e-5):
                raise Wrong(f"for {case} the loss is right, but its gradient is not: is a part of it detached?")
        return "each sentence has the same say, whatever its length."

    return verdict(run)


def check_bridge(bridge: Callable[[Tensor, Tensor, Tensor, int], Tensor]) -> Verdict:
    """Check bridge(state (L, B, H), W (L·H, num_layers·width), b, num_layers) -> (num_layers, B, width)."""

    def run() -> str:
        for L, B, H, num_layers, width in [(1, 1, 3, 1, 3), (1, 2, 4, 1, 3), (2, 1, 3, 1, 5), (2, 3, 4, 3, 2)]:
            case = (
                f"a batch of {B}, an encoder of {L} layer{'s' * (L > 1)} of {H} and a decoder of {num_layers} "
                f"layer{'s' * (num_layers > 1)} of {width}"
            )
            g = torch.Generator().manual_seed(H)
            state = torch.randn(L, B, H, generator=g)
            W = torch.randn(L * H, num_layers * width, generator=g) / (L * H) ** 0.5
            b = torch.randn(num_layers * width, generator=g)
            expected = torch.empty(num_layers, B, width)
            for row in range(B):
                side_by_side = torch.cat([state[layer, row] for layer in range(L)])
                mapped = torch.tanh(side_by_side @ W + b)
                for layer in range(num_layers):
                    expected[layer, row] = mapped[layer * width : (layer + 1) * width]
            found = tensor(call(bridge, case, state, W, b, num_layers), tuple(expected.shape), case)
            mixed = "; are numbers of different sentences or layers mixed by a reshape?" if B > 1 else ""
            if not torch.allclose(found, expected, atol=1e-5):
                gap = (found - expected).abs().max().item()
                raise Wrong(f"for {case} the result is off by up to {gap:.3f}{mixed}")
        return "every sentence keeps its own numbers, and the decoder gets the shape it needs."

    return verdict(run)


def check_start_lstm(start_lstm: Callable[[tuple[Tensor, Tensor], Tensor], tuple]) -> Verdict:
    """Check start_lstm((h, c), index (N,)) -> (context (N, H), (h, c)) with rows chosen by `index`."""

    def run() -> str:
        for L, B, H, index in [(1, 1, 3, [0]), (2, 2, 3, [0, 1]), (2, 3, 4, [2, 0]), (3, 2, 2, [1, 1, 0, 1])]:
            case = f"an LSTM of {L} layer{'s' * (L > 1)}, a batch of {B} and the rows {index}"
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                torch.manual_seed(L)
                outputs, (h, c) = nn.LSTM(5, H, L, batch_first=True)(torch.randn(B, 4, 5))
            answer = call(start_lstm, case, (h, c), torch.tensor(index))
            context, state = parts(answer, ("context", "state"), case, alike=False)
            context = tensor(context, (len(index), H), case, "the context")
            # What an LSTM shows of its last layer is its last output: truth that does not come from h.
            expected = torch.stack([outputs[i, -1] for i in index])
            if torch.allclose(context, torch.stack([c[-1, i] for i in index]), atol=1e-6):
                raise Wrong(f"for {case} the context is the memory cell c; what an LSTM shows is h")
            same(context, expected, f"{case}, in the context,")
            pair = parts(state, "hc", case, "the state")
            for name, part, whole in zip("hc", pair, (h, c), strict=True):
                part = tensor(part, (L, len(index), H), case, f"{name} of the state")
                wanted = torch.stack([whole[:, i] for i in index], dim=1)
                same(part, wanted, f"{case}, in {name} of the state,")
        return "context and both parts of the state follow the rows; the cell stays inside."

    return verdict(run)
