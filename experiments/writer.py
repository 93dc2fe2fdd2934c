"""Train the language model that travels with the project, and write it to helpers/pretrained.

    python experiments/writer.py                  a few minutes on one thread
    python experiments/writer.py --device cuda    on a graphics card

It reads *The Time Machine*, but for the pages that the notebooks hold out, character by character. A run that is killed
goes on where it stood when the command is given again; it keeps its state in build/. What is scored in the end is what
lies in the file, its weights rounded. Size, rate and number of passes were chosen on the last 15,000 characters of the
training text.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import replace
from pathlib import Path

import torch

from helpers import datasets, files, text
from helpers.batches import SequentialBatches, whole, windows
from helpers.language_model import count_parameters
from helpers.machine import set_seed
from helpers.metrics import perplexity
from helpers.pretrained import writers
from helpers.training import evaluate, fit, one_cycle

ROOT = Path(__file__).resolve().parent.parent

SETTINGS = {
    "sizes": {"embed_size": 64, "num_hiddens": 512, "dropout": 0.5},
    "batch_size": 32, "num_steps": 64, "passes": 12, "max_lr": 0.006, "seed": 0,
}  # fmt: skip

LICENCE = (
    "Trained on The Time Machine by H. G. Wells (1895), which is in the public domain; the project's licence holds."
)


def train(device: str) -> None:
    """Train the writer, or go on where a run was killed, and write it to helpers/pretrained."""
    s = SETTINGS
    corpus = text.character_corpus(datasets.time_machine("book").raw)
    set_seed(s["seed"])
    model = writers.untrained(len(corpus.vocab), **s["sizes"])
    batches = SequentialBatches(corpus.train, s["batch_size"], s["num_steps"])
    optimizer, scheduler = one_cycle(model, batches, num_epochs=s["passes"], max_lr=s["max_lr"])
    checkpoint = ROOT / "build" / "writer.checkpoint"
    history = fit(
        model, batches, optimizer, num_epochs=s["passes"], scheduler=scheduler, device=device,
        checkpoint=checkpoint, checkpoint_every=250,
    )  # fmt: skip
    made = {"seconds": round(sum(history.seconds)), "threads": torch.get_num_threads(), "device": device,
            "machine": f"{platform.system()} {platform.machine()}", "torch": torch.__version__.split("+")[0],
            "characters": len(corpus.train), "parameters": count_parameters(model)}  # fmt: skip
    held_out = "".join(corpus.vocab.decode(corpus.val))
    write(writers.Writer(model, corpus.vocab, held_out, LICENCE, s | made, {}))
    checkpoint.unlink(), files.previous(checkpoint).unlink(missing_ok=True)


def score(writer: writers.Writer) -> dict[str, float]:
    """Return the perplexity per character of the held-out pages, read on and in the book's windows."""
    ids = torch.tensor(writer.vocab.encode(writer.held_out))
    measured = {"read on": whole(ids), "in windows of 32": windows(ids, 32)}
    return {how: round(perplexity(evaluate(writer.model, batches)), 3) for how, batches in measured.items()}


def write(writer: writers.Writer) -> None:
    """Write the file, score what lies in it on the held-out pages, and write it again with its scores."""
    place = ROOT / "helpers" / "pretrained" / "time-machine.writer.pt"
    writers.save(place, writer)
    rounded = writers.load()
    scores = score(rounded)
    writers.save(place, replace(rounded, scores=scores))
    print(scores, f"\n{place.name}: {place.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    train(chosen.device)
