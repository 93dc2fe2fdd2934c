"""Pairs, tokenisers and batches, against the book's code, torch's padding, and counting by hand."""

import collections
import random
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence

from helpers import datasets, translation
from helpers.book import d2l
from helpers.text import Vocab
from helpers.translation import BOS, EOS, PAD, UNK, Encoded, LengthBuckets, Pairs, Subwords, Words

quick = settings(max_examples=60, deadline=None)
SENTENCES = st.lists(st.sampled_from(["i", "go", "home", "now", ".", "<eos>", "<unk>"]), max_size=6).map(" ".join)
ROWS = st.lists(st.lists(st.integers(3, 9), max_size=6), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def sample() -> Pairs:
    """All pairs of the sample, normalised."""
    return translation.read_pairs(translation.normalise(datasets.english_french("sample").raw))


@pytest.fixture(scope="module")
def pieces(sample) -> Subwords:
    return Subwords(sample.targets[::4], 200)


# --- normalise -------------------------------------------------------------------------------------------------------


@quick
@given(st.text(st.sampled_from("aZÉ ,.!?'-\t\n\u202f\xa0"), max_size=30))
def test_normalise_is_the_books_preprocessing(text):
    """All of it, but that the book sets no space before a mark with which the whole text begins."""
    expected = d2l.preprocess_nmt(text)
    assert translation.normalise(text) == (" " if text[:1] in (*",.!?",) and text else "") + expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Go.", "go ."),
        ("Ça va\u202f?", "ça va ?"),
        ("Viens\xa0!", "viens !"),
        ("Non\u2009!", "non !"),
        ("Dix\u2009mille", "dix mille"),
        ("zero\u200bwidth\u200b.", "zerowidth ."),
        ("soft\xadhyphen", "softhyphen"),
        ("J’ai", "j'ai"),
        ("Wait, what?!", "wait , what ? !"),
        ("Hm...", "hm . . ."),
        ("already set , apart .", "already set , apart ."),
        ("A.\tB!\nC?\tD,\n", "a .\tb !\nc ?\td ,\n"),
        ("", ""),
    ],
)
def test_normalise_worked_by_hand(text, expected):
    assert translation.normalise(text) == expected


@quick
@given(st.text(st.sampled_from("aÉ ,.!?’'\t\n\u202f\xa0\u2009\u200b\xad"), max_size=30))
def test_normalising_twice_is_normalising_once(text):
    once = translation.normalise(text)
    assert translation.normalise(once) == once
    assert not re.search("[\u202f\xa0\u2009\u200b\xad’A-Z]|[^ ][,.!?]", once)


# --- Pairs, read_pairs -----------------------------------------------------------------------------------------------


def test_pairs_have_a_length_are_iterated_and_sliced():
    pairs = Pairs(["a", "b", "c"], ["1", "2", "3"], skipped=4)
    assert len(pairs) == 3
    assert list(pairs) == [("a", "1"), ("b", "2"), ("c", "3")]
    assert pairs[1:] == Pairs(["b", "c"], ["2", "3"])
    assert pairs[:2].skipped == 0


