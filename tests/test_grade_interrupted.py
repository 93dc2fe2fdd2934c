"""Grading that is stopped in the middle, by Ctrl-C or by force: the same line goes on, and the marks are the same."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import common

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]
STUDENTS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Submissions that all differ; every other one is right."""
    folder = tmp_path_factory.mktemp("submissions")
    for number in range(STUDENTS):
        right = "math.inf if z == 1 else math.log(0.5, z)" if number % 2 else "0.0"
        (folder / f"student-{number:02d}.py").write_text(f"def half_life(z):\n    me = {number}\n    return {right}\n")
    return folder


def line(folder: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "teaching.grade", str(folder), "--out", str(out), "--seed", "1", "--seconds", "60"]


def graded(folder: Path, out: Path) -> str:
    done = subprocess.run(line(folder, out), cwd=common.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{STUDENTS} students: " in done.stdout
    return (out / "grades.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def uninterrupted(folder, tmp_path_factory):
    return graded(folder, tmp_path_factory.mktemp("out"))


def stopped(folder: Path, out: Path, with_signal: int, *, worker: bool = False) -> tuple[int, str, set[str]]:
    """Send a signal once two results are there; return the exit status, what was printed, and the results' names.

    worker: to one of the processes that mark, not to the grader.
    """
    said = out / "said.txt"
    with said.open("w") as stream:
        process = subprocess.Popen(line(folder, out), cwd=common.ROOT, stdout=stream, stderr=stream)
    while len(list(out.glob("results/*.json"))) < 2:
        assert process.poll() is None, said.read_text()
        time.sleep(0.01)
    workers = _children(process.pid)
    os.kill(workers[-1] if worker else process.pid, with_signal)
    process.wait(60)
    until = time.monotonic() + 30
    while any(map(_lives, workers)):
        assert time.monotonic() < until, "a process that marks goes on without the grader"
        time.sleep(0.05)
    assert not (out / "grades.csv").exists()
    results = list(out.glob("results/*.json"))
    assert 2 <= len(results) < STUDENTS, "this stopped nothing"
    assert all(json.loads(path.read_text())["parts"] for path in results), "a result was written by halves"
    return process.returncode, said.read_text(), {path.name for path in results}


def _children(process: int) -> list[int]:
    if sys.platform != "linux":  # elsewhere nobody tells
        return []
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_says_how_far_it_came_and_the_same_line_goes_on(folder, uninterrupted, tmp_path):
    status, printed, kept = stopped(folder, tmp_path, signal.SIGINT)
    assert status == 1
    assert f"stopped: {len(kept)} of {STUDENTS} are graded and kept; the same line goes on" in printed
    assert "Traceback" not in printed
    before = {name: (tmp_path / "results" / name).stat().st_mtime_ns for name in kept}
    assert graded(folder, tmp_path) == uninterrupted
    assert {name: (tmp_path / "results" / name).stat().st_mtime_ns for name in kept} == before, "graded again"


def test_the_same_line_goes_on_after_the_grader_was_killed(folder, uninterrupted, tmp_path):
    status, _printed, _kept = stopped(folder, tmp_path, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert graded(folder, tmp_path) == uninterrupted


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which processes there are")
def test_a_process_that_the_system_ends_is_told(folder, uninterrupted, tmp_path):
    status, printed, kept = stopped(folder, tmp_path, signal.SIGKILL, worker=True)
    assert status == 1
    assert "a process that grades has ended; if it did not say why, memory is short: take --workers 1" in printed
    assert f"stopped: {len(kept)} of {STUDENTS} are graded and kept; the same line goes on" in printed
    assert "Traceback" not in printed
    assert graded(folder, tmp_path) == uninterrupted
