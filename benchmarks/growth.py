"""How time and memory grow with a model's sizes, beside what the machine's matrix products allow.

    python -m benchmarks.growth [--rounds N]

A point is one training step of a GRU language model: forward, backward, AdamW; all sizes but one are those of BASE. Its
bound is the time of the products that any implementation needs, at these shapes and in this order: one step of a
sequence waits for the one before. The roof is what the machine reaches in large products, and, for small ones, what
moving the operands once allows. Memory is what the forward pass keeps for the backward pass.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import common
from benchmarks.notebook_code import min_gru
from benchmarks.translation_data import load
from helpers import datasets, pretrained
from helpers.language_model import LanguageModel
from helpers.machine import set_seed

V, E = 28, 32
BASE = {"layer": "GRU", "hidden size": 192, "layers": 1, "batch": 32, "steps": 32}
AXES = {
    "hidden size": [16, 32, 64, 128, 256, 512, 1024],
    "layers": [1, 2, 3, 4],
    "batch": [1, 4, 16, 64, 256],
    "steps": [8, 16, 32, 64, 128, 256],
    "layer": ["RNN", "GRU", "LSTM", "minGRU"],
}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4, "minGRU": 2}


def seconds(action: Callable[[], object], least: float = 0.15) -> float:
    """Return the median seconds of a call: at least five of them, and at least `least` seconds of calls."""
    action()
    taken: list[float] = []
    while len(taken) < 5 or sum(taken) < least:
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def training_step(sizes: dict) -> tuple[Callable[[], None], Callable[[], Tensor]]:
    """Return a whole training step of a model of these sizes, and its forward pass alone."""
    set_seed(0)
    if sizes["layer"] == "minGRU":
        layer = min_gru(E, sizes["hidden size"])
    else:
        layer = getattr(nn, sizes["layer"])(E, sizes["hidden size"], sizes["layers"], batch_first=True)
    model = LanguageModel(layer, V, sizes["hidden size"], embed_size=E)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    X, Y = torch.randint(V, (2, sizes["batch"], sizes["steps"]))

    def forward() -> Tensor:
        return F.cross_entropy(model(X)[0].flatten(0, 1), Y.flatten())

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        forward().backward()
        optimizer.step()

    return step, forward


def kept(forward: Callable[[], Tensor]) -> int:
    """Return the bytes of all tensors that a forward pass keeps for the backward pass, each counted once."""
    found: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        forward()
    return sum(found.values())


def products(sizes: dict) -> tuple[Callable[[], None], float, float]:
    """Return the products of a training step, and how many floating-point operations and bytes of operands they have.

    Forward: the inputs of all steps at once, then the state, a step at a time. Backward: the state's gradient a step at
    a time, then the weights' and the inputs' gradients at once. The output layer's three products come last. A minGRU
    has no products with the state.
    """
    recurrent = sizes["layer"] != "minGRU"
    B, T, H = sizes["batch"], sizes["steps"], sizes["hidden size"]
    G = GATES[sizes["layer"]] * H
    H0, W_h, dG = torch.randn(B, H), torch.randn(H, G), torch.randn(B, G)
    all_H, all_G, logits, W_q = torch.randn(B * T, H), torch.randn(B * T, G), torch.randn(B * T, V), torch.randn(H, V)
    inputs = [(torch.randn(B * T, D), torch.randn(D, G)) for D in [E, *[H] * (sizes["layers"] - 1)]]

    def run() -> None:
        for X, W_x in inputs:
            X @ W_x
            for _ in range(T * recurrent):
                H0 @ W_h
            for _ in range(T * recurrent):
                dG @ W_h.T
            if recurrent:
                all_H.T @ all_G
            X.T @ all_G
            all_G @ W_x.T
        all_H @ W_q
        all_H.T @ logits
        logits @ W_q.T

    shapes = [(B * T, H, V)] * 3
    for X, _ in inputs:
        shapes += [(B * T, X.shape[1], G)] * 3
        shapes += ([(B, H, G)] * 2 * T + [(H, B * T, G)]) * recurrent
    flops = sum(2 * n * k * m for n, k, m in shapes)
    return run, flops, sum(4 * (n * k + k * m + n * m) for n, k, m in shapes)


def roof() -> dict[str, float]:
    """Return what the machine reaches: GFLOP/s in a large product, GB/s in copying what no cache holds."""
    A, large = torch.randn(1024, 1024), torch.randn(1 << 26)
    other = torch.empty_like(large)
    return {
        "GFLOP/s": 2 * 1024**3 / seconds(lambda: A @ A) / 1e9,
        "GB/s": 2 * 4 * large.numel() / seconds(lambda: other.copy_(large)) / 1e9,
    }


def point(sizes: dict) -> dict:
    step, forward = training_step(sizes)
    alone, flops, moved = products(sizes)
    taken, bound = seconds(step), seconds(alone)
    return sizes | {
        "seconds": taken,
        "bound": bound,
        "characters/s": sizes["batch"] * sizes["steps"] / taken,
        "GFLOP/s": flops / taken / 1e9,
        "FLOP/byte": flops / moved,
        "MB kept": kept(forward) / 1e6,
    }


def middle(points: list[dict]) -> dict:
    """Return the medians of the numbers of several measurements of one point."""
    return {
        name: statistics.median(p[name] for p in points) if isinstance(value, float) else value
        for name, value in points[0].items()
    }


def of_pairs(rounds: int) -> list[dict]:
    """From the file's text to tensors, for parts of the file."""
    raw = datasets.english_french().raw.splitlines(keepends=True)
    numbers = [round(len(raw) * share) for share in (0.06, 0.12, 0.25, 0.5, 1)]
    parts = {number: "".join(raw[:number]) for number in numbers}
    timings = common.alternate({n: lambda _, part=part: load(part) for n, part in parts.items()}, rounds)
    return [{"pairs": number, "seconds": timing.median} for number, timing in timings.items()]


