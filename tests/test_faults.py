"""Faults of the network, of the cache and of the process: what the reader sees, and what is left on the disk.

The table of a server's misbehaviours stands in `misbehaviour`; here each is played to each way of asking. After every
trial the folder for downloads holds nothing that is not whole, and an honest server is believed at once.
"""

import contextlib
import hashlib
import io
import os
import random
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from misbehaviour import BOOK, LIMITS, MISBEHAVIOURS, honest, misbehaving

import helpers
from helpers import cached, datasets, download

TEXT, ZIP, PAIRS = "timemachine.txt", "fra-eng.zip", datasets.PAIRS
NOVEL = "The Time Traveller’s café, by H. G. Wells\n" * 60
SENTENCES = "Go.\tVa\u202f!\nHi.\tÇa va\u202f?\n" * 90
KINDS = pytest.mark.parametrize("kind", MISBEHAVIOURS)


def archive(member: str = PAIRS, content: bytes = SENTENCES.encode()) -> bytes:
    """An archive like the book's; stored, so that it is about as long as its content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(member, content)
    return packed.getvalue()


FILES = {TEXT: NOVEL.encode(), ZIP: archive()}
LOADERS = {TEXT: (datasets.time_machine, NOVEL), ZIP: (datasets.english_french, SENTENCES)}


def sha1(content: bytes) -> str:
    return "sha1:" + hashlib.sha1(content).hexdigest()


@pytest.fixture(autouse=True)
def _settings(publish):
    publish(FILES, SENTENCES)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@contextlib.contextmanager
def playing(*kinds, limits=True):
    """Let the book's address be a server that plays these kinds in turn; yield the paths that it is asked for."""
    plays = [honest if kind == BOOK else MISBEHAVIOURS[kind][0] for kind in kinds]
    with pytest.MonkeyPatch.context() as patch, misbehaving([p for p in plays if p], FILES) as (address, paths):
        patch.setattr(download, "DATA_URL", address)
        shortened = [values for sentence, values in LIMITS.items() if any(sentence in sees(kind) for kind in kinds)]
        for name, value in [item for values in shortened if limits for item in values.items()]:
            patch.setattr(download, name, value)
        yield paths


def sees(kind: str) -> str:
    return BOOK if kind == BOOK else MISBEHAVIOURS[kind][1]


def left(cache: Path) -> dict[str, bytes]:
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


def assert_nothing_but_whole_files(cache: Path) -> None:
    whole = FILES | {PAIRS: SENTENCES.encode()}
    assert {
        name: content == whole.get(name) for name, content in left(cache).items() if content != whole.get(name)
    } == {}


# --- the server misbehaves -------------------------------------------------------------------------------------------


def test_the_table_is_long_and_every_row_says_what_the_reader_sees():
    assert len(MISBEHAVIOURS) >= 31
    assert all(seen == BOOK or re.compile(seen) for _, seen in MISBEHAVIOURS.values())
    for sentence in LIMITS:
        assert any(sentence in seen for _, seen in MISBEHAVIOURS.values()), f"no row has {sentence!r}"


@KINDS
def test_whatever_the_server_does_auto_has_a_text_and_says_which(kind, cache, capsys):
    with playing(kind) as paths:
        started = time.perf_counter()
        text = datasets.time_machine("auto", cache)
        assert time.perf_counter() - started < 5
    printed = capsys.readouterr().out
    if sees(kind) == BOOK:
        assert (text.origin, text.raw, printed) == ("book", NOVEL, "")
        return
    assert text == datasets.time_machine("sample")
    assert re.fullmatch(rf"Using the embedded sample instead of the book's text: .*{sees(kind)}.*\n", printed)
    assert len(printed) < 500
    assert left(cache) == {}
    assert paths.count(f"/{TEXT}") <= 1 or "loop" in sees(kind), "auto asks once"
    with playing(BOOK):
        assert datasets.time_machine("auto", cache).raw == NOVEL
    assert capsys.readouterr().out == ""


