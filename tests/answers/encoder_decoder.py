"""Right and wrong answers for the checks of the section `encoder-decoder`."""

import math
import random

import torch
from notebook_code import definitions
from torch import nn

from answers.table import Answers
from helpers.pair_batches import pad
from helpers.seq2seq import Decoder, Encoder
from helpers.tokenizers import BOS, EOS, PAD

ANSWERS: dict[str, Answers] = {}
SOLVED = definitions("solutions/encoder-decoder")  # whose answers join the right ones by themselves

# --- how long a word fits --------------------------------------------------------------------------------------------


def longest_word(num_letters, bits):
    n, words = 0, 1
    while words + num_letters ** (n + 1) <= 2**bits:
        n += 1
        words += num_letters**n
    return n


def longest_word_by_the_series(k, bits):
    n = 0
    while (k ** (n + 2) - 1) // (k - 1) <= 2**bits if k > 1 else n + 2 <= 2**bits:
        n += 1
    return n


ANSWERS["check_longest_word"] = Answers(
    right={
        "counted": longest_word,
        "the geometric series": longest_word_by_the_series,
        "a float": lambda k, bits: float(longest_word(k, bits)),
        "a tensor": lambda k, bits: torch.tensor(longest_word(k, bits)),
    },
    wrong={
        "words of n letters alone": (
            lambda k, bits: int(bits / math.log2(k)) if k > 1 else longest_word(k, bits),
            "for 8 letters and 21 bits the result is 7; it should be 6",
        ),
        "base k + 1, as the integer of the notebook": (
            lambda k, bits: int(bits / math.log2(k + 1)),
            "for 8 letters and 64 bits the result is 20; it should be 21",
        ),
        "one sign bit left out": (
            lambda k, bits: longest_word(k, max(bits - 1, 0)),
            "for 8 letters and 64 bits the result is 20; it should be 21",
        ),
        "the first length that does not fit": (
            lambda k, bits: longest_word(k, bits) + 1,
            "for 8 letters and 64 bits the result is 22; it should be 21",
        ),
        "the empty word forgotten": (
            lambda k, bits: (
                max(n for n in range(2000) if n == 0 or sum(k**i for i in range(1, n + 1)) <= 2**bits)
                if bits < 100
                else longest_word(k, bits)
            ),
            "for 1 letter and 3 bits the result is 8; it should be 7",
        ),
        "a table of floats that ends": (
            lambda k, bits: longest_word(k, min(bits, 1023)),
            "for 10 letters and 4096 bits the result is",
        ),
        "a number of bits per letter, rounded up": (
            lambda k, bits: bits // max(1, math.ceil(math.log2(k))),
            "for 8 letters and 21 bits the result is 7; it should be 6",
        ),
    },
)

# --- rows of a state -------------------------------------------------------------------------------------------------


reorder = SOLVED["reorder"]


def reorder_in_place(state, index):
    """Right for a permutation's length, and changes the state that it was given."""
    context, (H, C) = state
    picked = context[index].clone(), H[:, index].clone(), C[:, index].clone()
    n = min(len(index), len(context))
    for old, new in zip(state[1], picked[1:], strict=True):
        old[:, :n] = new[:, :n]
    return picked[0], picked[1:]


