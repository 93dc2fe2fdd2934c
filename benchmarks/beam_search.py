"""Batched beam search beside two loops over sentences and hypotheses, and beside batched greedy search, in one run.

    python -m benchmarks.beam_search [--sentences N] [--beam-size K] [--translator FILE]

The plain loop is that of the notebook `beam-search`: one decoder call for each hypothesis, every extension in a Python
list. The lean loop lets torch pick each hypothesis's best K extensions, and stops a sentence as early as the batched
search does. Both are timed on the first sentences only, and their results are compared with the batched ones. Without a
saved translator, an untrained one of the same size is timed: the arithmetic is the same, the lengths are not.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks import common
from helpers import datasets
from helpers.beam_search import beam_search
from helpers.machine import set_seed
from helpers.pair_batches import encode_sentences
from helpers.pairs import normalize, read_pairs
from helpers.search import greedy
from helpers.tokenizers import BOS, EOS, BPETokenizer
from helpers.translator import Translator

MAX_STEPS, ALPHA = 32, 0.75


def plain_loop(model, tokens, lengths, beam_size: int) -> list[tuple[list[int], float]]:
    """Return each sentence's best sequence and its score, found as the notebook finds them."""
    results = []
    for row, length in zip(tokens, lengths, strict=True):
        beam, pool = [(0.0, [], model.begin(row[None, :length], length[None]))], []
        for t in range(1, MAX_STEPS + 1):
            candidates = []
            for log_p, ids, state in beam:
                log_probs, state = model.decoder.step(torch.tensor([ids[-1] if ids else BOS]), state)
                candidates += [(log_p + q, [*ids, i], state) for i, q in enumerate(log_probs[0].tolist())]
            candidates.sort(key=lambda candidate: -candidate[0])
            beam = []
            for candidate in candidates[:beam_size]:
                log_p, ids, _ = candidate
                if ids[-1] == EOS or t == MAX_STEPS:
                    pool.append((ids, log_p / t**ALPHA))
                else:
                    beam.append(candidate)
        results.append(max(pool, key=lambda finished: finished[1]))
    return results


def lean_loop(model, tokens, lengths, beam_size: int) -> list[tuple[list[int], float]]:
    """Return each sentence's best sequence and its score, one decoder call for each hypothesis."""
    results = []
    for row, length in zip(tokens, lengths, strict=True):
        state = model.begin(row[None, :length], length[None])
        live, finished = [([], 0.0, state, BOS)], []
        for t in range(1, MAX_STEPS + 1):
            extensions = []
            for place, (ids, log_prob, state, last) in enumerate(live):
                log_probs, new_state = model.decoder.step(torch.tensor([last]), state)
                values, best = log_probs[0].topk(beam_size)
                for value, token in zip(values.tolist(), best.tolist(), strict=True):
                    extensions.append((log_prob + value, place, token, ids, new_state))
            extensions.sort(key=lambda extension: (-extension[0], extension[1], extension[2]))
            live = []
            for log_prob, _, token, ids, new_state in extensions[:beam_size]:
                if token == EOS or t == MAX_STEPS:
                    finished.append(([*ids, token], log_prob / t**ALPHA))
                else:
                    live.append(([*ids, token], log_prob, new_state, token))
            reachable = max((log_prob / MAX_STEPS**ALPHA for _, log_prob, _, _ in live), default=-torch.inf)
            if finished and max(score for _, score in finished) >= reachable:
                break
        results.append(max(finished, key=lambda hypothesis: hypothesis[1]))
    return results


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--loop-sentences", type=int, default=100)
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--translator", type=Path, default=Path("notebooks/saved/translator-book.pt"))
    args = parser.parse_args()

    pairs = read_pairs(normalize(datasets.english_french().raw))
    sources = list(dict.fromkeys(source for source in pairs.sources if len(source.split()) <= 6))
    if args.translator.exists():
        translator = Translator.load(args.translator)
        kind = f"translator {args.translator.name}"
    else:
        set_seed(0)
        translator = Translator(BPETokenizer(pairs.sources, 2000), BPETokenizer(pairs.targets, 2000), 192, 256)
        kind = "an untrained translator"
    model = translator.model.eval()
    chosen = torch.randperm(len(sources), generator=torch.Generator().manual_seed(0))[: args.sentences]
    tokens, lengths = encode_sentences([sources[i] for i in chosen.tolist()], translator.source)
    N, start = len(tokens), torch.full((len(tokens),), BOS)
    limits = {"eos": EOS, "max_steps": MAX_STEPS}

    def batched_greedy(_: int):
        return greedy(model, model.begin(tokens, lengths), start, **limits)

    def batched_beam(_: int):
        state = model.begin(tokens, lengths)
        return beam_search(model, state, start, beam_size=args.beam_size, alpha=ALPHA, **limits)

    few = min(args.loop_sentences, N)
    fewer = max(few // 4, 1)  # the plain loop is by far the slowest
    counts = {"plain loop": fewer, "lean loop": few, "batched beam search": N, "batched greedy search": N}
    rivals = {
        "plain loop": lambda _: plain_loop(model, tokens[:fewer], lengths[:fewer], args.beam_size),
        "lean loop": lambda _: lean_loop(model, tokens[:few], lengths[:few], args.beam_size),
        "batched beam search": batched_beam,
        "batched greedy search": batched_greedy,
    }
    timings = common.alternate(rivals, args.rounds)
    found, facts = timings["batched beam search"].results[-1], {}
    for name, timing in timings.items():
        results = timing.results[-1] if "loop" in name else []
        same = sum(ids == best for (ids, _), best in zip(results, found.best(), strict=False))
        facts[name] = {
            "sentences": counts[name],
            "sentences/s": f"{counts[name] / timing.median:.1f}",
            "same as batched": f"{same} of {counts[name]}" if results else "–",
        }
    common.report("beam_search", timings, facts, f"k = {args.beam_size}, {kind}")


if __name__ == "__main__":
    main()
