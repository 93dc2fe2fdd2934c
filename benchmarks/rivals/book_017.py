"""Edition 0.17, as printed, by calls of d2l 0.17.0.

language_model              section gru, nn.GRU: 256 units, 10,000 characters, 500 epochs
translation                 section seq2seq: two layers of 32 units, 600 pairs, 300 epochs
gru, lstm, deep_rnn, ...    all that a section runs; of 500 epochs 25 are run, and counted twenty times

Sources: Zhang et al., Dive into Deep Learning, edition 0.17, chapter 9.
"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from unittest import mock

import torch
from torch import nn

from benchmarks.rivals.quiet import quiet
from helpers import datasets
from helpers.book import d2l

BATCH_SIZE, NUM_STEPS, HIDDEN, EPOCHS, SHARE = 32, 35, 256, 500, 20
TARGET = 6.5  # the perplexity on held-out windows that edition 1.0.3 reaches
CPU = torch.device("cpu")


def _characters(length: int = 10_000):
    """Return the book's iterator and vocabulary, from the cached file in place of a download."""
    folder = tempfile.mkdtemp()
    path = Path(folder, "timemachine.txt")
    path.write_text(datasets.time_machine().raw, encoding="utf-8")
    with mock.patch.object(d2l, "download", return_value=path):
        return d2l.load_data_time_machine(BATCH_SIZE, NUM_STEPS, max_tokens=length)


class _Clock:
    """Takes the held-out perplexity whenever the book draws a point, and the time that its training had taken."""

    def __init__(self, net: nn.Module):
        data, _ = _characters(15_000)
        held_out = torch.tensor(data.corpus[10_000:])
        self.windows = held_out[: len(held_out) // 33 * 33].view(-1, 33)
        self.net, self.points, self.apart, self.started = net, [], 0.0, time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started - self.apart

    def take(self) -> None:
        begun = time.perf_counter()
        point = self.seconds, self.perplexity()
        self.points.append(point)
        self.apart += time.perf_counter() - begun

    @torch.no_grad()
    def perplexity(self) -> float:
        """Of the characters 10,000 to 15,000, in windows of 32 that start from an empty state."""
        X, Y = self.windows[:, :-1], self.windows[:, 1:]
        scores, _ = self.net(X, self.net.begin_state(batch_size=len(X), device=CPU))
        return math.exp(nn.functional.cross_entropy(scores, Y.T.reshape(-1)))


def language_model(seed: int) -> dict:
    torch.manual_seed(seed)
    data, vocab = _characters()
    net = d2l.RNNModel(nn.GRU(len(vocab), HIDDEN), len(vocab))
    draw, clock = d2l.Animator.add, _Clock(net)

    def add(*arguments):
        draw(*arguments)
        clock.take()

    with quiet(), mock.patch.object(d2l.Animator, "add", add):
        d2l.train_ch8(net, data, vocab, 1, EPOCHS, CPU)
    seconds = clock.seconds
    reached = next((at for at, perplexity in clock.points if perplexity <= TARGET), None)
    best = min(perplexity for _, perplexity in clock.points)
    return {"seconds": seconds, "to 6.5": reached, "held out": clock.points[-1][1], "best": best}


# --- sections --------------------------------------------------------------------------------------------------------


def _gates(num: int, size: int) -> list[torch.Tensor]:
    """Weights and biases for `num` gates that read a character and the state, then those of the output."""
    weights = [torch.randn(shape) * 0.01 for shape in ((size, HIDDEN), (HIDDEN, HIDDEN)) * num]
    made = [*weights, *(torch.zeros(HIDDEN) for _ in range(num)), torch.randn(HIDDEN, size) * 0.01, torch.zeros(size)]
    return [tensor.requires_grad_() for tensor in made]


def _gru_scratch(X, state, params):
    W_xz, W_hz, W_xr, W_hr, W_xh, W_hh, b_z, b_r, b_h, W_hq, b_q = params
    (H,), outputs = state, []
    for x in X:
        Z = torch.sigmoid(x @ W_xz + H @ W_hz + b_z)
        R = torch.sigmoid(x @ W_xr + H @ W_hr + b_r)
        candidate = torch.tanh(x @ W_xh + (R * H) @ W_hh + b_h)
        H = Z * H + (1 - Z) * candidate
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs), (H,)


