"""What the notebooks on translation derive is what the helpers hold, on inputs that the notebooks do not show."""

import itertools
import math
import random
import re
from collections import Counter

import pytest
import torch
from notebook_code import definitions

from helpers import beam_search, datasets, encoder_decoder, losses, metrics, search, seq2seq
from helpers.pairs import Pairs, normalize, read_pairs, split_by_source
from helpers.tokenizers import BOS, EOS, PAD, BPETokenizer, WordTokenizer

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


@pytest.mark.parametrize("side", ["sources", "targets"])
def test_the_merges_of_the_notebook_are_those_of_the_library(side):
    sentences = [re.sub(r"[^\w ]", "", sentence) for sentence in getattr(read_pairs(normalize(RAW)), side)]
    counts = Counter(word for sentence in sentences for word in sentence.split())
    merges, divided = definitions("machine-translation-and-dataset")["learn_merges"](counts, 40)
    library = BPETokenizer(sentences, vocab_size=200)
    assert ["".join(pair) for pair, _ in merges] == library.tokens(range(4, 44))
    assert all("".join(parts) == "▁" + word for word, parts in divided.items())


LINES = Pairs([f"{i // 3} ." for i in range(90)], [f"t{i} ." for i in range(90)])  # three translations of each


@pytest.mark.parametrize("seed", [0, 3])
def test_every_fault_is_scored_on_the_same_lines_and_only_the_leak_studies_their_sources(seed):
    split = definitions("machine-translation-and-dataset")["split_with_fault"]
    honest, leaky = split(LINES, "none", seed), split(LINES, "leak", seed)
    assert honest[1] == leaky[1] == split(LINES, "no end", seed)[1]
    assert len(honest[1]) == 90 // 15
    assert not set(honest[0].sources) & set(honest[1].sources)
    assert sorted([*leaky[0], *leaky[1]]) == sorted(LINES)
    assert set(honest[0]) == {pair for pair in leaky[0] if pair[0] not in set(honest[1].sources)}


def test_each_fault_does_to_the_ends_what_its_name_says():
    code = definitions("machine-translation-and-dataset", CUT=4)
    pairs = Pairs(["a", "a"], ["b", "b c d e"])
    source, target = WordTokenizer(["a"], min_freq=1), WordTokenizer(["b c d e"], min_freq=1)
    b, c, d, e = range(4, 8)
    wanted = {
        "none": [[b, EOS], [b, c, d, e, EOS]],
        "no end": [[b], [b, c, d, e]],
        "cut, end lost": [[b, EOS], [b, c, d, e]],
        "cut, end kept": [[b, EOS], [b, c, d, EOS]],
    }
    for fault, rows in wanted.items():
        src, src_len, tgt, tgt_len = code["tensors_with_fault"](pairs, source, target, fault)
        width = max(map(len, rows))
        assert tgt.tolist() == [[BOS, *row, *[PAD] * (width - len(row))] for row in rows], fault
        assert tgt_len.tolist() == [len(row) for row in rows]
        assert src.tolist() == [[4, EOS], [4, EOS]]
        assert src_len.tolist() == [2, 2]


def test_spaces_that_are_kept_are_glued_to_their_words():
    given = {"MAX_TOKENS": 4, "FREQUENT": 2, "STAND_IN": {"\u202f": "⁀", "\xa0": "‿"}}
    brief_pairs = definitions("machine-translation-and-dataset", **given)["brief_pairs"]
    raw = "Go!\tVa\u202f!\nGo!\tVa\xa0!\nGo!\tVa !\nGo on!\tContinue !\nGo on, go on, on!\tTrop\u202f!\nOn!\tSur !\n"
    assert brief_pairs(raw).targets == ["va !", "va !", "va !", "continue !", "sur !"]
    assert brief_pairs(raw, keep_spaces=True).targets == ["va⁀ !", "va‿ !", "va !", "continue !", "sur !"]
    rare = raw + "Stop!\tArrête !\n"
    assert brief_pairs(rare).targets == brief_pairs(raw).targets, "a word of one sentence alone is not frequent"


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


def by_brute_force(models, T):
    """The sentences of at most T tokens that end in token 0, of each of N random models, the most probable first."""
    V = models.log_p.shape[-1]
    every = [(*words, 0) for n in range(T) for words in itertools.product(range(1, V), repeat=n)]
    found = []
    for log_p in models.log_p.tolist():
        scored = []
        for ids in every:
            read = (0, V - 1, *ids)
            scored.append((sum(log_p[a][b][c] for a, b, c in zip(read, read[1:], ids, strict=False)), list(ids)))
        found.append(sorted(scored, reverse=True))
    return found


