"""The models that travel with the project: packed and unpacked, and as they lie in the folder."""

import pytest
import torch

from helpers import pretrained
from helpers.pairs import Pairs
from helpers.pretrained import writers
from helpers.text import Vocab
from helpers.tokenizers import BPETokenizer, WordTokenizer
from helpers.translator import Translator

SENTENCES = ["we see the sea .", "you see a boat .", "the boat is at sea ."]


def small(**sizes) -> Translator:
    torch.manual_seed(0)
    return Translator(WordTokenizer(SENTENCES, 1), WordTokenizer(SENTENCES, 1), 6, 8, **sizes)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (40, 5)])
def test_a_matrix_comes_back_to_half_a_step_of_its_rows_scale(shape):
    weight = torch.randn(shape) * torch.logspace(-3, 1, shape[0])[:, None]  # rows of very different sizes
    back = pretrained.unpacked(pretrained.packed(weight))
    step = weight.abs().amax(1, keepdim=True) / 127
    assert ((back - weight).abs() <= step * 0.5001).all()
    assert pretrained.packed(weight)["numbers"].dtype == torch.int8


@pytest.mark.parametrize("weight", [torch.zeros(2, 3), torch.randn(5), torch.tensor(2.0)])
def test_zeros_and_vectors_come_back_as_they_were(weight):
    assert torch.equal(pretrained.unpacked(pretrained.packed(weight)), weight)


HELD_OUT = Pairs(["the sea .", "a boat .", "the sea ."], ["la mer .", "un bateau .", "mer ."])


def saved_and_loaded(translator, tmp_path, monkeypatch) -> pretrained.Pretrained:
    made = pretrained.Pretrained(translator, HELD_OUT, "CC-BY", {"passes": 3}, {"BLEU": 1.5})
    pretrained.save(tmp_path / "try.pt", made)
    monkeypatch.setattr(pretrained.resources, "files", lambda package: tmp_path)
    assert pretrained.names() == ["try"]
    return pretrained.load("try")


@pytest.mark.parametrize("sizes", [{}, {"bidirectional": True, "tied": False}, {"recurrent": "LSTM", "num_layers": 2}])
def test_a_translator_comes_back_with_all_that_belongs_to_it(sizes, tmp_path, monkeypatch):
    made = small(**sizes)
    loaded = saved_and_loaded(made, tmp_path, monkeypatch)
    assert (loaded.licence, loaded.settings, loaded.scores) == ("CC-BY", {"passes": 3}, {"BLEU": 1.5})
    assert loaded.held_out == HELD_OUT
    again = loaded.translator
    assert (again.sizes, again.model.training) == (made.sizes, False)
    assert again.unseen == ["the sea .", "a boat ."]
    for key, weight in made.model.state_dict().items():
        torch.testing.assert_close(again.model.state_dict()[key], weight, rtol=0, atol=0.02)
    assert len(again.translate(SENTENCES)) == 3


def test_pieces_come_back_too(tmp_path, monkeypatch):
    made = Translator(BPETokenizer(SENTENCES, 25), BPETokenizer(SENTENCES, 25), 6, 8)
    again = saved_and_loaded(made, tmp_path, monkeypatch).translator
    assert again.source.encode(SENTENCES) == made.source.encode(SENTENCES)


def test_a_name_that_is_not_there_is_an_error_that_lists_those_there_are():
    with pytest.raises(FileNotFoundError, match="no translator 'klingon'; there are: "):
        pretrained.load("klingon")


# --- the writer ------------------------------------------------------------------------------------------------------


def test_a_writer_comes_back_with_all_that_belongs_to_it(tmp_path, monkeypatch):
    torch.manual_seed(0)
    vocab, sizes = Vocab("a sea of letters"), {"embed_size": 5, "num_hiddens": 7, "dropout": 0.5}
    model = writers.untrained(len(vocab), **sizes)
    made = writers.Writer(model, vocab, "a sea", "public domain", {"sizes": sizes, "passes": 2}, {"read on": 3.5})
    writers.save(tmp_path / "try.writer.pt", made)
    monkeypatch.setattr(writers.resources, "files", lambda package: tmp_path)
    again = writers.load("try")
    assert (again.held_out, again.licence, again.settings) == (made.held_out, made.licence, made.settings)
    assert (again.scores, again.vocab.tokens, again.model.training) == (made.scores, vocab.tokens, False)
    ids = torch.tensor([vocab.encode("a sea of letters")])
    torch.testing.assert_close(again.model(ids)[0], model.eval()(ids)[0], rtol=0, atol=0.05)
    assert pretrained.names() == []  # a writer is no translator


def test_a_writer_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError, match="no writer 'klingon'; there is: time-machine"):
        writers.load("klingon")
