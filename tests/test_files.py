"""Files that are whole or not there."""

import hashlib
import io
import os
import pickle
import time

import numpy as np
import pytest
import torch

from helpers import files

PAYLOAD = {"weights": torch.arange(6.0).view(2, 3), "names": ["a", "b"], "size": 3}


def assert_same(found) -> None:
    assert torch.equal(found.pop("weights"), PAYLOAD["weights"])
    assert found == {"names": ["a", "b"], "size": 3}


def test_what_is_saved_comes_back(tmp_path):
    files.save(tmp_path / "new" / "folder" / "x.pt", PAYLOAD)
    assert_same(files.load(str(tmp_path / "new" / "folder" / "x.pt")))
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["x.pt"]


def test_the_old_file_is_kept_on_request(tmp_path):
    for number in range(3):
        files.save(tmp_path / "x.pt", number, keep_previous=True)
    assert (files.load(tmp_path / "x.pt"), files.load(files.previous(tmp_path / "x.pt"))) == (2, 1)


def test_every_flipped_bit_of_the_beginning_and_some_of_the_rest_are_found(tmp_path):
    path = tmp_path / "x.pt"
    files.save(path, PAYLOAD)
    intact = path.read_bytes()
    for place in [*range(100), *range(100, len(intact), 37)]:
        damaged = bytearray(intact)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(files.DamagedFile, match=r"x\.pt"):
            files.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"text", bytes(range(256)) * 9, pickle.dumps({"size": 1}, protocol=2)]
)
def test_a_file_of_anything_else_is_refused_and_kept(content, tmp_path):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(files.DamagedFile, match="not a file of this project"):
        files.load(tmp_path / "x.pt")
    assert (tmp_path / "x.pt").read_bytes() == content


def test_a_missing_file_and_a_folder_are_errors_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.load(tmp_path / "none.pt")
    with pytest.raises(IsADirectoryError):
        files.load(tmp_path)


def test_numbers_of_numpy_come_back_as_pythons(tmp_path):
    """And what holds them keeps its class and its attributes, which torch gives to a state_dict."""
    weights = torch.nn.Linear(2, 1).state_dict()
    files.save(tmp_path / "x.pt", {"n": [np.int64(3), (np.float64(0.5), np.bool_(True))], "weights": weights})
    found = files.load(tmp_path / "x.pt")
    assert repr(found["n"]) == "[3, (0.5, True)]"
    assert type(found["weights"]) is type(weights)
    assert found["weights"]._metadata == weights._metadata


@pytest.mark.parametrize("content", [object(), print, np.zeros(2)])
def test_what_could_not_be_read_back_is_refused_when_it_is_saved(content, tmp_path):
    files.save(tmp_path / "x.pt", 1)
    with pytest.raises(TypeError, match=r"cannot be saved to .*x\.pt.*something other than tensors"):
        files.save(tmp_path / "x.pt", {"content": content})
    assert files.load(tmp_path / "x.pt") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


def test_whether_it_can_be_read_back_is_tried_without_the_numbers(tmp_path, monkeypatch):
    """So a save costs little more than writing; that each number is as it was written, the checksum tells."""
    load, sizes = torch.load, []
    monkeypatch.setattr(torch, "load", lambda file, **how: sizes.append(len(file.getvalue())) or load(file, **how))
    files.save(tmp_path / "x.pt", {"weights": torch.zeros(1_000_000), "names": ["a"]})
    assert len(sizes) == 1
    assert sizes[0] < 10_000


def test_no_code_is_run_from_a_file(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    with pytest.raises(TypeError, match="something other than tensors"):
        files.save(tmp_path / "x.pt", {"trap": Trap()})
    buffer = io.BytesIO()
    torch.save({"trap": Trap()}, buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest().encode()
    (tmp_path / "x.pt").write_bytes(files.HEADER + digest + b"\n" + buffer.getvalue())
    with pytest.raises(files.DamagedFile, match="something other than tensors"):
        files.load(tmp_path / "x.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    files.save(tmp_path / "x.pt", 1)

    def full(*_):
        raise OSError("no space left on device")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, full)
            with pytest.raises(OSError, match="no space"):
                files.save(tmp_path / "x.pt", 2)
        assert files.load(tmp_path / "x.pt") == 1
        assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


def test_left_overs_of_killed_processes_are_removed_and_those_of_running_ones_are_not(tmp_path):
    old, new = tmp_path / "x.pt.1.unfinished", tmp_path / "x.pt.2.unfinished"
    for left_over in (old, new):
        left_over.write_bytes(b"half")
    os.utime(old, (time.time() - 90,) * 2)
    files.save(tmp_path / "x.pt", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.pt", "x.pt.2.unfinished"]


def test_a_place_that_cannot_be_written_is_found_out(tmp_path):
    files.check_writable(tmp_path / "new" / "x.pt")
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(IsADirectoryError, match="is a folder"):
        files.check_writable(tmp_path)