def _lstm_scratch(X, state, params):
    W_xi, W_hi, W_xf, W_hf, W_xo, W_ho, W_xc, W_hc, b_i, b_f, b_o, b_c, W_hq, b_q = params
    (H, C), outputs = state, []
    for x in X:
        I = torch.sigmoid(x @ W_xi + H @ W_hi + b_i)
        F = torch.sigmoid(x @ W_xf + H @ W_hf + b_f)
        O = torch.sigmoid(x @ W_xo + H @ W_ho + b_o)
        C = F * C + I * torch.tanh(x @ W_xc + H @ W_hc + b_c)
        H = O * torch.tanh(C)
        outputs.append(H @ W_hq + b_q)
    return torch.cat(outputs), (H, C)


def _trained(seed: int, layer: nn.Module | None, lr: float = 1, scratch=None, num: int = 3, states: int = 1) -> dict:
    torch.manual_seed(seed)
    data, vocab = _characters()
    if layer is None:
        begin = lambda batch_size, size, device: tuple(torch.zeros(batch_size, size) for _ in range(states))  # noqa: E731
        net = d2l.RNNModelScratch(len(vocab), HIDDEN, CPU, lambda *_: _gates(num, len(vocab)), begin, scratch)
    else:
        net = d2l.RNNModel(layer, len(vocab))
    epochs, started = EPOCHS // SHARE, time.perf_counter()
    with quiet():
        d2l.train_ch8(net, data, vocab, lr, epochs, CPU)
    return {"seconds": (time.perf_counter() - started) * SHARE}


def _together(*measured: dict) -> dict:
    return {"seconds": sum(each["seconds"] for each in measured)}


def gru(seed: int) -> dict:
    return _together(_trained(seed, None, scratch=_gru_scratch), _trained(seed, nn.GRU(28, HIDDEN)))


def lstm(seed: int) -> dict:
    scratch = _trained(seed, None, scratch=_lstm_scratch, num=4, states=2)
    return _together(scratch, _trained(seed, nn.LSTM(28, HIDDEN)))


def deep_rnn(seed: int) -> dict:
    return _trained(seed, nn.LSTM(28, HIDDEN, 2), lr=2)


def bi_rnn(seed: int) -> dict:
    return _trained(seed, nn.LSTM(28, HIDDEN, 2, bidirectional=True))


def machine_translation_and_dataset(seed: int) -> dict:
    started = time.perf_counter()
    with quiet(), mock.patch.object(d2l, "read_data_nmt", return_value=datasets.english_french().raw):
        next(iter(d2l.load_data_nmt(batch_size=2, num_steps=8)[0]))
    return {"seconds": time.perf_counter() - started}


class _Decoder(d2l.Decoder):
    """Reads the encoder's last state beside every target token (edition 0.17, section 9.7.2)."""

    def __init__(self, vocab_size: int, embed_size: int, num_hiddens: int, num_layers: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout=dropout)
        self.dense = nn.Linear(num_hiddens, vocab_size)

    def init_state(self, enc_outputs, *_):
        return enc_outputs[1]

    def forward(self, X, state):
        X = self.embedding(X).transpose(0, 1)
        context = state[-1].expand(len(X), -1, -1)
        output, state = self.rnn(torch.cat([X, context], dim=2), state)
        return self.dense(output).transpose(0, 1), state


def translation(seed: int) -> dict:
    torch.manual_seed(seed)
    with mock.patch.object(d2l, "read_data_nmt", return_value=datasets.english_french().raw):
        data, source, target = d2l.load_data_nmt(64, 10)
    encoder = d2l.Seq2SeqEncoder(len(source), 32, 32, 2, 0.1)
    net = d2l.EncoderDecoder(encoder, _Decoder(len(target), 32, 32, 2, 0.1))
    started = time.perf_counter()
    with quiet():
        d2l.train_seq2seq(net, data, 0.005, 300, target, CPU)
    seconds = time.perf_counter() - started
    pairs = 300 * len(data.dataset)
    return {"seconds": seconds, "pairs": len(data.dataset), "pairs/s": round(pairs / seconds)}


seq2seq = translation
