"""Tokenizers, against the book's vocabulary and counting by hand."""

import collections

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.book import d2l
from helpers.text import Vocab
from helpers.tokenizers import BOS, EOS, PAD, SPECIALS, UNK, BPETokenizer, WordTokenizer, tokenizer_from

quick = settings(max_examples=60, deadline=None)
SENTENCES = st.lists(st.sampled_from(["i", "go", "home", "now", ".", "<eos>", "<unk>"]), max_size=6).map(" ".join)


# --- Words -----------------------------------------------------------------------------------------------------------


@quick
@given(st.lists(SENTENCES, max_size=8), st.integers(1, 3), SENTENCES)
def test_words_are_numbered_and_counted_as_in_the_book(sentences, min_freq, sentence):
    """The book puts <unk> first among the special tokens; behind them all is the same."""
    words = WordTokenizer(sentences, min_freq)
    specials = ["<pad>", "<bos>", "<eos>"]
    theirs = d2l.Vocab([s.split() for s in sentences], min_freq, reserved_tokens=specials).idx_to_token
    assert words.tokens(range(len(words))) == [*specials, "<unk>", *theirs[4:]]
    ours = Vocab(" ".join(sentences).split(), min_freq, SPECIALS)
    expected = [ours[word] if word not in SPECIALS else UNK for word in sentence.split()]
    assert words.encode([sentence, ""]) == [expected, []]


def test_the_special_ids_are_the_first_four_and_padding_is_0():
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert SPECIALS == ("<pad>", "<bos>", "<eos>", "<unk>")


def test_rare_words_are_unknown_by_default_and_min_freq_keeps_them():
    assert WordTokenizer(["a b", "a"]).encode(["a b c"]) == [[4, UNK, UNK]]
    assert WordTokenizer(["a b", "a"], min_freq=1).encode(["a b c"]) == [[4, 5, UNK]]


def test_a_word_spelt_like_a_special_token_is_unknown():
    words = WordTokenizer(["<eos> a <pad> <bos>", "<eos> <pad> a <bos> <unk>"], min_freq=1)
    assert words.encode(["<eos> a <pad> <bos> <unk>"]) == [[UNK, 4, UNK, UNK, UNK]]
    assert len(words) == 5


@pytest.mark.parametrize("kind", [list, tuple, torch.tensor])
def test_a_sentence_is_read_up_to_eos_and_without_bos_and_padding(kind):
    words = WordTokenizer(["a b a b"])
    assert words.decode([kind([BOS, 4, UNK, 5, EOS, 4, PAD])]) == ["a <unk> b"]
    assert words.decode([kind([4, PAD, 5, PAD]), kind([4])]) == ["a b", "a"]
    assert words.decode(kind([[EOS, 4], [4, EOS]])) == ["", "a"]
    assert words.tokens(kind([BOS, 4, UNK, EOS, PAD])) == ["<bos>", "a", "<unk>", "<eos>", "<pad>"]


def test_no_ids_are_an_empty_sentence():
    assert WordTokenizer(["a a"]).decode([[]]) == [""]
    assert WordTokenizer(["a a"]).decode([]) == []
    assert WordTokenizer(["a a"]).decode(torch.zeros(0, 3, dtype=torch.long)) == []


def test_an_id_outside_the_vocabulary_is_an_error(pieces):
    with pytest.raises(IndexError, match="id 5 is outside"):
        WordTokenizer(["a a"]).decode([[4, 5]])
    with pytest.raises(IndexError, match="id 200 is outside the vocabulary, whose ids are 0 to 199"):
        pieces.decode([[4, len(pieces)]])


@quick
@given(st.lists(SENTENCES.filter(lambda s: "<" not in s), min_size=1))
def test_decoding_undoes_encoding(sentences):
    words = WordTokenizer(sentences, min_freq=1)
    assert words.decode(words.encode(sentences)) == sentences


def test_one_sentence_instead_of_a_list_is_an_error(pieces):
    for tokenizer in (WordTokenizer(["a a"]), pieces):
        with pytest.raises(TypeError, match=r"a list of sentences is needed; for one sentence pass \[sentence\]"):
            tokenizer.encode("a a")


# --- BPETokenizer ----------------------------------------------------------------------------------------------------


def test_any_sentence_of_known_characters_comes_back(pieces, sample):
    """Also those whose words were never seen: every character has a piece."""
    assert pieces.decode(pieces.encode(sample.targets)) == sample.targets
    assert pieces.decode(torch.tensor(pieces.encode(["xylophone zzz"]))) == ["xylophone zzz"]


def test_pieces_leave_every_character_as_it_is():
    """SentencePiece's usual normalisation would write 1/2, fi and ... for these, and one é for both."""
    sentences = ["½ cup", "ﬁn", "oui…", "é", "e\u0301"]
    pieces = BPETokenizer(sentences, 22)
    assert pieces.decode(pieces.encode(sentences)) == sentences


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
    assert pieces.decode([ids])[0].split() == ["a", "<unk>", "b"]


def test_special_pieces_have_the_same_ids_and_names_as_for_words(pieces):
    assert pieces.tokens([PAD, BOS, EOS, UNK]) == list(SPECIALS)
    assert pieces.tokens(torch.tensor([PAD, UNK])) == ["<pad>", "<unk>"]
    for special in SPECIALS:
        assert not {PAD, BOS, EOS} & set(pieces.encode([f"a {special} b"])[0])


def test_pieces_are_read_up_to_eos_and_without_bos_and_padding(pieces):
    [ids] = pieces.encode(["je vais ."])
    assert pieces.decode([[BOS, *ids, EOS, *ids], [*ids, PAD]]) == ["je vais ."] * 2
    assert pieces.decode([[], [EOS]]) == ["", ""]


