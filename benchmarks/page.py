"""The page benchmarks/README.md and its pictures, from what is stored in benchmarks/results.

    python -m benchmarks.page

Numbers in its sentences are computed here; the sentences about reasons are written by hand, and were true of the
stored run. A benchmark that is not stored is left out.
"""

from __future__ import annotations

import contextlib
import statistics
import textwrap
from collections.abc import Callable
from pathlib import Path

from benchmarks import common, pictures
from benchmarks.check import RATIOS, rounds_of
from tools import common as tools

HERE = Path(__file__).resolve().parent


# --- tables ----------------------------------------------------------------------------------------------------------


def table(result: dict) -> str:
    """Return the rows as Markdown: rival, median, spread, and the facts."""
    heads = [head for head in result["rows"][0] if head not in ("rival", "median", "seconds")]
    lines = ["| | seconds | range | " + " | ".join(heads) + " |",
             "| :-- | --: | :-: | " + " | ".join("--:" for _ in heads) + " |"]  # fmt: skip
    for row in result["rows"]:
        low, high = min(row["seconds"]), max(row["seconds"])
        spread = f"{number(low)}–{number(high)}" if len(row["seconds"]) > 1 else "one run"
        cells = [number(row[head]) if isinstance(row[head], (int, float)) else str(row[head]) for head in heads]
        lines.append(f"| {row['rival']} | {number(row['median'])} | {spread} | {' | '.join(cells)} |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three figures that count."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) < 10 else 1}f}" if abs(value) >= 0.1 else f"{value:.3f}"


def row(result: dict, rival: str) -> dict:
    return next(each for each in result["rows"] if each["rival"] == rival)


# --- the parts of the page -------------------------------------------------------------------------------------------


def language_model(result: dict) -> str:
    book, ours = row(result, "book 1.0.3"), row(result, "ours, as in the notebook")
    old, short = row(result, "book 0.17"), row(result, "ours, a short schedule")
    return f"""## A language model

The book's GRU trains on the first 10,000 characters. Edition 1.0.3 takes {book["median"]:.0f} s, and its lowest
perplexity on the 5,000 characters that follow is {book["best"]:.2f}. Ours trains on all but the held-out pages, with
AdamW and a schedule. A short one is over after {short["median"]:.1f} s and reaches {short["held out"]:.2f}, so that it
is below the book's best in a {book["median"] / short["median"]:.0f}th of the book's time. The notebook's model takes
{ours["median"]:.0f} s and reaches {ours["held out"]:.2f}. Edition 0.17 trains until it knows its 10,000 characters by
heart; on the next ones its perplexity was {old["best"]:.1f} at its lowest, and is {old["held out"]:.0f} in the end.

{table(result)}"""


def training_loop(result: dict) -> str:
    extra = {size: row(result, f"{size} units: fit")["of the bare loop's time"] for size in (32, 256, 512)}
    told = ", ".join(f"{(ratio - 1) * 100:+.1f} % at {size} units" for size, ratio in extra.items())
    return f"""## The training loop

`fit` checks its input, watches for losses that are not finite, measures, and can be interrupted. Beside the bare loop
of forward, loss, backward, clipping and step on the same model, that costs {told}: no more than the measurement is
certain. The notebook's GRU from scratch is a Python loop over the steps; the wider the layer, the less that matters.
One thread, as in the notebooks.

{table(result)}"""


def translation_data(result: dict) -> str:
    ratio = statistics.median(rounds_of(result, "ours", "the book"))
    return f"""## All sentence pairs, from the file's text to tensors

Ours takes {ratio:.2f} of the time of the book's `load_data_nmt`, for the same tensors.

{table(result)}"""


def translation(result: dict) -> str:
    return f"""## The editions' translators

Each edition's experiment at its own sizes, with its own loop. What they learn is in the notebook `seq2seq`.

{table(result)}"""


def beam_search(result: dict) -> str:
    batched, greedy = (row(result, f"batched {name} search") for name in ("beam", "greedy"))
    ratio = statistics.median(rounds_of(result, batched["rival"], greedy["rival"]))
    more = batched["hypotheses extended"] / greedy["hypotheses extended"]
    speed = {each["rival"]: each["sentences/s"] for each in result["rows"]}
    return f"""## Beam search

A thousand held-out sentences, translated by the pretrained model with a beam of 5. The batched search takes {ratio:.1f}
times as long as greedy search. It extends {more:.1f} times as many hypotheses, not five times:
what has ended or can no longer win is not extended, whereas greedy search, which is kept simple, goes on with all
sentences until the last has ended. Each hypothesis costs the same products, of which greedy search too has enough at
once to make full use of the processor. Batched beam search is
{speed["batched beam search"] / speed["plain loop"]:.0f} times as fast as the plain loop of the notebook, and
{speed["batched beam search"] / speed["lean loop"]:.0f} times as fast as a lean one.

{table(result)}"""


