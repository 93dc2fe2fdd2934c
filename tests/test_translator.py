"""The translator as a whole: same sentence, same translation, however many go together and wherever it was kept."""

import os
import pickle

import pytest
import torch
from torch import nn

from helpers import beam_search, files, sampling, search
from helpers.book import d2l
from helpers.language_model import count_parameters
from helpers.pair_batches import encode_sentences
from helpers.tokenizers import BOS, EOS, BPETokenizer, WordTokenizer
from helpers.translator import Translation, Translator

ENGLISH = [
    "go .",
    "i go home .",
    "we go to the market today .",
    "are you home ?",
    "stop !",
    "the red car is here .",
] * 3
FRENCH = [
    "va !",
    "je vais chez moi .",
    "nous allons au marché .",
    "tu es chez toi ?",
    "arrête !",
    "la voiture est là .",
] * 3
SENTENCES = list(dict.fromkeys(ENGLISH))
BEAMS = {"beam_size": 3, "max_steps": 8}


def translator(recurrent: str = "GRU", seed: int = 0, subwords: bool = False, **sizes) -> Translator:
    """Untrained, with weights large enough that translations differ."""
    tokenizers = [BPETokenizer(text, 40) if subwords else WordTokenizer(text) for text in (ENGLISH, FRENCH)]
    torch.manual_seed(seed)
    made = Translator(*tokenizers, **{"embed_size": 6, "num_hiddens": 8, "recurrent": recurrent} | sizes)
    with torch.no_grad():
        for parameter in made.model.parameters():
            parameter.mul_(4)
    return made


# --- build -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recurrent", ["GRU", "LSTM"])
def test_the_model_has_the_sizes_asked_for_on_both_sides(recurrent):
    source, target = WordTokenizer(ENGLISH), WordTokenizer(FRENCH)
    model = Translator(source, target, 6, 8, 2, 0.1, recurrent).model
    for half, tokens, width in ((model.encoder, source, 6), (model.decoder, target, 6 + 8)):
        assert half.embedding.weight.shape == (len(tokens), 6)
        layer = half.layer
        assert type(layer) is getattr(nn, recurrent)
        assert (layer.input_size, layer.hidden_size, layer.num_layers, layer.dropout) == (width, 8, 2, 0.1)
        assert half.dropout.p == 0.1


def test_the_output_layer_is_tied_unless_asked_otherwise():
    tied, free = translator(), translator(tied=False)
    V, E, H = len(tied.target), 6, 8
    assert tied.model.decoder.output[1].weight is tied.model.decoder.embedding.weight
    assert count_parameters(tied.model.decoder.output) - V * E == H * E + E + V
    assert count_parameters(free.model.decoder.output) == H * V + V


def test_an_unknown_cell_is_an_error_with_the_choice():
    with pytest.raises(ValueError, match=r"^recurrent is 'RNN'; choose one of GRU, LSTM"):
        translator("RNN")


# --- translate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subwords", [False, True])
@pytest.mark.parametrize("recurrent", ["GRU", "LSTM"])
@pytest.mark.parametrize("beam_size", [1, 3])
def test_translations_are_the_same_one_by_one_and_in_batches(recurrent, beam_size, subwords):
    made = translator(recurrent, subwords=subwords)
    options = {"beam_size": beam_size, "max_steps": 8}
    expected = made.translate(SENTENCES, **options)
    assert len(set(expected)) > 2
    assert [made.translate([sentence], **options)[0] for sentence in SENTENCES] == expected
    step, rows = made.model.decoder.step, []
    made.model.decoder.step = lambda tokens, state: (rows.append(len(tokens)), step(tokens, state))[1]
    for batch_size in (1, 2, 4, 7):
        assert made.translate(SENTENCES, batch_size=batch_size, **options) == expected
        assert max(rows) <= max(batch_size, beam_size)
        rows.clear()


