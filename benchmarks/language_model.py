"""The book's language model and ours, side by side in one run: seconds and perplexity on unseen characters.

    python -m benchmarks.language_model [--rounds N]

The book's set-up (edition 1.0.3): the first 10,000 windows of 32 characters at stride 1, ten batches an epoch (here of
1,000 windows each; in the book nine of 1,024 and a smaller one), a GRU of 32 units on one-hot vectors, SGD at rate 4,
gradients clipped at 1, 50 epochs. It is trained here with torch's own layer and this project's loop, so the time is
that of the set-up, not of the book's plotting. Ours: the recipe of the notebook `gru`. Both are scored on the
characters 10,000 to 15,000, in both ways: windows of 32 that start from an empty state, as the book does, and reading
on.
"""

import argparse
from collections.abc import Callable

import torch
from torch import nn

from benchmarks import common
from helpers import datasets, text
from helpers.batches import RandomBatches, SequentialBatches, whole, windows
from helpers.language_model import LanguageModel
from helpers.machine import set_seed
from helpers.metrics import perplexity
from helpers.training import evaluate, fit, one_cycle


def the_book(corpus: text.Corpus) -> LanguageModel:
    """Train the book's model on its 10,000 windows."""
    model = LanguageModel(nn.GRU(len(corpus.vocab), 32, batch_first=True), len(corpus.vocab), num_hiddens=32)
    first = corpus.train[: 10_000 + 32]
    batches = RandomBatches(first, batch_size=1_000, num_steps=32, stride=1)
    fit(model, batches, torch.optim.SGD(model.parameters(), lr=4), num_epochs=50)
    return model


def ours(corpus: text.Corpus) -> LanguageModel:
    """Train the model of the notebook `gru`."""
    model = LanguageModel(nn.GRU(32, 128, batch_first=True), len(corpus.vocab), num_hiddens=128, embed_size=32)
    batches = SequentialBatches(corpus.train, batch_size=32, num_steps=32)
    optimizer, scheduler = one_cycle(model, batches, num_epochs=5, max_lr=0.01)
    fit(model, batches, optimizer, num_epochs=5, scheduler=scheduler)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1, help="how often to train both, each time from another seed")
    rounds = parser.parse_args().rounds
    novel = datasets.time_machine()
    corpus = text.character_corpus(novel.raw)

    def seeded(train: Callable[[text.Corpus], LanguageModel]) -> Callable[[int], LanguageModel]:
        def run(seed: int) -> LanguageModel:
            set_seed(seed)
            return train(corpus)

        return run

    timings = common.alternate({"the book": seeded(the_book), "ours": seeded(ours)}, rounds, warm_up=False)
    val_windows, facts = windows(corpus.val, num_steps=32), {}
    for name, timing in timings.items():
        model = timing.results[-1]
        reading_on, in_windows = (perplexity(evaluate(model, b)) for b in (whole(corpus.val), val_windows))
        facts[name] = {"held out": f"{reading_on:.2f}", "in windows of 32": f"{in_windows:.2f}"}
    common.report("language_model", timings, facts, str(novel))


if __name__ == "__main__":
    main()