def test_where_keeps_the_pairs_marked_true():
    pairs = Pairs(["a", "b", "c"], ["1", "2", "3"])
    assert pairs.where([True, False, True]) == Pairs(["a", "c"], ["1", "3"])
    assert pairs.where(len(source) > 1 for source in pairs.sources) == Pairs([], [])
    with pytest.raises(ValueError, match="shorter"):
        pairs.where([True])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Go.\tVa !\nHi.\tSalut !\n", [("Go.", "Va !"), ("Hi.", "Salut !")]),
        ("Go.\tVa !\nHi.\tSalut !", [("Go.", "Va !"), ("Hi.", "Salut !")]),  # no newline at the end
        ("Go.\tVa !\r\nHi.\tSalut !\r\n\r\n", [("Go.", "Va !"), ("Hi.", "Salut !")]),
        ("Go.\tVa !\tCC-BY 2.0\t\nHi.\tSalut !\t", [("Go.", "Va !"), ("Hi.", "Salut !")]),  # further columns
        ("\n\nGo.\tVa !\n  \n", [("Go.", "Va !")]),
        ("  I   go \t je  vais \n", [("I go", "je vais")]),
        ("I\u2028go\x0bnow\tje\x85vais\n", [("I go now", "je vais")]),  # str.splitlines would cut here
        ("", []),
    ],
)
def test_a_line_is_a_pair_with_one_space_between_words(text, expected):
    pairs = translation.read_pairs(text)
    assert list(pairs) == expected
    assert pairs.skipped == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no tab here", "has no tab between two sentences: 'no tab here'"),
        ("Go.\t", "has an empty side"),
        ("\tVa !", "has an empty side"),
        ("\t", "has an empty side"),
        ("Go.\t \tthird", "has an empty side"),
    ],
)
def test_a_malformed_line_is_an_error_with_its_number_or_left_out_and_counted(line, message):
    text = f"Go.\tVa !\n\n{line}\nHi.\tSalut !\n{line}\n"
    with pytest.raises(ValueError, match=f"^line 3 {message}.*skip_malformed=True"):
        translation.read_pairs(text)
    pairs = translation.read_pairs(text, skip_malformed=True)
    assert list(pairs) == [("Go.", "Va !"), ("Hi.", "Salut !")]
    assert pairs.skipped == 2


def test_reading_a_clean_text_with_skip_malformed_leaves_nothing_out(sample):
    raw = translation.normalise(datasets.english_french("sample").raw)
    assert translation.read_pairs(raw, skip_malformed=True) == sample
    assert len(sample) == 5993


def test_the_words_of_every_pair_are_those_the_book_finds(sample):
    source, target = d2l.tokenize_nmt(d2l.preprocess_nmt(datasets.english_french("sample").raw))
    assert [s.split(" ") for s in sample.sources] == source
    assert [s.split(" ") for s in sample.targets] == target


# --- split_by_source, references -------------------------------------------------------------------------------------


@st.composite
def some_pairs(draw):
    sources = draw(st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=20).filter(lambda s: len(set(s)) > 1))
    return Pairs(sources, [f"{source} {i}" for i, source in enumerate(sources)])


@quick
@given(some_pairs(), st.data(), st.integers(0, 1000), st.randoms(use_true_random=False))
def test_a_split_takes_each_source_with_all_its_translations_to_one_side(pairs, data, seed, rng):
    distinct = set(pairs.sources)
    count = data.draw(st.integers(1, len(distinct) - 1))
    train, held = translation.split_by_source(pairs, count, seed)
    assert not set(train.sources) & set(held.sources)
    assert len(set(held.sources)) == count
    assert sorted([*train, *held]) == sorted(pairs)
    order = {target: i for i, target in enumerate(pairs.targets)}
    for part in (train, held):
        assert [order[target] for target in part.targets] == sorted(order[target] for target in part.targets)
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    again = translation.split_by_source(Pairs(*map(list, zip(*shuffled, strict=True))), count, seed)
    assert set(again[1].sources) == set(held.sources)


def test_a_share_is_a_share_of_the_distinct_sources(sample):
    distinct = len(set(sample.sources))
    _, held = translation.split_by_source(sample, 0.1)
    assert len(set(held.sources)) == round(0.1 * distinct)
    assert len(set(translation.split_by_source(sample, 500)[1].sources)) == 500


def test_the_seed_decides_the_split_and_the_global_generator_has_no_part_in_it(sample):
    before = torch.get_rng_state()
    held = [set(translation.split_by_source(sample, 300, seed)[1].sources) for seed in (0, 0, 1)]
    assert held[0] == held[1] != held[2]
    assert torch.equal(torch.get_rng_state(), before)
    assert set(translation.split_by_source(sample, 300)[1].sources) == held[0]  # the default seed


def test_a_split_spreads_over_the_whole_file(sample):
    """The file is sorted by length: every quarter of it must be there."""
    _, held = translation.split_by_source(sample, 0.1)
    quarter = len(sample) // 4
    for start in range(0, 4 * quarter, quarter):
        share = sum(s in set(held.sources) for s in sample.sources[start : start + quarter]) / quarter
        assert 0.05 < share < 0.15