def run_all(result: dict) -> str:
    sections = list(dict.fromkeys(each["rival"].rpartition(", ")[0] for each in result["rows"]))
    editions = ["book 0.17", "book 1.0.3", "ours"]
    seconds = {each["rival"]: each["median"] for each in result["rows"]}
    totals = {e: sum(value for name, value in seconds.items() if name.endswith(f", {e}")) for e in editions}
    pictures.run_all(sections, editions, seconds)
    told = ", ".join(f"{name}: {total:,.0f} s" for name, total in totals.items())
    lines = ["| section | " + " | ".join(editions) + " |", "| :-- | " + " | ".join("--:" for _ in editions) + " |"]
    for section in sections:
        cells = [number(seconds[place]) if (place := f"{section}, {e}") in seconds else "–" for e in editions]
        lines.append(f"| {section} | {' | '.join(cells)} |")
    lines.append("| **together** | " + " | ".join(f"**{totals[e]:,.0f}**" for e in editions) + " |")
    how_often = len(result["rows"][0]["seconds"])
    return f"""## Run All

Seconds of everything that a section runs, as printed in the two editions, and of Run All in our notebooks ({told}
together). Sections of the book that run nothing to speak of have no number. Of edition 0.17's 500 epochs 25 are run,
and counted twenty times; a notebook's time is with the start of its kernel.{" One run of each." * (how_often == 1)}

![Bars: seconds for each section, of edition 0.17, edition 1.0.3 and ours.](img/run_all.svg)

{chr(10).join(lines)}"""


def imports(result: dict) -> str:
    names = ("helpers, as in gru", "helpers without figures", "matplotlib.pyplot alone")
    ours, bare, figures = (row(result, name)["median"] for name in names)
    return f"""## Imports

Beyond torch, what a notebook imports takes {ours:.2f} s. Matplotlib alone takes {figures:.2f} s, and a notebook
imports it anyway; data, models and training take {bare:.2f} s.

{table(result)}"""


def suite(result: dict) -> str:
    taken = result["rows"][0]
    return f"""## Tests

`make test` runs {taken["tests"]:,} tests, the notebooks among them, in {taken["median"]:.0f} s."""


def growth(result: dict) -> str:
    pictures.growth(result)
    pictures.roofline(result)
    roof, points = result["roof"], {(p["axis"], p[p["axis"]]): p for p in result["points"]}
    ratio = {place: p["seconds"] / p["bound"] for place, p in points.items()}
    small, large = ratio["hidden size", 32], ratio["hidden size", 1024]
    speed = {place: p["characters/s"] for place, p in points.items()}
    layers = ", ".join(f"{kind} {speed['layer', kind] / 1000:.0f}" for kind in ("RNN", "GRU", "LSTM", "minGRU"))
    threads = {(t["threads"], t["hidden size"]): t["characters/s"] for t in result["threads"]}
    most = max(number for number, _ in threads)
    gain = {size: threads[most, size] / threads[1, size] for size in (64, 192, 512)}
    gains = ", ".join(f"{value:.2f} times at {size} units" for size, value in gain.items())
    return f"""## How cost grows, and what bounds it

A training step of a GRU language model (192 units, 32 strands, 32 steps, one thread, where nothing else is said),
beside the time of the matrix products that it cannot do without, at the same shapes and in the same order.

![Nine charts. Milliseconds of a training step and of its products alone, against hidden size, layers and steps. \
Megabytes kept for the backward pass, against hidden size, batch and steps. Characters a second against the batch, \
seconds against sentence pairs, and sentences a second against the beam size.](img/growth.svg)

The step takes {small:.1f} times its products' time at 32 units and {large:.1f} times at 1,024. What lies between is not
waste of the loop, which the section above measures, but work that is no product: at every step of a sequence a GRU has
sigmoids, a tanh and some additions of its own, forward and backward, each a pass over memory and a call of some
microseconds; torch has no fused kernel for a GRU on CPUs. At small widths the calls dominate, at large ones the
products. A GRU with a backward pass written by hand, with fewer such passes and one product for the weights' gradient,
was tried: equal to torch's to 1e-6, and 0.9 to 1.2 times as fast. It is not worth its lines, and not kept.

The roof in the next picture is what this machine reaches in large products ({roof["GFLOP/s"]:.0f} GFLOP/s), and, to the
left, what copying the operands once from memory allows ({roof["GB/s"]:.0f} GB/s). Small widths and
small batches stay far below both: there it is the calls that bound.

![A roofline chart: floating-point operations a second against operations per byte, for all measured points, below the \
machine's roof.](img/roofline.svg)

What a reader gains: a batch of 256 strands instead of 1 gives {speed["batch", 256] / speed["batch", 1]:.0f} times as
many characters a second, because a product of a wider matrix costs hardly more; longer pieces give nothing
({speed["steps", 256] / speed["steps", 32]:.2f} times from 32 to 256 steps), since steps wait for one another; a second
thread gives {gains}. And the kind of layer matters ({layers} thousand characters a second): torch has a fused kernel
for the LSTM on CPUs, which is {points["layer", "LSTM"]["seconds"] / points["layer", "LSTM"]["bound"]:.1f} times its
bound, so that with four thirds of a GRU's weights it is {speed["layer", "LSTM"] / speed["layer", "GRU"]:.1f} times as
fast. The minGRU of the notebook `what-came-after`, whose steps need not wait, is
{speed["layer", "minGRU"] / speed["layer", "GRU"]:.1f} times as fast. Neither computes what a GRU computes, so the
notebooks on GRUs stay with theirs.

Memory is what the forward pass keeps for the backward pass. It grows in proportion to batch, steps and layers:
{points["batch", 64]["MB kept"]:.0f} MB with 64 strands, {points["batch", 256]["MB kept"]:.0f} MB with 256;
{points["steps", 64]["MB kept"]:.0f} MB for 64 steps, {points["steps", 256]["MB kept"]:.0f} MB for 256."""