def test_a_translation_is_what_the_search_finds():
    """Written out with the parts: tokens, encoder, search, words."""
    made = translator()
    made.model.eval()
    with torch.no_grad():
        state = made.model.begin(*encode_sentences(SENTENCES, made.source))
    start, limits = torch.full((len(SENTENCES),), BOS), {"eos": EOS, "max_steps": 8}
    assert made.translate(SENTENCES, max_steps=8) == made.target.decode(
        search.greedy(made.model, state, start, **limits).best()
    )
    for k, alpha in ((3, 0.75), (5, 0.0)):
        expected = beam_search.beam_search(made.model, state, start, beam_size=k, alpha=alpha, **limits)
        found = made.translate(SENTENCES, beam_size=k, alpha=alpha, max_steps=8)
        assert found == made.target.decode(expected.best())
    assert made.translate(SENTENCES, **BEAMS) == made.translate(SENTENCES, alpha=0.75, **BEAMS)


@pytest.mark.parametrize("batch_size", [1, 4, 512])
def test_an_n_best_list_has_texts_ids_and_the_models_log_probabilities(batch_size):
    """log P is that of the model reading source and translation anew; the lists are sorted by score."""
    made = translator()
    lists = made.search(SENTENCES, beam_size=4, num_best=3, alpha=0.5, max_steps=8, batch_size=batch_size)
    assert len(lists) == len(SENTENCES)
    for sentence, entries in zip(SENTENCES, lists, strict=True):
        assert len(entries) == 3
        assert [entry.score for entry in entries] == sorted((entry.score for entry in entries), reverse=True)
        for entry in entries:
            assert isinstance(entry, Translation)
            assert entry.text == made.target.decode([entry.ids])[0]
            src, src_len = encode_sentences([sentence], made.source)
            logits, _ = made.model.eval()(src, src_len, torch.tensor([[BOS, *entry.ids[:-1]]]))
            log_probs = logits[0].log_softmax(-1)[range(len(entry.ids)), entry.ids]
            assert entry.log_prob == pytest.approx(log_probs.sum().item(), abs=1e-4)
            assert entry.score == pytest.approx(entry.log_prob / len(entry.ids) ** 0.5)


def test_what_was_drawn_is_read_as_translations_too():
    made = translator()
    state, start = made.begin(SENTENCES)
    found = sampling.sample(made.model.eval(), state, start, eos=EOS, max_steps=8)
    read = made.read(found)
    assert [entries[0].ids for entries in read] == found.best()
    assert [entries[0].text for entries in read] == made.target.decode(found.best())


def test_greedy_search_and_a_beam_of_one_agree():
    made = translator()
    beam = made.search(SENTENCES, beam_size=1, num_best=2, max_steps=8)
    assert [entries[0].text for entries in beam] == made.translate(SENTENCES, max_steps=8)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_greedy_translations_are_those_of_the_book():
    """d2l.predict_seq2seq takes the context anew from the state at every step, so it is given one that does not."""

    class OurEncoder(nn.Module):
        def __init__(self, made):
            super().__init__()
            self.made = made

        def forward(self, X, valid_len):
            return self.made.model.encoder(X, valid_len.long())

    class OurDecoder(nn.Module):
        def __init__(self, made):
            super().__init__()
            self.made = made

        def init_state(self, encoded, *args):
            return self.made.model.decoder.init_state(encoded)

        def forward(self, X, state):
            return self.made.model.decoder(X, state)

    made = translator()
    made.model.eval()
    vocabs = []
    for words in (made.source, made.target):
        vocab = d2l.Vocab([])
        vocab.idx_to_token = words.tokens(range(len(words)))
        vocab.token_to_idx = {token: i for i, token in enumerate(vocab.idx_to_token)}
        vocabs.append(vocab)
    net = d2l.EncoderDecoder(OurEncoder(made), OurDecoder(made))
    expected = [d2l.predict_seq2seq(net, sentence, *vocabs, 8, "cpu")[0] for sentence in SENTENCES]
    assert made.translate(SENTENCES, max_steps=8) == expected


def test_sentences_are_normalised_first():
    made = translator()
    expected = made.translate(["we go home ."], **BEAMS)
    assert made.translate(["  We\xa0GO home.\n"], **BEAMS) == expected
    assert made.translate(["We go\u200b home."], **BEAMS) == expected