@pytest.mark.parametrize(("held_out", "count"), [(0, 0), (-1, -1), (3, 3), (4, 4), (0.0, 0), (0.1, 0), (1.0, 3)])
def test_a_split_that_leaves_a_side_empty_is_an_error_with_the_numbers(held_out, count):
    pairs = Pairs(["a", "b", "a", "c"], ["1", "2", "3", "4"])
    with pytest.raises(ValueError, match=f"^held_out is {held_out}, which holds out {count} of 3 distinct"):
        translation.split_by_source(pairs, held_out)


def test_references_are_the_distinct_translations_in_order_of_appearance():
    pairs = Pairs(["hi", "go", "hi", "hi", "go"], ["salut", "va", "bonjour", "salut", "allez"])
    found = translation.references(pairs)
    assert found == {"hi": ["salut", "bonjour"], "go": ["va", "allez"]}
    assert list(found) == ["hi", "go"]


# --- Words -----------------------------------------------------------------------------------------------------------


@quick
@given(st.lists(SENTENCES, max_size=8), st.integers(1, 3), SENTENCES)
def test_words_are_numbered_and_counted_as_in_the_book(sentences, min_freq, sentence):
    """The book puts <unk> first among the special tokens; behind them all is the same."""
    words = Words(sentences, min_freq)
    specials = ["<pad>", "<bos>", "<eos>"]
    theirs = d2l.Vocab([s.split() for s in sentences], min_freq, reserved_tokens=specials).idx_to_token
    assert words.tokens(range(len(words))) == [*specials, "<unk>", *theirs[4:]]
    ours = Vocab(" ".join(sentences).split(), min_freq, translation.SPECIALS)
    expected = [ours[word] if word not in translation.SPECIALS else UNK for word in sentence.split()]
    assert words.encode([sentence, ""]) == [expected, []]


def test_the_special_ids_are_the_first_four_and_padding_is_0():
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert translation.SPECIALS == ("<pad>", "<bos>", "<eos>", "<unk>")


def test_rare_words_are_unknown_by_default_and_min_freq_keeps_them():
    assert Words(["a b", "a"]).encode(["a b c"]) == [[4, UNK, UNK]]
    assert Words(["a b", "a"], min_freq=1).encode(["a b c"]) == [[4, 5, UNK]]


def test_a_word_spelt_like_a_special_token_is_unknown():
    words = Words(["<eos> a <pad> <bos>", "<eos> <pad> a <bos> <unk>"], min_freq=1)
    assert words.encode(["<eos> a <pad> <bos> <unk>"]) == [[UNK, 4, UNK, UNK, UNK]]
    assert len(words) == 5


@pytest.mark.parametrize("kind", [list, tuple, torch.tensor])
def test_a_sentence_is_read_up_to_eos_and_without_bos_and_padding(kind):
    words = Words(["a b a b"])
    assert words.decode(kind([BOS, 4, UNK, 5, EOS, 4, PAD])) == "a <unk> b"
    assert words.decode(kind([4, PAD, 5, PAD])) == "a b"
    assert words.decode(kind([EOS, 4])) == ""
    assert words.tokens(kind([BOS, 4, UNK, EOS, PAD])) == ["<bos>", "a", "<unk>", "<eos>", "<pad>"]


def test_no_ids_are_an_empty_sentence():
    assert Words(["a a"]).decode([]) == ""


def test_an_id_outside_the_vocabulary_is_an_error(pieces):
    with pytest.raises(IndexError, match="id 5 is outside"):
        Words(["a a"]).decode([4, 5])
    with pytest.raises(IndexError):
        pieces.decode([4, len(pieces)])


@quick
@given(st.lists(SENTENCES.filter(lambda s: "<" not in s), min_size=1))
def test_decoding_undoes_encoding(sentences):
    words = Words(sentences, min_freq=1)
    assert [words.decode(ids) for ids in words.encode(sentences)] == sentences


