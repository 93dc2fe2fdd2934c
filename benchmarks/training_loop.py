"""Characters a second: `fit` beside the bare loop, and a GRU from scratch beside torch's.

    python -m benchmarks.training_loop [--rounds N]

The bare loop is what any training must do with the same model and batches: forward, loss, backward, clipping, step.
The cell from scratch is the notebook's own, read from it. One thread, as in the notebooks.
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import common
from benchmarks.notebook_code import gru_from_scratch
from helpers import datasets, text
from helpers.batches import SequentialBatches
from helpers.language_model import LanguageModel
from helpers.machine import set_seed
from helpers.training import fit

BATCH_SIZE, NUM_STEPS = 32, 32
CHARACTERS = {32: 150_000, 256: 60_000, 512: 30_000}  # by the number of units: some seconds each


def fitted(model: LanguageModel, batches: SequentialBatches, optimizer: torch.optim.Optimizer, _: int) -> None:
    fit(model, batches, optimizer, num_epochs=1)


def bare(model: LanguageModel, batches: SequentialBatches, optimizer: torch.optim.Optimizer, _: int) -> None:
    model.train()
    state = None
    for X, Y in batches:
        optimizer.zero_grad(set_to_none=True)
        logits, state = model(X, state)
        loss = F.cross_entropy(logits.flatten(0, 1), Y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        state = state.detach()


def measure(rounds: int = 5) -> None:
    torch.set_num_threads(1)
    corpus = text.character_corpus(datasets.time_machine().raw)
    rivals, tokens = {}, {}
    for size, length in CHARACTERS.items():
        batches = SequentialBatches(corpus.train[:length], BATCH_SIZE, NUM_STEPS)
        for kind in ("bare loop", "fit", "fit, from scratch"):
            set_seed(0)
            layer = gru_from_scratch(32, size) if "scratch" in kind else nn.GRU(32, size, batch_first=True)
            model = LanguageModel(layer, len(corpus.vocab), size, embed_size=32)
            optimizer = torch.optim.AdamW(model.parameters(), 0.001)
            name = f"{size} units: {kind}"
            tokens[name] = len(batches) * BATCH_SIZE * NUM_STEPS
            run = bare if kind == "bare loop" else fitted
            rivals[name] = partial(run, model, batches, optimizer)
    timings = common.alternate(rivals, rounds)
    facts = {}
    for name, timing in timings.items():
        first = timings[name.partition(":")[0] + ": bare loop"]
        against = common.ratio(timing, first)
        facts[name] = {"characters/s": round(tokens[name] / timing.median), "of the bare loop's time": against}
    common.report("training_loop", timings, facts, common.data())


if __name__ == "__main__":
    common.main(__doc__, measure, rounds=5)
