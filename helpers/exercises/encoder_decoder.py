"""Checks for the exercises of the notebook `encoder-decoder`.

check_longest_word     how long a word fits into a state of so many bits
check_reorder          picking rows of an LSTM's state and its context
check_ignores_padding  a test that tells sound encoders from broken ones
check_make_pair        an LSTM encoder with a GRU decoder of another width
check_copy_batch       random batches of the copy task
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from operator import eq, gt, lt
from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.verdict import Verdict, Wrong, call, number, parts, short, tensor, truth, verdict

PAD, BOS, EOS, FIRST_LETTER = 0, 1, 2, 4  # as in helpers.tokenizers


def check_longest_word(longest_word: Callable[[int, int], int]) -> Verdict:
    """Check longest_word(num_letters, bits): the largest n such that all words of 0 to n letters have a state each."""

    def run() -> str:
        for k, bits in [(8, 64), (8, 21), (10, 64), (2, 53), (1, 3), (26, 1), (3, 0), (10, 4096)]:
            n, words = 0, 1 + k
            while words <= 2**bits:  # whole numbers: exact, however large
                n, words = n + 1, words + k ** (n + 2)
            number(call(longest_word, _bits(k, bits), k, bits), n, _bits(k, bits))
        return "the shorter words need room, too: with 8 letters and 21 bits it is 6, although 8^7 is 2^21."

    return verdict(run)


def _bits(k: int, bits: int) -> str:
    return f"{k} letter{'s' * (k > 1)} and {bits} bit{'s' * (bits != 1)}"


def check_reorder(reorder: Callable[[tuple, Tensor], tuple]) -> Verdict:
    """Check reorder(state, index) on states (context (B, h), (H (L, B, h), C (L, B, h)))."""

    def run() -> str:
        cases = [(2, 3, [2, 0, 1]), (3, 3, [1, 1, 2]), (1, 4, [3]), (2, 4, [0, 0, 0, 3, 3, 1, 2]), (3, 5, [0, 1, 2, 3])]
        for L, B, index in cases:
            case = f"{L} layer{'s' * (L > 1)}, {B} rows and the index {index}"
            # Every number says where it stands: part, layer, row, unit.
            part = torch.arange(6.0).view(1, 1, 6) + 10 * torch.arange(B).view(1, B, 1)
            layers = part + 100 * torch.arange(L).view(L, 1, 1)
            given = (part[0].clone(), (layers + 1000, layers + 2000))
            before = (given[0].clone(), tuple(part.clone() for part in given[1]))
            try:
                found = call(lambda rows, given=given: reorder(given, rows), case, torch.tensor(index))
            except Wrong as wrong:
                if isinstance(wrong.__cause__, IndexError):
                    raise Wrong(f"{wrong}; in H and C, (L, B, h), the first axis counts layers, not rows") from wrong
                raise
            context, pair = parts(found, ("context", "(H, C)"), case, alike=False)
            names, found = ("context", "H", "C"), (context, *parts(pair, "HC", case, "the second part"))
            for name, new, old in zip(names, found, (before[0], *before[1]), strict=True):
                rows = [old.select(old.dim() - 2, i) for i in index]
                expected = torch.stack(rows, old.dim() - 2)
                new = tensor(new, tuple(expected.shape), case, name)
                if not torch.equal(new, expected):
                    raise Wrong(f"for {case} {name} does not hold the rows asked for{_which(new, expected, name)}")
            for name, now, then in zip(names, (given[0], *given[1]), (before[0], *before[1]), strict=True):
                if not torch.equal(now, then):
                    raise Wrong(f"for {case} the old {name} has been changed; another hypothesis may still need it")
        return "context, H and C follow the index together: a hypothesis takes its whole memory with it."

    return verdict(run)


def _which(new: Tensor, expected: Tensor, name: str) -> str:
    if name != "context" and not torch.equal(new // 1000, expected // 1000):
        return ": its numbers are those of another part"
    return f": it begins with those of {(new.flatten()[0] % 100 // 10).item():.0f}"


class _Model(nn.Module):
    """An encoder of one of several kinds, and a small decoder: logits = output(decoder inputs + state)."""

    def __init__(self, kind: str, leak: float = 1.0):
        super().__init__()
        g = torch.Generator().manual_seed(1)
        self.kind, self.leak = kind, leak
        self.weights = torch.randn(12, 8, generator=g)
        self.waves, self.output = torch.randn(8, generator=g), torch.randn(8, 12, generator=g) / 4
        if kind == "padding is zero":
            self.weights[PAD] = 0

    def forward(self, src: Tensor, src_len: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        X = self.weights[src].double()  # (B, S, 8), so that a sum does not depend on how wide it is
        place = torch.arange(src.shape[1])
        waves = (place[:, None] * self.waves).cos()  # (S, 8), for sources of any width
        real = (place < src_len[:, None])[..., None]
        state = (X * real * waves).sum(1) / src_len[:, None]  # the sound one, with order
        if self.kind in ("all columns", "padding is zero"):
            state = X.sum(1) / src_len[:, None]
        elif self.kind == "last column":
            state = state + self.leak * X[:, -1]
        elif self.kind == "one too far":
            state = (X * (place <= src_len[:, None])[..., None] * waves).sum(1) / src_len[:, None]
        elif self.kind == "width":
            state = (X * real).sum(1) / src.shape[1]
        elif self.kind == "rounding":
            state = state + 1e-7 * (src.shape[1] % 16)
        state = state.float()
        return (self.weights[inputs] + state[:, None]).tanh() @ self.output, state


def check_ignores_padding(ignores_padding: Callable[..., bool]) -> Verdict:
    """Check ignores_padding(model, src, src_len, inputs) -> bool on sound and broken models."""

    def run() -> str:
        src = torch.tensor([[4, 5, 6, EOS, PAD, PAD, PAD], [7, EOS, *[PAD] * 5], [9, 8, 7, 6, 5, EOS, PAD]])
        src_len, inputs = torch.tensor([4, 2, 6]), torch.tensor([[BOS, 6, 5], [BOS, 7, EOS], [BOS, 5, 6]])
        full = torch.tensor([[4, 6, EOS], [7, 7, EOS], [5, 9, EOS]])
        padded, unpadded = (src, src_len), (full, torch.tensor([3, 3, 3]))
        cases = [
            ("a sound encoder", "sound", 1.0, padded, True),
            ("an encoder that reads all columns", "all columns", 1.0, padded, False),
            ("an encoder that adds up all columns, with zeros for <pad>", "padding is zero", 1.0, padded, False),
            ("an encoder that divides by the width of the batch", "width", 1.0, padded, False),
            ("an encoder that reads one place too far", "one too far", 1.0, padded, False),
            ("an encoder into which the last column leaks faintly", "last column", 3e-5, padded, False),
            ("an encoder whose rounding depends on the width", "rounding", 1.0, padded, True),
            ("an encoder that reads all columns, and a batch without padding", "all columns", 1.0, unpadded, False),
            (
                "an encoder that reads one place too far, and a batch without padding",
                "one too far",
                1.0,
                unpadded,
                False,
            ),
            ("a sound encoder and a batch without padding", "sound", 1.0, unpadded, True),
        ]
        for case, kind, leak, (tokens, lengths), expected in cases:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                found = call(ignores_padding, case, _Model(kind, leak).eval(), tokens, lengths, inputs)
            found = truth(found, case)
            if found != expected:
                raise Wrong(f"for {case} the result is {found}; it should be {expected}")
        return "other tokens behind the length, more columns, and a tolerance: it takes all three."

    return verdict(run)


def check_make_pair(make_pair: Callable[[int], tuple]) -> Verdict:
    """Check make_pair(vocab_size) -> (encoder, decoder): LSTM, 2 layers of 24; GRU, 1 layer of 40; and a contract."""

    def run() -> str:
        for V in (12, 30):
            case = f"a vocabulary of {V}"
            with torch.random.fork_rng(devices=[]), torch.enable_grad():
                torch.manual_seed(V)
                pair = parts(call(make_pair, case, V), ("encoder", "decoder"), case, alike=False)
                for part, name in zip(pair, ("encoder", "decoder"), strict=True):
                    if not isinstance(part, nn.Module):
                        raise Wrong(f"for {case} the {name} should be an nn.Module; it is {short(part)}")
                try:
                    _hold_to_the_contract(*pair, V, case)
                except NotImplementedError as error:  # a method that the reader forgot is a mistake, not an empty stub
                    raise Wrong(f"for {case} a method is missing: {error}") from error
        return "an LSTM reads, a GRU of another width writes, and only the bridge between them knows both."

    return verdict(run)


def _hold_to_the_contract(encoder: Any, decoder: Any, V: int, case: str) -> None:
    lstm = [m for m in encoder.modules() if isinstance(m, nn.LSTM)]
    gru = [m for m in decoder.modules() if isinstance(m, nn.GRU)]
    for layers, kind, where, wanted in ((lstm, "LSTM", "encoder", (2, 24)), (gru, "GRU", "decoder", (1, 40))):
        if not layers:
            raise Wrong(f"for {case} there is no nn.{kind} in the {where}")
        sizes = (layers[0].num_layers, layers[0].hidden_size)
        if sizes != wanted:
            raise Wrong(f"for {case} the nn.{kind} has (layers, units) {sizes}; they should be {wanted}")
    encoder.eval(), decoder.eval()
    src = torch.tensor([[4, 5, 6, 7, EOS], [8, EOS, PAD, PAD, PAD], [9, 8, 7, EOS, PAD], [6, 5, EOS, PAD, PAD]])
    src_len, inputs = torch.tensor([5, 2, 4, 3]), torch.randint(4, V, (4, 6))

    def start(tokens: Tensor, lengths: Tensor) -> Any:
        encoded = call(encoder, f"{case}, in the encoder,", tokens, lengths)
        return call(lambda: decoder.init_state(encoded), f"{case}, in init_state,")

    def logits(tokens: Tensor, lengths: Tensor, inputs: Tensor) -> Tensor:
        state = start(tokens, lengths)
        found = call(lambda: decoder(inputs, state), f"{case}, in the decoder,")
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise Wrong(f"for {case} the decoder should return (logits, state); it returns {short(found)}")
        return tensor(found[0], (*inputs.shape, V), case, "the tensor of logits")

    whole = logits(src, src_len, inputs)
    if not whole.isfinite().all():
        raise Wrong(f"for {case} the logits are not finite numbers")

    def hold(other: Tensor, expected: Tensor, fault: str) -> None:
        if not torch.allclose(other, expected, atol=1e-4):
            raise Wrong(f"for {case} {fault}")

    real = torch.arange(5) < src_len[:, None]
    wider = torch.cat([torch.where(real, src, 4), torch.full((4, 2), 5)], 1)
    hold(logits(wider, src_len, inputs), whole, "the logits depend on what stands behind the lengths of the sources")
    alone = torch.cat([logits(src[i : i + 1], src_len[i : i + 1], inputs[i : i + 1]) for i in range(4)])
    hold(alone, whole, "a row comes out differently when it is alone in its batch")
    later = torch.cat([inputs[:, :3], inputs[:, 3:].flip(0).roll(1, 1)], 1)
    hold(logits(src, src_len, later)[:, :3], whole[:, :3], "the logits depend on later tokens of the target")

    def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        return call(lambda: decoder.step(tokens, state), f"{case}, in step,")

    state = start(src, src_len)
    index = torch.tensor([2, 0, 0, 3, 2])
    for t, token in enumerate(inputs.unbind(1)):
        if t == 1:
            picked_state = call(lambda old=state: decoder.reorder(old, index), f"{case}, in reorder,")
            picked = tensor(step(token[index], picked_state)[0], (5, V), f"{case} after reorder", "the step")
        log_probs, state = step(token, state)
        fault = f"step {t + 1} does not give what reading the whole target gives"
        hold(tensor(log_probs, (4, V), case, "the step"), whole[:, t].log_softmax(-1), fault)
    hold(picked, whole[index, 1].log_softmax(-1), "reorder does not pick the rows asked for")
    other = torch.where(real & (src > EOS), 15 - src, src)
    if torch.allclose(logits(other, src_len, inputs), whole, atol=1e-6):
        raise Wrong(f"for {case} other sources give the same logits: nothing of the encoder reaches the decoder")
    encoder.zero_grad(), decoder.zero_grad()
    logits(src, src_len, inputs).log_softmax(-1)[..., 0].sum().backward()
    for name, parameter in lstm[0].named_parameters():
        if parameter.grad is None or not parameter.grad.abs().max() > 0:
            raise Wrong(f"for {case} no gradient reaches {name} of the LSTM: the encoder cannot learn")


def check_copy_batch(copy_batch: Callable[[int, int, int, int], tuple]) -> Verdict:
    """Check copy_batch(batch_size, shortest, longest, num_letters) -> (src, src_len, tgt, tgt_len), int64."""

    def run() -> str:
        for B, shortest, longest, k in [(600, 2, 7, 8), (300, 3, 3, 2), (300, 1, 4, 5)]:
            case = f"{B} rows of {shortest} to {longest} letters out of {k}"
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(k)
                batches = [call(copy_batch, case, B, shortest, longest, k) for _ in range(2)]
            letters = [_copied(batch, B, shortest, longest, k, case) for batch in batches]
            if letters[0] == letters[1]:
                raise Wrong(f"for {case} two calls give the same batch: no generator should be seeded inside")
            if len({*map(tuple, letters[0])}) == 1:
                raise Wrong(f"for {case} all rows hold the same letters")
            for n in range(shortest, longest + 1):
                count, expected = sum(len(row) == n for row in letters[0]), B / (longest - shortest + 1)
                if not 0.5 * expected < count < 1.6 * expected:
                    raise Wrong(f"for {case} {count} rows have {n} letters; about {expected:.0f} should")
            for letter in range(FIRST_LETTER, FIRST_LETTER + k):
                if not any(letter in row for row in letters[0]):
                    raise Wrong(f"for {case} the letter {letter} never occurs")
            neighbours = [pair for row in letters[0] for pair in pairwise(row)]
            equal, rising, falling = (sum(map(is_so, *zip(*neighbours, strict=True))) for is_so in (eq, lt, gt))
            if equal > len(neighbours) * (1 + 1 / k) / 2:
                raise Wrong(
                    f"for {case} {equal} of {len(neighbours)} letters repeat the one before them; each letter of a row "
                    f"should be drawn anew, so that about {len(neighbours) / k:.0f} do"
                )
            if not 0.5 < rising / max(falling, 1) < 2:
                raise Wrong(
                    f"for {case} {rising} letters have a larger id than the one before them, and {falling} a smaller "
                    "one; in a random order both are equally frequent"
                )
        return "every length, every letter, and the same row on both sides."

    return verdict(run)


def _copied(batch: Any, B: int, shortest: int, longest: int, k: int, case: str) -> list[list[int]]:
    """Return the letters of each row; Wrong if the batch is not of the form that the exercise asks for."""
    names = ("src", "src_len", "tgt", "tgt_len")
    batch = parts(batch, names, case, alike=False)
    for part, name in zip(batch, names, strict=True):
        if not isinstance(part, Tensor) or part.dtype != torch.int64:
            kind = part.dtype if isinstance(part, Tensor) else type(part).__name__
            raise Wrong(f"for {case} {name} should be a tensor of int64; it is {kind}")
        if part.dim() != (1 if name.endswith("len") else 2) or len(part) != B:
            shape = (B,) if name.endswith("len") else (B, "...")
            raise Wrong(f"for {case} {name} has the shape {tuple(part.shape)}; it should be {shape}".replace("'", ""))
    src, src_len, tgt, tgt_len = (part.tolist() for part in batch)
    found = []
    for i in range(B):
        n = src[i].index(EOS) if EOS in src[i] else None
        if n is None:
            raise Wrong(f"for {case} row {i} of src holds no EOS: {src[i]}")
        letters = src[i][:n]
        if not all(FIRST_LETTER <= letter < FIRST_LETTER + k for letter in letters):
            raise Wrong(f"for {case} row {i} of src has something other than letters before EOS: {src[i]}")
        if not shortest <= n <= longest:
            raise Wrong(f"for {case} row {i} of src has {n} letters: {src[i]}")
        if any(src[i][n + 1 :]):
            raise Wrong(f"for {case} row {i} of src has something other than PAD behind EOS: {src[i]}")
        wanted = [BOS, *letters, EOS]
        if tgt[i][: n + 2] != wanted or any(tgt[i][n + 2 :]):
            raise Wrong(f"for {case} row {i} of tgt is {tgt[i]}; it should be {wanted}, then PAD")
        for name, length in (("src_len", src_len[i]), ("tgt_len", tgt_len[i])):
            if length != n + 1:
                raise Wrong(f"for {case} {name} of row {i} is {length}; with {n} letters and EOS it should be {n + 1}")
        found.append(letters)
    return found
