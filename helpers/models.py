"""Models that several notebooks use.

    LanguageModel      tokens -> scores for the next token, around any recurrent layer; derived in the notebook `gru`
    generate           continue a prompt, one token at a time
    Encoder, Decoder   what the two halves promise each other; derived in `encoder-decoder`
    EncoderDecoder     the two together
    Seq2SeqEncoder     a recurrent encoder that reads no padding; derived in `seq2seq`
    Seq2SeqDecoder     a recurrent decoder with a constant context
    count_parameters   how many numbers a model learns

Every recurrent layer, written by hand or from torch, has one interface: `layer(X, state=None) -> (outputs, state)`,
where X is (B, T, D), outputs is (B, T, H), and the state has the shape that torch.nn gives it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class LanguageModel(nn.Module):
    """A recurrent layer between the tokens and a linear output layer.

    layer: any module with `layer(X, state) -> (outputs, state)`, batch first.
    vocab_size: V, the number of tokens.
    num_hiddens: H, the width of the layer's outputs (twice the hidden units if it reads in both directions).
    embed_size: E; None gives the layer one-hot vectors of width V, as the book does.
    dropout: probability with which, in training, a hidden unit is hidden from the output layer.
    """

    def __init__(
        self, layer: nn.Module, vocab_size: int, num_hiddens: int, embed_size: int | None = None, dropout: float = 0.0
    ):
        super().__init__()
        self.layer, self.vocab_size = layer, vocab_size
        self.embedding = nn.Embedding(vocab_size, embed_size) if embed_size else None
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(num_hiddens, vocab_size)

    def forward(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits (B, T, V) for the token after each of `tokens` (B, T), and the layer's new state.

        Raises ValueError if the tokens are not whole numbers of that shape.
        """
        _check_tokens(tokens)
        X = F.one_hot(tokens, self.vocab_size).float() if self.embedding is None else self.embedding(tokens)
        outputs, state = self.layer(X, state)
        return self.output(self.dropout(outputs)), state

    def step(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Read one token per row, `tokens` (N,); return the log-probabilities (N, V) of the next, and the state."""
        logits, state = self(tokens[:, None], state)
        return logits[:, -1].log_softmax(-1), state

    def reorder(self, state: Any, index: Tensor) -> Any:
        """Return the state whose row i is row index[i] of `state`; the rows of a state lie on its second axis."""
        return _reorder(state, index)


@torch.no_grad()
def generate(model: LanguageModel, vocab, prompt: str, num_tokens: int, temperature: float = 0.0) -> str:
    """Return `prompt` followed by `num_tokens` characters that the model writes.

    temperature: 0 takes the most probable character each time; above 0 draws from softmax(logits / temperature) with
        torch's global generator.
    Raises ValueError for an empty prompt, for characters that `vocab` does not know, and for a negative temperature
    or length.
    """
    if not prompt:
        raise ValueError("the prompt is empty; give the model at least one character to start from")
    if num_tokens < 0 or temperature < 0:
        raise ValueError(f"num_tokens is {num_tokens} and temperature is {temperature}; neither may be negative")
    device = next(model.parameters()).device
    ids = torch.tensor(vocab.encode(prompt, strict=True), device=device)
    was_training = model.training
    model.eval()
    try:
        logits, state = model(ids[None])
        log_probs, written = logits[:, -1].log_softmax(-1), []
        for _ in range(num_tokens):
            if temperature == 0:
                token = log_probs.argmax(-1)
            else:
                token = torch.multinomial((log_probs / temperature).softmax(-1), 1)[:, 0]
            written.append(int(token))
            log_probs, state = model.step(token, state)
    finally:
        model.train(was_training)
    return prompt + "".join(vocab.decode(written))


class Encoder(nn.Module):
    """What reads a sequence of any length. A subclass defines `forward`.

    forward(tokens (B, S), lengths (B,)) -> whatever its decoder's `init_state` takes. Positions from `lengths` on are
    padding, and what stands there must change nothing.
    """

    def forward(self, tokens: Tensor, lengths: Tensor) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define forward(tokens, lengths)")


class Decoder(nn.Module):
    """What writes a sequence of any length, token by token. A subclass defines `init_state`, `forward` and `reorder`.

    The state is all that a decoder knows: what it took from the encoder, and what it has read since.
    """

    def init_state(self, encoded: Any) -> Any:
        """Return the state before the first token, from what the encoder returned."""
        raise NotImplementedError(f"{type(self).__name__} must define init_state(encoded)")

    def forward(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read `tokens` (B, T); return the logits (B, T, V) for the token after each, and the new state."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(tokens, state)")

    def reorder(self, state: Any, index: Tensor) -> Any:
        """Return the state whose row i is row index[i] of `state`: rows may be left out, repeated, put in any order."""
        raise NotImplementedError(f"{type(self).__name__} must define reorder(state, index)")

    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read one token per row, `tokens` (N,); return the log-probabilities (N, V) of the next, and the state."""
        logits, state = self(tokens[:, None], state)
        return logits[:, -1].log_softmax(-1), state


class EncoderDecoder(nn.Module):
    """An encoder and a decoder that fit together."""

    def __init__(self, encoder: Encoder, decoder: Decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def start(self, tokens: Tensor, lengths: Tensor) -> Any:
        """Read the sources `tokens` (B, S) of `lengths` (B,); return the decoder's state before its first token."""
        return self.decoder.init_state(self.encoder(tokens, lengths))

    def forward(self, tokens: Tensor, lengths: Tensor, decoder_inputs: Tensor) -> tuple[Tensor, Any]:
        """Return the logits (B, T, V) after each of `decoder_inputs` (B, T), the true tokens (teacher forcing)."""
        return self.decoder(decoder_inputs, self.start(tokens, lengths))


class Seq2SeqEncoder(Encoder):
    """A recurrent network that reads each source up to its own length and no further.

    vocab_size V, embed_size E, num_hiddens H, num_layers L: the sizes. cell: nn.GRU or nn.LSTM.
    forward returns (outputs (B, S, H), zero at padding, and torch's state (L, B, H), for nn.LSTM a pair of them).
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        cell: type[nn.Module] = nn.GRU,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.dropout = nn.Dropout(dropout)
        self.layer = _recurrent(cell, embed_size, num_hiddens, num_layers, dropout)

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Any]:
        _check_source(tokens, lengths)
        X = self.dropout(self.embedding(tokens))  # (B, S, E)
        if bool((lengths == tokens.shape[1]).all()):  # nothing to skip; packing would cost time and change nothing
            return self.layer(X)
        packed = pack_padded_sequence(X, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, state = self.layer(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=tokens.shape[1])
        return outputs, state


class Seq2SeqDecoder(Decoder):
    """A recurrent network that starts from the encoder's last state and reads the context c beside every token.

    The context is the last layer's last state of the encoder. It is part of the decoder's state and never changes, so
    that writing token by token is the same as reading the whole target at once.

    tied: the output layer goes through width E and uses the embedding's own weights (Press and Wolf, 2017), so that it
        has H·E + V parameters of its own instead of H·V + V.
    State: (context (B, H), torch's state (L, B, H), for nn.LSTM a pair of them).
    """

    def __init__(
        self,
        vocab_size: int,
        embed_size: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        cell: type[nn.Module] = nn.GRU,
        tied: bool = False,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.dropout = nn.Dropout(dropout)
        self.layer = _recurrent(cell, embed_size + num_hiddens, num_hiddens, num_layers, dropout)
        if tied:
            nn.init.normal_(self.embedding.weight, std=embed_size**-0.5)  # so that first logits are of size 1
            self.output = nn.Sequential(nn.Linear(num_hiddens, embed_size), nn.Linear(embed_size, vocab_size))
            self.output[1].weight = self.embedding.weight
        else:
            self.output = nn.Linear(num_hiddens, vocab_size)

    def init_state(self, encoded: tuple[Tensor, Any]) -> tuple[Tensor, Any]:
        _, state = encoded
        hidden = state[0] if isinstance(state, tuple) else state  # (L, B, H)
        layer = self.layer
        if hidden.shape[0] != layer.num_layers or hidden.shape[2] != layer.hidden_size:
            raise ValueError(
                f"the encoder's state has {hidden.shape[0]} layers of {hidden.shape[2]} hidden units, the decoder "
                f"{layer.num_layers} of {layer.hidden_size}; choose the same, or put a layer between that maps one to "
                "the other"
            )
        return hidden[-1], state

    def forward(self, tokens: Tensor, state: tuple[Tensor, Any]) -> tuple[Tensor, tuple[Tensor, Any]]:
        context, hidden = state
        X = self.dropout(self.embedding(tokens))  # (B, T, E)
        c = context[:, None].expand(-1, X.shape[1], -1)  # (B, T, H)
        outputs, hidden = self.layer(torch.cat([X, c], -1), hidden)
        return self.output(self.dropout(outputs)), (context, hidden)

    def reorder(self, state: tuple[Tensor, Any], index: Tensor) -> tuple[Tensor, Any]:
        context, hidden = state
        return context[index], _reorder(hidden, index)


def _reorder(state: Any, index: Tensor) -> Any:
    """Pick rows of a state as torch.nn has it: (L, B, H), a tuple of them, or None for the state at the start."""
    if state is None:
        return None
    return tuple(part[:, index] for part in state) if isinstance(state, tuple) else state[:, index]


def _recurrent(cell: type[nn.Module], num_inputs: int, num_hiddens: int, num_layers: int, dropout: float) -> nn.Module:
    between = dropout if num_layers > 1 else 0.0  # torch drops between its layers only, and warns if there is one
    return cell(num_inputs, num_hiddens, num_layers, batch_first=True, dropout=between)


def _check_tokens(tokens: Tensor) -> None:
    if tokens.dim() != 2 or tokens.is_floating_point():
        raise ValueError(
            f"tokens must be ids of shape (batch, steps); got {tokens.dtype} of shape {tuple(tokens.shape)}"
        )


def _check_source(tokens: Tensor, lengths: Tensor) -> None:
    _check_tokens(tokens)
    if lengths.shape != tokens.shape[:1]:
        raise ValueError(
            f"lengths must have the shape ({len(tokens)},), one for each source; got {tuple(lengths.shape)}"
        )
    if int(lengths.min()) < 1 or int(lengths.max()) > tokens.shape[1]:
        raise ValueError(
            f"lengths run from {int(lengths.min())} to {int(lengths.max())}; they must be from 1 to {tokens.shape[1]}, "
            "the width of tokens. An empty sentence still has its <eos>"
        )


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