ANSWERS["check_reorder"] = Answers(
    right={
        "index_select, as lists": lambda s, i: [s[0].index_select(0, i), [p.index_select(1, i) for p in s[1]]],
        "row by row": lambda s, i: (
            torch.stack([s[0][j] for j in i.tolist()]),
            tuple(torch.stack([part[:, j] for j in i.tolist()], 1) for part in s[1]),
        ),
    },
    wrong={
        "the first axis everywhere": (
            lambda s, i: (s[0][i], tuple(part[i % len(part)] for part in s[1])),
            "for 2 layers, 3 rows and the index [2, 0, 1] H has the shape (3, 3, 6); it should be (2, 3, 6)",
        ),
        "the first axis, no crash": (
            lambda s, i: (s[0][i], tuple(part[i] for part in s[1])),
            "for 2 layers, 3 rows and the index [2, 0, 1] your function stops with IndexError: index 2 is out of "
            "bounds for dimension 0 with size 2; in H and C, (L, B, h), the first axis counts layers, not rows",
        ),
        "the context forgotten": (
            lambda s, i: (s[0], reorder(s, i)[1]),
            "for 2 layers, 3 rows and the index [2, 0, 1] context does not hold the rows asked for: it begins with",
        ),
        "C forgotten": (
            lambda s, i: (s[0][i], (s[1][0][:, i], s[1][1])),
            "for 2 layers, 3 rows and the index [2, 0, 1] C does not hold the rows asked for: it begins with those of",
        ),
        "nothing done": (
            lambda s, i: s,
            "for 2 layers, 3 rows and the index [2, 0, 1] context does not hold the rows asked for",
        ),
        "the inverse permutation": (
            lambda s, i: reorder(s, i.argsort()),
            "for 2 layers, 3 rows and the index [2, 0, 1] context does not hold the rows asked for: it begins with",
        ),
        "the set of rows": (
            lambda s, i: reorder(s, i.unique()),
            "for 2 layers, 3 rows and the index [2, 0, 1] context does not hold",
        ),
        "permutations only": (
            lambda s, i: reorder(s, i) if len(i.unique()) == len(i) else s,
            "for 3 layers, 3 rows and the index [1, 1, 2] context does not hold the rows asked for",
        ),
        "H and C exchanged": (
            lambda s, i: (s[0][i], (s[1][1][:, i], s[1][0][:, i])),
            "H does not hold the rows asked for: its numbers are those of another part",
        ),
        "the old state changed": (reorder_in_place, "the old H has been changed"),
        "flat": (lambda s, i: (s[0][i], s[1][0][:, i], s[1][1][:, i]), "should be (context, (H, C)); it is"),
        "H alone": (lambda s, i: (s[0][i], (s[1][0][:, i],)), "the second part should be (H, C); it is"),
    },
)

# --- a test for padding ----------------------------------------------------------------------------------------------


def gap(a, b):
    return (a - b).abs().max().item()


def behind(src, src_len, fill):
    """The sources with other tokens behind their lengths."""
    return torch.where(torch.arange(src.shape[1]) < src_len[:, None], src, fill)


def ignores_padding(model, src, src_len, inputs, junk=True, wider=4, tolerance=1e-5):
    whole = model(src, src_len, inputs)[0]
    other = torch.cat([src, torch.zeros(len(src), wider, dtype=torch.long)], 1)
    if junk:
        other = behind(other, src_len, torch.randint_like(other, 4, 12))
    return gap(model(other, src_len, inputs)[0], whole) < tolerance


def ignores_padding_row_by_row(model, src, src_len, inputs):
    """Every row alone, without its padding, against the row in a wider batch full of another token."""
    wide = torch.cat([behind(src, src_len, 11), torch.full((len(src), 2), 11)], 1)
    whole = model(wide, src_len, inputs)[0]
    for i, n in enumerate(src_len.tolist()):
        alone = model(src[i : i + 1, :n], src_len[i : i + 1], inputs[i : i + 1])[0]
        if not torch.allclose(alone[0], whole[i], atol=1e-5):
            return False
    return True


