"""Encoder, decoder, and the two together: what each half promises the other.

    Encoder         reads a sequence of any length
    Decoder         writes one, token by token
    EncoderDecoder  the two together

Derived in the notebook `encoder-decoder`. Recurrent halves are in `seq2seq`.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Encoder(nn.Module):
    """What reads a sequence of any length. A subclass defines `forward`.

    forward(src (B, S), src_len (B,)) -> whatever its decoder's `init_state` takes. Positions from src_len on are
    padding, and what stands there must change nothing.
    """

    def forward(self, src: Tensor, src_len: Tensor) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define forward(src, src_len)")


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
    """An encoder and a decoder that fit together. It can be searched: `begin` gives the state, `step` goes on."""

    def __init__(self, encoder: Encoder, decoder: Decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def begin(self, src: Tensor, src_len: Tensor) -> Any:
        """Read the sources `src` (B, S) of `src_len` (B,); return the decoder's state before its first token."""
        return self.decoder.init_state(self.encoder(src, src_len))

    def forward(self, src: Tensor, src_len: Tensor, tokens: Tensor) -> tuple[Tensor, Any]:
        """Return the logits (B, T, V) after each of `tokens` (B, T), the true ones (teacher forcing)."""
        return self.decoder(tokens, self.begin(src, src_len))

    def step(self, tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read one target token per row, `tokens` (N,); see `Decoder.step`."""
        return self.decoder.step(tokens, state)

    def reorder(self, state: Any, index: Tensor) -> Any:
        """Return the decoder's state with its rows picked by `index`; see `Decoder.reorder`."""
        return self.decoder.reorder(state, index)
