"""Edition 1.0.3, as printed, by calls of d2l 1.0.3; `benchmarks.processes` makes the environment that holds it.

language_model              section gru, nn.GRU: 32 units, 10,000 windows of 32 characters, 50 epochs
translation                 section seq2seq: two layers of 256 units, 512 pairs, 30 epochs
gru, lstm, deep_rnn, ...    all that a section runs

Sources: Zhang et al., Dive into Deep Learning, edition 1.0.3, chapter 10.
"""

from __future__ import annotations

import time
from unittest import mock

import torch
from torch import nn

from benchmarks.rivals.quiet import quiet
from helpers import datasets
from helpers.book import d2l

HIDDEN, EPOCHS, TARGET = 32, 50, 6.5


class _Timed(d2l.Trainer):
    """The book's trainer, which also notes after each epoch the seconds and the mean perplexity of its validation."""

    def fit(self, model, data):
        self.started, self.points = time.perf_counter(), []
        super().fit(model, data)

    def fit_epoch(self):
        super().fit_epoch()
        drawn = next((line for name, line in self.model.board.data.items() if name.startswith("val")), None)
        self.points.append((time.perf_counter() - self.started, float(drawn[-1].y) if drawn else None))


def _characters():
    with mock.patch.object(d2l.TimeMachine, "_download", return_value=datasets.time_machine().raw):
        return d2l.TimeMachine(batch_size=1024, num_steps=32)


def _trained(seed: int, layer, scratch: bool = False, lr: float = 4) -> _Timed:
    torch.manual_seed(seed)
    data = _characters()
    kind = d2l.RNNLMScratch if scratch else d2l.RNNLM
    model = kind(layer(len(data.vocab)), vocab_size=len(data.vocab), lr=lr)
    trainer = _Timed(max_epochs=EPOCHS, gradient_clip_val=1)
    with quiet():
        trainer.fit(model, data)
    return trainer


def _concise(layer: nn.Module) -> nn.Module:
    """One of torch's layers in the place of the plain RNN in the book's class."""
    made = d2l.RNN(layer.input_size, layer.hidden_size)
    made.rnn = layer
    return made


def language_model(seed: int) -> dict:
    trainer = _trained(seed, lambda size: _concise(nn.GRU(size, HIDDEN)))
    reached = next((at for at, perplexity in trainer.points if perplexity <= TARGET), None)
    seconds, last = trainer.points[-1]
    return {"seconds": seconds, "to 6.5": reached, "held out": last, "best": min(p for _, p in trainer.points)}


# --- sections --------------------------------------------------------------------------------------------------------


class _Scratch(d2l.Module):
    """A gated layer from scratch: weights for each gate and for the candidate, a step at a time."""

    def __init__(self, num_inputs: int, num: int):
        super().__init__()
        self.num_hiddens, self.sigma = HIDDEN, 0.01
        parameter = lambda *shape: nn.Parameter(torch.randn(shape) * self.sigma)  # noqa: E731
        self.W_x = nn.ParameterList(parameter(num_inputs, HIDDEN) for _ in range(num))
        self.W_h = nn.ParameterList(parameter(HIDDEN, HIDDEN) for _ in range(num))
        self.b = nn.ParameterList(nn.Parameter(torch.zeros(HIDDEN)) for _ in range(num))

    def gate(self, number: int, x, H):
        return x @ self.W_x[number] + H @ self.W_h[number] + self.b[number]


class _GRUScratch(_Scratch):
    def forward(self, inputs, H=None):
        H = inputs.new_zeros(inputs.shape[1], HIDDEN) if H is None else H
        outputs = []
        for x in inputs:
            Z, R = torch.sigmoid(self.gate(0, x, H)), torch.sigmoid(self.gate(1, x, H))
            H = Z * H + (1 - Z) * torch.tanh(self.gate(2, x, R * H))
            outputs.append(H)
        return outputs, H