ANSWERS["check_ignores_padding"] = Answers(
    right={
        "junk in a wider batch": ignores_padding,
        "row by row": ignores_padding_row_by_row,
        "a hundred columns more": lambda *args: ignores_padding(*args, wider=100),
        "0 or 1": lambda *args: int(ignores_padding(*args)),
        "a tensor": lambda *args: torch.tensor(ignores_padding(*args)),
    },
    wrong={
        "always content": (lambda *args: True, "for an encoder that reads all columns the result is True"),
        "never content": (lambda *args: False, "for a sound encoder the result is False"),
        "other tokens, the same width": (
            lambda *args: ignores_padding(*args, wider=0),
            "for an encoder that divides by the width of the batch the result is True; it should be False",
        ),
        "more columns of <pad>": (
            lambda *args: ignores_padding(*args, junk=False),
            "for an encoder that adds up all columns, with zeros for <pad> the result is True; it should be False",
        ),
        "no tolerance": (
            lambda *args: ignores_padding(*args, tolerance=1e-12),
            "for an encoder whose rounding depends on the width the result is False; it should be True",
        ),
        "too much tolerance": (
            lambda *args: ignores_padding(*args, tolerance=0.1),
            "for an encoder into which the last column leaks faintly the result is True",
        ),
        "a tolerance of 0.01": (
            lambda *args: ignores_padding(*args, tolerance=0.01),
            "for an encoder into which the last column leaks faintly the result is True",
        ),
        "a tolerance of 0.0001": (
            lambda *args: ignores_padding(*args, tolerance=1e-4),
            "for an encoder into which the last column leaks faintly the result is True",
        ),
        "one column and no other tokens before it": (
            lambda m, src, n, y: (
                gap(m(torch.cat([src, torch.full((len(src), 1), 7)], 1), n, y)[0], m(src, n, y)[0]) < 1e-5
            ),
            "for an encoder that reads one place too far the result is True",
        ),
        "the row that needs no padding": (
            lambda m, src, n, y: (
                gap(m(src[n.argmax()][None], n.max()[None], y[n.argmax()][None])[0][0], m(src, n, y)[0][n.argmax()])
                < 1e-5
            ),
            "for an encoder that reads all columns the result is True",
        ),
        "the letters changed as well": (
            lambda m, src, n, y: gap(m(torch.full_like(src, 5), n, y)[0], m(src, n, y)[0]) < 1e-5,
            "for a sound encoder the result is False",
        ),
        "an assertion in place of a result": (
            lambda m, src, n, y: None,
            "for a sound encoder the result is 'None'; it should be True or False",
        ),
        "the difference": (
            lambda m, src, n, y: gap(m(src, n, y)[0], m(src, n, y)[0]),
            "for a sound encoder the result is '0.0'; it should be True or False",
        ),
    },
)

# --- two of different kinds ------------------------------------------------------------------------------------------


class LSTMEncoder(Encoder):
    def __init__(self, V, layers=2, units=24):
        super().__init__()
        self.embedding = nn.Embedding(V, 10)
        self.layer = nn.LSTM(10, units, layers, batch_first=True)

    def forward(self, tokens, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False
        )
        H, C = self.layer(packed)[1]
        return torch.cat([H[-1], C[-1]], -1)  # (B, 2h)


class LastOutput(LSTMEncoder):
    """The bridge in the encoder, and outputs at the last real token."""

    def __init__(self, V):
        super().__init__(V)
        self.bridge = nn.Linear(24, 40)

    def forward(self, tokens, lengths):
        outputs, _ = self.layer(self.embedding(tokens))
        return self.bridge(outputs[torch.arange(len(tokens)), lengths - 1]).tanh()[None]


class ReadsPadding(LSTMEncoder):
    def forward(self, tokens, lengths):
        H, C = self.layer(self.embedding(tokens))[1]
        return torch.cat([H[-1], C[-1]], -1)


class MixesRows(LSTMEncoder):
    """(2, B, 24) is viewed as (B, 48): layers and rows are mixed."""

    def forward(self, tokens, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False
        )
        return self.layer(packed)[1][0].reshape(len(tokens), 48)


class Detached(LSTMEncoder):
    def forward(self, tokens, lengths):
        return super().forward(tokens, lengths).detach()


class GRUDecoder(Decoder):
    def __init__(self, V, bridge=True, units=40):
        super().__init__()
        self.embedding, self.bridge = nn.Embedding(V, 10), nn.Linear(48, units) if bridge else None
        self.layer, self.output = nn.GRU(10, units, batch_first=True), nn.Linear(units, V)

    def init_state(self, encoded):
        return torch.tanh(self.bridge(encoded))[None] if self.bridge else encoded

    def forward(self, tokens, state):
        outputs, state = self.layer(self.embedding(tokens), state)
        return self.output(outputs), state

    def reorder(self, state, index):
        return state[:, index]


class Ignores(GRUDecoder):
    def init_state(self, encoded):
        return torch.zeros_like(super().init_state(encoded))


class Flat(GRUDecoder):
    def forward(self, tokens, state):
        logits, state = super().forward(tokens, state)
        return logits.flatten(0, 1), state


class Forgets(GRUDecoder):
    def forward(self, tokens, state):
        return super().forward(tokens, state)[0], state


class FirstAxis(GRUDecoder):
    def reorder(self, state, index):
        return state[index]


class AllRows(GRUDecoder):
    def reorder(self, state, index):
        return state[:, index.sort().values]


