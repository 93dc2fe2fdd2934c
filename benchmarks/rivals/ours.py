"""The same tasks by this project: its language models, and Run All of its notebooks.

language_model     the model of the notebook `gru`
short              a schedule that is over when the book's perplexity is reached
gru, lstm, ...     Run All of a notebook, with the start of its kernel
"""

from __future__ import annotations

import os
import time
from functools import partial

import nbformat
from torch import nn

from helpers import datasets, text
from helpers.batches import SequentialBatches, windows
from helpers.language_model import LanguageModel
from helpers.machine import set_seed, use_threads
from helpers.metrics import perplexity
from helpers.training import evaluate, fit, one_cycle
from tools import common, execute


def _trained(seed: int, num_hiddens: int, num_epochs: int, max_lr: float, dropout: float, share: float = 1) -> dict:
    corpus = text.character_corpus(datasets.time_machine().raw)
    train = corpus.train[: round(len(corpus.train) * share)]
    set_seed(seed)
    use_threads(1)
    started = time.perf_counter()
    layer = nn.GRU(32, num_hiddens, batch_first=True)
    model = LanguageModel(layer, len(corpus.vocab), num_hiddens, embed_size=32, dropout=dropout)
    batches = SequentialBatches(train, batch_size=32, num_steps=32)
    optimizer, scheduler = one_cycle(model, batches, num_epochs=num_epochs, max_lr=max_lr)
    fit(model, batches, optimizer, num_epochs=num_epochs, scheduler=scheduler)
    seconds = time.perf_counter() - started
    scored = perplexity(evaluate(model, windows(corpus.val[:5000], num_steps=32)))
    return {"seconds": seconds, "to 6.5": seconds if scored <= 6.5 else None, "held out": scored, "best": scored}


def language_model(seed: int) -> dict:
    return _trained(seed, 192, 6, 0.012, 0.1)


def short(seed: int) -> dict:
    return _trained(seed, 96, 1, 0.03, 0.0, share=0.5)


def _notebook(name: str, seed: int = 0) -> dict:
    path = common.NOTEBOOKS / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    os.environ.pop("MPLBACKEND", None)  # a notebook's kernel draws in the notebook
    started = time.perf_counter()
    execute.execute(notebook, path.parent)
    return {"seconds": time.perf_counter() - started}


gru, lstm, deep_rnn, bi_rnn = (partial(_notebook, name) for name in ("gru", "lstm", "deep-rnn", "bi-rnn"))
machine_translation_and_dataset = partial(_notebook, "machine-translation-and-dataset")
encoder_decoder, seq2seq, beam_search = (
    partial(_notebook, name) for name in ("encoder-decoder", "seq2seq", "beam-search")
)
what_came_after = partial(_notebook, "what-came-after")