def test_one_sentence_instead_of_a_list_is_an_error(pieces):
    for tokenizer in (Words(["a a"]), pieces):
        with pytest.raises(TypeError, match=r"a list of sentences is needed; for one sentence pass \[sentence\]"):
            tokenizer.encode("a a")


# --- Subwords --------------------------------------------------------------------------------------------------------


def test_any_sentence_of_known_characters_comes_back(pieces, sample):
    """Also those whose words were never seen: every character has a piece."""
    assert all(pieces.decode(ids) == s for s, ids in zip(sample.targets, pieces.encode(sample.targets), strict=True))
    assert pieces.decode(torch.tensor(pieces.encode(["xylophone zzz"])[0])) == "xylophone zzz"


def test_pieces_leave_every_character_as_it_is():
    """SentencePiece's usual normalisation would write 1/2, fi and ... for these, and one é for both."""
    sentences = ["½ cup", "ﬁn", "oui…", "é", "e\u0301"]
    pieces = Subwords(sentences, 22)
    assert [pieces.decode(ids) for ids in pieces.encode(sentences)] == sentences


def test_pieces_are_as_many_as_asked_for_and_none_is_special_in_a_sentence(pieces, sample):
    assert len(pieces) == 200
    ids = {i for row in pieces.encode(sample.targets) for i in row}
    assert min(ids) > UNK
    assert max(ids) < 200


def test_frequent_words_are_whole_and_rare_ones_are_not(pieces, sample):
    words = collections.Counter(" ".join(sample.targets[::4]).split()).most_common()
    frequent, rare = words[1][0], words[-1][0]
    assert pieces.tokens(pieces.encode([frequent])[0]) == [f"▁{frequent}"]
    assert len(pieces.encode([rare])[0]) > 1
    assert "".join(pieces.tokens(pieces.encode([rare])[0])) == f"▁{rare}"


def test_a_character_never_seen_is_unknown_and_nothing_else(pieces):
    [ids] = pieces.encode(["a ☃ b"])
    assert ids.count(UNK) == 1
    assert pieces.decode(ids).split() == ["a", "<unk>", "b"]


def test_special_pieces_have_the_same_ids_and_names_as_for_words(pieces):
    assert pieces.tokens([PAD, BOS, EOS, UNK]) == list(translation.SPECIALS)
    assert pieces.tokens(torch.tensor([PAD, UNK])) == ["<pad>", "<unk>"]
    for special in translation.SPECIALS:
        assert not {PAD, BOS, EOS} & set(pieces.encode([f"a {special} b"])[0])


def test_pieces_are_read_up_to_eos_and_without_bos_and_padding(pieces):
    [ids] = pieces.encode(["je vais ."])
    assert pieces.decode([BOS, *ids, EOS, *ids]) == pieces.decode([*ids, PAD]) == "je vais ."
    assert pieces.decode([]) == pieces.decode([EOS]) == ""


def test_learning_pieces_twice_gives_the_same_ones(pieces, sample):
    again = Subwords(iter(sample.targets[::4]), 200)
    assert torch.equal(again.state_dict()["subwords"], pieces.state_dict()["subwords"])
    assert again.encode(sample.targets[:50]) == pieces.encode(sample.targets[:50])


@pytest.mark.parametrize(("sentences", "size"), [(["a b c d"], 5), (["a b"], 5000), ([], 50), (["", ""], 50)])
def test_an_impossible_number_of_pieces_is_an_error_with_the_number(sentences, size):
    with pytest.raises(ValueError, match=f"^no {size} pieces can be learnt"):
        Subwords(sentences, size)


@pytest.mark.parametrize("kind", ["words", "no words", "subwords"])
def test_a_tokenizer_comes_back_from_a_file_without_running_code(kind, pieces, sample, tmp_path):
    tokenizer = {"words": Words(sample.targets), "no words": Words([]), "subwords": pieces}[kind]
    torch.save(tokenizer.state_dict(), tmp_path / "tokenizer.pt")
    again = translation.tokenizer_from(torch.load(tmp_path / "tokenizer.pt", weights_only=True))
    assert type(again) is type(tokenizer)
    assert len(again) == len(tokenizer)
    assert again.tokens(range(len(again))) == tokenizer.tokens(range(len(tokenizer)))
    sentences = [*sample.targets, "<eos> ☃"]
    assert again.encode(sentences) == tokenizer.encode(sentences)


