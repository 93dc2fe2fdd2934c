"""All sentence pairs from the file's text to padded tensors: the book's code and ours, side by side in one run.

    python benchmarks/translation_data.py [--runs N]

The book's `load_data_nmt` (edition 0.17) reads, normalises, tokenises, builds two vocabularies of minimum frequency 2,
and pads to 10 steps. Ours does the same; the notebook `machine-translation-and-dataset` compares the tensors.
"""

import argparse
import time

from helpers import datasets
from helpers.book import d2l
from helpers.translation import Words, encode, normalise, read_pairs


def the_book() -> int:
    """Return the number of pairs that the book's code loads."""
    d2l.read_data_nmt = lambda: datasets.english_french().raw  # from the cache, in place of a download
    batches, *_ = d2l.load_data_nmt(batch_size=64, num_steps=10, num_examples=None)
    return len(batches.dataset)


def ours() -> int:
    """Return the number of pairs that our code loads."""
    pairs = read_pairs(normalise(datasets.english_french().raw))
    return len(encode(pairs, Words(pairs.sources), Words(pairs.targets), num_steps=10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="how often to run both (default 3); the best counts")
    runs = parser.parse_args().runs
    print(datasets.english_french())
    best = {}
    for _ in range(runs):
        for name, load in (("the book", the_book), ("ours", ours)):
            started = time.perf_counter()
            pairs = load()
            seconds = time.perf_counter() - started
            best[name] = min(seconds, best.get(name, seconds))
            print(f"{name:10} {pairs:9,} pairs {seconds:7.2f} s")
    print(f"ours takes {best['ours'] / best['the book']:.2f} of the book's time")


if __name__ == "__main__":
    main()
