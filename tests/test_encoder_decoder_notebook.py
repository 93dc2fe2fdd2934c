"""What the notebook `encoder-decoder` measures with: probes, loudness, shares right; on states that are known."""

import random

import pytest
import torch
from notebook_code import definitions
from torch import nn
from torch.nn import functional as F

from helpers.pairs import Pairs
from helpers.tokenizers import WordTokenizer

LETTERS = WordTokenizer(["a b c d e f g h"], min_freq=1)
CODE = definitions("encoder-decoder", V=12, LETTERS=LETTERS, RIDGES=(1e-6, 1e-4, 1e-2, 1.0), device=torch.device("cpu"))


@pytest.fixture
def words():
    rng = random.Random(0)
    sources = [" ".join(rng.choices("abcdefgh", k=4)) for _ in range(2000)]
    return Pairs(sources, [source[::-1] for source in sources])


def places(src):
    """The letters of each source (N, 4) as one-hot vectors (N, 4, 8)."""
    return F.one_hot(src[:, :4] - 4, 8).float()


def everything(src, src_len):
    return places(src).flatten(1)[None]


def last_letter(src, src_len):
    return places(src)[:, 3][None]


def letters_counted(src, src_len):
    return places(src).sum(dim=1)[None]


def test_the_probe_reads_what_a_state_plainly_holds(words):
    assert CODE["probe"](everything, words, told=False).tolist() == [1.0] * 4
    found = CODE["probe"](last_letter, words, told=False)
    assert found[0] == 1.0
    assert found[1:] == pytest.approx([1 / 8] * 3, abs=0.07)  # chance, on 500 words


def test_told_the_letters_before_the_probe_reads_the_one_that_is_left(words):
    alone, told = (CODE["probe"](letters_counted, words, told=told) for told in (False, True))
    assert alone[3] < 0.6
    assert told[3] == 1.0  # four counted letters less three known ones
    assert told[0] == pytest.approx(alone[0])  # at the first place nothing is known yet
    nothing = CODE["probe"](lambda src, src_len: torch.zeros(1, len(src), 3), words, told=True)
    assert nothing.tolist() == pytest.approx([1 / 8] * 4, abs=0.07)


def test_the_probe_is_counted_on_words_that_it_has_not_seen():
    """Random states name the letters of the words that fit the map, and guess at the others."""
    torch.manual_seed(1)
    X, y = torch.randn(800, 420).double(), torch.randint(8, (800,))
    W = torch.linalg.lstsq(torch.cat([X, torch.ones(800, 1)], 1)[:400], F.one_hot(y[:400], 8).double()).solution
    assert ((torch.cat([X, torch.ones(800, 1)], 1)[:400] @ W).argmax(1) == y[:400]).all()
    assert CODE["reading"](X, y) < 0.25


def test_loudness_is_how_far_a_letter_moves_the_state(words):
    weights = torch.tensor([0.125, 0.25, 0.5, 1.0])[:, None]  # of the letters in the order of the source

    def fading(src, src_len):
        return (places(src) * weights).flatten(1)[None]

    found = CODE["loudness"](fading, words)
    assert (found[:-1] / found[1:]).tolist() == pytest.approx([2.0, 2.0, 2.0])
    # One letter moves its own part by sqrt(2) times its weight.
    states = fading(*CODE["encode_sentences"](words.sources, LETTERS))[0]
    apart = (states - states.roll(1, dims=0)).norm(dim=1).mean()
    assert found[0].item() == pytest.approx(2**0.5 / apart.item(), rel=1e-5)


def test_directions_are_those_of_largest_variance():
    torch.manual_seed(2)
    states = torch.randn(500, 5).double() * torch.tensor([0.1, 3.0, 0.2, 1.0, 0.1])
    centre, directions, share = CODE["two_directions"](states)
    variance, vectors = torch.linalg.eigh(torch.cov(states.T))
    assert share == pytest.approx((variance[-2:].sum() / variance.sum()).item())
    assert (directions.T @ vectors[:, [-1, -2]]).abs().allclose(torch.eye(2).double(), atol=1e-6)
    assert centre.allclose(states.mean(0))


@pytest.mark.parametrize("width", [1, 3])
def test_no_more_than_the_neck_passes(width):
    torch.manual_seed(width)
    encoder = CODE["NeckEncoder"](width, 8, 16)
    states = encoder(*CODE["encode_sentences"](["a", "b c", "d e f", "a b", "h h", "c a b"], LETTERS))[0]
    assert torch.linalg.matrix_rank(states - encoder.widen.bias, tol=1e-5) == width


def test_right_tokens_and_words_are_counted():
    """A pair that knows one word by heart, and one place of every word."""

    class ByHeart(nn.Module):
        def init_state(self, encoded):
            return encoded

        def forward(self, tokens, state):
            T = tokens.shape[1]
            ids = torch.tensor([5, 4, 2, 2])[state[:, None] + torch.arange(T)]  # b, a, <eos>, <eos>
            return 9.0 * F.one_hot(ids, 12), state + T

        def step(self, tokens, state):
            logits, state = self(tokens[:, None], state)
            return logits[:, -1].log_softmax(-1), state

    encoder = lambda src, src_len: torch.zeros(len(src), dtype=torch.long)  # noqa: E731
    model = CODE["EncoderDecoder"].__new__(CODE["EncoderDecoder"])
    nn.Module.__init__(model)
    object.__setattr__(model, "encoder", encoder)
    model.decoder = ByHeart()
    pairs = Pairs(["a b", "c b", "a a"], ["b a", "b c", "a a"])
    right = CODE["forced_right"](model, pairs)
    assert right.tolist() == [[True, True, True], [True, False, True], [False, True, True]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CODE, "answers", lambda model, sources: ["b a"] * len(sources))
        assert CODE["exact"](model, pairs) == pytest.approx(1 / 3)
        assert CODE["exact"](model, pairs, beside=["d"]) == pytest.approx(1 / 3)


def test_the_integer_as_bits_is_the_integer():
    encoder = CODE["NumberInBits"](64)
    with torch.no_grad():
        encoder.layer.weight.copy_(torch.eye(64))
        encoder.layer.bias.zero_()
    src, src_len = CODE["encode_sentences"](["a", "c a b", "h h h h h"], LETTERS)
    bits = encoder(src, src_len)[0]
    numbers = (bits.double() @ 2.0 ** torch.arange(64).double()).long()
    assert numbers.tolist() == [4, 6 * 144 + 4 * 12 + 5, sum(11 * 12**i for i in range(5))]


@pytest.mark.parametrize("kind", ["GRUEncoder", "LSTMEncoder", "BothWays", "BagEncoder", "NumberInBits"])
def test_every_encoder_of_the_grid_keeps_the_contract_with_every_decoder(kind):
    torch.manual_seed(3)
    sizes = (8, 8) if kind in ("GRUEncoder", "LSTMEncoder", "BothWays") else (8,)
    tests = ("has_the_right_shape", "steps_equal_the_whole", "padding_changes_nothing", "rows_stand_alone")
    src, src_len = CODE["encode_sentences"](["d b a", "h", "c a b b a g e", "f e"], LETTERS)
    for decoder in ("GRUDecoder", "LSTMDecoder", "WithContext"):
        model = CODE["EncoderDecoder"](CODE[kind](*sizes), CODE[decoder](8, 8))
        with torch.no_grad():
            for test in (*tests, "reorder_picks_rows", "future_changes_nothing"):
                assert CODE[test](model, src, src_len, torch.randint(12, (4, 6))), (decoder, test)
