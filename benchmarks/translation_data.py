"""All sentence pairs from the file's text to padded tensors: the book's code and ours, side by side in one run.

    python -m benchmarks.translation_data [--rounds N]

The book's `load_data_nmt` (edition 0.17) reads, normalises, tokenises, builds two vocabularies of minimum frequency 2,
and pads to 10 steps. Ours does the same; the notebook `machine-translation-and-dataset` compares the tensors.
"""

from benchmarks import common
from helpers import datasets
from helpers.pair_batches import encode_pairs
from helpers.pairs import normalize, read_pairs
from helpers.tokenizers import WordTokenizer


def the_book(_: int = 0) -> int:
    """Return the number of pairs that the book's code loads."""
    from helpers.book import d2l  # here, for `growth` uses `load` and needs no book

    d2l.read_data_nmt = lambda: datasets.english_french().raw  # from the cache, in place of a download
    batches, *_ = d2l.load_data_nmt(batch_size=64, num_steps=10, num_examples=None)
    return len(batches.dataset)


def ours(_: int = 0) -> int:
    """Return the number of pairs that our code loads."""
    return load(datasets.english_french().raw)


def load(raw: str) -> int:
    """Load all pairs of a file's text; return their number."""
    pairs = read_pairs(normalize(raw))
    return encode_pairs(pairs, WordTokenizer(pairs.sources), WordTokenizer(pairs.targets), num_steps=10).num_pairs


def measure(rounds: int = 3) -> None:
    timings = common.alternate({"the book": the_book, "ours": ours}, rounds)
    facts = {name: {"pairs": f"{timing.results[-1]:,}"} for name, timing in timings.items()}
    common.report("translation_data", timings, facts, str(datasets.english_french()))
    print(f"ours takes {common.ratio(timings['ours'], timings['the book']):.2f} of the book's time")


if __name__ == "__main__":
    common.main(__doc__, measure)