def test_an_unknown_word_is_translated_as_unknown():
    made = translator()
    assert made.translate(["zebras fly ."]) == made.translate(["yaks swim ."])


def test_no_translation_is_longer_than_the_limit():
    made = translator()
    with torch.no_grad():
        made.model.decoder.output[1].bias[EOS] = -1e9
    for max_steps in (1, 5):
        for beam_size in (1, 3):
            found = made.translate(SENTENCES, beam_size, max_steps=max_steps)
            assert {len(sentence.split()) for sentence in found} == {max_steps}
    assert made.translate(SENTENCES) == made.translate(SENTENCES, max_steps=32)


def test_no_sentences_have_no_translations():
    assert translator().translate([]) == []


@pytest.mark.parametrize("empty", ["", "  ", "\u200b\n"])
def test_an_empty_sentence_is_an_error_with_its_place(empty):
    with pytest.raises(ValueError, match=r"^sentence 2 is empty"):
        translator().translate(["go .", "stop !", empty, "", "go ."])


def test_one_sentence_instead_of_a_list_is_an_error_that_says_how():
    with pytest.raises(TypeError, match=r"a list of sentences is needed; for one sentence pass \[sentence\]"):
        translator().translate("go .")


@pytest.mark.parametrize(
    ("option", "value"), [("beam_size", 0), ("max_steps", 0), ("batch_size", 0), ("batch_size", -1)]
)
def test_an_impossible_number_is_an_error_that_names_it(option, value):
    with pytest.raises(ValueError, match=f"{option} is {value}"):
        translator().translate(["go ."], **{option: value})


@pytest.mark.parametrize("training", [True, False])
def test_translating_switches_dropout_off_and_leaves_the_mode_as_it_was(training):
    made, seen = translator(dropout=0.5), []
    made.model.decoder.register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))
    made.model.train(training)
    first = made.translate(SENTENCES, **BEAMS)
    assert set(seen) == {(False, False)}
    assert made.model.training is made.model.encoder.dropout.training is training
    assert made.translate(SENTENCES, **BEAMS) == first


def test_the_mode_is_restored_after_an_error():
    made = translator()
    made.model.train()
    made.model.decoder.layer.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made.translate(["go ."])
    assert made.model.training


# --- save and load ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recurrent", "options"),
    [("GRU", {}), ("LSTM", {"num_layers": 2, "tied": False, "dropout": 0.2}), ("GRU", {"subwords": True})],
)
def test_a_saved_translator_comes_back_with_its_weights_and_translations(recurrent, options, tmp_path):
    made = translator(recurrent, **options)
    made.save(tmp_path / "new" / "folder" / "translator.pt")
    again = Translator.load(str(tmp_path / "new" / "folder" / "translator.pt"))
    weights, expected = again.model.state_dict(), made.model.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert again.sizes == made.sizes
    assert again.translate([*SENTENCES, "a zebra ☃"], **BEAMS) == made.translate([*SENTENCES, "a zebra ☃"], **BEAMS)
    if options.get("tied", True):
        assert again.model.decoder.output[1].weight is again.model.decoder.embedding.weight


def test_the_sentences_unseen_from_training_are_saved_with_the_rest(tmp_path):
    made = translator()
    assert made.unseen == []
    for unseen in (["go .", "stop !"], ("go .",), []):
        made.unseen = unseen
        made.save(tmp_path / "translator.pt")
        assert Translator.load(tmp_path / "translator.pt").unseen == list(unseen)


def test_two_translators_do_not_share_what_they_hold_out():
    first, second = translator(), translator()
    first.unseen.append("go .")
    assert second.unseen == []


@pytest.mark.parametrize("missing", ["sizes", "source", "target", "weights", "unseen"])
def test_a_file_with_a_part_missing_is_refused(missing, tmp_path):
    translator().save(tmp_path / "t.pt")
    saved = files.load(tmp_path / "t.pt")
    del saved[missing]
    files.save(tmp_path / "t.pt", saved)
    with pytest.raises(ValueError, match=r"t\.pt is not a translator.*train one anew"):
        Translator.load(tmp_path / "t.pt")


