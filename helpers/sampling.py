"""Drawing sequences from a model instead of searching for the best. Derived in the notebook `beam-search`.

sample     draw every token
truncated  the distribution that `sample` draws from: temperature, top-k, nucleus
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from helpers import checks
from helpers.search import Found, greedy, one_by_one


def sample(
    model: Any,
    state: Any,
    start: Tensor,
    *,
    eos: int | None,
    max_steps: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Found:
    """Draw every token from the model's distribution, as `truncated` reshapes it; the rest as for `search.greedy`.

    A temperature of 0 is greedy search. The log-probabilities returned are the model's own. generator: default torch's
    global one.
    """
    _check_options(temperature or 1.0, top_k, top_p)  # 0 is greedy search, but not a distribution
    if temperature == 0:
        return greedy(model, state, start, eos=eos, max_steps=max_steps)

    def choose(log_probs: Tensor) -> Tensor:
        reshaped = truncated(log_probs, temperature=temperature, top_k=top_k, top_p=top_p)
        return torch.multinomial(reshaped.exp(), 1, generator=generator)[:, 0]

    return one_by_one(model, state, start, eos, max_steps, choose)


def truncated(
    log_probs: Tensor, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Return log-probabilities (N, V) after reshaping: first the temperature, then top-k, then the nucleus.

    temperature: p^(1 / temperature), renormalised; below 1 sharper, above 1 flatter.
    top_k: only the k most probable tokens stay (Fan et al., 2018).
    top_p: only the smallest set of most probable tokens stays whose probabilities add up to at least top_p (nucleus;
        Holtzman et al., 2020); at least one.
    Raises ValueError for options out of range, for NaN, and for a row in which every token has probability 0.
    """
    _check_options(temperature, top_k, top_p)
    best = log_probs.amax(-1, keepdim=True)
    if not best.isfinite().all():
        raise ValueError(
            "the log-probabilities have a row without any token to draw: they are NaN, or all probabilities are 0"
        )
    # The largest becomes 0 before the division, and 1e-300 does not become 0: so no temperature is too small.
    temperature = max(temperature, torch.finfo(log_probs.dtype).tiny)
    log_probs = ((log_probs - best) / temperature).log_softmax(-1)
    ordered, order = log_probs.sort(dim=-1, descending=True, stable=True)
    if top_k is not None:
        ordered[..., top_k:] = -torch.inf
        ordered = ordered.log_softmax(-1)
    if top_p is not None and top_p < 1:  # at 1 rounding would cut off the least probable ones
        probs = ordered.exp()
        beyond = probs.cumsum(-1) - probs >= top_p  # the mass before a token is enough without it
        beyond[..., 0] = False  # the most probable token stays, however small top_p is
        ordered = ordered.masked_fill(beyond, -torch.inf)
    return torch.empty_like(ordered).scatter_(-1, order, ordered).log_softmax(-1)


def _check_options(temperature: float, top_k: int | None, top_p: float | None) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it must be above 0 (greedy search is the limit at 0)")
    if top_k is not None:
        checks.whole_number("top_k", top_k, least=1)
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; it must be above 0 and at most 1")