class _LSTMScratch(_Scratch):
    def forward(self, inputs, state=None):
        H, C = state if state is not None else [inputs.new_zeros(inputs.shape[1], HIDDEN)] * 2
        outputs = []
        for x in inputs:
            I, F, O = (torch.sigmoid(self.gate(number, x, H)) for number in range(3))
            C = F * C + I * torch.tanh(self.gate(3, x, H))
            H = O * torch.tanh(C)
            outputs.append(H)
        return outputs, (H, C)


def _seconds(*trainers: _Timed) -> dict:
    return {"seconds": sum(trainer.points[-1][0] for trainer in trainers)}


def gru(seed: int) -> dict:
    scratch = _trained(seed, lambda size: _GRUScratch(size, 3), scratch=True)
    return _seconds(scratch, _trained(seed, lambda size: _concise(nn.GRU(size, HIDDEN))))


def lstm(seed: int) -> dict:
    scratch = _trained(seed, lambda size: _LSTMScratch(size, 4), scratch=True)
    return _seconds(scratch, _trained(seed, lambda size: _concise(nn.LSTM(size, HIDDEN))))


def deep_rnn(seed: int) -> dict:
    """The section's two models: two stacked plain layers from scratch, and two GRU layers of torch's."""

    class Stacked(d2l.Module):
        def __init__(self, num_inputs):
            super().__init__()
            self.num_hiddens, self.sigma = HIDDEN, 0.01
            sizes = (num_inputs, HIDDEN)
            self.layers = nn.Sequential(*[d2l.RNNScratch(size, HIDDEN, self.sigma) for size in sizes])

        def forward(self, inputs, states=None):
            outputs, states = inputs, states or [None] * len(self.layers)
            for number, layer in enumerate(self.layers):
                each, states[number] = layer(outputs, states[number])
                outputs = torch.stack(each)
            return outputs, states

    scratch = _trained(seed, Stacked, scratch=True, lr=2)
    return _seconds(scratch, _trained(seed, lambda size: d2l.GRU(size, HIDDEN, 2), lr=2))


def machine_translation_and_dataset(seed: int) -> dict:
    started = time.perf_counter()
    with quiet():
        _pairs(3)
    return {"seconds": time.perf_counter() - started}


def _pairs(batch_size: int):
    with mock.patch.object(d2l.MTFraEng, "_download", return_value=datasets.english_french().raw):
        return d2l.MTFraEng(batch_size=batch_size)


class _Decoder(d2l.Decoder):
    """Reads the encoder's last state beside every target token (edition 1.0.3, section 10.7.3)."""

    def __init__(self, vocab_size: int, embed_size: int, num_hiddens: int, num_layers: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = d2l.GRU(embed_size + num_hiddens, num_hiddens, num_layers, dropout)
        self.dense = nn.Linear(num_hiddens, vocab_size)
        self.apply(d2l.init_seq2seq)

    def init_state(self, enc_all_outputs, *_):
        return enc_all_outputs

    def forward(self, X, state):
        embedded = self.embedding(X.T.long())
        outputs, hidden = state
        context = outputs[-1].expand(len(embedded), -1, -1)
        decoded, hidden = self.rnn(torch.cat([embedded, context], dim=-1), hidden)
        return self.dense(decoded).swapaxes(0, 1), [outputs, hidden]


class _Translator(d2l.Seq2Seq):
    def loss(self, predictions, target):
        """The mean over the tokens that are no padding (section 10.7.4)."""
        each = super().loss(predictions, target, averaged=False)
        mask = (target.reshape(-1) != self.tgt_pad).float()
        return (each * mask).sum() / mask.sum()


def translation(seed: int) -> dict:
    torch.manual_seed(seed)
    data = _pairs(128)
    encoder = d2l.Seq2SeqEncoder(len(data.src_vocab), 256, 256, 2, 0.2)
    decoder = _Decoder(len(data.tgt_vocab), 256, 256, 2, 0.2)
    model = _Translator(encoder, decoder, tgt_pad=data.tgt_vocab["<pad>"], lr=0.005)
    trainer = _Timed(max_epochs=30, gradient_clip_val=1)
    with quiet():
        trainer.fit(model, data)
    seconds = trainer.points[-1][0]
    return {"seconds": seconds, "pairs": data.num_train, "pairs/s": round(30 * data.num_train / seconds)}


seq2seq = translation
