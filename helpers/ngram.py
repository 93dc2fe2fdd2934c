"""An n-gram model with Witten-Bell smoothing: the yardstick for language models. Derived in the notebook `gru`.

NGram   counts what follows each context, and mixes the orders
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

from helpers import checks


class NGram:
    """Predict a token from the `order` - 1 tokens before it, by counting in the text `ids` (N,).

    A context that was followed n times, by d different tokens, says (Witten and Bell, 1991)

        p(token | context) = (count(context, token) + d · p(token | context without its first token)) / (n + d),

    and below the empty context stands 1 / V, so that no token has probability 0. A context that never occurred leaves
    the answer to the shorter one. Raises ValueError for ids outside 0 .. V - 1 or an order below 1.
    """

    def __init__(self, ids: Tensor, order: int, vocab_size: int):
        self.order = checks.whole_number("order", order, least=1)
        self.vocab_size = checks.whole_number("vocab_size", vocab_size, least=1)
        tokens = tuple(checks.id_list("ids", ids, self.vocab_size))
        self.followers: dict[tuple, Counter] = defaultdict(Counter)
        for t, token in enumerate(tokens):
            for length in range(min(self.order - 1, t) + 1):
                self.followers[tokens[t - length : t]][token] += 1

    def distribution(self, context: Sequence[int]) -> list[float]:
        """Return p(token | context) for each of the V tokens; only the last `order` - 1 tokens are looked at."""
        context = tuple(context)
        p = [1 / self.vocab_size] * self.vocab_size
        for length in range(min(self.order - 1, len(context)) + 1):
            followers = self.followers.get(context[len(context) - length :])
            if followers is None:
                break  # nor has any longer context occurred
            n, d = followers.total(), len(followers)
            p = [d * shorter / (n + d) for shorter in p]
            for token, count in followers.items():
                p[token] += count / (n + d)
        return p

    def log_probs(self, ids: Tensor) -> Tensor:
        """Return (N - 1, V): before each token of ids (N,) but the first, the log-probabilities of what may come."""
        tokens = checks.id_list("ids", ids, self.vocab_size)
        if len(tokens) < 2:
            raise ValueError(f"ids has {len(tokens)} tokens; at least 2 are needed: the first is only a context")
        contexts = (tokens[max(0, t - self.order + 1) : t] for t in range(1, len(tokens)))
        return torch.tensor([self.distribution(context) for context in contexts]).log()

    def loss(self, ids: Tensor) -> float:
        """Return the mean cross-entropy, in nats, of all tokens of ids (N,) but the first."""
        return -self.log_probs(ids).gather(1, ids[1:, None].cpu()).mean().item()