def test_learning_pieces_twice_gives_the_same_ones(pieces, sample):
    again = BPETokenizer(iter(sample.targets[::4]), 200)
    assert torch.equal(again.state_dict()["pieces"], pieces.state_dict()["pieces"])
    assert again.encode(sample.targets[:50]) == pieces.encode(sample.targets[:50])


@pytest.mark.parametrize(
    ("sentences", "size"), [(["a b c d"], 5), (["a b"], 5000), ([], 50), (["", ""], 50), (["a b"], 2)]
)
def test_an_impossible_number_of_pieces_is_an_error_with_the_number(sentences, size):
    with pytest.raises(ValueError, match=f"^no {size} pieces can be learnt"):
        BPETokenizer(sentences, size)


@pytest.mark.parametrize("kind", ["words", "no words", "subwords"])
def test_a_tokenizer_comes_back_from_a_file_without_running_code(kind, pieces, sample, tmp_path):
    tokenizer = {"words": WordTokenizer(sample.targets), "no words": WordTokenizer([]), "subwords": pieces}[kind]
    torch.save(tokenizer.state_dict(), tmp_path / "tokenizer.pt")
    again = tokenizer_from(torch.load(tmp_path / "tokenizer.pt", weights_only=True))
    assert type(again) is type(tokenizer)
    assert len(again) == len(tokenizer)
    assert again.tokens(range(len(again))) == tokenizer.tokens(range(len(tokenizer)))
    sentences = [*sample.targets, "<eos> ☃"]
    assert again.encode(sentences) == tokenizer.encode(sentences)


@pytest.mark.parametrize("make", [WordTokenizer, lambda text: BPETokenizer(text, 30)])
def test_a_tokenizer_refuses_to_learn_from_a_single_string(make):
    with pytest.raises(TypeError, match=r"a list of sentences is needed; for one sentence pass \[sentence\]"):
        make("go away .")


def test_a_long_sentence_teaches_its_characters_too():
    pieces = BPETokenizer(["go .", "a b " * 3000 + "zebra"], 20)
    assert pieces.decode(pieces.encode(["zebra"])) == ["zebra"]


# --- what no tokenizer takes for ids ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["words", "pieces"])
def tokenizer(request, sample, pieces):
    return pieces if request.param == "pieces" else WordTokenizer(sample.targets)


@pytest.mark.parametrize("kind", [list, torch.tensor, np.array])
def test_negative_ids_name_no_token(tokenizer, kind):
    """-1 was "<unk>", and -4 "<pad>"."""
    for wrong in (-1, -4):
        with pytest.raises(IndexError, match=f"^id {wrong} is outside the vocabulary, whose ids are 0 to"):
            tokenizer.tokens(kind([4, wrong]))
        with pytest.raises(IndexError, match=f"^id {wrong} is outside the vocabulary"):
            tokenizer.decode(kind([[4, wrong]]))
        with pytest.raises(IndexError, match=f"^id {wrong} is outside the vocabulary"):
            tokenizer.decode(kind([[EOS, wrong]]))  # what stands behind <eos> is no less wrong


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ([4.7, 5.0], r"ids\[0\] must be a whole number; got 4.7"),
        (torch.tensor([4.7]), "ids must be whole numbers; got a tensor of torch.float32"),
        (np.array([4.7]), r"ids\[0\] must be a whole number; got .*float64"),
        ([4, True], r"ids\[1\] must be a whole number; got True"),
        (torch.tensor([True]), "got a tensor of torch.bool"),
        (["je"], r"ids\[0\] must be a whole number; got 'je'"),
    ],
)
def test_what_are_no_ids_is_an_error_and_not_rounded(tokenizer, wrong, shown):
    with pytest.raises(TypeError, match=shown):
        tokenizer.tokens(wrong)
    with pytest.raises(TypeError, match=shown):
        tokenizer.decode([wrong])


def test_ids_of_numpy_and_of_every_integer_dtype_are_read(tokenizer):
    [ids] = tokenizer.encode(["je vais ."])
    for dress in (
        np.array([ids]),
        [np.array(ids)],
        [[np.int32(i) for i in ids]],
        torch.tensor([ids], dtype=torch.int16),
    ):
        assert tokenizer.decode(dress) == ["je vais ."]


@pytest.mark.parametrize("row", [[4, 5], (4, 5)])
def test_a_row_instead_of_rows_is_an_error(tokenizer, row):
    with pytest.raises(TypeError, match=r"^a list of rows of ids is needed; for one row pass \[ids\]"):
        tokenizer.decode(row)
    with pytest.raises(ValueError, match=r"^rows must have the shape \(N, T\); got \(2,\)"):
        tokenizer.decode(torch.tensor(row))


def test_every_sentence_of_a_batch_is_decoded_as_it_is_alone(tokenizer, sample):
    rows = tokenizer.encode(sample.targets[:40])
    width = max(map(len, rows)) + 1
    padded = torch.tensor([[*row, EOS, *[PAD] * (width - len(row) - 1)] for row in rows])
    assert tokenizer.decode(padded) == tokenizer.decode(rows) == [tokenizer.decode([row])[0] for row in rows]


@pytest.mark.parametrize("size", [50.0, True, "50"])
def test_a_size_that_is_no_whole_number_is_an_error(size):
    with pytest.raises(TypeError, match=r"^vocab_size must be a whole number; got"):
        BPETokenizer(["a b c"], size)
    with pytest.raises(TypeError, match=r"^min_freq must be a whole number; got"):
        WordTokenizer(["a b c"], size)


def test_something_else_is_no_saved_tokenizer():
    with pytest.raises(ValueError, match=r"^this is no saved tokenizer"):
        tokenizer_from({"weights": 1})