@pytest.mark.parametrize(("N", "V", "T"), [(20, 3, 4), (5, 6, 3), (10, 2, 7), (30, 4, 1)])
@pytest.mark.parametrize("bar", [-60.0, "a beam"])
def test_the_exact_search_finds_what_brute_force_finds(N, V, T, bar):
    models = definitions("beam-search", EOS=0)["RandomModel"](N, V, seed=T)
    right, start = by_brute_force(models, T), torch.full((N,), V - 1)
    bars = torch.full((N,), -60.0, dtype=torch.float64)
    if bar == "a beam":  # the probability of some sentence that ends, as a beam may have found it
        bars = torch.tensor([every[min(2, len(every) - 1)][0] for every in right], dtype=torch.float64) - 1e-9
    search_exactly = definitions("beam-search", EOS=0)["exact_search"]
    ids, log_p, widest = search_exactly(models, models.start(N), start, bars, eos=0, max_steps=T)
    assert ids == [every[0][1] for every in right]
    torch.testing.assert_close(log_p, torch.tensor([every[0][0] for every in right], dtype=torch.float64))
    if bar == "a beam":  # of a length there are at most 1 / P prefixes of a probability above P
        assert (widest <= (-bars).exp()).all()


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_rule_of_our_beam_is_one_of_the_three(k):
    code = definitions("beam-search", EOS=0)
    models = code["RandomModel"](30, 4, seed=k)
    for row in range(30):
        one = code["OneOf"](models, row)
        ours = code["beam_on_lists"](one, k, 5, start=3, eos=0)[0]
        (log_p, ids), price = code["beam_by_rule"](one, k, 5, "takes a place in this step", start=3)
        assert ids == ours[1]
        assert log_p == pytest.approx(ours[0])
        _, cheaper = code["beam_by_rule"](one, k, 5, "takes a place for good", start=3)
        _, dearer = code["beam_by_rule"](one, k, 5, "takes no place", start=3)
        assert cheaper <= price <= dearer == 1 + min(k, 3) + 3 * k  # the first step has three unfinished ones at most


@pytest.mark.parametrize(("n", "temperature"), [(2000, 1.0), (2000, 0.5), (1, 1.0)])
def test_samples_that_share_rows_are_drawn_as_often_as_their_probability_says(n, temperature):
    code = definitions("beam-search", EOS=0)
    models = code["RandomModel"](3, 3, seed=1)
    torch.manual_seed(0)
    drawn = code["draw"](models, models.start(3), torch.full((3,), 2), n, temperature, eos=0, max_steps=3)
    assert [len(samples) for samples in drawn] == [n] * 3
    log_p = (models.log_p / temperature).log_softmax(-1).tolist()
    for row, samples in enumerate(drawn):
        assert all(ids[-1] == 0 or len(ids) == 3 for ids in samples)
        for ids in ([0], [1, 0], [2, 2, 1]):
            read = (0, 2, *ids)
            p = math.exp(sum(log_p[row][a][b][c] for a, b, c in zip(read, read[1:], ids, strict=False)))
            assert abs(samples.count(ids) / n - p) < 4 * math.sqrt(p * (1 - p) / n) + 1e-9 or n == 1
    assert drawn[0] != drawn[1]


def test_all_overlaps_at_once_are_the_overlaps_of_pairs():
    code, rng = definitions("beam-search", EOS=0), random.Random(0)
    texts = [*sentences(rng, ["oui", "non", "la", "mer", "ou"]), "", "a", "aaaa aaaa"]
    right = torch.tensor([[code["overlap"](text, other) for other in texts] for text in texts])
    torch.testing.assert_close(code["overlaps"](texts), right)
    assert right.diagonal().eq(1).all()
    assert code["overlap"]("aaaaaa", "aaa") < 1, "a run that occurs twice counts twice"
    weights = [rng.random() for _ in texts]
    expected = right @ torch.tensor(weights)
    assert code["most_agreed"](texts, weights) == texts[expected.argmax()]
    assert code["most_agreed"](["b", "a", "a"], [0.4, 0.3, 0.3]) == "a", "what is said twice has both weights"


@pytest.mark.parametrize("seed", range(3))
def test_the_counts_of_sentences_add_up_to_bleu(seed):
    code, rng = definitions("beam-search", EOS=0), random.Random(seed)
    predictions, *references = (sentences(rng, "abc") for _ in range(3))
    corpus = [list(alternatives) for alternatives in zip(*references, strict=True)]
    counts = torch.tensor([code["bleu_counts"](*pair) for pair in zip(predictions, corpus, strict=True)])
    right = metrics.corpus_bleu(predictions, corpus)
    bleu, precision, brevity = code["bleu_parts"](counts.sum(0)).tolist()
    assert bleu == pytest.approx(right.score, rel=1e-4)
    assert brevity == pytest.approx(100 * right.brevity_penalty, rel=1e-4)
    assert precision * brevity / 100 == pytest.approx(bleu, rel=1e-4)


def test_redrawn_sums_are_those_of_rows_drawn_with_replacement():
    resampled = definitions("beam-search", EOS=0)["resampled"]
    counts = torch.tensor([[1.0, 0.0], [1.0, 2.0], [1.0, 4.0]])
    sums = resampled(counts, times=2000)
    assert (sums[:, 0] == 3).all(), "as many rows as there were"
    assert set(sums[:, 1].tolist()) == {0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0}
    assert sums[:, 1].mean() == pytest.approx(6, abs=0.2)
    assert torch.equal(sums, resampled(counts, times=2000)), "the same rows for every search"


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("takes a place for good", "for good"),
        ("takes a place in this step", "in this step"),
        ("takes no place", "none"),
    ],
)
def test_the_rules_of_the_notebook_are_those_of_its_solutions(rule, told, k):
    code, solved = definitions("beam-search", EOS=0), definitions("solutions/beam-search")
    models = code["RandomModel"](20, 4, seed=k)
    for row in range(20):
        (log_p, _), price = code["beam_by_rule"](code["OneOf"](models, row), k, 5, rule, start=3)
        best, dearness = solved["by_rule"](solved["rows_of"](models, row), k, 5, told)
        assert (log_p, price) == (pytest.approx(best), dearness)
