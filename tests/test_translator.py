"""The translator as a whole: same sentence, same translation, however many go together and wherever it was kept."""

import os
import pickle
import zipfile

import pytest
import torch
from torch import nn

from helpers import decoding
from helpers.book import d2l
from helpers.models import count_parameters
from helpers.translation import BOS, EOS, Subwords, Words, encode_sources
from helpers.translator import Translator

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


def translator(cell: str = "GRU", seed: int = 0, subwords: bool = False, **sizes) -> Translator:
    """Untrained, with weights large enough that translations differ."""
    tokenizers = [Subwords(text, 40) if subwords else Words(text) for text in (ENGLISH, FRENCH)]
    torch.manual_seed(seed)
    made = Translator(*tokenizers, **{"embed_size": 6, "num_hiddens": 8, "cell": cell} | sizes)
    with torch.no_grad():
        for parameter in made.model.parameters():
            parameter.mul_(4)
    return made


# --- build -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_the_model_has_the_sizes_asked_for_on_both_sides(cell):
    source, target = Words(ENGLISH), Words(FRENCH)
    model = Translator(source, target, 6, 8, 2, 0.1, cell).model
    for half, tokens, width in ((model.encoder, source, 6), (model.decoder, target, 6 + 8)):
        assert half.embedding.weight.shape == (len(tokens), 6)
        layer = half.layer
        assert type(layer) is getattr(nn, cell)
        assert (layer.input_size, layer.hidden_size, layer.num_layers, layer.dropout) == (width, 8, 2, 0.1)
        assert half.dropout.p == 0.1


def test_the_output_layer_is_tied_unless_asked_otherwise():
    tied, free = translator(), translator(tied=False)
    V, E, H = len(tied.target), 6, 8
    assert tied.model.decoder.output[1].weight is tied.model.decoder.embedding.weight
    assert count_parameters(tied.model.decoder.output) - V * E == H * E + E + V
    assert count_parameters(free.model.decoder.output) == H * V + V


def test_an_unknown_cell_is_an_error_with_the_choice():
    with pytest.raises(ValueError, match=r"^cell is 'RNN'; choose one of GRU, LSTM"):
        translator("RNN")


# --- translate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subwords", [False, True])
@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
@pytest.mark.parametrize("beam_size", [1, 3])
def test_translations_are_the_same_one_by_one_and_in_batches(cell, beam_size, subwords):
    made = translator(cell, subwords=subwords)
    options = {"beam_size": beam_size, "max_steps": 8}
    expected = made.translate(SENTENCES, **options)
    assert len(set(expected)) > 2
    assert [made.translate([sentence], **options)[0] for sentence in SENTENCES] == expected
    for batch_size in (1, 2, 4):
        assert made.translate(SENTENCES, batch_size=batch_size, **options) == expected


def test_a_translation_is_what_the_search_finds():
    """Written out with the parts: tokens, encoder, search, words."""
    made = translator()
    made.model.eval()
    state = made.model.start(*encode_sources(SENTENCES, made.source))
    start, limits = torch.full((len(SENTENCES),), BOS), {"eos": EOS, "max_steps": 8}
    step, reorder = made.model.decoder.step, made.model.decoder.reorder
    expected = {1: decoding.greedy(step, state, start, **limits)}
    for k, alpha in ((3, 0.75), (5, 0.0)):
        expected[k] = decoding.beam_search(step, reorder, state, start, beam_size=k, alpha=alpha, **limits)
        found = made.translate(SENTENCES, beam_size=k, alpha=alpha, max_steps=8)
        assert found == [made.target.decode(ids) for ids in expected[k].best()]
    assert made.translate(SENTENCES, max_steps=8) == [made.target.decode(ids) for ids in expected[1].best()]
    assert made.translate(SENTENCES, **BEAMS) == made.translate(SENTENCES, alpha=0.75, **BEAMS)


def test_a_beam_of_one_is_greedy_search(monkeypatch):
    made = translator()
    greedy = made.translate(SENTENCES, max_steps=8)

    def beam_of_one(step, state, start, **limits):
        return decoding.beam_search(step, made.model.decoder.reorder, state, start, beam_size=1, **limits)

    monkeypatch.setattr(decoding, "greedy", beam_of_one)
    assert made.translate(SENTENCES, beam_size=1, max_steps=8) == greedy


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
    with pytest.raises(TypeError, match=r"takes a list of sentences; for one sentence pass \[sentence\]"):
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
    ("cell", "options"),
    [("GRU", {}), ("LSTM", {"num_layers": 2, "tied": False, "dropout": 0.2}), ("GRU", {"subwords": True})],
)
def test_a_saved_translator_comes_back_with_its_weights_and_translations(cell, options, tmp_path):
    made = translator(cell, **options)
    made.save(tmp_path / "new" / "folder" / "translator.pt")
    again = Translator.load(str(tmp_path / "new" / "folder" / "translator.pt"))
    weights, expected = again.model.state_dict(), made.model.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert again.sizes == made.sizes
    assert again.translate([*SENTENCES, "a zebra ☃"], **BEAMS) == made.translate([*SENTENCES, "a zebra ☃"], **BEAMS)
    if options.get("tied", True):
        assert again.model.decoder.output[1].weight is again.model.decoder.embedding.weight


