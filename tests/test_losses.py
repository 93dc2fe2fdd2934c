"""The losses: worked by hand, against torch's own and the book's."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import losses, training
from helpers.batches import whole
from helpers.encoder_decoder import EncoderDecoder
from helpers.language_model import LanguageModel
from helpers.padding import pad
from helpers.pair_batches import PairBatch, PairBatches
from helpers.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder
from helpers.tokenizers import BOS, EOS

V, H = 5, 6


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_next_token_loss_sums_minus_log_p_of_every_target():
    model = LanguageModel(nn.LSTM(V, H, batch_first=True), V, H)
    X, Y = whole(torch.tensor([0, 3, 1, 4, 4, 2]))[0]
    loss, n, _ = losses.next_token_loss(model, (X, Y), None)
    log_p = model(X)[0].log_softmax(-1)
    assert n == 5
    assert loss.item() == pytest.approx(-sum(log_p[0, t, Y[0, t]].item() for t in range(5)), rel=1e-5)


def test_ignored_targets_are_neither_learnt_nor_counted():
    model = LanguageModel(nn.LSTM(V, H, batch_first=True), V, H)
    X, Y = whole(torch.tensor([0, 3, 1, 4, 4, 2]))[0]
    some = Y.clone()
    some[0, 2:] = -100
    loss, n, _ = losses.next_token_loss(model, (X, some), None)
    expected, _, _ = losses.next_token_loss(model, (X[:, :2], Y[:, :2]), None)
    assert n == 2
    torch.testing.assert_close(loss, expected)
    assert losses.next_token_loss(model, (X, torch.full_like(Y, -100)), None)[1] == 0


# --- the loss of a translator ----------------------------------------------------------------------------------------


def masked(seed: int = 0, B: int = 3, T: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random logits and targets, and lengths from 0 to T."""
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(B, T, V, generator=draw, dtype=torch.float64, requires_grad=True)
    return logits, torch.randint(V, (B, T), generator=draw), torch.randint(T + 1, (B,), generator=draw)


def test_the_masked_loss_worked_by_hand():
    """p = (1/2, 1/4, 1/4) everywhere; real targets 0, 1 and 2: ln 2 + ln 4 + ln 4. The 0s behind are padding."""
    logits = torch.tensor([0.5, 0.25, 0.25]).log().expand(2, 3, 3)
    loss, n = losses.masked_loss(logits, torch.tensor([[0, 1, 0], [2, 0, 0]]), torch.tensor([2, 1]))
    assert (loss.item(), n) == (pytest.approx(5 * math.log(2)), 3)


@pytest.mark.parametrize("seed", range(10))
def test_the_masked_loss_and_its_gradient_are_torchs_with_padding_ignored(seed):
    """torch ignores one target value; ours goes by the lengths, so that any value may stand at padding."""
    logits, targets, lengths = masked(seed)
    padding = torch.arange(4) >= lengths[:, None]
    loss, n = losses.masked_loss(logits, targets, lengths)
    [gradient] = torch.autograd.grad(loss, logits)
    expected = F.cross_entropy(
        logits.transpose(1, 2), targets.masked_fill(padding, -1), ignore_index=-1, reduction="sum"
    )
    [expected_gradient] = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient)
    assert n == int(lengths.sum())
    assert (gradient[padding] == 0).all()
    assert (gradient[~padding] != 0).all()
    assert torch.equal(losses.masked_loss(logits, targets.masked_fill(padding, 3), lengths)[0], loss)


def test_the_masked_loss_is_the_books_but_for_what_it_divides_by():
    """d2l.MaskedSoftmaxCELoss divides by the width, padding included; ours is the sum."""
    from helpers.book import d2l

    logits, targets, lengths = masked(1)
    loss, _ = losses.masked_loss(logits, targets, lengths)
    book = d2l.MaskedSoftmaxCELoss()(logits, targets.clone(), lengths)
    torch.testing.assert_close(loss, 4 * book.sum())


def test_nothing_but_padding_has_no_loss_and_no_tokens():
    logits, targets, _ = masked()
    loss, n = losses.masked_loss(logits, targets, torch.zeros(3, dtype=torch.long))
    assert (loss.item(), n) == (0.0, 0)


