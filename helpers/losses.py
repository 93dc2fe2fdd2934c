"""What training minimises: cross-entropy, summed over the real tokens of a batch.

    next_token_loss  the loss of a language model; derived in the notebook `gru`
    masked_loss      cross-entropy over real tokens only; derived in `seq2seq`
    seq2seq_loss     the loss of a translator under teacher forcing; derived there too

A loss for `training.fit` is a function (model, batch, state) -> (summed loss, number of tokens, new state).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from helpers import checks
from helpers.padding import real_places

IGNORED = -100  # a target with this id is none: torch's own default in cross_entropy


def next_token_loss(model: nn.Module, batch: tuple[Tensor, Tensor], state: Any) -> tuple[Tensor, int, Any]:
    """Return the summed cross-entropy of a batch (X, Y), each (B, T), its number of tokens, and the new state.

    Targets of -100 are ignored, and not counted.
    """
    X, Y = batch
    logits, state = model(X, state)  # (B, T, V)
    loss = F.cross_entropy(logits.flatten(0, 1), Y.flatten(), ignore_index=IGNORED, reduction="sum")
    return loss, int((Y != IGNORED).sum()), state


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor, label_smoothing: float = 0.0) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of `logits` (B, T, V) at the real tokens of `targets` (B, T), and their number.

    Row i has lengths[i] real tokens; what stands after them has no part in the loss and gets no gradient.
    label_smoothing: the part of each label that is spread evenly over all V tokens (Szegedy et al., 2016, section 7).
    Raises TypeError or ValueError if ids or lengths are no whole numbers, the shapes do not fit, or a length is below 0
    or above T.
    """
    targets = checks.token_ids("targets", targets, "(B, T)")
    B, T = targets.shape
    lengths = checks.lengths("lengths", lengths, B, 0, T)
    if logits.shape[:2] != targets.shape or logits.dim() != 3:
        raise ValueError(f"logits must be (B, T, V) for targets (B, T) = {(B, T)}; got the shape {tuple(logits.shape)}")
    real = real_places(lengths, T)  # (B, T)
    loss = F.cross_entropy(logits[real], targets[real], reduction="sum", label_smoothing=label_smoothing)
    return loss, int(lengths.sum())


def seq2seq_loss(
    model: nn.Module, batch: tuple[Tensor, ...], state: Any = None, label_smoothing: float = 0.0
) -> tuple[Tensor, int, Any]:
    """Return the summed cross-entropy of a batch under teacher forcing, its number of real target tokens, and None.

    batch: src (B, S), src_len (B,), tgt (B, T + 1) beginning with <bos>, tgt_len (B,) counted without <bos>. The
        decoder reads tgt[:, :-1], the true tokens, and is to predict tgt[:, 1:].
    label_smoothing: see `masked_loss`. For `fit`: functools.partial(seq2seq_loss, label_smoothing=0.1).
    """
    src, src_len, tgt, tgt_len = batch
    logits, _ = model(src, src_len, tgt[:, :-1])  # (B, T, V)
    return *masked_loss(logits, tgt[:, 1:], tgt_len, label_smoothing), None