@KINDS
def test_whatever_the_server_does_book_is_the_book_or_a_clear_error(kind, cache, capsys):
    with playing(kind):
        started = time.perf_counter()
        if sees(kind) == BOOK:
            assert datasets.english_french("book", cache).raw == SENTENCES
        else:
            advice = r", or copy the file into the cache folder, or choose origin='sample'\.$"
            with pytest.raises(
                cached.DataError, match=rf"^http://127\.0\.0\.1:\d+/fra-eng\.zip .*{sees(kind)}.*{advice}"
            ):
                datasets.english_french("book", cache)
            assert left(cache) == {}
        assert time.perf_counter() - started < 10
    with playing(BOOK):
        assert datasets.english_french("book", cache).raw == SENTENCES
    assert left(cache) == {ZIP: FILES[ZIP], PAIRS: SENTENCES.encode()}
    assert capsys.readouterr().out == ""


@KINDS
def test_a_server_that_comes_to_its_senses_is_believed_by_who_asks_again(kind, cache):
    with playing(kind, kind, BOOK):
        assert datasets.time_machine("book", cache).raw == NOVEL
    assert left(cache) == {TEXT: FILES[TEXT]}


@pytest.mark.torture
@KINDS
@pytest.mark.parametrize("name", FILES)
def test_the_limits_that_travel_with_the_project_end_every_wait(name, kind, cache, capsys, monkeypatch):
    """No limit is shortened: the longest wait of a reader without a network."""
    load, raw = LOADERS[name]
    with playing(kind, limits=False):
        started = time.perf_counter()
        text = load("auto", cache)
        assert time.perf_counter() - started < 25
    assert text.raw == raw if sees(kind) == BOOK else text == load("sample")
    assert_nothing_but_whole_files(cache)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(40))
def test_no_row_of_misbehaviours_gives_a_wrong_file(seed, cache, capsys, record_property):
    """Six rows of up to five misbehaviours by chance, with or without a damaged file in the cache."""
    chance = random.Random(seed)
    trials = 6
    for _ in range(trials):
        name = chance.choice(list(FILES))
        load, raw = LOADERS[name]
        kinds = chance.choices([*MISBEHAVIOURS, *[BOOK] * 5], k=chance.randint(1, 5))
        damaged = chance.random() < 0.3
        if damaged:
            cache.mkdir(exist_ok=True)
            (cache / name).write_bytes(FILES[name][: chance.randrange(len(FILES[name]))])
        with playing(*kinds):
            with contextlib.suppress(cached.DataError):
                assert load("book", cache).raw == raw, kinds
            text = load("auto", cache)
        assert text.raw == raw if text.origin == "book" else text == load("sample"), kinds
        if not damaged:
            assert_nothing_but_whole_files(cache)
        with playing(BOOK):
            assert load("book", cache).raw == raw, kinds
        assert_nothing_but_whole_files(cache)
        for file in [path for path in cache.rglob("*") if path.is_file()]:
            file.unlink()
    record_property("trials", trials)


# --- the cache is damaged --------------------------------------------------------------------------------------------


def flip(path: Path, content: bytes, chance: random.Random) -> None:
    damaged = bytearray(content)
    damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    path.write_bytes(damaged)


DAMAGES = {
    "is gone": lambda path, content, chance: path.unlink(),
    "is empty": lambda path, content, chance: path.write_bytes(b""),
    "was cut off": lambda path, content, chance: path.write_bytes(content[: chance.randrange(len(content))]),
    "has a flipped bit": flip,
    "has a byte too many": lambda path, content, chance: path.write_bytes(content + chance.randbytes(1)),
    "is full of zeros": lambda path, content, chance: path.write_bytes(bytes(len(content))),
    "is another file": lambda path, content, chance: path.write_bytes(b"PK\x03\x04" + chance.randbytes(500)),
    "has line ends of another system": lambda path, content, chance: path.write_bytes(content.replace(b"\n", b"\r\n")),
    "leads nowhere": lambda path, content, chance: (path.unlink(), path.symlink_to(path.with_name("nowhere"))),
}


def fill(cache: Path) -> None:
    with playing(BOOK):
        for load, _ in LOADERS.values():
            load("book", cache)


