"""Everything follows the device: on a second one that refuses to be mixed with the first (see two_devices)."""

import ast
import contextlib

import matplotlib.pyplot as plt
import nbformat
import pytest
import torch
from notebook_code import NOTEBOOKS
from torch import nn
from two_devices import SECOND, MixedDevices, TwoDevices

from helpers import batches, machine, pair_batches, sampling, training
from helpers.language_model import LanguageModel, generate
from helpers.losses import seq2seq_loss
from helpers.text import Vocab
from helpers.tokenizers import WordTokenizer
from helpers.translator import Translator

V, H = 7, 5


def test_the_second_device_computes_and_refuses_to_be_mixed():
    with TwoDevices():
        there, here = torch.arange(6.0, device=SECOND).view(2, 3), torch.ones(2, 3)
        assert (there * 2).tolist() == [[0, 2, 4], [6, 8, 10]]
        assert torch.tensor([1.0, 2.0], device=SECOND).tolist() == [1, 2]
        assert (there.device, there.cpu().device) == (SECOND, torch.device("cpu"))
        for mixed in (lambda: there + here, lambda: torch.cat([there, here]), lambda: nn.Linear(3, 2)(there)):
            with pytest.raises(MixedDevices):
                mixed()
        assert (there + torch.tensor(1.0)).device == SECOND


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("embed_size", [None, 4])
def test_a_language_model_is_trained_evaluated_and_writes_on_the_device(layer, embed_size):
    torch.manual_seed(0)
    ids, vocab = torch.randint(V, (60,)), Vocab("abcdef")
    model = LanguageModel(layer(embed_size or V, H, batch_first=True), V, H, embed_size)
    data, windows = batches.SequentialBatches(ids, 2, 4), batches.windows(ids, 8)
    with TwoDevices():
        optimizer, scheduler = training.one_cycle(model, data, num_epochs=1, max_lr=0.01)
        history = training.fit(
            model,
            data,
            optimizer,
            scheduler=scheduler,
            num_epochs=1,
            val_batches=windows,
            device=SECOND,
        )
        assert next(model.parameters()).device == SECOND
        assert len(generate(model, vocab, "bad", 5, temperature=1.0)) >= 8
    assert history.val_loss[0] > 0


@pytest.mark.parametrize("recurrent", ["GRU", "LSTM"])
def test_a_translator_is_trained_and_searched_on_the_device(recurrent):
    torch.manual_seed(0)
    sentences = ["go .", "i go home .", "we go to the market today .", "stop !"] * 2
    tokenizer = WordTokenizer(sentences)
    translator = Translator(tokenizer, tokenizer, 4, H, recurrent=recurrent)
    rows, lengths = pair_batches.encode_sentences(sentences, tokenizer)
    targets = torch.cat([torch.ones(len(rows), 1, dtype=torch.long), rows], 1)
    data = pair_batches.PairBatches(pair_batches.PairBatch(rows, lengths, targets, lengths), 3)
    with TwoDevices():
        optimizer = torch.optim.AdamW(translator.model.parameters(), 0.01)
        training.fit(translator.model, data, optimizer, num_epochs=1, compute_loss=seq2seq_loss, device=SECOND)
        for options in ({}, {"beam_size": 3, "num_best": 2}):
            assert len(translator.search(sentences, max_steps=6, **options)) == len(sentences)
        state, start = translator.begin(sentences)
        assert start.device == SECOND
        assert len(translator.read(sampling.sample(translator.model, state, start, eos=2, max_steps=4))) == 8


# --- the notebooks ---------------------------------------------------------------------------------------------------


def cropped(batch):
    """The first rows and steps of a batch (X, Y), or the first pairs of a translator's."""
    if hasattr(batch, "num_pairs"):
        return batch.rows(range(min(4, batch.num_pairs)))
    return tuple(part[:8, :12] for part in batch)  # enough for a mask of 15 % to hide something


class WithoutAssertions(ast.NodeTransformer):
    """A notebook's assertions speak of what training reaches; here it trains for four steps."""

    def visit_Assert(self, node):
        return ast.Pass()


def shorten(monkeypatch) -> None:
    """Let `fit` pass over four small batches; let evaluation and writing be brief."""
    fit, evaluate = training.fit, training.evaluate

    def brief_fit(model, data, optimizer, *, num_epochs, val_batches=None, scheduler=None, checkpoint=None, **options):
        few = [batch for _, batch in zip(range(4), data, strict=False)]
        with contextlib.suppress(AttributeError, IndexError):  # what no crop fits stays as it is
            few = [cropped(batch) for batch in few]
        val = val_batches and [cropped(next(iter(val_batches)))]
        return fit(model, few, optimizer, num_epochs=num_epochs, val_batches=val, **options)

    def brief_evaluate(model, data, **options):
        return evaluate(model, [cropped(next(iter(data)))], **options)

    def brief_generate(model, vocab, prompt, num_steps, temperature=0.0):
        return generate(model, vocab, prompt, min(num_steps, 3), temperature)

    monkeypatch.setattr("helpers.training.fit", brief_fit)
    monkeypatch.setattr("helpers.training.evaluate", brief_evaluate)
    monkeypatch.setattr("helpers.language_model.generate", brief_generate)
    monkeypatch.setattr("helpers.display.show", lambda drawn, alt: None)  # labels stand where a whole run would end


@pytest.mark.torture
@pytest.mark.parametrize("name", ["gru", "lstm", "deep-rnn", "bi-rnn", "encoder-decoder", "seq2seq"])
def test_a_notebook_follows_the_device(name, monkeypatch, tmp_path, record_property):
    """Its cells, with training cut short and without their assertions, on the second device."""
    shorten(monkeypatch)
    monkeypatch.setattr(machine, "get_device", lambda name=None: SECOND)
    monkeypatch.setenv("MODERN_RNN_DATA", "sample")
    monkeypatch.chdir(tmp_path)
    namespace, run = {}, 0
    with TwoDevices():
        for number, cell in enumerate(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells):
            if cell.cell_type != "code" or "google.colab" in cell.source:
                continue
            tree = ast.fix_missing_locations(WithoutAssertions().visit(ast.parse(cell.source)))
            exec(compile(tree, f"{name}.ipynb, cell {number + 1}", "exec"), namespace)
            plt.close("all")
            run += 1
    record_property("trials", run)