def test_the_sentences_held_out_from_training_are_saved_with_the_rest(tmp_path):
    made = translator()
    assert made.held_out == []
    for held_out in (["go .", "stop !"], ("go .",), []):
        made.held_out = held_out
        made.save(tmp_path / "translator.pt")
        assert Translator.load(tmp_path / "translator.pt").held_out == list(held_out)


def test_two_translators_do_not_share_what_they_hold_out():
    first, second = translator(), translator()
    first.held_out.append("go .")
    assert second.held_out == []


@pytest.mark.parametrize("missing", ["sizes", "source", "target", "weights", "held_out"])
def test_a_file_with_a_part_missing_is_refused(missing, tmp_path):
    translator().save(tmp_path / "t.pt")
    saved = torch.load(tmp_path / "t.pt", weights_only=True)
    del saved[missing]
    torch.save(saved, tmp_path / "t.pt")
    with pytest.raises(ValueError, match=r"t\.pt is not a translator.*remove it"):
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


@pytest.mark.parametrize("moment", ["halfway", "before the name"])
def test_a_save_that_fails_leaves_the_old_file_and_no_half_of_one(moment, tmp_path, monkeypatch):
    old = translator(seed=1)
    old.save(tmp_path / "translator.pt")

    def half(payload, path):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    def refuse(*_):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(*((torch, "save", half) if moment == "halfway" else (os, "replace", refuse)))
        with pytest.raises(OSError, match="no space left"):
            translator(seed=2).save(tmp_path / "translator.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["translator.pt"]
    assert Translator.load(tmp_path / "translator.pt").translate(SENTENCES) == old.translate(SENTENCES)


def test_the_file_has_its_name_only_when_it_is_complete(tmp_path, monkeypatch):
    save, seen = torch.save, []

    def watched(payload, path):
        save(payload, path)
        seen.append((tmp_path / "translator.pt").exists())

    monkeypatch.setattr(torch, "save", watched)
    translator().save(tmp_path / "translator.pt")
    assert seen == [False]


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
    with pytest.raises(ValueError, match=r"t\.pt is not a translator that `save` wrote; remove it and train anew"):
        Translator.load(tmp_path / "t.pt")
    assert (tmp_path / "t.pt").read_bytes() == content


def test_another_zip_archive_and_a_folder_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.pt", "w") as archive:
        archive.writestr("data.pkl", "rubbish")
    (tmp_path / "folder.pt").mkdir()
    for name in ("t.pt", "folder.pt"):
        with pytest.raises(ValueError, match="is not a translator"):
            Translator.load(tmp_path / name)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    translator().save(tmp_path / "t.pt")
    intact = (tmp_path / "t.pt").read_bytes()
    for length in range(1, len(intact), len(intact) // 12):
        (tmp_path / "t.pt").write_bytes(intact[:length])
        with pytest.raises(ValueError, match="is not a translator"):
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
        SAVED | {"sizes": {"cell": "RNN"}},
        SAVED | {"sizes": {"colour": "red"}},
        SAVED | {"sizes": [1]},
        SAVED | {"weights": {}},
        SAVED | {"weights": 5},
        SAVED,
    ],
)
def test_another_file_of_torch_is_refused_with_a_remedy(content, tmp_path):
    torch.save(content, tmp_path / "t.pt")
    with pytest.raises(ValueError, match=r"t\.pt is not a translator.*remove it"):
        Translator.load(tmp_path / "t.pt")


def test_weights_of_other_sizes_are_refused(tmp_path):
    translator().save(tmp_path / "t.pt")
    saved = torch.load(tmp_path / "t.pt", weights_only=True)
    saved["sizes"]["num_hiddens"] += 1
    torch.save(saved, tmp_path / "t.pt")
    with pytest.raises(ValueError, match="is not a translator"):
        Translator.load(tmp_path / "t.pt")


def test_a_file_is_loaded_without_running_code_from_it(tmp_path):
    """A pickle that would call a function when it is read."""

    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    torch.save({"source": Trap()}, tmp_path / "t.pt")
    with pytest.raises(ValueError, match="is not a translator"):
        Translator.load(tmp_path / "t.pt")
    assert not (tmp_path / "sprung").exists()
