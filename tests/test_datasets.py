"""Which text is used, when the network is asked, and what is left on disk.

The book's server is played by a local one whose answers each test prescribes; "offline" is a port nobody listens on.
"""

import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pooch
import pytest

import helpers
from helpers import cached, datasets, download

NAME = "timemachine.txt"
CONTENT = "The Time Traveller’s café, by H. G. Wells\n"
BYTES = CONTENT.encode()
SHA1 = "sha1:" + hashlib.sha1(BYTES).hexdigest()

PAIRS = "Go.\tVa\u202f!\nHi.\tÇa va\u202f?\n"


def archive(pairs: bytes = PAIRS.encode()) -> bytes:
    """An archive like the book's, of these sentence pairs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("fra-eng/_about.txt", "about")
        packed.writestr("fra-eng/fra.txt", pairs)
    return content.getvalue()


ARCHIVE, ZIP = archive(), "fra-eng.zip"


@pytest.fixture(autouse=True)
def _settings(publish):
    publish({NAME: BYTES, ZIP: ARCHIVE}, PAIRS)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setattr(download, "DATA_URL", f"http://127.0.0.1:{unheard.getsockname()[1]}/")
        yield


@pytest.fixture
def server(monkeypatch):
    """A server whose `answers` go out in turn, the last one repeatedly.

    An answer is the bytes of a file or a status code. What else a server may do is in test_faults.
    """
    state = SimpleNamespace(answers=[BYTES], paths=[], halfway=lambda: None, drip=0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = state.answers[min(len(state.paths), len(state.answers) - 1)]
            state.paths.append(self.path)
            body = answer if isinstance(answer, bytes) else BYTES
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.drip:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(state.drip)
                return
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            state.halfway()
            self.wfile.write(body[len(body) // 2 :])

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as local:
        threading.Thread(target=local.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setattr(download, "DATA_URL", f"http://127.0.0.1:{local.server_port}/")
        yield state
        local.shutdown()


def put(cache: Path, content: bytes) -> None:
    cache.mkdir()
    (cache / NAME).write_bytes(content)


# --- the book's file -------------------------------------------------------------------------------------------------


def test_addresses_names_and_checksums_are_those_of_the_book(monkeypatch):
    from helpers.book import d2l

    monkeypatch.undo()
    assert download.DATA_URL == d2l.DATA_URL
    book = [d2l.DATA_HUB[name] for name in ("time_machine", "fra-eng")]
    assert {address: f"sha1:{sha1}" for address, sha1 in book} == {
        download.DATA_URL + name: known for name, known in download.FILES.items()
    }


@pytest.mark.parametrize("origin", ["book", "auto"])
def test_an_intact_cached_file_is_used_without_network(origin, cache, offline, capsys):
    put(cache, BYTES)
    text = datasets.time_machine(origin, cache)
    assert (text.title, text.origin, text.raw) == ("The Time Machine", "book", CONTENT)
    assert capsys.readouterr().out == ""


def test_a_download_is_kept_and_used_the_next_time(cache, server):
    first, second = (datasets.time_machine("book", cache) for _ in range(2))
    assert first.raw == second.raw == CONTENT
    assert server.paths == [f"/{NAME}"]
    assert [path.name for path in cache.iterdir()] == [NAME]


def test_auto_downloads_the_book_and_says_nothing(cache, server, capsys):
    assert datasets.time_machine("auto", cache).origin == "book"
    assert capsys.readouterr().out == ""


def test_a_download_has_its_final_name_only_when_it_is_complete(cache, server):
    seen = []
    server.halfway = lambda: seen.append((cache / NAME).exists())
    datasets.time_machine("book", cache)
    assert seen == [False]
    assert (cache / NAME).read_bytes() == BYTES


def test_a_damaged_cached_file_is_fetched_again(cache, server):
    put(cache, b"half of the no")
    assert datasets.time_machine("book", cache).raw == CONTENT
    assert (cache / NAME).read_bytes() == BYTES


def test_a_damaged_cached_file_is_never_used_offline(cache, offline, capsys):
    put(cache, b"half of the no")
    with pytest.raises(cached.DataError, match="cannot be reached"):
        datasets.time_machine("book", cache)
    assert datasets.time_machine("auto", cache).origin == "sample"
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("trouble", [503, b"another novel"])
def test_a_server_that_fails_once_is_asked_again(trouble, cache, server):
    server.answers = [trouble, BYTES]
    assert datasets.time_machine("book", cache).raw == CONTENT
    assert len(server.paths) == 2


def test_auto_asks_once_and_then_falls_back(cache, server, capsys):
    server.answers = [503, BYTES]
    assert datasets.time_machine("auto", cache).origin == "sample"
    assert len(server.paths) == 1


def test_a_slow_but_honest_line_gets_its_file(cache, server, monkeypatch):
    monkeypatch.setattr(download, "GRACE", 0.1)
    monkeypatch.setattr(download, "SLOWEST", 1)  # far below the drip's 100 a second, for a busy machine
    server.drip = 0.01
    assert datasets.time_machine("book", cache).raw == CONTENT


def test_the_limits_are_patient_with_a_slow_line_and_not_with_silence():
    """`auto` asks once, and a watch over all that can hold up an answer ends each silence."""
    assert download.SILENCE < 10
    assert 10 * download.SLOWEST <= 20_000  # bytes a second, of a slow but honest line
    assert download.LARGEST > 2 * 5_000_000  # the archive has about five million bytes


def test_a_name_that_is_looked_up_for_ever_is_given_up(cache, monkeypatch):
    monkeypatch.setattr(download, "SILENCE", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    started = time.perf_counter()
    assert datasets.time_machine("auto", cache).origin == "sample"
    assert time.perf_counter() - started < 2


def test_what_is_kept_can_be_read_by_the_whole_class(cache, server):
    before = os.umask(0o022)
    try:
        server.answers = [BYTES, ARCHIVE]
        datasets.time_machine("book", cache)
        datasets.english_french("book", cache)
    finally:
        os.umask(before)
    for name in (NAME, ZIP, "fra-eng/fra.txt"):
        assert (cache / name).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("present", [False, True])
def test_left_overs_of_killed_downloads_are_removed_and_those_of_running_ones_are_not(present, cache, server):
    """Also where the file is whole by now: the call after the killed one may have come too early to clean up."""
    cache.mkdir()
    if present:
        (cache / NAME).write_bytes(BYTES)
    old, new, other = (cache / name for name in (f".{NAME}.a.part", f".{NAME}.b.part", "mine.part"))
    for file in (old, new, other):
        file.write_bytes(b"half")
    for file in (old, other):
        os.utime(file, (time.time() - 4000,) * 2)
    datasets.time_machine("book", cache)
    assert {file.name for file in cache.iterdir()} == {NAME, new.name, other.name}


def test_left_overs_beside_the_extracted_file_are_removed(cache, offline):
    path = put_pairs(cache, text=PAIRS.encode())
    old = path.with_name(".fra.txt.a.part")
    old.write_bytes(b"half")
    os.utime(old, (time.time() - 4000,) * 2)
    datasets.english_french("book", cache)
    assert not old.exists()


def test_a_left_over_that_a_neighbour_removes_first_is_no_error(cache, server, monkeypatch):
    cache.mkdir()
    (cache / f".{NAME}.a.part").write_bytes(b"half")
    os.utime(cache / f".{NAME}.a.part", (time.time() - 4000,) * 2)

    def gone(*_, **__):
        raise FileNotFoundError(2, "No such file or directory")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", gone)
        assert cached.read_intact(cache / NAME, "sha1", "") is None
    assert datasets.time_machine("book", cache).origin == "book"


def test_a_path_too_long_is_a_clear_error_and_the_sample_for_auto(tmp_path, capsys):
    for load in (datasets.time_machine, datasets.english_french):
        with pytest.raises(cached.DataError, match=r"cannot be used .*File name too long"):
            load("book", tmp_path / ("x" * 300))
        assert load("auto", tmp_path / ("x" * 300)).origin == "sample"


@pytest.mark.parametrize(("folder", "message"), [("~no-such-user/x", "home is unknown"), ("a\0b", "no path may hold")])
def test_an_impossible_cache_folder_is_named(folder, message, capsys):
    with pytest.raises(cached.DataError, match=message):
        datasets.time_machine("book", folder)
    assert datasets.time_machine("auto", folder).origin == "sample"


def test_offline_book_is_an_error_that_names_the_address_and_a_way_out(cache, offline):
    with pytest.raises(cached.DataError, match=r"127\.0\.0\.1.*timemachine\.txt cannot.*copy the file.*sample"):
        datasets.time_machine("book", cache)


def test_offline_auto_falls_back_with_one_line_that_says_so(cache, offline, capsys):
    text = datasets.time_machine("auto", cache)
    printed = capsys.readouterr().out
    assert text.origin == "sample"
    assert printed.startswith("Using the embedded sample instead of the book's text: ")
    assert printed.count("\n") == 1


def test_an_unusable_cache_folder_is_a_clear_error_for_book(tmp_path, server):
    (tmp_path / "file").write_text("in the way")  # a path below a file is unusable for root, too
    with pytest.raises(cached.DataError, match=r"cache folder .*file.cache.* set MODERN_RNN_CACHE"):
        datasets.time_machine("book", tmp_path / "file" / "cache")


def test_an_unusable_cache_folder_means_the_sample_for_auto(tmp_path, server, capsys):
    (tmp_path / "file").write_text("in the way")
    assert datasets.time_machine("auto", tmp_path / "file" / "cache").origin == "sample"
    assert "cache folder" in capsys.readouterr().out


def test_the_file_is_read_as_utf8_whatever_the_locale(cache):
    put(cache, BYTES)
    code = (
        "import locale, sys; from helpers import datasets, download\n"
        "download.FILES['timemachine.txt'] = sys.argv[2]\n"
        "print(locale.getpreferredencoding(False), ascii(datasets.time_machine('book', sys.argv[1]).raw))"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    env = os.environ | plain | {"PYTHONPATH": str(Path(helpers.__file__).parents[1])}
    command = [sys.executable, "-c", code, str(cache), SHA1]
    printed = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    encoding, raw = printed.strip().split(" ", 1)
    assert encoding.lower() not in ("utf-8", "utf8")  # else this test shows nothing
    assert raw == ascii(CONTENT)


# --- the sample ------------------------------------------------------------------------------------------------------


def test_the_sample_is_long_enough_to_train_on():
    text = datasets.time_machine("sample")
    assert text.origin == "sample"
    assert len(text.raw) >= 40_000


def test_the_sample_needs_neither_network_nor_cache(tmp_path, server, capsys):
    datasets.time_machine("sample", tmp_path / "never")
    assert server.paths == []
    assert not (tmp_path / "never").exists()
    assert capsys.readouterr().out == ""


def test_the_sample_is_titled_by_its_first_line():
    text = datasets.time_machine("sample")
    assert text.title
    assert text.title == text.raw.splitlines()[0].strip()


def test_the_sample_is_mostly_letters_and_spaces():
    raw = datasets.time_machine("sample").raw
    assert sum(c.isascii() and (c.isalpha() or c.isspace()) for c in raw) > 0.9 * len(raw)


def test_a_text_prints_its_title_origin_and_length():
    assert str(datasets.Text("A", "sample", "x" * 1234)) == "A (sample, 1,234 characters)"


# --- sentence pairs --------------------------------------------------------------------------------------------------


def put_pairs(cache: Path, *, zipped: bytes | None = None, text: bytes | None = None) -> Path:
    """Lay the archive, or the extracted file, into the cache; return where the extracted file belongs."""
    path = cache / "fra-eng" / "fra.txt"
    path.parent.mkdir(parents=True)
    if zipped is not None:
        (cache / ZIP).write_bytes(zipped)
    if text is not None:
        path.write_bytes(text)
    return path


def files(cache: Path) -> set[str]:
    return {path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file()}


def test_the_checksum_of_the_pairs_is_that_of_the_books_extracted_file(monkeypatch):
    monkeypatch.undo()
    assert datasets.PAIRS == "fra-eng/fra.txt"
    assert datasets.PAIRS_SHA256 == "0bb85dbaa1c896844649094d7eaf2e34bee34e84fe362b26ce7e8f2e12aae104"


@pytest.mark.parametrize("origin", ["book", "auto"])
@pytest.mark.parametrize(
    "present", [{"text": PAIRS.encode()}, {"zipped": ARCHIVE}, {"zipped": b"", "text": PAIRS.encode()}]
)
def test_cached_pairs_are_used_without_network(present, origin, cache, offline, capsys):
    """Extracted, with or without an intact archive beside it; or the archive alone, which is extracted."""
    path = put_pairs(cache, **present)
    text = datasets.english_french(origin, cache)
    assert (text.title, text.origin) == ("English–French sentence pairs from Tatoeba", "book")
    assert text.raw == PAIRS
    assert path.read_bytes() == PAIRS.encode()
    assert capsys.readouterr().out == ""
    assert files(cache) == {"fra-eng/fra.txt"} | ({ZIP} if "zipped" in present else set())


def test_intact_pairs_are_read_not_extracted_again(cache, offline):
    path = put_pairs(cache, zipped=ARCHIVE, text=PAIRS.encode())
    os.utime(path, (1, 1))
    datasets.english_french("book", cache)
    assert path.stat().st_mtime == 1


@pytest.mark.parametrize("damaged", [b"", PAIRS.encode()[:-5], PAIRS.encode() + b"x"])
def test_damaged_pairs_are_replaced_from_the_archive(damaged, cache, offline):
    path = put_pairs(cache, zipped=ARCHIVE, text=damaged)
    assert datasets.english_french("book", cache).raw == PAIRS
    assert path.read_bytes() == PAIRS.encode()
    assert files(cache) == {ZIP, "fra-eng/fra.txt"}


def test_the_archive_is_downloaded_once_and_extracted(cache, server, capsys):
    server.answers = [ARCHIVE]
    for origin in ("auto", "book", "auto"):
        assert datasets.english_french(origin, cache).raw == PAIRS
    assert server.paths == [f"/{ZIP}"]
    assert files(cache) == {ZIP, "fra-eng/fra.txt"}
    assert capsys.readouterr().out == ""


def test_a_damaged_archive_is_fetched_again(cache, server):
    server.answers = [ARCHIVE]
    put_pairs(cache, zipped=ARCHIVE[:50], text=b"damaged, too")
    assert datasets.english_french("book", cache).raw == PAIRS
    assert server.paths == [f"/{ZIP}"]


def test_a_server_that_fails_once_is_asked_again_for_book_and_not_for_auto(cache, server):
    server.answers = [503, ARCHIVE]
    assert datasets.english_french("auto", cache).origin == "sample"
    assert len(server.paths) == 1
    server.paths.clear()
    assert datasets.english_french("book", cache).raw == PAIRS
    assert len(server.paths) == 2


def test_another_archive_is_refused_and_nothing_is_extracted(cache, server):
    server.answers = [archive(b"other\tpairs\n")]
    with pytest.raises(cached.DataError, match="checksum"):
        datasets.english_french("book", cache)
    assert files(cache) == set()


@pytest.mark.parametrize("damaged", [None, b"half of the pai"])
def test_offline_pairs_are_an_error_for_book_and_the_sample_for_auto(damaged, cache, offline, capsys):
    put_pairs(cache, text=damaged, zipped=damaged)
    with pytest.raises(cached.DataError, match=r"fra-eng\.zip cannot be reached.*copy the file.*sample"):
        datasets.english_french("book", cache)
    assert capsys.readouterr().out == ""
    text = datasets.english_french("auto", cache)
    printed = capsys.readouterr().out
    assert text == datasets.english_french("sample")
    assert printed.startswith("Using the embedded sample instead of the book's sentence pairs: ")
    assert printed.count("\n") == 1


def test_extraction_that_fails_halfway_leaves_no_half_file(cache, offline, monkeypatch):
    put_pairs(cache, zipped=ARCHIVE)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(cached.DataError, match=r"cannot be used \(No space left on device\)"):
        datasets.english_french("book", cache)
    assert files(cache) == {ZIP}


def test_the_extracted_file_has_its_name_only_when_it_is_complete(cache, offline, monkeypatch):
    path, replace, seen = put_pairs(cache, zipped=ARCHIVE), os.replace, []

    def watched(old, new):
        seen.append((path.exists(), Path(old).read_bytes()))
        replace(old, new)

    monkeypatch.setattr(os, "replace", watched)
    datasets.english_french("book", cache)
    assert seen == [(False, PAIRS.encode())]


def test_an_unusable_cache_folder_is_a_clear_error_for_the_pairs_too(tmp_path, server):
    server.answers = [ARCHIVE]
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(cached.DataError, match=r"cache folder .*file.cache.* set MODERN_RNN_CACHE"):
        datasets.english_french("book", tmp_path / "file" / "cache")
    (tmp_path / "fra-eng").write_text("in the way")
    with pytest.raises(cached.DataError, match=r"cache folder .* cannot be used"):
        datasets.english_french("book", tmp_path)


def test_the_pairs_obey_the_same_settings(monkeypatch, cache, offline):
    put_pairs(cache, text=PAIRS.encode())
    monkeypatch.setenv("MODERN_RNN_CACHE", str(cache))
    assert datasets.english_french().raw == PAIRS
    monkeypatch.setenv("MODERN_RNN_DATA", "sample")
    assert datasets.english_french().origin == "sample"
    assert datasets.english_french("book").raw == PAIRS
    with pytest.raises(ValueError, match=r"^origin is 'boook'"):
        datasets.english_french("boook")


def test_the_sample_pairs_are_the_columns_of_the_file(server, capsys):
    rows = (Path(helpers.__file__).parent / "samples" / "pairs.tsv").read_text(encoding="utf-8").splitlines()
    english, french, portuguese = zip(*(row.split("\t") for row in rows), strict=True)
    for text, language, column in (
        (datasets.english_french("sample"), "French", french),
        (datasets.english_portuguese(), "Portuguese", portuguese),
    ):
        lines = text.raw.split("\n")
        assert lines.pop() == ""
        assert lines == [f"{a}\t{b}" for a, b in zip(english, column, strict=True)]
        assert len(lines) == 5993
        assert (text.origin, text.title) == ("sample", f"English–{language} sentence pairs")
    assert server.paths == []
    assert capsys.readouterr().out == ""


# --- settings --------------------------------------------------------------------------------------------------------


def test_an_unknown_origin_is_named():
    with pytest.raises(ValueError, match=r"^origin is 'boook'; choose one of auto, book, sample"):
        datasets.time_machine("boook")


def test_an_unknown_origin_in_the_environment_is_named_with_the_variable(monkeypatch):
    monkeypatch.setenv("MODERN_RNN_DATA", "boook")
    with pytest.raises(ValueError, match="MODERN_RNN_DATA is 'boook'"):
        datasets.time_machine()


def test_the_environment_chooses_the_origin(monkeypatch, cache, offline):
    monkeypatch.setenv("MODERN_RNN_DATA", "book")
    with pytest.raises(cached.DataError):
        datasets.time_machine(cache=cache)
    monkeypatch.setenv("MODERN_RNN_DATA", "sample")
    assert datasets.time_machine(cache=cache).origin == "sample"


def test_the_default_origin_is_auto(cache, server):
    assert datasets.time_machine(cache=cache).origin == "book"


def test_the_argument_wins_over_the_environment(monkeypatch, cache, server):
    monkeypatch.setenv("MODERN_RNN_DATA", "sample")
    assert datasets.time_machine("book", cache).origin == "book"


def test_the_environment_chooses_the_cache_folder(monkeypatch, cache, offline):
    put(cache, BYTES)
    monkeypatch.setenv("MODERN_RNN_CACHE", str(cache))
    assert datasets.time_machine("book").raw == CONTENT


def test_the_cache_argument_wins_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MODERN_RNN_CACHE", str(tmp_path / "environment"))
    assert cached.cache_folder(tmp_path / "argument") == tmp_path / "argument"


def test_without_settings_the_users_cache_folder_is_taken():
    assert cached.cache_folder() == Path(pooch.os_cache("modern-rnn"))


def test_a_tilde_in_the_cache_folder_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cached.cache_folder("~/texts") == tmp_path / "texts"


@pytest.mark.parametrize(("setting", "short"), [("sample", True), ("auto", False), ("book", False), (None, False)])
def test_a_short_run_is_for_those_who_ask_for_the_sample_by_name(setting, short, monkeypatch):
    if setting:
        monkeypatch.setenv("MODERN_RNN_DATA", setting)
    assert datasets.short_run() is short