def test_what_is_not_finite_at_padding_spoils_neither_the_loss_nor_the_gradient():
    logits, targets, _ = masked()
    lengths = torch.tensor([4, 1, 2])
    spoilt = logits.detach().clone()
    spoilt[1, 2] = math.nan
    spoilt.requires_grad_()
    loss, _ = losses.masked_loss(spoilt, targets, lengths)
    torch.testing.assert_close(loss, losses.masked_loss(logits, targets, lengths)[0])
    assert torch.autograd.grad(loss, spoilt)[0].isfinite().all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"targets": torch.zeros(3, 5, dtype=torch.long)},
            r"logits must be \(B, T, V\) for targets \(B, T\) = \(3, 5\); got the shape \(3, 4, 5\)",
        ),
        ({"lengths": torch.ones(2, dtype=torch.long)}, r"lengths must have the shape \(3,\).*got the shape \(2,\)"),
        ({"lengths": torch.tensor([1, 5, 2])}, r"lengths\[1\] is 5; it must be from 0 to 4"),
        ({"lengths": torch.tensor([1.0, 2.5, 0.0])}, "lengths must be a tensor .*got a tensor of torch.float32"),
        ({"targets": torch.zeros(3, 4)}, "targets must be a tensor .*got a tensor of torch.float32"),
        ({"targets": [[0] * 4] * 3}, "targets must be a tensor .*got a list"),
        ({"lengths": torch.tensor([1, -1, 2])}, r"lengths\[1\] is -1"),
    ],
)
def test_shapes_that_do_not_fit_are_an_error_with_all_of_them(changed, message):
    arguments = dict(zip(("logits", "targets", "lengths"), masked(), strict=True))
    with pytest.raises((TypeError, ValueError), match=message):
        losses.masked_loss(**arguments | changed)


def encoded(n: int = 18, seed: int = 2) -> PairBatch:
    """Random pairs; a target is as long as its source, give or take one."""
    draw = torch.Generator().manual_seed(seed)
    sizes = torch.randint(2, 6, (n,), generator=draw)
    rows = [torch.randint(4, 9, (int(size),), generator=draw).tolist() for size in sizes]
    src, src_len = pad([[*row, EOS] for row in rows])
    tgt, tgt_len = pad([[BOS, *row[::-1], *row[: i % 2], EOS] for i, row in enumerate(rows)])
    return PairBatch(src, src_len, tgt, tgt_len - 1)


def translator(layer=nn.GRU, dropout: float = 0.3) -> EncoderDecoder:
    sizes = (9, 4, H, 1, dropout, layer)
    return EncoderDecoder(Seq2SeqEncoder(*sizes), Seq2SeqDecoder(*sizes, tied=True))


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_seq2seq_loss_sums_minus_log_p_of_every_real_target_read_alone(layer):
    """Each pair by itself, unpadded: p of each token and of <eos>, after <bos> and all true tokens before it."""
    model, data = translator(layer, dropout=0.0), encoded(5)
    batch = data.rows(range(5))
    loss, n, state = losses.seq2seq_loss(model, batch, "anything")
    expected = 0.0
    for src, src_len, tgt, tgt_len in zip(*batch, strict=True):
        logits, _ = model(src[None, :src_len], src_len[None], tgt[None, :tgt_len])
        log_p = logits[0].log_softmax(-1)
        expected -= sum(log_p[t, tgt[t + 1]].item() for t in range(int(tgt_len)))
        assert tgt[tgt_len] == EOS
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert n == int(data.tgt_len.sum())
    assert state is None


def test_a_translators_loss_per_token_does_not_depend_on_the_batches():
    model, data = translator(), encoded()
    found = [
        training.evaluate(model, PairBatches(data, size, sort_by_length), compute_loss=losses.seq2seq_loss)
        for size, sort_by_length in ((1, True), (5, True), (5, False), (18, True))
    ]
    assert found == pytest.approx([found[0]] * 4, rel=1e-5)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.7])
def test_label_smoothing_spreads_a_part_of_every_real_label_evenly(epsilon):
    logits, targets, lengths = masked()
    loss, n = losses.masked_loss(logits, targets, lengths, epsilon)
    log_p, by_hand = logits.log_softmax(-1), 0.0
    for row, length in enumerate(lengths.tolist()):
        for t in range(length):
            label = torch.full((V,), epsilon / V, dtype=torch.float64)
            label[targets[row, t]] += 1 - epsilon
            by_hand -= (label * log_p[row, t]).sum()
    torch.testing.assert_close(loss, by_hand)
    assert n == lengths.sum()
