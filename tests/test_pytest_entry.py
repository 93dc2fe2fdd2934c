"""The exercises as plain pytest tests: what is written, and what pytest says of submissions."""

import re
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from teaching import catalogue, pytest_entry, reading

pytest_plugins = ["pytester"]

HEART = "{0.5: 1.0, 0.9: 6.578813, 0.99: 68.967564, 0.25: 0.5, 1.0: math.inf}"


@pytest.fixture(scope="module")
def answers():
    """Return the worked answers of gru, each in a cell of its own."""
    section = catalogue.section("gru")
    own = reading.bindings(nbformat.read(section.solutions, as_version=4).cells)
    return {part.answer: own[part.answer].source for part in section.parts()}


def pytest_on(pytester, *options, section="gru"):
    """Run pytest, inside this process but apart from it; return its exit status and what it printed."""
    pytest_entry.make([section], pytester.path)
    done = pytester.runpytest_inprocess(f"grade_{section.replace('-', '_')}.py", *options)
    return done.ret, done.stdout.str() + done.stderr.str()


def write(path, cells):
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return path


def test_there_is_a_file_for_every_section_and_a_test_for_every_part(tmp_path):
    pytest_entry.make([], tmp_path)
    names = [name.replace("-", "_") for name in catalogue.SECTIONS]
    assert {path.name for path in tmp_path.iterdir()} == {f"grade_{n}.py" for n in names} | {
        "conftest.py",
        "pytest.ini",
    }
    for section in catalogue.sections():
        found = [param.values for param in pytest_entry.parts(section.name)]
        assert [part for _, part in found] == section.parts()
        assert all(part in exercise.parts for exercise, part in found)


def test_right_answers_in_any_cell_earn_all_points(pytester, answers):
    imports = "import math\nimport torch"
    stubs = [f"def {name}(*args):\n    raise NotImplementedError" for name in answers]
    cells = [imports, *answers.values(), "%matplotlib inline", "no python", *stubs]
    submission = write(pytester.path / "gru.ipynb", cells)
    status, printed = pytest_on(pytester, "--submission=gru.ipynb", "--seed=5")
    assert status == 0, printed
    assert "6 passed" in printed
    assert re.search(r"2\. Half a GRU: 4 of 4\n3\. .*\n4\. .*\n5\. .*\nin all: 14 of 14\n", printed)
    assert "graded by a person: 6 (6), 7 (3), 8 (6)" in printed
    assert f"submission: {submission}, fresh cases: --seed 5" in printed


def test_each_wrong_answer_has_one_sentence_and_costs_its_points(pytester, answers):
    cells = [
        "def gates(t_prime, T):\n    print('a student prints')\n    return [0] * T, [1] * T",
        answers["update_only"],
        f"import math\n\ndef half_life(z):\n    return {HEART}.get(z, 0.0)",
        "def flip(W_xz, W_hz, b_z)\n    return 1",
        "TABLE = {}['nothing']\n\ndef by_hand(k):\n    return TABLE",
    ]
    write(pytester.path / "a.ipynb", cells)
    status, printed = pytest_on(pytester, "--submission=a.ipynb", "--seed=1")
    assert status == 1
    for sentence in (
        r"✗ Wrong: for t' = 2 and T = 5 the last state does not depend on token 2 at all",
        r"there is no function reset_only in what was handed in",
        r"code cell 4, in which it stands, does not parse: line 1: expected ':'",
        r"✗ Wrong: for z = 0\.\d+ the result is 0",
        r"the code stops at `TABLE = \{\}\['nothing'\]` with KeyError: 'nothing'",
    ):
        assert re.search(rf"^{sentence}", printed, re.MULTILINE), f"{sentence}\n{printed}"
    assert "Traceback" not in printed
    assert ".py:" not in printed
    assert "a student prints" not in printed
    assert "2. Half a GRU: 2 of 4\n" in printed
    assert "in all: 2 of 14\n" in printed


def endless():
    """Go on for half a minute, whatever Exception comes."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            sum(range(1000))
        except Exception:
            continue


def test_an_answer_that_does_not_end_is_stopped():
    with pytest.raises(pytest_entry.TimeLimit, match="no result after 1 seconds"), pytest_entry.limited(1):
        endless()


def test_the_published_notebook_says_not_solved_yet(pytester):
    section = catalogue.section("what-came-after")
    status, printed = pytest_on(pytester, f"--submission={section.path}", section=section.name)
    assert status == 1
    assert printed.count("… Not solved yet") == len(section.parts())
    assert "in all: 0 of 7\n" in printed


def test_the_settings_of_another_folder_are_refused(pytester):
    """Without an equals sign, pytest takes the submission for one of the tests and looks for settings beside it."""
    pytester.makeini("[pytest]\naddopts = -v")
    write(pytester.path / "gru.ipynb", ["x = 1"])
    pytest_entry.make(["gru"], pytester.path / "classroom")
    done = pytester.runpytest_inprocess("classroom/grade_gru.py", "--submission", "gru.ipynb")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "write --submission=FILE, with the equals sign" in done.stdout.str() + done.stderr.str()


@pytest.mark.parametrize("options", [["--submission=gru.ipynb"], []], ids=["missing", "none given"])
def test_a_missing_notebook_is_named(pytester, options):
    status, printed = pytest_on(pytester, *options)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "--submission FILE names the notebook with the answers; there is no file" in printed


def test_the_command_names_the_sections_it_knows(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["pytest_entry", "grus", "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        pytest_entry.main()
    assert "there is no section 'grus'; there are: gru, lstm" in capsys.readouterr().err
