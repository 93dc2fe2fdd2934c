"""A language model around any recurrent layer, and text written by it. Derived in the notebook `gru`.

    LanguageModel     tokens -> scores for the next token
    generate          continue a prompt, one character at a time
    read_prompt       where a search or a sample goes on from
    reorder_state     pick rows of a recurrent layer's state
    count_parameters  how many numbers a model learns

Every recurrent layer, written by hand or from torch, has one interface: `layer(X, state=None) -> (outputs, state)`,
where X is (B, T, D), outputs is (B, T, H), and the state has the shape that torch.nn gives it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import checks, nested
from helpers.sampling import sample
from helpers.text import Vocab
from helpers.training import inference


class LanguageModel(nn.Module):
    """A recurrent layer between the tokens and a linear output layer.

    layer: any module with `layer(X, state) -> (outputs, state)`, batch first.
    vocab_size: V, the number of tokens.
    num_hiddens: H, the width of the layer's outputs (twice the hidden units if it reads in both directions).
    embed_size: E; None gives the layer one-hot vectors of width V, as the book does.
    dropout: probability with which, in training, a hidden unit is hidden from the output layer.
    Raises ValueError for a layer of torch that puts time first.
    """

    def __init__(
        self, layer: nn.Module, vocab_size: int, num_hiddens: int, embed_size: int | None = None, dropout: float = 0.0
    ):
        super().__init__()
        if not getattr(layer, "batch_first", True):
            raise ValueError(
                f"this {type(layer).__name__} puts time first and would mix sentences; build it with batch_first=True"
            )
        self.layer, self.vocab_size = layer, vocab_size
        self.embedding = nn.Embedding(vocab_size, embed_size) if embed_size else None
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(num_hiddens, vocab_size)

    def forward(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits (B, T, V) for the token after each of `tokens` (B, T), and the layer's new state.

        Raises ValueError if the tokens are not ids of that shape, or an id is not below V.
        """
        tokens = checks.token_ids("tokens", tokens, "(B, T)", self.vocab_size)
        if self.embedding is None:
            X = F.one_hot(tokens, self.vocab_size).to(self.output.weight.dtype)  # (B, T, V)
        else:
            X = self.embedding(tokens)  # (B, T, E)
        outputs, state = self.layer(X, state)  # (B, T, H)
        return self.output(self.dropout(outputs)), state

    def step(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Read one token per row, `tokens` (N,); return the log-probabilities (N, V) of the next, and the state."""
        logits, state = self(tokens[:, None], state)
        return logits[:, -1].log_softmax(-1), state

    def reorder(self, state: Any, index: Tensor) -> Any:
        """Return the state whose row i is row index[i] of `state`."""
        return reorder_state(state, index)


def generate(model: LanguageModel, vocab: Vocab, prompt: str, num_steps: int, temperature: float = 0.0) -> str:
    """Return `prompt` followed by `num_steps` characters that the model writes.

    temperature: 0 takes the most probable character each time; above 0 draws from softmax(logits / temperature) with
        torch's global generator.
    Raises ValueError for an empty prompt, for characters that `vocab` does not know, and for a negative temperature
    or number of steps.
    """
    if not prompt:
        raise ValueError("the prompt is empty; give the model at least one character to start from")
    if checks.whole_number("num_steps", num_steps, least=0) == 0:
        return prompt
    device = next(model.parameters()).device
    ids = torch.tensor([vocab.encode(prompt, strict=True)], device=device)  # (1, T)
    with inference(model):
        found = sample(model, *read_prompt(model, ids), eos=None, max_steps=num_steps, temperature=temperature)
    return prompt + "".join(vocab.decode(found.best()[0]))


def read_prompt(model: LanguageModel, ids: Tensor) -> tuple[Any, Tensor]:
    """Return the state after all but the last of `ids` (N, T), and these last ones (N,): what a search starts from."""
    return model(ids[:, :-1])[1] if ids.shape[1] > 1 else None, ids[:, -1]


def reorder_state(state: Any, index: Tensor) -> Any:
    """Return the state whose row i is row index[i] of `state`: rows may be left out, repeated, put in any order.

    A state is what a recurrent layer returns: a tensor (L, B, H), a tuple or list of states, or None at the start.
    """
    return nested.each(lambda part: None if part is None else part[:, index], state)


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