# --- truncate, pad ---------------------------------------------------------------------------------------------------


@quick
@given(st.lists(st.integers(3, 9), max_size=8), st.integers(1, 10))
def test_truncating_keeps_the_eos_that_the_book_cuts_off(ids, num_steps):
    ids = [*ids, EOS]
    short = translation.truncate(ids, num_steps)
    assert short[:-1] == d2l.truncate_pad(ids, num_steps, None)[: len(short) - 1]
    assert len(short) == min(len(ids), num_steps)
    assert short[-1] == EOS


def test_truncating_to_nothing_is_an_error():
    assert translation.truncate([4, 5, EOS], 1) == [EOS]
    with pytest.raises(ValueError, match="num_steps is 0; it must be at least 1"):
        translation.truncate([EOS], 0)


@quick
@given(ROWS, st.none() | st.integers(6, 9))
def test_padding_is_that_of_torch(rows, num_steps):
    padded, lengths = translation.pad(rows, num_steps)
    width = [torch.zeros(num_steps, dtype=torch.long)] if num_steps else []
    tensors = [torch.tensor(row, dtype=torch.long) for row in rows]
    expected = pad_sequence([*tensors, *width], batch_first=True, padding_value=PAD)[: len(rows)]
    assert torch.equal(padded, expected)
    assert padded.dtype == lengths.dtype == torch.int64
    assert lengths.tolist() == [len(row) for row in rows]


def test_no_sequences_are_padded_to_an_empty_tensor():
    padded, lengths = translation.pad([])
    assert (padded.shape, lengths.shape) == ((0, 0), (0,))


def test_a_sequence_longer_than_the_width_is_an_error():
    with pytest.raises(ValueError, match="a sequence has 3 ids, more than num_steps = 2; truncate it first"):
        translation.pad([[4], [4, 5, 6]], num_steps=2)


# --- encode ----------------------------------------------------------------------------------------------------------


def small() -> tuple[Pairs, Words, Words]:
    pairs = Pairs(["go .", "i go home ."], ["va !", "je vais"])
    return pairs, Words(pairs.sources, min_freq=1), Words(pairs.targets, min_freq=1)


def test_encoding_worked_by_hand():
    """Ids by falling frequency, then by first occurrence: go 4, . 5, i 6, home 7; va 4, ! 5, je 6, vais 7."""
    data = translation.encode(*small())
    assert data.src.tolist() == [[4, 5, EOS, PAD, PAD], [6, 4, 7, 5, EOS]]
    assert data.src_len.tolist() == [3, 5]
    assert data.tgt.tolist() == [[BOS, 4, 5, EOS], [BOS, 6, 7, EOS]]
    assert data.tgt_len.tolist() == [3, 3]
    assert {part.dtype for part in (data.src, data.src_len, data.tgt, data.tgt_len)} == {torch.int64}
    assert len(data) == 2


def test_encoding_truncates_both_sides_and_keeps_the_eos():
    data = translation.encode(*small(), num_steps=2)
    assert data.src.tolist() == [[4, EOS], [6, EOS]]
    assert data.tgt.tolist() == [[BOS, 4, EOS], [BOS, 6, EOS]]
    assert data.src_len.tolist() == data.tgt_len.tolist() == [2, 2]


def test_sources_are_the_books_array_when_none_is_longer_than_the_steps(sample):
    """d2l.build_array_nmt, with our numbers for its words."""
    part = sample[::20]
    words, width = Words(part.sources), 12
    book = d2l.Vocab([s.split() for s in part.sources], 2, ["<pad>", "<bos>", "<eos>"])
    array, valid_len = d2l.build_array_nmt([s.split() for s in part.sources], book, width)
    ids = torch.tensor([UNK, PAD, BOS, EOS, *range(4, len(book))])
    src, src_len = translation.encode_sources(part.sources, words)
    assert torch.equal(ids[array][:, : src.shape[1]], src)
    assert torch.equal(src_len, valid_len)