PARTS: dict[str, Callable[[dict], str]] = {
    "language_model": language_model,
    "run_all": run_all,
    "training_loop": training_loop,
    "growth": growth,
    "translation_data": translation_data,
    "translation": translation,
    "beam_search": beam_search,
    "imports": imports,
    "suite": suite,
}
NAMES = list(PARTS)


def write() -> Path:
    """Write the page and its pictures; return the page."""
    parts, machines = [], []
    for name, part in PARTS.items():
        with contextlib.suppress(FileNotFoundError):
            result = common.stored(name)
            parts.append(part(result))
            machine = {what: value for what, value in result["machine"].items() if what != "threads"}
            machines.append(", ".join(f"{what} {value}" for what, value in machine.items()))
    told = "; ".join(dict.fromkeys(machines))
    text = f"""# How fast, beside the book's code and beside the limit

`make bench` measures all of this anew, in two hours of two quiet cores, and writes this page; `make bench
NAME=beam_search` measures one part. Rivals take turns within a run; a number is the median of the rounds, with the
range beside it. The book's code is called as its editions print it, from its packages d2l 0.17.0 and d2l 1.0.3, on the
same torch as ours; what the packages lack, such as a cell from scratch, is written anew from the equations.
`make bench-check` compares {len(RATIOS)} ratios of times with the stored ones; seconds are never compared.

Measured on: {told}. Nothing here was measured on a graphics card.

{(chr(10) * 2).join(parts)}"""
    path = HERE / "README.md"
    tools.write(path, "\n\n".join(map(wrapped, text.split("\n\n"))) + "\n")
    return path


def summary() -> str:
    """Return what the project's README says of speed."""
    models, pairs, beams, loop = map(
        common.stored, ("language_model", "translation_data", "beam_search", "training_loop")
    )
    book, ours, short = (
        row(models, name) for name in ("book 1.0.3", "ours, as in the notebook", "ours, a short schedule")
    )
    plain, batched = (row(beams, name)["sentences/s"] for name in ("plain loop", "batched beam search"))
    most = max(row(loop, f"{size} units: fit")["of the bare loop's time"] for size in (32, 256, 512)) - 1
    return wrapped(f"""**Speed.** `make bench` measures it beside the code of two editions of the book, and beside what
the machine's matrix products allow; [benchmarks/README.md](benchmarks/README.md) tells what it found on two CPU cores.
The GRU of edition 1.0.3 takes {book["median"]:.0f} s to a held-out perplexity of {book["held out"]:.1f}; ours is at
{short["held out"]:.1f} after {short["median"]:.1f} s, and reaches {ours["held out"]:.1f} in {ours["median"]:.0f} s. All
sentence pairs are loaded in {statistics.median(rounds_of(pairs, "ours", "the book")):.2f} of the book's time, a
thousand sentences are translated with a beam of 5 at {batched:.0f} a second (the plain loop of the notebook does
{plain:.1f}), and `fit` takes at most {most:.1%} longer than the bare training loop.""")


def wrapped(block: str) -> str:
    """Return a paragraph in lines of at most 120 characters; headings, tables and pictures as they are."""
    if block.startswith(("#", "|", "![")):
        return block
    return textwrap.fill(" ".join(block.split()), 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    print(f"written to {write()}")
