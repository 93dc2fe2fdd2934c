"""Train the translators that travel with the project, and write them to helpers/pretrained.

    python experiments/translator.py                     English to French: hours on one thread
    python experiments/translator.py english-portuguese  from the embedded pairs: minutes
    python experiments/translator.py --device cuda       on a graphics card

Several processes, each with its part of every batch; with --device cuda, each on a card of its own:

    torchrun --standalone --nproc-per-node 2 experiments/translator.py

A run that is killed goes on where it stood when the command is given again, with any number of processes; it keeps its
state in build/. The losses do not depend on that number, but for rounding, and for dropout, whose masks do
(helpers/distributed.py). The sentences that the notebooks hold out are not trained on, nor is any pair that shares its
source or its target with one of them. What is scored in the end is what lies in the file, its weights rounded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from helpers import datasets, distributed, files, losses, metrics, pretrained
from helpers.language_model import count_parameters
from helpers.machine import set_seed
from helpers.pair_batches import PairBatches, encode_pairs
from helpers.pairs import Pairs, normalize, read_pairs, references_of, split_by_source
from helpers.tokenizers import BPETokenizer
from helpers.training import fit, one_cycle
from helpers.translator import Translator

ROOT = Path(__file__).resolve().parent.parent

# words: most tokens of an English sentence that is trained on, held_words: of one that is held out.
SETTINGS = {
    "english-french": {
        "pieces": 4000, "words": 10, "held_words": 6, "held_sources": 1500, "held_seed": 0,
        "sizes": {"embed_size": 256, "num_hiddens": 640, "dropout": 0.3, "bidirectional": True},
        "batch_size": 128, "passes": 14, "max_lr": 0.002, "label_smoothing": 0.1, "bfloat16": True, "seed": 0,
    },
    "english-portuguese": {
        "pieces": 1200, "words": 99, "held_words": 6, "held_sources": 0.2, "held_seed": 0,
        "sizes": {"embed_size": 128, "num_hiddens": 320, "dropout": 0.3, "bidirectional": True},
        "batch_size": 32, "passes": 25, "max_lr": 0.003, "label_smoothing": 0.1, "bfloat16": False, "seed": 0,
    },
}  # fmt: skip

LICENCES = {
    "english-french": "Trained on English-French sentence pairs of the Tatoeba project (tatoeba.org), licence CC BY "
    "2.0 FR, in the selection of manythings.org/anki that the book uses; the held-out pairs in this file are of it.",
    "english-portuguese": "Trained on the English-Portuguese pairs written for this project; its licence holds.",
}


def divided(name: str) -> tuple[Pairs, Pairs]:
    """Return the pairs to train on and those held out; no source and no target stands on both sides."""
    s = SETTINGS[name]
    if name == "english-french":
        os.environ["MODERN_RNN_DATA"] = "book"  # the sample in its place would give another translator
    collection = datasets.english_french() if name == "english-french" else datasets.english_portuguese()
    pairs = read_pairs(normalize(collection.raw))
    brief = Pairs.of(pair for pair in pairs if len(pair[0].split()) <= s["held_words"])
    _, held = split_by_source(brief, val_size=s["held_sources"], seed=s["held_seed"])
    sources, targets = set(held.sources), set(held.targets)
    train = Pairs.of(
        (source, target)
        for source, target in pairs
        if len(source.split()) <= s["words"] and source not in sources and target not in targets
    )
    return train, held


def smoothed_loss(label_smoothing: float, bfloat16: bool) -> Callable:
    """Return a loss for `fit`: that of `seq2seq_loss`, with label smoothing (Szegedy et al., 2016).

    bfloat16: compute the matrix products with half as many bits, which some processors do twice as fast.
    """

    def compute(model, batch, state=None):
        def halved(src, *rest):
            with torch.autocast(src.device.type, torch.bfloat16, enabled=bfloat16):
                logits, after = model(src, *rest)
            return logits.float(), after

        return losses.seq2seq_loss(halved, batch, label_smoothing=label_smoothing)

    return compute


def score(translator: Translator, held: Pairs, beam_size: int) -> dict[str, Any]:
    """Return BLEU, chrF and the share of exact translations, in percent; chrF and signatures are sacreBLEU's."""
    from sacrebleu.metrics import BLEU, CHRF

    references = references_of(held)
    outputs = translator.translate(list(references), beam_size)
    rights = list(references.values())
    columns = [[right[i] if i < len(right) else None for right in rights] for i in range(max(map(len, rights)))]
    exact = sum(output in right for output, right in zip(outputs, rights, strict=True))
    bleu, chrf = BLEU(tokenize="none", smooth_method="none", force=True), CHRF()
    theirs = bleu.corpus_score(outputs, columns).score
    ours = metrics.corpus_bleu(outputs, rights).score
    assert abs(ours - theirs) < 1e-6, (ours, theirs)
    return {
        "BLEU": round(ours, 2),
        "chrF": round(chrf.corpus_score(outputs, columns).score, 2),
        "exact, %": round(100 * exact / len(rights), 2),
        "signatures": [str(bleu.get_signature()), str(chrf.get_signature())],
    }  # fmt: skip


