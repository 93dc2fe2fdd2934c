"""Batched beam search beside loops over sentences and hypotheses, and beside batched greedy search, in one run.

    python -m benchmarks.beam_search [--rounds N]

The plain loop is that of the notebook `beam-search`: one decoder call for each hypothesis, every extension in a Python
list. The lean loop lets torch pick each hypothesis's best K extensions, and stops a sentence as early as the batched
search does. A sentence at a time is the batched search, given one sentence: its hypotheses are one batch. The three are
timed on the first sentences only; the loops' results are compared with the batched ones. The searches are those of a
reader: from the sentences to the texts of their translations.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks import common
from helpers import pretrained
from helpers.pair_batches import encode_sentences
from helpers.tokenizers import BOS, EOS

MAX_STEPS, ALPHA, BEAM_SIZE = 32, 0.75, 5
SENTENCES, FEW, FEWER = 1000, 100, 20  # the plain loop is by far the slowest


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


def extensions(model, search: Callable) -> int:
    """Return how many hypotheses a search has the model extend, all steps together."""
    step, rows = model.step, []
    model.step = lambda tokens, state: (rows.append(len(tokens)), step(tokens, state))[1]
    search(0)
    del model.step
    return sum(rows)


@torch.no_grad()
def measure(rounds: int = 3) -> None:
    french = pretrained.load("english-french")
    translator, sentences = french.translator, list(dict.fromkeys(french.held_out.sources))[:SENTENCES]
    tokens, lengths = encode_sentences(sentences[:FEW], translator.source)

    def search(beam_size: int, count: int = SENTENCES, **options):
        return translator.search(sentences[:count], beam_size, alpha=ALPHA, max_steps=MAX_STEPS, **options)

    def loop(way, count: int):
        return way(translator.model, tokens[:count], lengths[:count], BEAM_SIZE)

    counts = {"plain loop": FEWER, "lean loop": FEW, "a sentence at a time": FEW}
    rivals = {
        "plain loop": lambda _: loop(plain_loop, FEWER),
        "lean loop": lambda _: loop(lean_loop, FEW),
        "a sentence at a time": lambda _: search(BEAM_SIZE, FEW, batch_size=BEAM_SIZE),
        "batched beam search": lambda _: search(BEAM_SIZE),
        "batched greedy search": lambda _: search(1),
    }
    timings = common.alternate(rivals, rounds)
    extended = {name: extensions(translator.model, rivals[name]) for name in list(rivals)[-2:]}
    found, facts = [best[0].ids for best in timings["batched beam search"].results[-1]], {}
    for name, timing in timings.items():
        results = timing.results[-1] if name.endswith("loop") else []
        same = sum(ids == best for (ids, _), best in zip(results, found, strict=False))
        number = counts.get(name, SENTENCES)
        facts[name] = {
            "sentences": number,
            "sentences/s": round(number / timing.median, 1),
            "hypotheses extended": extended.get(name, "–"),
            "same as batched": f"{same} of {number}" if results else "–",
        }
    common.report("beam_search", timings, facts, f"k = {BEAM_SIZE}, the pretrained translator to French")
    beam, greedy = timings["batched beam search"], timings["batched greedy search"]
    print(f"the beam takes {common.ratio(beam, greedy):.2f} of the time of greedy search")


if __name__ == "__main__":
    common.main(__doc__, measure)