class Peeks(GRUDecoder):
    def __init__(self, V):
        super().__init__(V)
        self.back = nn.GRU(10, 40, batch_first=True)

    def forward(self, tokens, state):
        X = self.embedding(tokens)
        outputs, state = self.layer(X, state)
        return self.output(outputs + self.back(X.flip(1))[0].flip(1)), state


class NoReorder(GRUDecoder):
    reorder = Decoder.reorder


ANSWERS["check_make_pair"] = Answers(
    right={
        "the bridge in the decoder": lambda V: (LSTMEncoder(V), GRUDecoder(V)),
        "the bridge in the encoder": lambda V: [LastOutput(V), GRUDecoder(V, bridge=False)],
    },
    wrong={
        "padding is read": (
            lambda V: (ReadsPadding(V), GRUDecoder(V)),
            "for a vocabulary of 12 the logits depend on what stands behind the lengths",
        ),
        "rows mixed by a view": (
            lambda V: (MixesRows(V), GRUDecoder(V)),
            "for a vocabulary of 12 a row comes out differently when it is alone",
        ),
        "no bridge": (
            lambda V: (LSTMEncoder(V), GRUDecoder(V, bridge=False)),
            "for a vocabulary of 12, in the decoder, your function stops with RuntimeError",
        ),
        "detached": (
            lambda V: (Detached(V), GRUDecoder(V)),
            "for a vocabulary of 12 no gradient reaches weight_ih_l0 of the LSTM",
        ),
        "the source ignored": (
            lambda V: (LSTMEncoder(V), Ignores(V)),
            "for a vocabulary of 12 other sources give the same logits",
        ),
        "flat logits": (
            lambda V: (LSTMEncoder(V), Flat(V)),
            "for a vocabulary of 12 the tensor of logits has the shape (24, 12); it should be (4, 6, 12)",
        ),
        "the old state handed back": (
            lambda V: (LSTMEncoder(V), Forgets(V)),
            "for a vocabulary of 12 step 2 does not give what reading the whole target gives",
        ),
        "reorder on the first axis": (
            lambda V: (LSTMEncoder(V), FirstAxis(V)),
            "for a vocabulary of 12, in reorder, your function stops with IndexError",
        ),
        "rows in another order": (
            lambda V: (LSTMEncoder(V), AllRows(V)),
            "for a vocabulary of 12 reorder does not pick the rows asked for",
        ),
        "a look ahead": (
            lambda V: (LSTMEncoder(V), Peeks(V)),
            "for a vocabulary of 12 the logits depend on later tokens of the target",
        ),
        "reorder forgotten": (
            lambda V: (LSTMEncoder(V), NoReorder(V)),
            "for a vocabulary of 12 a method is missing: NoReorder must define reorder(state, index)",
        ),
        "one layer": (
            lambda V: (LSTMEncoder(V, layers=1), GRUDecoder(V)),
            "for a vocabulary of 12 the nn.LSTM has (layers, units) (1, 24); they should be (2, 24)",
        ),
        "widths exchanged": (
            lambda V: (LSTMEncoder(V, units=40), GRUDecoder(V)),
            "for a vocabulary of 12 the nn.LSTM has (layers, units) (2, 40); they should be (2, 24)",
        ),
        "a GRU encoder": (
            lambda V: (GRUDecoder(V), GRUDecoder(V)),
            "for a vocabulary of 12 there is no nn.LSTM in the encoder",
        ),
        "one vocabulary only": (
            lambda V: (LSTMEncoder(12), GRUDecoder(12)),
            "for a vocabulary of 30",
        ),
        "the encoder alone": (lambda V: LSTMEncoder(V), "should be (encoder, decoder)"),
    },
)

# --- the copy task ---------------------------------------------------------------------------------------------------


copy_batch = SOLVED["copy_batch"]


def copy_batch_by_lists(batch_size, shortest, longest, num_letters):
    rows = [
        [random.randrange(4, 4 + num_letters) for _ in range(random.randint(shortest, longest))] + [EOS]
        for _ in range(batch_size)
    ]
    src, lengths = pad(rows)
    return [src, lengths, pad([[BOS, *row] for row in rows])[0], lengths.clone()]


