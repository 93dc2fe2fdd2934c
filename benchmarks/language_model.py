"""The book's language model and ours, side by side in one run: seconds and perplexity on unseen characters.

    python benchmarks/language_model.py [--runs N]

The book's set-up (edition 1.0.3): the first 10,000 windows of 32 characters at stride 1, ten batches an epoch (here of
1,000 windows each; in the book nine of 1,024 and a smaller one), a GRU of 32 units on one-hot vectors, SGD at rate 4,
gradients clipped at 1, 50 epochs. It is trained here with torch's own layer and this project's loop, so the time is
that of the set-up, not of the book's plotting. Ours: the recipe of the notebook `gru`. Both are scored on the
characters 10,000 to 15,000, in both ways: windows of 32 that start from an empty state, as the book does, and reading
on.
"""

import argparse
import time

import torch
from torch import nn

from helpers import datasets, text
from helpers.metrics import perplexity
from helpers.models import LanguageModel
from helpers.training import evaluate, fit, set_seed


def the_book(corpus: text.Corpus) -> LanguageModel:
    """Train the book's model on its 10,000 windows."""
    model = LanguageModel(nn.GRU(len(corpus.vocab), 32, batch_first=True), len(corpus.vocab), num_hiddens=32)
    first = corpus.train[: 10_000 + 32]
    batches = text.RandomBatches(first, batch_size=1_000, num_steps=32, stride=1)
    fit(model, batches, torch.optim.SGD(model.parameters(), lr=4), num_epochs=50)
    return model


def ours(corpus: text.Corpus) -> LanguageModel:
    """Train the model of the notebook `gru`."""
    model = LanguageModel(nn.GRU(32, 128, batch_first=True), len(corpus.vocab), num_hiddens=128, embed_size=32)
    batches = text.SequentialBatches(corpus.train, batch_size=32, num_steps=32)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=5 * len(batches))
    fit(model, batches, optimizer, num_epochs=5, scheduler=schedule, carry_state=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1, help="how often to train both (default 1)")
    runs = parser.parse_args().runs
    source = datasets.time_machine()
    corpus = text.character_corpus(source.raw)
    windows = text.RandomBatches(corpus.val, batch_size=256, num_steps=32, stride=1)
    print(f"{source}; {torch.get_num_threads()} threads")
    print(f"{'':10} {'seconds':>8} {'held out':>9} {'in windows':>11}")
    for seed in range(runs):
        for name, train in (("the book", the_book), ("ours", ours)):
            set_seed(seed)
            started = time.perf_counter()
            model = train(corpus)
            seconds = time.perf_counter() - started
            reading_on, in_windows = (perplexity(evaluate(model, b)) for b in (text.whole(corpus.val), windows))
            print(f"{name:10} {seconds:8.1f} {reading_on:9.2f} {in_windows:11.2f}")


if __name__ == "__main__":
    main()
