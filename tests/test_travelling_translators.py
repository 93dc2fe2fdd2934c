"""The models that travel with the project: what they were not trained on, what they reach, how they are made."""

import sys

import pytest
import torch
from notebook_code import NOTEBOOKS
from torch.nn import functional as F

from helpers import datasets, losses, metrics, pretrained, text
from helpers.encoder_decoder import EncoderDecoder
from helpers.pairs import Pairs, references_of
from helpers.pretrained import writers
from helpers.seq2seq import Seq2SeqDecoder, Seq2SeqEncoder

sys.path.insert(0, str(NOTEBOOKS.parent / "experiments"))
import translator as experiment
import writer as writing


def test_what_is_held_out_shares_no_source_and_no_target_with_training():
    train, held = experiment.divided("english-portuguese")
    assert not set(train.sources) & set(held.sources)
    assert not set(train.targets) & set(held.targets)
    assert len(references_of(held)) == 628
    assert pretrained.load("english-portuguese").held_out == held


@pytest.mark.parametrize("name", ["english-french", "english-portuguese"])
def test_a_file_holds_its_licence_settings_and_scores_and_is_small(name):
    ready = pretrained.load(name)
    assert ("Tatoeba" in ready.licence) == (name == "english-french")
    assert {"seed", "passes", "pairs", "seconds", "torch"} <= ready.settings.keys()
    file = NOTEBOOKS.parent / "helpers" / "pretrained" / f"{name}.pt"
    assert file.stat().st_size < 8e6
    assert all(len(found["signatures"]) == 2 for found in ready.scores.values())


@pytest.mark.parametrize(("name", "number"), [("english-french", 300), ("english-portuguese", 628)])
def test_a_translator_reaches_what_its_file_says(name, number):
    ready = pretrained.load(name)
    references = dict(list(references_of(ready.held_out).items())[:number])
    found = metrics.corpus_bleu(ready.translator.translate(list(references)), list(references.values())).score
    expected = ready.scores["greedy"]["BLEU"]
    assert found == pytest.approx(expected, abs=0.3 if number == len(references_of(ready.held_out)) else 6)
    assert expected > 45


def test_label_smoothing_mixes_the_label_with_all_tokens_alike():
    torch.manual_seed(0)
    model = EncoderDecoder(Seq2SeqEncoder(9, 4, 5), Seq2SeqDecoder(9, 4, 5))
    batch = (torch.randint(4, 9, (3, 5)), torch.tensor([5, 2, 4]), torch.randint(4, 9, (3, 5)), torch.tensor([4, 1, 3]))
    plain, n, _ = experiment.smoothed_loss(0.0, bfloat16=False)(model, batch)
    assert (plain, n) == losses.seq2seq_loss(model, batch)[:2]
    smoothed, _, _ = experiment.smoothed_loss(0.1, bfloat16=False)(model, batch)
    log_p = model(*batch[:2], batch[2][:, :-1])[0].log_softmax(-1)
    by_hand = 0.0
    for row, length in enumerate(batch[3].tolist()):
        for t in range(length):
            label = F.one_hot(batch[2][row, t + 1], 9)
            by_hand -= (log_p[row, t] * (0.9 * label + 0.1 / 9)).sum()
    torch.testing.assert_close(smoothed, by_hand)


def test_a_killed_run_goes_on_and_leaves_a_translator(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sacrebleu")
    words = ["the", "sea", "is", "wide", "and", "the", "boat", "is", "small", "today"]
    sources = [f"{a} {b} {c} ." for a in words[:4] for b in words[4:8] for c in words[5:]]
    pairs = Pairs(sources, [source.upper() for source in sources])
    sizes = {"embed_size": 8, "num_hiddens": 12, "dropout": 0.0, "bidirectional": True}
    settings = {"pieces": 45, "sizes": sizes, "batch_size": 16, "passes": 3, "max_lr": 0.01}
    settings |= {"label_smoothing": 0.1, "bfloat16": False, "seed": 0}
    monkeypatch.setattr(experiment, "SETTINGS", {"tiny": settings})
    monkeypatch.setattr(experiment, "LICENCES", {"tiny": "ours"})
    monkeypatch.setattr(experiment, "divided", lambda name: (pairs, pairs[:5]))
    monkeypatch.setattr(experiment, "ROOT", tmp_path)
    folder = tmp_path / "helpers" / "pretrained"
    monkeypatch.setattr(pretrained.resources, "files", lambda package: folder)
    real, calls = experiment.score, []

    def killed(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(experiment, "score", killed)
    with pytest.raises(KeyboardInterrupt):
        experiment.train("tiny", "cpu")
    assert (tmp_path / "build" / "tiny.checkpoint").exists()
    experiment.train("tiny", "cpu")
    assert pretrained.load("tiny").settings["passes"] == 3
    assert not list((tmp_path / "build").iterdir())
    assert "pass 3" in capsys.readouterr().out


# --- the writer ------------------------------------------------------------------------------------------------------


def test_the_writer_reaches_what_its_file_says_and_beats_counting():
    writer = writers.load()
    assert "public domain" in writer.licence
    assert {"seed", "passes", "characters", "seconds", "torch"} <= writer.settings.keys()
    assert len(writer.held_out) == 5000
    found = writing.score(writer)
    assert found == pytest.approx(writer.scores, abs=0.002)
    assert found["read on"] < 3.54  # the best n-gram
    file = NOTEBOOKS.parent / "helpers" / "pretrained" / "time-machine.writer.pt"
    assert file.stat().st_size < 2e6


def test_a_killed_writer_goes_on_and_leaves_a_file(tmp_path, monkeypatch, capsys):
    raw = "the boat is on the sea and the sea is wide . " * 30
    corpus = text.character_corpus(raw, (200, 300))
    monkeypatch.setattr(writing.text, "character_corpus", lambda raw: corpus)
    monkeypatch.setattr(writing.datasets, "time_machine", lambda origin: datasets.Text(raw, "sample", ""))
    sizes = {"embed_size": 6, "num_hiddens": 8, "dropout": 0.1}
    settings = {"sizes": sizes, "batch_size": 4, "num_steps": 8, "passes": 3, "max_lr": 0.01, "seed": 0}
    monkeypatch.setattr(writing, "SETTINGS", settings)
    monkeypatch.setattr(writing, "ROOT", tmp_path)
    folder = tmp_path / "helpers" / "pretrained"
    monkeypatch.setattr(pretrained.resources, "files", lambda package: folder)
    real = writing.fit

    def killed(*args, **settings):
        def stop(done, history):
            if done == 2:
                raise KeyboardInterrupt

        return real(*args, **settings, on_epoch=stop)

    monkeypatch.setattr(writing, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        writing.train("cpu")
    assert (tmp_path / "build" / "writer.checkpoint").exists()
    monkeypatch.setattr(writing, "fit", real)
    writing.train("cpu")
    made = writers.load()
    assert made.held_out == text.clean(raw)[200:300]
    assert made.scores.keys() == {"read on", "in windows of 32"}
    assert not list((tmp_path / "build").iterdir())
    assert "read on" in capsys.readouterr().out