def changed(change):
    """A wrong answer: the right batch after `change(src, src_len, tgt, tgt_len)`."""
    return lambda *args: change(*copy_batch(*args))


def seeded(*args):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return copy_batch(*args)


CASE = "for 600 rows of 2 to 7 letters out of 8 "
ANSWERS["check_copy_batch"] = Answers(
    right={"lists": copy_batch_by_lists},
    wrong={
        "no <eos> in the source": (
            changed(lambda s, n, t, m: (s.masked_fill(s == EOS, PAD), n, t, m)),
            CASE + "row 0 of src holds no EOS",
        ),
        "no <bos>": (changed(lambda s, n, t, m: (s, n, t[:, 1:], m)), CASE + "row 0 of tgt is"),
        "reversed": (
            changed(
                lambda s, n, t, m: (
                    s,
                    n,
                    torch.stack([_reversed(row, k) for row, k in zip(t, m.tolist(), strict=True)]),
                    m,
                )
            ),
            CASE + "row",
        ),
        "lengths without <eos>": (changed(lambda s, n, t, m: (s, n - 1, t, m)), CASE + "src_len of row 0 is"),
        "<bos> counted": (changed(lambda s, n, t, m: (s, n, t, m + 1)), CASE + "tgt_len of row 0 is"),
        "the longest never": (
            lambda B, a, b, k: copy_batch(B, a, max(a, b - 1), k),
            CASE + "0 rows have 7 letters; about 100 should",
        ),
        "one length for all": (
            lambda B, a, b, k: copy_batch(B, b, b, k),
            CASE + "0 rows have 2 letters; about 100 should",
        ),
        "special tokens among the letters": (
            lambda B, a, b, k: _shifted(copy_batch(B, a, b, k)),
            CASE + "row",
        ),
        "the last letter never": (
            lambda B, a, b, k: copy_batch(B, a, b, k - 1),
            CASE + "the letter 11 never occurs",
        ),
        "filled up with <eos>": (
            changed(lambda s, n, t, m: (s.masked_fill(s == PAD, EOS), n, t, m)),
            "something other than PAD behind EOS",
        ),
        "padding on the left": (
            changed(
                lambda s, n, t, m: (torch.stack([r.roll(-k) for r, k in zip(s, n.tolist(), strict=True)]), n, t, m)
            ),
            CASE + "row",
        ),
        "seeded inside": (seeded, CASE + "two calls give the same batch"),
        "one row repeated": (
            lambda B, a, b, k: tuple(part.repeat_interleave(B, 0) for part in copy_batch(1, a, b, k)),
            CASE + "all rows hold the same letters",
        ),
        "one letter repeated": (
            lambda *args: _rows_changed(copy_batch(*args), lambda row: row[:1].expand_as(row)),
            CASE + "2",
        ),
        "letters in order": (
            lambda *args: _rows_changed(copy_batch(*args), lambda row: row.sort().values),
            "larger id than the one before them, and 0 a smaller one; in a random order both are equally frequent",
        ),
        "letters in falling order": (
            lambda *args: _rows_changed(copy_batch(*args), lambda row: row.sort(descending=True).values),
            CASE + "0 letters have a larger id than the one before them",
        ),
        "target of another draw": (
            lambda *args: (*copy_batch(*args)[:2], *copy_batch(*args)[2:]),
            CASE + "row 0 of tgt is",
        ),
        "floats": (
            changed(lambda s, n, t, m: (s.float(), n, t, m)),
            CASE + "src should be a tensor of int64; it is torch.float32",
        ),
        "without lengths": (changed(lambda s, n, t, m: (s, t)), "should be (src, src_len, tgt, tgt_len)"),
    },
)


def _rows_changed(batch, change):
    src, src_len, tgt, tgt_len = batch
    for row, out, n in zip(src, tgt, src_len.tolist(), strict=True):
        out[1:n] = row[: n - 1] = change(row[: n - 1]).clone()
    return src, src_len, tgt, tgt_len


def _reversed(row, length):
    row = row.clone()
    row[1:length] = row[1:length].flip(0)
    return row


def _shifted(batch):
    src, src_len, tgt, tgt_len = batch
    return src - (src > EOS).long(), src_len, tgt - (tgt > EOS).long(), tgt_len
