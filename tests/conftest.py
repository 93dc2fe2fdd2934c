"""What the tests of several modules start from."""

import pytest

from helpers import datasets
from helpers.pairs import Pairs, normalize, read_pairs
from helpers.tokenizers import BPETokenizer


@pytest.fixture(scope="session")
def sample() -> Pairs:
    """All pairs of the sample, normalized. They are shared: no test may change them."""
    return read_pairs(normalize(datasets.english_french("sample").raw))


@pytest.fixture(scope="session")
def pieces(sample) -> BPETokenizer:
    return BPETokenizer(sample.targets[::4], 200)