def of_beams(rounds: int, number: int = 300) -> list[dict]:
    """A translator's search, for several beams."""
    french = pretrained.load("english-french")
    sentences = list(dict.fromkeys(french.held_out.sources))[:number]
    rivals = {k: lambda _, k=k: french.translator.search(sentences, k) for k in (1, 2, 4, 8, 16)}
    timings = common.alternate(rivals, rounds)
    return [{"beam size": k, "sentences/s": len(sentences) / timing.median} for k, timing in timings.items()]


def measure(rounds: int = 3) -> None:
    known = {(axis, value): BASE | {axis: value} for axis, values in AXES.items() for value in values}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the notebooks of small models do
    found: dict[tuple, list[dict]] = {place: [] for place in known}
    roofs = []
    for _ in range(rounds):
        roofs.append(roof())
        for place, sizes in known.items():
            found[place].append(point(sizes))
    by_threads = []
    for number in sorted({1, threads}):
        torch.set_num_threads(number)
        for size in (64, 192, 512):
            measured = middle([point(BASE | {"hidden size": size}) for _ in range(rounds)])
            by_threads.append({"threads": number, "hidden size": size, "characters/s": measured["characters/s"]})
    torch.set_num_threads(threads)
    content = {
        "benchmark": "growth",
        "data": common.data(),
        "machine": common.machine(),
        "base": BASE,
        "roof": middle(roofs),
        "points": [{"axis": axis} | middle(points) for (axis, _), points in found.items()],
        "threads": by_threads,
        "pairs": of_pairs(rounds),
        "beams": of_beams(rounds),
    }
    for row in content["points"]:
        print(f"{row['axis']:12} {row[row['axis']]!s:>6} {row['characters/s']:12,.0f} characters/s, "
              f"{row['seconds'] / row['bound']:5.2f} of the bound, {row['MB kept']:7.1f} MB")  # fmt: skip
    print(f"written to {common.write('growth', content)}")


if __name__ == "__main__":
    common.main(__doc__, measure)
