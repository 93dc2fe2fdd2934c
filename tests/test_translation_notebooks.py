"""What the notebooks on translation derive is what the helpers hold, on inputs that the notebooks do not show."""

import random

import pytest
import torch
from notebook_code import definitions

from helpers import beam_search, datasets, encoder_decoder, losses, metrics, search, seq2seq
from helpers.pairs import normalize, read_pairs, split_by_source
from helpers.tokenizers import BOS, EOS

# What the notebook replaces before it sets punctuation apart; the helper knows more.
CHARACTERS = {"\u202f": " ", "\xa0": " ", "\u2009": " ", "\u200b": "", "\xad": "", "’": "'", "‘": "'"}
RAW = datasets.english_french("sample").raw[:20_000]


class FromDecoder:
    """What the notebook calls a model: its decoder writes."""

    def __init__(self, decoder):
        self.decoder = decoder


def sentences(rng, words, longest=9):
    return [" ".join(rng.choices(words, k=rng.randint(1, longest))) for _ in range(6)]


@pytest.mark.parametrize(
    "text", [RAW, "Oui\u202f!\tNon.\n", " !\u2009?!..\tL’eau,\xa0l'air", "...", "", "a\u200bb\xadc"]
)
def test_normalising_by_hand_and_the_helper_agree(text):
    code = definitions("machine-translation-and-dataset", CHARACTERS=CHARACTERS)
    by_hand = code["normalise_by_hand"](text)
    # Runs of spaces may differ in number; words and marks may not.
    assert by_hand.split() == normalize(text).split()


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("held_out", [1, 40])
def test_splitting_by_hand_and_the_helper_agree(held_out, seed):
    pairs = read_pairs(normalize(RAW))
    by_hand = definitions("machine-translation-and-dataset")["split_by_english"](pairs, held_out, seed)
    assert by_hand == split_by_source(pairs, held_out, seed)


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("part", ["Encoder", "Decoder"])
def test_the_networks_of_the_notebook_equal_the_helpers(part, num_layers):
    torch.manual_seed(num_layers)
    code = definitions("seq2seq")
    sizes = (11, 4, 5, num_layers)
    encoder, decoder = code["Seq2SeqEncoder"](*sizes), code["Seq2SeqDecoder"](*sizes)
    theirs = {"Encoder": seq2seq.Seq2SeqEncoder(*sizes), "Decoder": seq2seq.Seq2SeqDecoder(*sizes)}
    theirs[part].load_state_dict({"Encoder": encoder, "Decoder": decoder}[part].state_dict())
    tokens, lengths, targets = torch.randint(11, (3, 6)), torch.tensor([6, 1, 4]), torch.randint(11, (3, 5))
    ours = encoder_decoder.EncoderDecoder(encoder, decoder)(tokens, lengths, targets)[0]
    mixed = {"Encoder": (theirs["Encoder"], decoder), "Decoder": (encoder, theirs["Decoder"])}[part]
    torch.testing.assert_close(
        encoder_decoder.EncoderDecoder(*mixed)(tokens, lengths, targets)[0], ours, atol=1e-6, rtol=0
    )


def test_the_losses_of_the_notebook_equal_the_helpers():
    torch.manual_seed(0)
    code = definitions("seq2seq")
    logits, targets, lengths = torch.randn(4, 7, 5), torch.randint(5, (4, 7)), torch.tensor([7, 0, 3, 1])
    assert code["masked_loss"](logits, targets, lengths) == losses.masked_loss(logits, targets, lengths)
    model = encoder_decoder.EncoderDecoder(seq2seq.Seq2SeqEncoder(9, 3, 4), seq2seq.Seq2SeqDecoder(9, 3, 4))
    batch = torch.randint(9, (2, 5)), torch.tensor([5, 2]), torch.randint(9, (2, 4)), torch.tensor([3, 1])
    assert code["seq2seq_loss"](model, batch) == losses.seq2seq_loss(model, batch)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_search_of_the_notebook_equals_the_helper(seed):
    torch.manual_seed(seed)
    decoder = seq2seq.Seq2SeqDecoder(6, 3, 8)
    state, start = decoder.init_state((None, 3 * torch.randn(1, 20, 8))), torch.full((20,), BOS)
    tokens = definitions("seq2seq")["greedy"](FromDecoder(decoder), state, start, max_steps=9)
    assert torch.equal(tokens, search.greedy(decoder, state, start, eos=EOS, max_steps=9).tokens[:, 0])


@pytest.mark.parametrize("seed", range(10))
def test_bleu_of_the_notebook_equals_the_helpers(seed):
    rng, code = random.Random(seed), definitions("seq2seq")
    predictions, *references = (sentences(rng, "abc") for _ in range(1 + rng.randint(1, 3)))
    corpus = [list(alternatives) for alternatives in zip(*references, strict=True)]
    for max_n in (1, 2, 4):
        ours = code["corpus_bleu"](predictions, corpus, max_n)
        assert ours == pytest.approx(metrics.corpus_bleu(predictions, corpus, max_n).score, abs=1e-9)
    for prediction, label in zip(["", *predictions], references[0], strict=False):
        for k in (1, 2, 5):
            assert code["book_bleu"](prediction, label, k) == pytest.approx(metrics.book_bleu(prediction, label, k))


@pytest.mark.parametrize("name", ["Encoder", "Decoder", "EncoderDecoder"])
def test_the_interfaces_of_the_notebook_have_the_helpers_methods(name):
    """The helpers' `EncoderDecoder` passes on its decoder's step and reorder besides, so that it can be searched."""

    def methods(kind):
        return {method for method in vars(kind) if not method.startswith("_") and callable(vars(kind)[method])}

    passed_on = {"step", "reorder"} if name == "EncoderDecoder" else set()
    assert (
        methods(definitions("encoder-decoder", before="# from here on")[name])
        == methods(getattr(encoder_decoder, name)) - passed_on
    )


@pytest.mark.parametrize(("N", "V", "T"), [(7, 3, 4), (3, 6, 3), (5, 2, 7)])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_plain_beam_search_of_the_notebook_equals_the_helper(N, V, T, k):
    code = definitions("beam-search", EOS=0)
    every = code["RandomModel"](N, V, seed=T)
    state, start, limits = every.start(N), torch.full((N,), V - 1), {"eos": 0, "max_steps": T, "alpha": 0.5}
    found = beam_search.beam_search(every, state, start, beam_size=k, **limits)
    scores, tokens = code["beam_of_rectangles"](every, state, start, k, **limits)
    torch.testing.assert_close(scores.double(), found.scores[:, 0], rtol=1e-5, atol=1e-6)
    assert torch.equal(tokens[:, : found.tokens.shape[2]], found.tokens[:, 0])
    for row in range(N):
        one = code["RandomModel"](N, V, seed=T)
        one.start = lambda n, row=row: every.start(N)[row : row + 1]
        score, ids = code["beam_on_lists"](one, k, T, start=V - 1, alpha=0.5, eos=0)[0]
        best, _, best_score = found.n_best(row)[0]
        assert ids == best
        assert score == pytest.approx(best_score, rel=1e-9)
