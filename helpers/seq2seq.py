"""A recurrent encoder and a recurrent decoder: p(target | source), one token at a time.

    Seq2SeqEncoder  reads a source, and no padding
    Seq2SeqDecoder  writes a target, with a constant context beside every token

Derived in the notebook `seq2seq`. `encoder_decoder.EncoderDecoder` puts the two together.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from helpers import checks, nested
from helpers.encoder_decoder import Decoder, Encoder
from helpers.language_model import reorder_state


class Seq2SeqEncoder(Encoder):
    """A recurrent network that reads each source up to its own length and no further.

    vocab_size V, embed_size E, num_hiddens H, num_layers L: the sizes. recurrent: nn.GRU or nn.LSTM.
    bidirectional: half of the H units read from left to right, the other half from right to left; H must be even.
    forward returns (outputs (B, S, H), zero at padding, and torch's state (L, B, H), for nn.LSTM a pair of them). Of
    both directions the state holds what they know at their own ends, side by side.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent: type[nn.Module] = nn.GRU,
        bidirectional: bool = False,
    ):
        super().__init__()
        if bidirectional and num_hiddens % 2:
            raise ValueError(f"num_hiddens is {num_hiddens}; to be shared by two directions it must be even")
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.dropout = nn.Dropout(dropout)
        width = num_hiddens // 2 if bidirectional else num_hiddens
        self.layer = _layer(recurrent, embed_size, width, num_layers, dropout, bidirectional)

    def forward(self, src: Tensor, src_len: Tensor) -> tuple[Tensor, Any]:
        src = checks.token_ids("src", src, "(B, S)", self.embedding.num_embeddings)
        B, S = src.shape
        src_len = checks.lengths("src_len", src_len, B, 1, S)
        X = self.dropout(self.embedding(src))  # (B, S, E)
        if bool((src_len == S).all()):  # nothing to skip; packing would cost time and change nothing
            outputs, state = self.layer(X)
            return outputs, self._state(state)
        packed = pack_padded_sequence(X, src_len.cpu(), batch_first=True, enforce_sorted=False)
        outputs, state = self.layer(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=S)
        return outputs, self._state(state)

    def _state(self, state: Any) -> Any:
        """Return torch's state with the two directions of each layer side by side, if there are two."""
        if not self.layer.bidirectional:
            return state
        return nested.each(lambda part: torch.cat([part[0::2], part[1::2]], -1), state)


class Seq2SeqDecoder(Decoder):
    """A recurrent network that starts from the encoder's last state and reads the context c beside every token.

    The context is the last layer's last state of the encoder. It is part of the decoder's state and never changes, so
    that writing token by token is the same as reading the whole target at once.

    Sizes and `recurrent` as for `Seq2SeqEncoder`. tied: the output layer goes through width E and uses the embedding's
        own weights (Press and Wolf, 2017), so that it has H·E + V parameters of its own instead of H·V + V.
    State: (context (B, H), torch's state (L, B, H), for nn.LSTM a pair of them).
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent: type[nn.Module] = nn.GRU,
        tied: bool = False,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.dropout = nn.Dropout(dropout)
        self.layer = _layer(recurrent, embed_size + num_hiddens, num_hiddens, num_layers, dropout)
        if tied:
            nn.init.normal_(self.embedding.weight, std=embed_size**-0.5)  # so that first logits are of size 1
            self.output = nn.Sequential(nn.Linear(num_hiddens, embed_size), nn.Linear(embed_size, vocab_size))
            self.output[1].weight = self.embedding.weight
        else:
            self.output = nn.Linear(num_hiddens, vocab_size)

    def init_state(self, encoded: tuple[Tensor, Any]) -> tuple[Tensor, Any]:
        _, state = encoded
        pair, wants_pair = isinstance(state, tuple), isinstance(self.layer, nn.LSTM)
        if pair != wants_pair:
            have, want = ("H and C", "H alone") if pair else ("H alone", "H and C")
            raise ValueError(f"the encoder hands over {have}, the decoder's {type(self.layer).__name__} needs {want}")
        hidden = state[0] if pair else state  # (L, B, H)
        sizes, wanted = (hidden.shape[0], hidden.shape[2]), (self.layer.num_layers, self.layer.hidden_size)
        if sizes != wanted:
            raise ValueError(
                f"the encoder's state has {sizes[0]} layers of {sizes[1]} hidden units, the decoder {wanted[0]} of "
                f"{wanted[1]}; choose the same, or put a layer between that maps one to the other"
            )
        return hidden[-1], state

    def forward(self, tokens: Tensor, state: tuple[Tensor, Any]) -> tuple[Tensor, tuple[Tensor, Any]]:
        tokens = checks.token_ids("tokens", tokens, "(B, T)", self.embedding.num_embeddings)
        context, hidden = state
        X = self.dropout(self.embedding(tokens))  # (B, T, E)
        c = context[:, None].expand(-1, X.shape[1], -1)  # (B, T, H)
        outputs, hidden = self.layer(torch.cat([X, c], -1), hidden)
        return self.output(self.dropout(outputs)), (context, hidden)

    def reorder(self, state: tuple[Tensor, Any], index: Tensor) -> tuple[Tensor, Any]:
        context, hidden = state
        return context[index], reorder_state(hidden, index)


def _layer(
    recurrent: type[nn.Module], num_inputs: int, num_hiddens: int, num_layers: int, dropout: float,
    bidirectional: bool = False,
) -> nn.Module:  # fmt: skip
    between = dropout if num_layers > 1 else 0.0  # torch drops between its layers only, and warns if there is one
    return recurrent(
        num_inputs, num_hiddens, num_layers, batch_first=True, dropout=between, bidirectional=bidirectional
    )