def test_encoding_sources_leaves_an_empty_sentence_its_eos(pieces):
    for tokenizer in (Words(["a a"]), pieces):
        src, src_len = translation.encode_sources(["", "a a"], tokenizer)
        assert src[0, 0] == EOS
        assert src_len[0] == 1


def test_no_pairs_cannot_be_encoded():
    _, source, target = small()
    with pytest.raises(ValueError, match="there are no pairs to encode"):
        translation.encode(Pairs([], []), source, target)


@pytest.mark.parametrize("kind", [list, torch.tensor])
def test_rows_are_no_wider_than_the_longest_of_them(kind):
    pairs = Pairs(["a", "a a a", "a a"], ["b b b", "b", "b b"])
    data = translation.encode(pairs, Words(["a a"]), Words(["b b"]))
    src, src_len, tgt, tgt_len = data.rows(kind([2, 0]))
    assert src.tolist() == [[4, 4, EOS], [4, EOS, PAD]]
    assert src_len.tolist() == [3, 2]
    assert tgt.tolist() == [[BOS, 4, 4, EOS, PAD], [BOS, 4, 4, 4, EOS]]
    assert tgt_len.tolist() == [3, 4]


@pytest.mark.parametrize("kind", ["words", "subwords"])
def test_every_pair_of_the_sample_comes_back_from_its_batch(kind, sample, pieces):
    if kind == "words":
        source, target = Words(sample.sources, min_freq=1), Words(sample.targets, min_freq=1)
    else:
        source, target = Subwords(sample.sources, 150), pieces
    found = []
    for src, src_len, tgt, tgt_len in LengthBuckets(translation.encode(sample, source, target), 256):
        assert src.shape[1] == src_len.max()
        assert tgt.shape[1] == tgt_len.max() + 1
        assert (tgt[:, 0] == BOS).all()
        assert torch.equal((src != PAD).sum(1), src_len)
        assert torch.equal((tgt[:, 1:] != PAD).sum(1), tgt_len)
        found += zip(map(source.decode, src), map(target.decode, tgt), strict=True)
    assert sorted(found) == sorted(sample)


# --- LengthBuckets ---------------------------------------------------------------------------------------------------


def data_of(lengths: list[tuple[int, int]]) -> Encoded:
    """Pairs of these lengths; the first id of each source is its number, from 100 on."""
    src, src_len = translation.pad([[100 + i] + [4] * (s - 1) for i, (s, _) in enumerate(lengths)])
    tgt, tgt_len = translation.pad([[BOS] + [5] * t for _, t in lengths])
    return Encoded(src, src_len, tgt, tgt_len - 1)


def numbers(batches: LengthBuckets) -> list[list[int]]:
    return [[i - 100 for i in batch[0][:, 0].tolist()] for batch in batches]


LENGTHS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=30)


@quick
@given(LENGTHS, st.integers(1, 12), st.booleans(), st.booleans())
def test_every_pass_has_every_pair_once_in_batches_of_the_size(lengths, batch_size, bucket, shuffle):
    data = data_of(lengths)
    batches = LengthBuckets(data, batch_size, bucket, shuffle)
    for _ in range(2):
        found = numbers(batches)
        assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
        assert len(found) == len(batches)
        assert sorted(map(len, found))[1:] == [batch_size] * (len(found) - 1)
        assert max(map(len, found)) <= batch_size
    for batch, (src, src_len, tgt, tgt_len) in zip(
        numbers(LengthBuckets(data, batch_size, bucket, False)),
        LengthBuckets(data, batch_size, bucket, False),
        strict=True,
    ):
        for part, expected in zip((src, src_len, tgt, tgt_len), data.rows(batch), strict=True):
            assert torch.equal(part, expected)