def train(name: str, device: str) -> None:
    """Train the translator `name`, or go on where a run was killed, and write it to helpers/pretrained.

    Of the processes that `torchrun` has started each trains with its rows, and the first alone reports and writes.
    """
    s = SETTINGS[name]
    train_pairs, held = divided(name)
    set_seed(s["seed"])
    tokenizers = [BPETokenizer(side, s["pieces"]) for side in (train_pairs.sources, train_pairs.targets)]
    translator = Translator(*tokenizers, **s["sizes"])
    batches = PairBatches(encode_pairs(train_pairs, *tokenizers), s["batch_size"])
    optimizer, scheduler = one_cycle(
        translator.model, batches, num_epochs=s["passes"], max_lr=s["max_lr"], pct_start=0.15, fused=True
    )
    parameters = count_parameters(translator.model)

    def report(done, history):
        bleu = score(translator, held, 1)["BLEU"]
        print(f"\npass {done}: loss {history.train_loss[-1]:.3f}, BLEU {bleu:.1f}, {sum(history.seconds):.0f} s")

    checkpoint = ROOT / "build" / f"{name}.checkpoint"
    loss = smoothed_loss(s["label_smoothing"], s["bfloat16"])
    with distributed.ranks(device) as group:
        first = group.rank == 0
        if first:
            processes = "one process" if group.size == 1 else f"{group.size} processes"
            print(
                f"{name}: {len(train_pairs):,} pairs, {len(held):,} held out, {parameters:,} parameters, "
                f"{s['passes']} passes, {processes}"
            )
        history = fit(
            translator.model, batches, optimizer, num_epochs=s["passes"], scheduler=scheduler, device=group.device,
            compute_loss=group.share(translator.model, loss), on_epoch=report if first else None,
            checkpoint=checkpoint, checkpoint_every=250,
        )  # fmt: skip
    if first:
        made = {
            "seconds": round(sum(history.seconds)), "threads": torch.get_num_threads(), "processes": group.size,
            "device": device, "machine": f"{platform.system()} {platform.machine()}",
            "torch": torch.__version__.split("+")[0], "pairs": len(train_pairs), "parameters": parameters,
        }  # fmt: skip
        write(name, translator, held, s | made)
        checkpoint.unlink(), files.previous(checkpoint).unlink(missing_ok=True)


def write(name: str, translator: Translator, held: Pairs, settings: dict[str, Any]) -> None:
    """Write the file, score what lies in it, and write it again with its scores."""
    place = ROOT / "helpers" / "pretrained" / f"{name}.pt"
    pretrained.save(place, pretrained.Pretrained(translator, held, LICENCES[name], settings, {}))
    rounded = pretrained.load(name).translator
    scores = {"greedy": score(rounded, held, 1), "beam of 5": score(rounded, held, 5)}
    pretrained.save(place, pretrained.Pretrained(rounded, held, LICENCES[name], settings, scores))
    print(json.dumps(scores, indent=1), f"\n{place.name}: {place.stat().st_size / 1e6:.1f} MB")


def main(arguments: list[str] | None = None) -> None:
    """Train the translator that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="english-french", choices=list(SETTINGS))
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        train(chosen.name, chosen.device)
    except distributed.RankLost as lost:
        raise SystemExit(str(lost)) from None


if __name__ == "__main__":
    main()
