"""Other answers for the checks of the section `encoder-decoder`, right and wrong."""

import random

import numpy as np
import torch
from notebook_code import definitions
from torch import nn

from helpers.encoder_decoder import Decoder
from helpers.exercises.encoder_decoder import BOS, EOS, PAD, _batch, _fits, _sorted, _unmoved
from helpers.padding import pad

solved = definitions("solutions/encoder-decoder")
LSTMEncoder, BridgedGRU, reorder = solved["LSTMEncoder"], solved["BridgedGRU"], solved["reorder"]


def longest_word_by_the_series(k, bits):
    n = 0
    while (k ** (n + 2) - 1) // (k - 1) <= 2**bits if k > 1 else n + 2 <= 2**bits:
        n += 1
    return n


def ignores_padding_row_by_row(model, src, src_len, inputs):
    """Every row alone, without its padding, against the row in a very wide batch full of another token."""
    wide = torch.cat([src, torch.full((len(src), 200), 11)], 1)
    wide = wide.masked_fill(torch.arange(wide.shape[1]) >= src_len[:, None], 11)
    whole = model(wide, src_len, inputs)
    for i, n in enumerate(src_len.tolist()):
        alone = model(src[i : i + 1, :n], src_len[i : i + 1], inputs[i : i + 1])
        if not all(torch.allclose(a[0], b[i], rtol=0, atol=1e-5) for a, b in zip(alone, whole, strict=True)):
            return False
    return True


def section_6(model, *batch):
    namespace = definitions("encoder-decoder", V=12)
    return namespace["padding_changes_nothing"](model, *batch)


def copy_batch_by_lists(batch_size, shortest, longest, num_letters):
    letters = range(4, 4 + num_letters)
    rows = [[*random.choices(letters, k=random.randint(shortest, longest)), EOS] for _ in range(batch_size)]
    src, lengths = pad(rows)
    return [src, lengths, pad([[BOS, *row] for row in rows])[0], lengths.clone()]


def best_share_by_sorting(states, targets):
    """Every decoder in turn: for each state, whichever of the targets is right most often."""
    right = 0
    for state in {*states}:
        here = [target for other, target in zip(states, targets, strict=True) if other == state]
        right += max(here.count(target) for target in here)
    return np.float64(right / len(states))


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
        return super().forward(tokens, torch.full_like(lengths, tokens.shape[1]))


class MixesRows(LSTMEncoder):
    def forward(self, tokens, lengths):
        encoded = super().forward(tokens, lengths)
        return encoded.view(len(tokens), 2, 24).transpose(0, 1).reshape(len(tokens), 48)


class Detached(LSTMEncoder):
    def forward(self, tokens, lengths):
        return super().forward(tokens, lengths).detach()


class NoBridge(BridgedGRU):
    def init_state(self, encoded):
        return encoded


class Ignores(BridgedGRU):
    def init_state(self, encoded):
        return torch.zeros_like(super().init_state(encoded))


class Flat(BridgedGRU):
    def forward(self, tokens, state):
        logits, state = super().forward(tokens, state)
        return logits.flatten(0, 1), state


class Forgets(BridgedGRU):
    def forward(self, tokens, state):
        return super().forward(tokens, state)[0], state


class Peeks(BridgedGRU):
    def forward(self, tokens, state):
        logits, state = super().forward(tokens, state)
        return logits.flip(1).cumsum(1).flip(1), state


class FirstAxis(BridgedGRU):
    def reorder(self, state, index):
        return state[index]


class OtherRows(BridgedGRU):
    def reorder(self, state, index):
        return state[:, index.sort().values]


class NoReorder(BridgedGRU):
    reorder = Decoder.reorder


def two_of(encoder, decoder):
    return lambda V: (encoder(V), decoder(V))