@quick
@given(LENGTHS, st.integers(1, 12))
def test_buckets_are_cut_from_the_pairs_sorted_by_source_then_target_length(lengths, batch_size):
    """A stable sort, as Python has it; with shuffling, the same lengths go together, in whatever order."""
    data = data_of(lengths)
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    expected = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    assert numbers(LengthBuckets(data, batch_size, shuffle=False)) == expected
    shuffled = [sorted(lengths[i] for i in batch) for batch in numbers(LengthBuckets(data, batch_size))]
    assert sorted(shuffled) == sorted([lengths[i] for i in batch] for batch in expected)


def test_without_buckets_and_shuffling_the_order_is_that_of_the_pairs():
    lengths = [(3, 1), (1, 1), (2, 2), (1, 4), (5, 1)]
    assert numbers(LengthBuckets(data_of(lengths), 2, bucket=False, shuffle=False)) == [[0, 1], [2, 3], [4]]


def test_without_shuffling_every_pass_is_the_same_and_no_random_number_is_drawn():
    before, batches = torch.get_rng_state(), LengthBuckets(data_of([(1, 1)] * 9), 2, shuffle=False)
    assert numbers(batches) == numbers(batches)
    assert torch.equal(torch.get_rng_state(), before)


def test_with_shuffling_the_order_of_batches_and_of_pairs_among_equals_changes_with_every_pass():
    batches = LengthBuckets(data_of([(1, 1)] * 20 + [(2, 1)] * 20 + [(3, 1)] * 20), 10)
    first, second = numbers(batches), numbers(batches)
    assert [batch[0] // 20 for batch in first] != [batch[0] // 20 for batch in second]
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}
    assert [batch[0] // 20 for batch in first] != sorted(batch[0] // 20 for batch in first)


def test_shuffled_batches_without_buckets_mix_all_pairs():
    batches = LengthBuckets(data_of([(1, 1)] * 50 + [(2, 1)] * 50), 20, bucket=False)
    assert all(0 < sum(i < 50 for i in batch) < 20 for batch in numbers(batches))


@pytest.mark.parametrize("bucket", [True, False])
def test_random_order_comes_from_torchs_global_generator(bucket):
    batches, orders = LengthBuckets(data_of([(1, 1)] * 30), 4, bucket=bucket), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        random.seed(0)
        orders.append(numbers(batches))
    assert orders[0] == orders[1] != orders[2]


def test_buckets_save_padding(sample):
    """On the sample: most batches have sources of one length, and little of what is read is padding."""
    words = Words(sample.sources), Words(sample.targets)
    data, share = translation.encode(sample, *words), {}
    for bucket in (True, False):
        batches = list(LengthBuckets(data, 64, bucket=bucket))
        read = sum(src.numel() + tgt.numel() for src, _, tgt, _ in batches)
        share[bucket] = 1 - sum(int(s.sum() + t.sum()) + len(t) for _, s, _, t in batches) / read
        if bucket:
            assert sum(int(s.min() == s.max()) for _, s, _, _ in batches) > 0.8 * len(batches)
    assert share[True] < 0.05 < 0.2 < share[False]


def test_batches_of_nothing_or_of_no_size_are_errors():
    with pytest.raises(ValueError, match="batch_size is 0; it must be at least 1"):
        LengthBuckets(data_of([(1, 1)]), 0)
    empty = torch.zeros(0, 2, dtype=torch.long)
    with pytest.raises(ValueError, match="there are no pairs to make batches of"):
        LengthBuckets(Encoded(empty, empty[:, 0], empty, empty[:, 0]), 4)


@pytest.mark.parametrize("make", [lambda text: translation.Words(text), lambda text: translation.Subwords(text, 30)])
def test_a_tokenizer_refuses_to_learn_from_a_single_string(make):
    with pytest.raises(TypeError, match=r"a list of sentences is needed; for one sentence pass \[sentence\]"):
        make("go away .")


def test_a_long_sentence_teaches_its_characters_too():
    pieces = translation.Subwords(["go .", "a b " * 3000 + "zebra"], 20)
    assert pieces.decode(pieces.encode(["zebra"])[0]) == "zebra"