@pytest.mark.parametrize("tries", [1, pytest.param(50, marks=pytest.mark.torture)])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [TEXT, PAIRS])
def test_a_damaged_file_is_never_read_and_is_mended(name, damage, tries, cache, capsys, record_property):
    load, raw = LOADERS[TEXT if name == TEXT else ZIP]
    chance = random.Random(f"{name} {damage}")
    fill(cache)
    for _ in range(tries):
        for file in [name] if name == TEXT else [name, ZIP]:
            DAMAGES[damage](cache / file, (cache / file).read_bytes(), chance)
        with playing("refuses the connection"):
            assert load("auto", cache) == load("sample")
            with pytest.raises(cached.DataError, match=r"cannot be reached \(URLError: .*refused"):
                load("book", cache)
        with playing(BOOK) as paths:
            assert load("book", cache).raw == raw
            assert load("auto", cache).raw == raw
            assert len(paths) == 1
        assert left(cache) == FILES | {PAIRS: SENTENCES.encode()}
    record_property("trials", tries)


@pytest.mark.parametrize("kind", ["cut off", "no archive", "another member", "other sentences", "a flipped bit"])
def test_an_archive_that_its_publisher_damaged_is_named_and_not_extracted(kind, cache, capsys, monkeypatch):
    """Its own checksum is right, so that it is kept; what it holds is held to a checksum, too."""
    flipped = bytearray(archive())
    flipped[archive().index(SENTENCES.encode()) + 1] ^= 1
    content = {
        "cut off": archive()[:-30],
        "no archive": b"PK not at all",
        "another member": archive("fra-eng/_about.txt"),
        "other sentences": archive(content=b"other\tpairs\n"),
        "a flipped bit": bytes(flipped),
    }[kind]
    monkeypatch.setitem(FILES, ZIP, content)
    monkeypatch.setitem(download.FILES, ZIP, sha1(content))
    wrong = r"(no readable fra-eng/fra\.txt|does not match its checksum).*copy that file into the cache folder"
    with playing(BOOK):
        with pytest.raises(cached.DataError, match=wrong):
            datasets.english_french("book", cache)
        assert datasets.english_french("auto", cache) == datasets.english_french("sample")
    assert re.search(wrong, capsys.readouterr().out)
    assert left(cache) == {ZIP: content}


@pytest.mark.parametrize("call", ["mkdir", "write_bytes", "replace"])
def test_a_disk_that_fills_up_leaves_no_half_file(call, cache, monkeypatch, capsys):
    """At each step of keeping a file; the part that was written is removed, and room is all that is missing."""

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with playing(BOOK):
        with monkeypatch.context() as patch:
            patch.setattr(os if call == "replace" else Path, call, full)
            with pytest.raises(
                cached.DataError, match=r"cannot be used \(No space left on device\); set MODERN_RNN_CACHE"
            ):
                datasets.time_machine("book", cache)
            assert datasets.time_machine("auto", cache).origin == "sample"
        assert left(cache) == {}
        assert datasets.time_machine("book", cache).raw == NOVEL


# --- the process is ended, or has a twin -----------------------------------------------------------------------------

CHILD = """
import sys
from helpers import datasets, download
download.DATA_URL, download.FILES["timemachine.txt"] = sys.argv[2:]
print(ascii(datasets.time_machine("book", sys.argv[1]).raw))
"""


def child(cache: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(Path(helpers.__file__).parents[1])}
    command = [sys.executable, "-c", CHILD, str(cache), download.DATA_URL, sha1(FILES[TEXT])]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.torture
@pytest.mark.parametrize("step", range(30))
def test_a_download_killed_at_any_time_leaves_no_wrong_file(step, cache):
    """The process ends somewhere in the download; the next one gets the file."""
    with playing("sends small pieces") as paths:
        process = child(cache)
        while not paths and process.poll() is None:
            time.sleep(0.002)
        time.sleep(0.004 * step)
        process.kill()
        process.communicate()
    assert left(cache).get(TEXT) in (None, FILES[TEXT])
    with playing(BOOK):
        assert datasets.time_machine("book", cache).raw == NOVEL


@pytest.mark.torture
@pytest.mark.parametrize("trial", range(20))
def test_processes_that_fetch_at_once_all_get_the_file(trial, cache):
    with playing(["sends small pieces", BOOK][trial % 2]):
        processes = [child(cache) for _ in range(2 + trial % 2)]
        assert {process.communicate()[0].strip() for process in processes} == {ascii(NOVEL)}
    assert left(cache) == {TEXT: FILES[TEXT]}
