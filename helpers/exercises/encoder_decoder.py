"""Checks for the exercises of the notebook `encoder-decoder`.

check_longest_word     how long a word fits into a state of so many bits
check_reorder          picking rows of an LSTM's state and its context
check_ignores_padding  a test that tells sound models from those that padding changes
check_best_share       the most that any decoder can have right, given the encoder's states
check_make_pair        an LSTM encoder with a GRU decoder of another width
check_copy_batch       random batches of the copy task
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.exercises.check import Check, Verdict, call, draw
from helpers.exercises.messages import Wrong
from helpers.exercises.returned import shown, take

PAD, BOS, EOS, FIRST_LETTER = 0, 1, 2, 4  # as in helpers.tokenizers


def _longest_word(num_letters, bits):
    """longest_word(num_letters, bits): the largest n such that all words of 0 to n letters have a state each."""
    return (num_letters, bits), _fits(num_letters, bits)


def _fits(k: int, bits: int, empty: int = 1) -> int:
    n, words = 0, empty + k
    while words <= 2**bits:  # whole numbers: exact, however large
        n, words = n + 1, words + k ** (n + 2)
    return n


check_longest_word = Check(
    _longest_word,
    case="letters and bits",
    cases=[(3, 64), (8, 64), (8, 21), (10, 64), (2, 53), (1, 3), (26, 1), (3, 0), (10, 4096)],
    slips={
        "sign bit": lambda k, bits: _fits(k, bits - 1),
        "larger base": lambda k, bits: int(bits / math.log2(k + 1)),
        "longest words alone": lambda k, bits: int(bits / math.log2(k)) if k > 1 else _fits(k, bits),
        "no empty word": lambda k, bits: _fits(k, bits, 0),
        "does not fit": lambda k, bits: _fits(k, bits) + 1,
    },
    praise="longest word",
)


def _reorder(L, B, index):
    """reorder(state, index) on states (context (B, h), (H (L, B, h), C (L, B, h)))."""
    # Every number says where it stands: part, layer, row, unit.
    row = torch.arange(6.0) + 10 * torch.arange(B)[:, None]
    layers = row + 100 * torch.arange(L)[:, None, None]
    H, C = layers + 1000, layers + 2000
    rows = {"context": row[index], "state": {"H": H[:, index], "C": C[:, index]}}
    return ((row, (H, C)), torch.tensor(index)), rows


def _reordered_in_place(state: tuple, index: Tensor) -> tuple:
    new = state[0][index], tuple(part[:, index] for part in state[1])
    state[1][0].zero_()
    return new


check_reorder = Check(
    _reorder,
    case="rows of a state",
    cases=[(3, 3, [2, 0, 1]), (3, 3, [1, 1, 2]), (1, 4, [3]), (2, 4, [0, 0, 0, 3, 3, 1, 2]), (3, 5, [0, 1, 2, 3])],
    slips={
        "first axis": lambda state, i: (state[0][i], tuple(part[i] for part in state[1])),
        "rows kept": lambda state, i: state,
        "rows sent away": lambda state, i: (state[0][i.argsort()], tuple(part[:, i.argsort()] for part in state[1])),
        "parts exchanged": lambda state, i: (state[0][i], tuple(part[:, i] for part in state[1][::-1])),
        "old state changed": _reordered_in_place,
    },
    off="other rows",
    keeps="old state changed",
    praise="reordered",
)

ZERO = torch.tensor([0])
# Encoders, by how their state comes from X (B, S, 8), with an order, and real (B, S, 1), which is 1 where a real token
# stands and 0 behind; and whether they ignore padding.
STATES: dict[str, tuple[Callable, bool]] = {
    "(X * real).sum(1)": (lambda X, real: (X * real).sum(1), True),
    "X.sum(1)": (lambda X, real: X.sum(1), False),
    "(X * (tokens > 0)).sum(1)": (lambda X, real, tokens: (X * (tokens > 0)[..., None]).sum(1), False),
    "(X * real).mean(1)": (lambda X, real: (X * real).mean(1), False),
    "(X * (place <= src_len)).sum(1)": (lambda X, real: (X * real.roll(1, 1).index_fill(1, ZERO, 1)).sum(1), False),
    "(X * real).sum(1) + 0.01 * X[:, -1]": (lambda X, real: (X * real).sum(1) + 0.01 * X[:, -1], False),
    "(X * real).sum(1) + 3e-5 * X[:, -1]": (lambda X, real: (X * real).sum(1) + 3e-5 * X[:, -1], False),
    "(X * real).sum(1) + 1e-6 * sin(S)": (lambda X, real: (X * real).sum(1) + 1e-6 * math.sin(X.shape[1]), True),
    "cat([(X * real).sum(1), X[:, -1]])": (lambda X, real: torch.cat([(X * real).sum(1), X[:, -1]], 1), False),
}


class _Model(nn.Module):
    """A small model whose logits follow from its inputs and the first 8 numbers of its state."""

    def __init__(self, code: str):
        super().__init__()
        self.state, (self.weights, self.output) = STATES[code][0], draw(1, (12, 8), (8, 12))

    def forward(self, src: Tensor, src_len: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        place = torch.arange(src.shape[1])
        X = self.weights[src].double() * (1 + place[:, None] * torch.arange(8)).cos()  # so that order counts
        real = (place < src_len[:, None]).double()[..., None]  # (B, S, 1)
        tokens = (src,) if self.state.__code__.co_argcount == 3 else ()
        state = self.state(X, real, *tokens).float() / 4
        return (self.weights[inputs] + state[:, None, :8]).tanh() @ self.output, state


def _ignores_padding(code, lengths):
    """ignores_padding(model, src, src_len, inputs) -> bool on sound and broken models."""
    src = torch.tensor([[4, 5, 6, 8, 9, EOS], [7, 7, 4, 11, 10, EOS], [9, 8, 7, 6, 5, EOS]])
    n = torch.tensor(lengths)[:, None]
    place = torch.arange(max(lengths) + (len(set(lengths)) > 1))  # a batch with padding is wider than its longest row
    src = F.pad(src, (0, 2))[:, : len(place)].masked_fill(place == n - 1, EOS).masked_fill(place >= n, PAD)
    inputs = torch.tensor([[BOS, 6, 5], [BOS, 7, EOS], [BOS, 5, 6]])
    return (_Model(code).eval(), src, n[:, 0], inputs), STATES[code][1]


def _unmoved(
    model: Callable,
    src: Tensor,
    n: Tensor,
    y: Tensor,
    wider: int = 4,
    junk: int = 7,
    near: float = 1e-5,
    parts: int = 2,
) -> bool:
    """The right test, from which one thing can be left out."""
    other = F.pad(src, (0, wider))
    other = other.masked_fill(torch.arange(other.shape[1]) >= n[:, None], junk)
    return all((a - b).abs().max() < near for a, b in [*zip(model(other, n, y), model(src, n, y), strict=True)][:parts])


check_ignores_padding = Check(
    _ignores_padding,
    case="encoder",
    cases=[(code, (4, 2, 6)) for code in STATES] + [(code, (3, 3, 3)) for code in [*STATES][:5]],
    slips={
        "width alike": lambda *args: _unmoved(*args, wider=0),
        "padding alike": lambda *args: _unmoved(*args, junk=PAD),
        "no tolerance": lambda *args: _unmoved(*args, near=1e-12),
        "tolerance": lambda *args: _unmoved(*args, near=1e-2),
        "logits alone": lambda *args: _unmoved(*args, parts=1),
    },
    praise="padding tested",
)

# Encoders by name, as functions of a word.
ENCODERS: dict[str, Callable[[str], Any]] = {
    "bag of letters": lambda word: "".join(sorted(word)),
    "set of letters": lambda word: frozenset(word),
    "last letter": lambda word: word[-1:],
    "length": len,
    "nothing": lambda word: 0,
    "word": lambda word: word,
}
WORDS = ["abc", "acb", "bca", "aab", "aba", "cab", "ab", "ba", "bb", "c", "a"]


def _best_share(encoder, task):
    """best_share(states, targets): the largest share of sources that a decoder can have right, by their states."""
    targets = [{"reverse": word[::-1], "sort": "".join(sorted(word)), "first letter": word[0]}[task] for word in WORDS]
    states = [ENCODERS[encoder](word) for word in WORDS]
    return (states, targets), _shares(states, targets)[0] / len(WORDS)


def _shares(states: list, targets: list) -> tuple[int, list[float], int]:
    """The right answers of the best decoder, its share right within each state, and of how many states none errs."""
    groups = [Counter(t for s, t in zip(states, targets, strict=True) if s == state) for state in dict.fromkeys(states)]
    most = [max(group.values()) for group in groups]
    within = [right / group.total() for right, group in zip(most, groups, strict=True)]
    return sum(most), within, sum(group.total() for group in groups if len(group) == 1)


check_best_share = Check(
    _best_share,
    case="encoder and task",
    cases=[(encoder, task) for task in ("reverse", "first letter", "sort") for encoder in ENCODERS],
    slips={
        "states counted": lambda states, targets: len(set(states)) / len(states),
        "states alike": lambda states, targets: (lambda w: sum(w) / len(w))(_shares(states, targets)[1]),
        "sure ones alone": lambda states, targets: _shares(states, targets)[2] / len(states),
        "one answer for all": lambda states, targets: max(Counter(targets).values()) / len(targets),
        "not a share": lambda states, targets: _shares(states, targets)[0],
    },
    praise="best share",
)


def _make_pair(vocab_size):
    """make_pair(vocab_size) -> (encoder, decoder): LSTM, 2 layers of 24; GRU, 1 layer of 40; and a contract."""
    return (vocab_size,), ...


def _layer(part: Any, name: str, kind: type[nn.RNNBase], wanted: tuple[int, int]) -> nn.RNNBase:
    if not isinstance(part, nn.Module):
        raise Wrong("no module", name=name, given=shown(part))
    layer = next((module for module in part.modules() if isinstance(module, kind)), None)
    if layer is None:
        raise Wrong("no layer", name=name, wanted=f"nn.{kind.__name__}")
    sizes = layer.num_layers, layer.hidden_size
    if sizes != wanted:
        raise Wrong("layer sizes", name=f"nn.{kind.__name__}", given=sizes, wanted=wanted)
    return layer


def _contract(pair: Any, V: int) -> None:
    encoder, decoder = take(pair, {"encoder": ..., "decoder": ...}).values()
    lstm, _ = _layer(encoder, "encoder", nn.LSTM, (2, 24)), _layer(decoder, "decoder", nn.GRU, (1, 40))
    encoder.eval(), decoder.eval()
    try:
        with torch.enable_grad():
            _hold_to_the_contract(encoder, decoder, lstm, V)
    except NotImplementedError as error:  # a method that the reader forgot is a mistake, not an empty stub
        raise Wrong("method missing", text=error) from error


def _hold_to_the_contract(encoder: nn.Module, decoder: Any, lstm: nn.LSTM, V: int) -> None:
    src = torch.tensor([[4, 5, 6, 7, EOS], [8, EOS, PAD, PAD, PAD], [9, 8, 7, EOS, PAD], [6, 5, EOS, PAD, PAD]])
    src_len, inputs = torch.tensor([5, 2, 4, 3]), torch.randint(4, V, (4, 6))
    real, index = torch.arange(5) < src_len[:, None], torch.tensor([2, 0, 0, 3, 2])

    def step(token: Tensor, state: Any) -> tuple[Tensor, Any]:
        log_probs, state = take(
            call(lambda: decoder.step(token, state)), {"log_probs": ..., "state": ...}, "step"
        ).values()
        return take(log_probs, torch.empty(len(token), V, device="meta"), "step.log_probs"), state

    def begin(tokens: Tensor = src, lengths: Tensor = src_len) -> Any:
        encoded = call(encoder, tokens, lengths)
        return call(lambda: decoder.init_state(encoded))

    def logits(tokens: Tensor = src, lengths: Tensor = src_len, inputs: Tensor = inputs) -> Tensor:
        state = begin(tokens, lengths)
        found = take(call(lambda: decoder(inputs, state)), {"logits": ..., "state": ...}, "decoder")
        return take(found["logits"], torch.empty(*inputs.shape, V, device="meta"), "decoder.logits")

    def hold(other: Tensor, expected: Tensor, fault: str, **values: Any) -> None:
        if not torch.allclose(other, expected, atol=1e-4):
            raise Wrong(fault, **values)

    whole = logits()
    hold(whole * 0, torch.zeros_like(whole), "not finite", name="decoder.logits")
    hold(logits(F.pad(torch.where(real, src, 4), (0, 2), value=5)), whole, "padding read")
    alone = torch.cat([logits(src[i : i + 1], src_len[i : i + 1], inputs[i : i + 1]) for i in range(4)])
    hold(alone, whole, "rows not alone")
    later = torch.cat([inputs[:, :3], inputs[:, 3:].flip(0).roll(1, 1)], 1)
    hold(logits(inputs=later)[:, :3], whole[:, :3], "future read")
    state = begin()
    for t, token in enumerate(inputs.unbind(1)):
        if t == 1:
            chosen = call(lambda old=state: decoder.reorder(old, index))
            picked, _ = step(token[index], chosen)
        log_probs, state = step(token, state)
        hold(log_probs, whole[:, t].log_softmax(-1), "other steps", step=t + 1)
    hold(picked, whole[index, 1].log_softmax(-1), "rows not picked")
    if torch.allclose(logits(torch.where(real & (src > EOS), 15 - src, src)), whole, atol=1e-6):
        raise Wrong("source ignored")
    encoder.zero_grad()
    logits().log_softmax(-1)[..., 0].sum().backward()
    for name, parameter in lstm.named_parameters():
        if parameter.grad is None or not parameter.grad.abs().max() > 0:
            raise Wrong("encoder cannot learn", name=name)


check_make_pair = Check(_make_pair, case="vocabulary", cases=[(12,), (30,)], judge=_contract, praise="a pair")


def _copy_batch(batch_size, shortest, longest, num_letters):
    """copy_batch(batch_size, shortest, longest, num_letters) -> (src, src_len, tgt, tgt_len), int64."""
    return (batch_size, shortest, longest, num_letters), ...


class _Twice(Check):
    """The judge gets two draws."""

    def __call__(self, answer: Callable) -> Verdict:
        return super().__call__(lambda *args: (answer(*args), answer(*args)))


def _drawn_at_random(batches: tuple, B: int, shortest: int, longest: int, k: int) -> None:
    rows, others = (_copied(batch, B, k) for batch in batches)
    if rows == others:
        raise Wrong("same batch")
    if len({*map(tuple, rows)}) == 1:
        raise Wrong("same rows")

    def hold(count: int, among: int, p: float, key: str, **values: Any) -> None:
        """Raise Wrong if so many are more than 6 standard deviations from what they should be."""
        if abs(count - among * p) > 6 * math.sqrt(among * p * (1 - p)):
            raise Wrong(key, given=count, wanted=round(among * p), **values)

    lengths, letters = Counter(map(len, rows)), [letter for row in rows for letter in row]
    for n in sorted({*lengths, *range(shortest, longest + 1)}):
        hold(lengths[n], B, (shortest <= n <= longest) / (longest - shortest + 1), "so many rows", n=n)
    for letter in range(FIRST_LETTER, FIRST_LETTER + k):
        hold(letters.count(letter), len(letters), 1 / k, "so many letters", letter=letter)
    steps = [b - a for row in rows for a, b in pairwise(row)]
    unequal = [step for step in steps if step]
    hold(sum(step > 0 for step in unequal), len(unequal), 1 / 2, "so many rise")
    hold(steps.count(0), len(steps), 1 / k, "so many alike")


def _copied(batch: Any, B: int, k: int) -> list[list[int]]:
    """Return the letters of each row; Wrong if the batch is not of the form that the exercise asks for."""
    batch = take(batch, dict.fromkeys(("src", "src_len", "tgt", "tgt_len"), ...))
    for name, part in batch.items():
        if not isinstance(part, Tensor) or part.dtype != torch.int64:
            raise Wrong("not int64", name=name, given=getattr(part, "dtype", type(part).__name__))
        if part.dim() != 2 - name.endswith("len") or len(part) != B:
            wanted = f"({B},)" if name.endswith("len") else f"({B}, ...)"
            raise Wrong("shape", name=name, given=tuple(part.shape), wanted=wanted)
    rows = []
    for i, (src, src_len, tgt, tgt_len) in enumerate(zip(*(part.tolist() for part in batch.values()), strict=True)):
        n = src.index(EOS) if EOS in src else -1
        if n < 0 or not all(FIRST_LETTER <= letter < FIRST_LETTER + k for letter in src[:n]) or any(src[n + 1 :]):
            raise Wrong("no source", i=i, given=src)
        wanted = [BOS, *src[: n + 1]]
        if tgt[: n + 2] != wanted or any(tgt[n + 2 :]):
            raise Wrong("other target", i=i, given=tgt, wanted=wanted)
        for name, length in (("src_len", src_len), ("tgt_len", tgt_len)):
            if length != n + 1:
                raise Wrong("other length", i=i, name=name, given=length, wanted=n + 1)
        rows.append(src[:n])
    return rows


def _batch(
    B: int, a: int, b: int, k: int, change: Callable = lambda letters, m: letters, seed: int | None = None
) -> tuple:
    """A right batch, unless `change` makes other letters (B, longest) of those drawn, or a seed is set."""
    g = None if seed is None else torch.Generator().manual_seed(seed)
    m, place = torch.randint(a, b + 1, (B, 1), generator=g), torch.arange(b + 1)
    letters = F.pad(change(torch.randint(4, 4 + k, (B, b), generator=g), m), (0, 1))
    src = letters.masked_fill(place == m, EOS).masked_fill(place > m, PAD)
    return src, m[:, 0] + 1, F.pad(src, (1, 0), value=BOS), m[:, 0] + 1


def _sorted(letters: Tensor, m: Tensor) -> Tensor:
    return letters.masked_fill(torch.arange(letters.shape[1]) >= m, 99).sort(dim=1).values


check_copy_batch = _Twice(
    _copy_batch,
    case="batch of words",
    cases=[(600, 2, 7, 8), (300, 3, 3, 2), (300, 1, 4, 5)],
    judge=_drawn_at_random,
    slips={
        "not int64": lambda *args: tuple(part.float() for part in _batch(*args)),
        "no source": lambda *args: tuple(part * (part != EOS) for part in _batch(*args)),
        "other target": lambda *args: (*_batch(*args)[:2], *_batch(*args)[2:]),
        "other length": lambda *args: tuple(part - int(part.dim() == 1) for part in _batch(*args)),
        "same batch": lambda *args: _batch(*args, seed=0),
        "same rows": lambda B, *args: tuple(part.repeat_interleave(B, 0) for part in _batch(1, *args)),
        "so many rows": lambda B, a, b, k: _batch(B, a, max(a, b - 1), k),
        "so many letters": lambda B, a, b, k: _batch(B, a, b, k - 1),
        "so many alike": lambda *args: _batch(*args, lambda letters, m: letters[:, :1].expand_as(letters)),
        "so many rise": lambda *args: _batch(*args, lambda letters, m: -_sorted(-letters, m)),
    },
    praise="copied",
)
