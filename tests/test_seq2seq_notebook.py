"""What the notebook `seq2seq` measures with: sums that make BLEU, resampling, kinds of error, the baseline."""

import random

import pytest
import torch
from notebook_code import definitions

from helpers import metrics

CODE = definitions("seq2seq")


def corpora(seed: int, count: int = 12):
    rng = random.Random(seed)
    predictions = [" ".join(rng.choices("abc", k=rng.randint(1, 9))) for _ in range(count)]
    references = [
        [" ".join(rng.choices("abc", k=rng.randint(1, 9))) for _ in range(rng.randint(1, 3))] for _ in predictions
    ]
    return predictions, references


@pytest.mark.parametrize("seed", range(5))
def test_bleu_of_rows_added_up_is_the_corpus_bleu_of_any_choice_of_sentences(seed):
    predictions, references = corpora(seed)
    parts = CODE["bleu_parts"](predictions, references)
    draws = torch.randint(len(predictions), (7, len(predictions)), generator=torch.Generator().manual_seed(seed))
    many = CODE["bleu_of"](parts[draws].sum(1))
    for draw, found in zip(draws.tolist(), many.tolist(), strict=True):
        chosen = [predictions[i] for i in draw], [references[i] for i in draw]
        assert found == pytest.approx(metrics.corpus_bleu(*chosen).score, abs=1e-9)


def test_a_corpus_without_a_run_of_four_words_scores_0():
    assert CODE["corpus_bleu"](["a b"], [["a b"]]) == 0


def test_resampling_draws_whole_corpora_with_replacement_and_the_same_ones_each_time():
    parts = CODE["bleu_parts"](*corpora(0, 200))
    scores = CODE["resampled"](parts, times=400)
    assert torch.equal(scores, CODE["resampled"](parts, times=400))
    whole = CODE["bleu_of"](parts.sum(0)).item()
    low, high = CODE["interval"](scores)
    assert low < whole < high
    # Four times as many sentences: an interval half as wide.
    low4, high4 = CODE["interval"](CODE["resampled"](parts.repeat(4, 1), times=400))
    assert (high4 - low4) / (high - low) == pytest.approx(0.5, abs=0.15)


RIGHT = ["je ne suis pas grand .", "je ne suis pas grande ."]


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("je ne suis pas grande .", "exact"),
        ("je suis ne pas grand .", "the right words in another order"),
        ("je ne suis pas grands .", "tu for vous, or another gender"),
        ("je suis grand .", "a negation lost or invented"),
        ("je ne suis pas grandement .", "a word that does not exist"),
        ("je ne suis pas petit .", "one word differs"),
        ("je ne suis pas .", "one word differs"),
        ("je ne suis pas très grand .", "one word differs"),
        ("elle ne dort pas .", "more than one word differs"),
    ],
)
def test_a_wrong_translation_is_put_into_its_kind(output, kind):
    known = {"je", "ne", "suis", "pas", "grand", "grands", "grande", "petit", "très", "elle", "dort", "."}
    assert CODE["kind_of_error"](output, RIGHT, known) == kind


def test_word_vectors_have_length_1_and_count_rare_words_more():
    weight = {"the": (0, 0.1), "sea": (1, 2.0), "boat": (2, 1.0)}
    vectors = CODE["word_vectors"](["the sea", "boat boat", "unheard of"], weight).to_dense()
    assert vectors.norm(dim=1).tolist() == pytest.approx([1, 1, 0])
    assert vectors[0].tolist() == pytest.approx([0.1 / 4.01**0.5, 2 / 4.01**0.5, 0])


@pytest.mark.parametrize("part", ["padding", "context"])
def test_the_faults_of_the_bench_are_the_faults_they_are_named_after(part):
    torch.manual_seed(0)
    encoder, decoder = CODE["Seq2SeqEncoder"](9, 4, 5), CODE["Seq2SeqDecoder"](9, 4, 5)
    tokens, lengths = torch.randint(4, 9, (2, 6)), torch.tensor([6, 3])
    if part == "padding":
        faulty = CODE["ReadsPadding"](9, 4, 5)
        faulty.load_state_dict(encoder.state_dict())
        sound, moved = encoder(tokens, lengths)[1], faulty(tokens, lengths)[1]
        torch.testing.assert_close(moved[:, 0], sound[:, 0])
        assert (moved[:, 1] - sound[:, 1]).abs().max() > 0.01
    else:
        faulty = CODE["DriftingDecoder"](9, 4, 5)
        faulty.load_state_dict(decoder.state_dict())
        state = decoder.init_state(encoder(tokens, lengths))
        _, sound = decoder(tokens[:, :1], state)
        torch.testing.assert_close(faulty(tokens, state)[0], decoder(tokens, state)[0])
        assert (faulty(tokens[:, 1:2], sound)[0] - decoder(tokens[:, 1:2], sound)[0]).abs().max() > 0.001
