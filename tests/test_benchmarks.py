"""The timer of the benchmarks, on rivals whose times are known."""

import json

import pytest

from benchmarks import common


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands still unless a rival moves it."""
    now = [100.0]
    monkeypatch.setattr(common.time, "perf_counter", lambda: now[0])
    return now


def rival(name, clock, calls, seconds):
    """Return a function that takes the first of `seconds` in the first call, and so on."""
    left = iter(seconds)

    def run(number):
        calls.append((name, number))
        clock[0] += next(left)
        return f"{name}{number}"

    return run


def test_rivals_take_turns_and_the_first_calls_do_not_count(clock):
    calls = []
    rivals = {"a": rival("a", clock, calls, [50, 3, 1, 2]), "b": rival("b", clock, calls, [0, 7, 9, 5])}
    timings = common.alternate(rivals, rounds=3)
    assert calls == [("a", 0), ("b", 0)] + [(name, number) for number in range(3) for name in "ab"]
    assert timings["a"] == ([3, 1, 2], ["a0", "a1", "a2"])
    assert [timings[name].median for name in "ab"] == [2, 7]


def test_without_warming_up_every_call_counts(clock):
    timings = common.alternate({"a": rival("a", clock, [], [4])}, rounds=1, warm_up=False)
    assert timings["a"].seconds == [4]


def test_no_round_is_no_measurement():
    with pytest.raises(ValueError, match="rounds is 0"):
        common.alternate({}, rounds=0)


def test_a_report_is_printed_and_written_with_machine_and_versions(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(common, "BUILD", tmp_path / "build")
    timings = {"loop": common.Timing([2.0, 4.0, 3.0], []), "batched": common.Timing([0.5], [])}
    facts = {"loop": {"sentences": 5}, "batched": {"sentences": 7}}
    written = json.loads(common.report("race", timings, facts, "the sample").read_text(encoding="utf-8"))
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "the sample"
    assert printed[2].split() == ["loop", "3.000", "(2.000–4.000)", "5"]
    assert "torch" in printed[-1]
    assert {"processor", "cores", "threads", "python", "torch", "numpy", "date"} <= set(written["machine"])
    assert written["rows"][0] == {"rival": "loop", "median": 3.0, "seconds": [2.0, 4.0, 3.0], "sentences": 5}