def resized(layers, units):
    def make_pair(V):
        encoder = LSTMEncoder(V)
        encoder.layer = nn.LSTM(16, units, layers, batch_first=True)
        return encoder, BridgedGRU(V)

    return make_pair


def turned(src, length):
    place, last = torch.arange(src.shape[1]), length[:, None] - 2
    return src.gather(1, torch.where(place <= last, last - place, place))


def after(change):
    """The right batch after `change(src, src_len, tgt, tgt_len)`."""
    return lambda *args: change(*_batch(*args))


RIGHT = {
    "check_longest_word": {"by the series": longest_word_by_the_series, "a float": lambda *args: float(_fits(*args))},
    "check_reorder": {
        "index_select": lambda s, i: [s[0].index_select(0, i), [part.index_select(1, i) for part in s[1]]]
    },
    "check_ignores_padding": {"row by row": ignores_padding_row_by_row, "0 or 1": lambda *args: int(_unmoved(*args))},
    "check_best_share": {"by sorting": best_share_by_sorting},
    "check_make_pair": {"the bridge in the encoder": two_of(LastOutput, NoBridge)},
    "check_copy_batch": {"lists": copy_batch_by_lists},
}
CASE = "for batch_size = 600, shortest = 2, longest = 7 and num_letters = 8 "
WRONG = {
    "check_longest_word": {
        "floats, which end": (lambda k, bits: _fits(k, min(bits, 1023)), "num_letters = 10 and bits = 4096 the result"),
        "whole bits": (
            lambda k, bits: bits // max(1, (k - 1).bit_length()),
            "num_letters = 3 and bits = 64 the result",
        ),
    },
    "check_reorder": {
        "no crash": (
            lambda s, i: (s[0][i], tuple(part[i % len(part)] for part in s[1])),
            "L = 3, B = 3 and index = [2, 0, 1] the rows of state.H are not those asked for",
        ),
        "C forgotten": (lambda s, i: (s[0][i], (s[1][0][:, i], s[1][1])), "index = [2, 0, 1] the rows of state.C"),
        "the set of rows": (lambda s, i: reorder(s, i.unique()), "the rows of context"),
        "permutations": (lambda s, i: reorder(s, i) if len(i.unique()) == len(i) else s, "index = [1, 1, 2] the rows"),
        "flat": (lambda s, i: (s[0][i], s[1][0][:, i], s[1][1][:, i]), "should be (context, state)"),
        "H alone": (lambda s, i: (s[0][i], (s[1][0][:, i],)), "state should be (H, C)"),
    },
    "check_ignores_padding": {
        "section 6": (
            section_6,
            "the state cat([(X * real).sum(1), X[:, -1]]) and src_len = (4, 2, 6) the result is True",
        ),
        "always content": (lambda *args: True, "for the state X.sum(1) and src_len = (4, 2, 6) the result is True"),
        "never content": (lambda *args: False, "for the state (X * real).sum(1) and src_len"),
        "a tolerance of 0.1": (lambda *args: _unmoved(*args, near=0.1), "0.01 * X[:, -1] and src_len"),
        "a tolerance of 0.0001": (lambda *args: _unmoved(*args, near=1e-4), "3e-5 * X[:, -1] and src_len"),
        "the letters changed as well": (
            lambda m, src, n, y: bool((m(torch.full_like(src, 5), n, y)[0] - m(src, n, y)[0]).abs().max() < 1e-5),
            "for the state (X * real).sum(1) and src_len = (4, 2, 6) the result is False",
        ),
        "an assertion alone": (lambda *args: None, "the result is None; it should be True or False"),
        "the difference": (lambda *args: 1e-7, "the result is 1e-07; it should be True or False"),
    },
    "check_best_share": {
        "the last target of a state": (
            lambda states, targets: (
                sum(dict(zip(states, targets, strict=True))[s] == t for s, t in zip(states, targets, strict=True))
                / len(states)
            ),
            "the encoder 'bag of letters' and the task 'first letter' the result is 0.636364",
        ),
        "always right": (
            lambda states, targets: 1.0,
            "the encoder 'bag of letters' and the task 'reverse' the result is 1",
        ),
        "states of text": (lambda states, targets: 1 + "", "your function stops with TypeError"),
    },
    "check_make_pair": {
        "padding is read": (two_of(ReadsPadding, BridgedGRU), "the logits depend on what stands behind the lengths"),
        "rows mixed by a view": (two_of(MixesRows, BridgedGRU), "a row comes out differently when it is alone"),
        "no bridge": (two_of(LSTMEncoder, NoBridge), "vocab_size = 12 your function stops with RuntimeError"),
        "detached": (two_of(Detached, BridgedGRU), "no gradient reaches weight_ih_l0 of the LSTM"),
        "the source ignored": (two_of(LSTMEncoder, Ignores), "other sources give the same logits"),
        "flat logits": (two_of(LSTMEncoder, Flat), "decoder.logits has the shape (24, 12); it should be (4, 6, 12)"),
        "the old state handed back": (two_of(LSTMEncoder, Forgets), "step 2 does not give what reading the whole"),
        "a look ahead": (two_of(LSTMEncoder, Peeks), "the logits depend on later tokens of the target"),
        "reorder on the first axis": (two_of(LSTMEncoder, FirstAxis), "your function stops with IndexError"),
        "rows in another order": (two_of(LSTMEncoder, OtherRows), "reorder does not pick the rows asked for"),
        "reorder forgotten": (two_of(LSTMEncoder, NoReorder), "a method is missing: NoReorder must define reorder"),
        "a GRU encoder": (two_of(BridgedGRU, BridgedGRU), "there is no nn.LSTM in the encoder"),
        "one layer": (resized(1, 24), "the nn.LSTM has (layers, units) (1, 24); they should be (2, 24)"),
        "widths exchanged": (resized(2, 40), "the nn.LSTM has (layers, units) (2, 40); they should be (2, 24)"),
        "one vocabulary only": (lambda V: (LSTMEncoder(12), BridgedGRU(12)), "for vocab_size = 30"),
        "the encoder alone": (LSTMEncoder, "should be (encoder, decoder)"),
    },
    "check_copy_batch": {
        "no <bos>": (after(lambda s, n, t, m: (s, n, t[:, 1:], m)), CASE + "row 0 of tgt is"),
        "reversed": (after(lambda s, n, t, m: (s, n, torch.cat([t[:, :1], turned(s, n)], 1), m)), "of tgt is"),
        "<bos> counted": (after(lambda s, n, t, m: (s, n, t, m + 1)), CASE + "tgt_len of row 0 is"),
        "one letter too many": (lambda B, a, b, k: _batch(B, a, b + 1, k), "rows have 8 letters; about 0 should"),
        "one length for all": (lambda B, a, b, k: _batch(B, b, b, k), "0 rows have 2 letters; about 100 should"),
        "special tokens": (after(lambda s, n, t, m: (s - (s > EOS).long(), n, t - (t > EOS).long(), m)), "of src is"),
        "sorted": (lambda *args: _batch(*args, _sorted), CASE),
        "no letter twice": (
            lambda B, a, b, k: _batch(B, a, b, k, lambda x, m: 4 + (x[:, :1] - 4 + 4 * torch.arange(b)) % k),
            CASE + "0 letters repeat the one before them",
        ),
        "filled with <eos>": (after(lambda s, n, t, m: (s.masked_fill(s == PAD, EOS), n, t, m)), "of src is"),
        "on the left": (
            after(lambda s, n, t, m: (torch.stack([r.roll(-k) for r, k in zip(s, n.tolist(), strict=True)]), n, t, m)),
            "of src is",
        ),
        "without lengths": (after(lambda s, n, t, m: (s, t)), "should be (src, src_len, tgt, tgt_len)"),
    },
}
