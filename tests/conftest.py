"""What the tests of several modules start from."""

import hashlib
from collections.abc import Iterator

import pytest

from helpers import datasets, download
from helpers.pairs import Pairs, normalize, read_pairs
from helpers.tokenizers import BPETokenizer

# As root Chromium has no sandbox; all else keeps it from asking the network for anything of its own.
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def sample() -> Pairs:
    """All pairs of the sample, normalized. They are shared: no test may change them."""
    return read_pairs(normalize(datasets.english_french("sample").raw))


@pytest.fixture(scope="session")
def pieces(sample) -> BPETokenizer:
    return BPETokenizer(sample.targets[::4], 200)


@pytest.fixture
def publish(monkeypatch):
    """Return a function that lets the book's files be these, with their checksums; nothing in the environment chooses,
    and nobody waits between attempts."""

    def publish(files: dict[str, bytes], sentences: str) -> None:
        for name in ("MODERN_RNN_DATA", "MODERN_RNN_CACHE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NO_PROXY", "*")
        for name, content in files.items():
            monkeypatch.setitem(download.FILES, name, "sha1:" + hashlib.sha1(content).hexdigest())
        monkeypatch.setattr(datasets, "PAIRS_SHA256", hashlib.sha256(sentences.encode()).hexdigest())
        monkeypatch.setattr(download, "PAUSE", 0)

    return publish


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """Debian's Chromium. It is imported here, so that a plain `make test`, which runs nothing of this, needs none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield browser
        browser.close()