def test_a_flipped_bit_is_refused(tmp_path):
    translator().save(tmp_path / "t.pt")
    intact = (tmp_path / "t.pt").read_bytes()
    for place in range(0, len(intact), len(intact) // 40):
        damaged = bytearray(intact)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "t.pt").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"t\.pt"):
            Translator.load(tmp_path / "t.pt")


def test_a_loaded_translator_is_on_the_device_asked_for(tmp_path):
    translator().save(tmp_path / "translator.pt")
    assert next(Translator.load(tmp_path / "translator.pt", "meta").model.parameters()).device.type == "meta"
    assert next(Translator.load(tmp_path / "translator.pt").model.parameters()).device.type == "cpu"


def test_saving_replaces_an_older_file_and_leaves_no_other(tmp_path):
    translator(seed=1).save(tmp_path / "translator.pt")
    made = translator(seed=2)
    made.save(tmp_path / "translator.pt")
    assert Translator.load(tmp_path / "translator.pt").translate(SENTENCES) == made.translate(SENTENCES)
    assert [path.name for path in tmp_path.iterdir()] == ["translator.pt"]


def test_a_save_that_fails_leaves_the_old_file_and_no_half_of_one(tmp_path, monkeypatch):
    old = translator(seed=1)
    old.save(tmp_path / "translator.pt")

    def refuse(*_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        with pytest.raises(OSError, match="no space left"):
            translator(seed=2).save(tmp_path / "translator.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["translator.pt"]
    assert Translator.load(tmp_path / "translator.pt").translate(SENTENCES) == old.translate(SENTENCES)


def test_a_missing_file_is_an_error_of_its_own(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.pt"):
        Translator.load(tmp_path / "none.pt")


RUBBISH = [
    b"",
    b"\x80",
    b"not a translator",
    bytes(range(256)) * 9,
    b"PK\x03\x04 and so on",
    pickle.dumps({"sizes": 1}, protocol=2),
]


@pytest.mark.parametrize("content", RUBBISH)
def test_a_file_of_anything_else_is_refused_with_a_remedy_and_kept(content, tmp_path):
    (tmp_path / "t.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.pt"):
        Translator.load(tmp_path / "t.pt")
    assert (tmp_path / "t.pt").read_bytes() == content


def test_a_file_cut_anywhere_is_refused(tmp_path):
    translator().save(tmp_path / "t.pt")
    intact = (tmp_path / "t.pt").read_bytes()
    for length in range(1, len(intact), len(intact) // 12):
        (tmp_path / "t.pt").write_bytes(intact[:length])
        with pytest.raises(ValueError, match=r"t\.pt"):
            Translator.load(tmp_path / "t.pt")


SAVED = {"sizes": {}, "source": {"words": []}, "target": {"words": []}}


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        torch.ones(2),
        None,
        "text",
        {"weights": 5},
        {"source": 5},
        {"source": {}},
        SAVED | {"source": {"words": 5}},
        SAVED | {"source": {"subwords": "text"}},
        SAVED | {"source": {"subwords": torch.ones(2, dtype=torch.uint8)}},
        SAVED | {"source": {"subwords": torch.tensor([300])}},
        SAVED | {"sizes": {"recurrent": "RNN"}},
        SAVED | {"sizes": {"colour": "red"}},
        SAVED | {"sizes": [1]},
        SAVED | {"weights": {}},
        SAVED | {"weights": 5},
        SAVED,
    ],
)
def test_another_file_of_this_project_is_refused_with_a_remedy(content, tmp_path):
    files.save(tmp_path / "t.pt", content)
    with pytest.raises(ValueError, match=r"t\.pt is not a translator.*train one anew"):
        Translator.load(tmp_path / "t.pt")


def test_weights_of_other_sizes_are_refused(tmp_path):
    translator().save(tmp_path / "t.pt")
    saved = files.load(tmp_path / "t.pt")
    saved["sizes"]["num_hiddens"] += 1
    files.save(tmp_path / "t.pt", saved)
    with pytest.raises(ValueError, match="is not a translator"):
        Translator.load(tmp_path / "t.pt")
