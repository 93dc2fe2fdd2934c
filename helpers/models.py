"""Models that several notebooks use.

    LanguageModel      tokens -> scores for the next token, around any recurrent layer; derived in the notebook `gru`
    generate           continue a prompt, one token at a time
    count_parameters   how many numbers a model learns

Every recurrent layer, written by hand or from torch, has one interface: `layer(X, state=None) -> (outputs, state)`,
where X is (B, T, D), outputs is (B, T, H), and the state has the shape that torch.nn gives it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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
        if tokens.dim() != 2 or tokens.is_floating_point():
            raise ValueError(
                f"tokens must be ids of shape (batch, steps); got {tokens.dtype} of shape {tuple(tokens.shape)}"
            )
        X = F.one_hot(tokens, self.vocab_size).float() if self.embedding is None else self.embedding(tokens)
        outputs, state = self.layer(X, state)
        return self.output(self.dropout(outputs)), state

    def step(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Read one token per row, `tokens` (N,); return the log-probabilities (N, V) of the next, and the state."""
        logits, state = self(tokens[:, None], state)
        return logits[:, -1].log_softmax(-1), state


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


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
