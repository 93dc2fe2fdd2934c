"""The benchmarks: the timer, on rivals whose times are known; the page; the check; and what the rivals compute."""

import json
import re
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import check, common, growth, notebook_code, page, processes, run_all


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


def test_a_rival_that_times_itself_is_believed(clock):
    timings = common.alternate({"a": lambda number: {"seconds": 10 + number, "perplexity": number or None}}, rounds=3)
    assert timings["a"].seconds == [10, 11, 12]
    assert timings["a"].middle("seconds") == 11
    assert timings["a"].middle("perplexity") is None, "not reached in one of the rounds"


def test_a_ratio_is_that_of_the_same_rounds():
    assert common.ratio(common.Timing([2.0, 40.0, 6.0], []), common.Timing([1.0, 10.0, 2.0], [])) == 3


# --- processes of their own ------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process its peak memory in this way")
def test_a_rival_in_a_process_of_its_own_tells_its_memory(tmp_path):
    (tmp_path / "benchmarks" / "rivals").mkdir(parents=True)
    for name in ("benchmarks/__init__.py", "benchmarks/rivals/__init__.py"):
        (tmp_path / name).touch()
    main = (processes.ROOT / "benchmarks" / "rivals" / "__main__.py").read_text(encoding="utf-8")
    (tmp_path / "benchmarks" / "rivals" / "__main__.py").write_text(main)
    lines = "def run(seed):\n    kept = bytearray(300 << 20)\n    print(len(kept))\n    return {'seconds': seed / 2}"
    (tmp_path / "benchmarks" / "rivals" / "small.py").write_text(lines)
    measured = processes.process("small", "run", tmp_path)
    ours = b"1" * (500 << 20)  # what the process that starts it has is not counted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "ROOT", tmp_path)
        assert measured(3)["seconds"] == 1.5
        assert 300 < measured(3)["peak MB"] < 400 < len(ours) >> 20
        with pytest.raises(RuntimeError, match="no attribute 'nothing'"):
            processes.process("small", "nothing", tmp_path)(0)


@pytest.mark.parametrize("module", ["book_017", "ours"])
def test_every_section_has_its_rivals(module):
    if module == "ours":
        found = pytest.importorskip("benchmarks.rivals.ours")
    else:
        found = pytest.importorskip("benchmarks.rivals.book_017")
    left_out = run_all.NOT_IN_THE_BOOK["book 0.17"] if module == "book_017" else set()
    for section in set(run_all.SECTIONS) - left_out:
        assert callable(getattr(found, section.replace("-", "_")))


# --- what is timed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [notebook_code.gru_from_scratch, notebook_code.min_gru])
def test_the_layers_of_the_notebooks_are_found_and_have_torchs_shapes(layer):
    outputs, state = layer(32, 8)(torch.randn(2, 5, 32))
    assert outputs.shape == (2, 5, 8)
    assert torch.equal(outputs[:, -1], state[0])


def test_the_counted_operations_are_those_of_torchs_own_counter():
    for changed in ({"layers": 1}, {"layers": 2}, {"layer": "LSTM"}, {"layer": "minGRU"}):
        sizes = growth.BASE | {"hidden size": 24, "batch": 3, "steps": 5} | changed
        alone, flops, moved = growth.products(sizes)
        with FlopCounterMode(display=False) as counter:
            alone()
        assert counter.get_total_flops() == flops
        assert 0 < moved < 4 * flops


def test_memory_grows_with_the_steps():
    few, many = (growth.kept(growth.training_step(growth.BASE | {"steps": T})[1]) for T in (8, 16))
    assert 1.6 * few < many < 2.1 * few


# --- the check -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "stored", "is_worse"),
    [([1.2, 1.3], [1.0, 1.1], True), ([1.05, 1.3], [1.0, 1.1], False), ([0.5], [1.0, 1.1], False)],
)
def test_a_ratio_is_worse_beyond_the_stored_spread(new, stored, is_worse):
    assert check.worse(new, stored) == is_worse


def result(benchmark: str, **seconds: list[float]) -> dict:
    rows = [{"rival": rival, "median": 1.0, "seconds": each} for rival, each in seconds.items()]
    return {"benchmark": benchmark, "machine": {"processor": "P", "date": "2026-01-01"}, "rows": rows}


def test_the_check_fails_for_what_became_slower_and_names_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(common, "BUILD", tmp_path)
    monkeypatch.setattr(check, "RATIOS", [("race", "ours", "book"), ("race", "book", "ours")])
    monkeypatch.setattr(check, "measured", lambda *_: True)
    common.write("race", result("race", ours=[3.0, 3.3], book=[1.0, 1.0]))
    monkeypatch.setattr(common, "stored", lambda name, folder=None, stored=common.stored: (
        stored(name, folder) if folder else result(name, ours=[1.0, 1.2], book=[1.0, 1.0])
    ))  # fmt: skip
    with pytest.raises(SystemExit, match=r"slower than it was: ours / book\. If"):
        check.main()
    printed = capsys.readouterr().out
    assert "WORSE   ours / book: 3.000–3.300, stored 1.000–1.200" in printed
    assert "as was  book / ours" in printed


def test_a_rival_that_was_not_measured_is_named():
    with pytest.raises(LookupError, match="race has not measured book"):
        check.rounds_of(result("race", ours=[1.0]), "ours", "book")


def test_every_ratio_can_be_taken_from_what_is_stored():
    for benchmark, name, other in check.RATIOS:
        assert check.rounds_of(common.stored(benchmark), name, other)


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_is_that_of_the_stored_results(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "HERE", tmp_path)
    monkeypatch.setattr(page.pictures, "IMAGES", tmp_path / "img")
    made = page.write().read_text(encoding="utf-8")
    stored = (processes.ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert made == stored, "write it anew: python -m benchmarks.page"
    pictures = re.findall(r"\]\((img/[\w.]+)\)", made)
    assert pictures
    assert all((tmp_path / picture).is_file() for picture in pictures)
    assert "![](" not in made, "a picture has no alternative text"


def test_the_readme_says_of_speed_what_was_measured():
    readme = (processes.ROOT / "README.md").read_text(encoding="utf-8")
    assert page.summary() in readme, f"write there instead:\n{page.summary()}"


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234"), (3, "3"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.012")]
)
def test_numbers_have_three_figures(value, text):
    assert page.number(value) == text


def test_an_unknown_benchmark_is_an_error_that_lists_the_known_ones(monkeypatch, capsys):
    import runpy

    monkeypatch.setattr(sys, "argv", ["benchmarks", "speed"])
    with pytest.raises(SystemExit):
        runpy.run_module("benchmarks", run_name="__main__")
    assert "there is no benchmark speed; there are: language_model" in capsys.readouterr().err
