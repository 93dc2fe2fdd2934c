"""Grading without running anything: files, students, sections, answers by name, the table and the pages."""

import csv
import dataclasses
import io
import json
import os
import re
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from test_project import make

from teaching import answers, authors, catalogue, feedback, grade, inbox, marks, reading, submissions, variants
from teaching.cells import cells_of
from teaching.inbox import File
from teaching.marking import Outcome
from teaching.students import Person, Roll
from tools import common

GRU = catalogue.section("gru")
LATE = datetime(2026, 5, 2)


def notebook(*cells: str) -> bytes:
    """A notebook with no more than it must have."""
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def lay(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


# --- files and students ----------------------------------------------------------------------------------------------

MOODLE = "Ada Lima_123456_assignsubmission_file_"


@pytest.mark.parametrize(
    ("names", "students"),
    [
        ([f"{MOODLE}/x.ipynb", "Bo_7_assignsubmission_file_/deep/er/gru.ipynb"], ["Ada Lima", "Bo"]),
        ([f"{MOODLE}x y.ipynb", f"class/{MOODLE}/a/b.ipynb"], ["Ada Lima", "Ada Lima"]),
        (["ada.ipynb", "bo-lin_gru.ipynb", "gru - Cy.ipynb", "bi_rnn_dana (2).py"], ["ada", "bo-lin", "Cy", "dana"]),
        (["ada/x.ipynb", "ada/y.ipynb", "bo/x.ipynb"], ["ada", "ada", "bo"]),
        (["ada/gru.ipynb", "ada/lstm.ipynb"], ["ada", "ada"]),
        (["week 3/ada.ipynb", "week 3/bo.ipynb"], ["ada", "bo"]),
        (["gru/ada.ipynb", "lstm/ada.ipynb"], ["ada", "ada"]),
        (["limaada_12345_678_gru.ipynb", "linbo_LATE_1_2_x.ipynb"], ["limaada", "linbo"]),
        (["gru.ipynb"], ["gru"]),
        (["Grumman.ipynb", "Lstmeister.ipynb"], ["Grumman", "Lstmeister"]),
    ],
    ids=str,
)
def test_students_are_told_from_names(names, students):
    assert authors.students([File(tuple(name.split("/")), LATE) for name in names]) == students


def test_every_file_is_found_and_what_cannot_be_read_is_named(tmp_path):
    inner = zipped({"gru.ipynb": b"inner", "__MACOSX/._gru.ipynb": b"no"})
    lay(tmp_path, {
        "ada/gru.ipynb": b"1", "ada/.ipynb_checkpoints/gru-checkpoint.ipynb": b"no",
        "bo.zip": zipped({"a/b.zip": inner}),
        "cy.PDF": b"%PDF", "dana.rar": b"Rar", "eli.zip": b"no zip", "out/grades.csv": b"ours",
    })  # fmt: skip
    found = {file.name: file.data or file.problem for file in inbox.files(tmp_path, skipped=tmp_path / "out")}
    assert found == {
        "ada/gru.ipynb": b"1", "bo.zip/a/b.zip/gru.ipynb": b"inner",
        "cy.PDF": "neither a notebook nor a .py file", "dana.rar": "only .zip archives are opened",
        "eli.zip": "the archive is refused: File is not a zip file",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../../evil.ipynb", "/etc/evil.ipynb", "a\\..\\..\\evil.py", "C:\\evil.ipynb"])
def test_an_archive_with_a_path_that_leads_out_is_refused(tmp_path, name):
    lay(tmp_path, {"in/ada.zip": zipped({"gru.ipynb": b"1", name: b"2"})})
    (refused,) = inbox.files(tmp_path / "in")
    assert refused.data is None
    assert "a path that leads out of it" in refused.problem
    assert os.listdir(tmp_path) == ["in"]


def test_bombs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(inbox, "LARGEST", 1 << 20)
    monkeypatch.setattr(inbox, "LARGEST_ARCHIVE", 3 << 20)
    monkeypatch.setattr(inbox, "MOST_FILES", 20)
    nested = zipped({"x.ipynb": b"1"})
    for _ in range(5):
        nested = zipped({"y.zip": nested})
    lay(tmp_path, {
        "large.zip": zipped({"a.ipynb": bytes(9 << 20)}),
        "total.zip": zipped({f"{i}.py": bytes(1 << 20) for i in range(9)}),
        "many.zip": zipped({f"{i}.txt": b"" for i in range(30)}), "nested.zip": nested, "plain.ipynb": bytes(2 << 20),
    })  # fmt: skip
    problems = {file.parts[0]: file.problem for file in inbox.files(tmp_path) if file.data is None}
    assert {name: re.sub(r"\d", "", problem).strip() for name, problem in problems.items()} == {
        "large.zip": "larger than  MB", "plain.ipynb": "larger than  MB", "nested.zip":
        "the archive is refused: it is too large, or too deep in others", "many.zip":
        "the archive is refused: it holds more than  files", "total.zip":
        "the archive is refused: it unpacks to more than  GB",
    }  # fmt: skip


def test_a_link_is_not_followed(tmp_path):
    lay(tmp_path, {"secret.ipynb": b"1", "in/ada.ipynb": b"2"})
    (tmp_path / "in" / "bo.ipynb").symlink_to(tmp_path / "secret.ipynb")
    assert [file.name for file in inbox.files(tmp_path / "in")] == ["ada.ipynb"]


@pytest.mark.parametrize(
    ("name", "data", "cells"),
    [
        ("a.ipynb", notebook("x = 1", "y"), ["x = 1", "y"]),
        ("a.ipynb", b"\xef\xbb\xbf" + notebook("é"), ["é"]),
        ("a.ipynb", b'{"cells": [{"source": ["a\\n", "b"], "outputs": []}, {"source": "text"}]}', ["a\nb"]),
        ("a.ipynb", b'{"worksheets": [{"cells": [{"cell_type": "code", "input": ["a"]}]}]}', ["a"]),
        ("a.py", b"#!python\n# In[1]:\n\nx = 1\n# In[ ]:\ny\n", ["#!python\n", "\nx = 1\n", "y\n"]),
        ("a.py", "# %% [code]\nx = 'é'\n".encode("latin-1"), ["x = 'é'\n"]),
    ],
)  # fmt: skip
def test_cells_are_read_whatever_is_lost(name, data, cells):
    assert cells_of(name, data) == cells


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b'{"cells": 3}', b'{"a": 1}', b"[" * 100_000])
def test_what_is_no_notebook_is_said_to_be_none(data):
    with pytest.raises(ValueError, match="it cannot be read as a notebook"):
        cells_of("a.ipynb", data)


# --- answers by name -------------------------------------------------------------------------------------------------

HALF_LIFE = "def half_life(z):\n    return math.log(0.5) / math.log(z)"


def found(name: str, *cells: str) -> list[str]:
    return answers.find(reading.read(list(cells)), GRU, name)


def test_an_answer_is_the_last_definition_with_what_it_reaches():
    cells = [
        "import math as m, torch\nfrom os import path", "table = {}\nunused = 1 / 0", "def half_life(z):\n    return 0",
        "table['a'] = 1\nfor i in range(3): table[i] = i", "while True: pass", "class Base: pass",
        "class Helper(Base):\n    def f(self): return table, LIMIT", "exit()", "LIMIT = 3\nlimit = 4",
        "def half_life(z):\n    unused = limit = 5\n    return Helper().f() + m.pi",
        "half_life(0.5)\nexercises.check_half_life(half_life)",
    ]  # fmt: skip
    assert found("half_life", *cells) == [
        "import math as m, torch", "table = {}", "table['a'] = 1", "for i in range(3):\n    table[i] = i",
        "class Base:\n    pass", "class Helper(Base):\n\n    def f(self):\n        return (table, LIMIT)", "LIMIT = 3",
        "def half_life(z):\n    unused = limit = 5\n    return Helper().f() + m.pi",
    ]  # fmt: skip


def test_what_the_submission_lacks_comes_from_the_published_notebook():
    assert found("half_life", HALF_LIFE) == ["import math", HALF_LIFE]
    assert found("half_life", "import cmath as math", HALF_LIFE)[0] == "import cmath as math"


def test_a_stub_further_down_does_not_hide_an_answer():
    stub = 'def half_life(z):\n    """How long?"""\n    raise NotImplementedError'
    assert found("half_life", HALF_LIFE, stub)[-1] == HALF_LIFE
    assert found("half_life", stub, "half_life = lambda z: 1")[-1] == "half_life = lambda z: 1"
    assert found("half_life", stub)[-1] == stub


def test_lines_for_ipython_are_left_out():
    cell = f"%time x\n!ls\nhalf_life?\n{HALF_LIFE}\n%matplotlib inline"
    assert found("half_life", cell, "%%time\nimport cmath as math", "%%bash\nrm -rf /") == [
        HALF_LIFE,
        "import cmath as math",
    ]
    inside = HALF_LIFE.replace("    return", "    %timeit 3\n    return")
    assert "pass" in found("half_life", inside)[-1]


def test_a_cell_that_does_not_parse_is_named_where_the_answer_stands_in_it():
    with pytest.raises(LookupError, match=r"code cell 2, in which it stands, does not parse: line 3: "):
        found("half_life", "x = 1", "def half_life(z):\n    return 1\nreturn return")
    assert found("half_life", "return return", HALF_LIFE)[-1] == HALF_LIFE
    with pytest.raises(LookupError, match="there is no function half_life"):
        found("half_life", "x = 1")


@pytest.mark.parametrize(
    "cell", ["x = " + "(" * 5000 + ")" * 5000, "-" * 90_000 + "1", "\0", "x" * 300_000, "if 1:\n" * 99]
)
def test_code_that_is_too_much_for_the_parser_is_a_broken_cell(cell):
    code = reading.read([cell, HALF_LIFE])
    assert [number for number, *_ in code.broken] == [1]
    assert len(code.statements) == 1


@pytest.mark.parametrize(
    ("cells", "sections"),
    [
        (["from helpers.exercises import lstm as exercises"], ["lstm"]),
        (["import helpers.exercises.seq2seq as e"], ["seq2seq"]),
        ([HALF_LIFE], ["gru"]),
        (["def half_life(gate): pass"], []),
        (["def half_life(gate): pass", "def flip(*w): pass"], ["gru"]),
        (["def train(model, lr): pass", HALF_LIFE], ["gru"]),
        (["def train(X, Y): pass", HALF_LIFE], ["gru", "lstm"]),
        (["def half_life(z): return ]", "def gates(): ]"], ["gru"]),
        (["x = 1"], []),
    ],
)
def test_the_sections_follow_from_the_answers(cells, sections):
    assert [s.name for s in answers.sections_in(reading.read(cells), catalogue.sections())] == sections


@pytest.mark.parametrize("section", catalogue.sections(), ids=lambda section: section.name)
def test_published_notebooks_are_recognised_and_nothing_in_them_is_suspicious(section):
    for path, attempted in ((section.path, 0), (section.solutions, len(section.parts()))):
        code = reading.read(cells_of(path.name, path.read_bytes()))
        assert code.broken == []
        assert reading.suspicious(code) == []
        assert [each.name for each in answers.sections_in(code, catalogue.sections())] == [section.name]
        assert answers.attempted(code, section) == attempted


@pytest.mark.parametrize(
    "text",
    ["exercises.check_x.question(3)", "gc.get_objects()", "import ctypes", "os.fork()", "torch.allclose = f",
     "exercises.check_half_life = f", "class Verdict:", "sys._getframe(1)", "def __reduce__(self):"],
)  # fmt: skip
def test_what_an_answer_has_no_use_for_is_remarked(text):
    assert reading.suspicious(reading.read([text]))


# --- one file of several ---------------------------------------------------------------------------------------------


def jobs(tmp_path, members: dict[str, bytes]) -> list[submissions.Job]:
    lay(tmp_path, members)
    found = submissions.collect(tmp_path, tmp_path / "out")
    return [job for student in found for job in submissions.jobs(student, 0, 9)]


def test_of_several_files_the_fullest_counts_and_of_equals_the_newest(tmp_path):
    one, two = notebook(HALF_LIFE), notebook(HALF_LIFE, "def flip(W_xz, W_hz, b_z): return -W_xz, -W_hz, -b_z")
    for name, data, changed in (("a", one, 300), ("b", two, 100), ("c", two, 200)):
        lay(tmp_path, {f"ada/{name}.ipynb": data, "bo/x.ipynb": one})
        os.utime(tmp_path / "ada" / f"{name}.ipynb", (changed, changed))
    ada = next(job for job in jobs(tmp_path, {}) if job.student.label == "ada")
    assert ada.remarks == (
        "graded is ada/c.ipynb, which has the most answers or is the newest, and not ada/a.ipynb, ada/b.ipynb",
    )


def test_sections_in_several_files_and_files_without_answers(tmp_path):
    found = jobs(tmp_path, {
        "ada/1.ipynb": notebook(HALF_LIFE), "ada/2.py": b"def train(X, Y): return X", "ada/essay.pdf": b"",
        "bo/x.ipynb": notebook("x = 1"), "cy/x.ipynb": b"no notebook",
    })  # fmt: skip
    assert [(job.student.label, job.section and job.section.name) for job in found] == [
        ("ada", "gru"), ("ada", "lstm"), ("bo", None), ("cy", None),
    ]  # fmt: skip
    remarks = {job.student.label: "; ".join(job.remarks) for job in found}
    assert "essay.pdf is not read: neither a notebook nor a .py file" in remarks["ada"]
    assert remarks["bo"] == "no answers were found"
    assert "x.ipynb is not read: it cannot be read as a notebook" in remarks["cy"]


# --- a class list ----------------------------------------------------------------------------------------------------

ADA, BO, CY = Person("s1", "Ada Lima"), Person("s2", "Bo Müller-Lüdenscheidt"), Person("S3", "Cy")
NAMESAKES = Person("s4", "Kim Lee"), Person("s5", "Lee Kim")


@pytest.mark.parametrize(
    ("label", "person"),
    [
        ("s1", ADA), ("S1", ADA), ("Ada Lima", ADA), ("lima, ada", ADA), ("limaada", ADA), ("ADA LIMA s1", ADA),
        ("Bo Mu\u0308ller Lüdenscheidt", BO), ("bo_muller-ludenscheidt", BO), ("s3 homework", CY), ("cy", CY),
        ("Ada", None), ("s1 s2", None), ("s10", None), ("", None), ("Kim Lee", None), ("kim lee s5", NAMESAKES[1]),
    ],
)  # fmt: skip
def test_somebody_is_known_by_id_or_by_a_name_that_nobody_shares(label, person):
    assert Roll([ADA, BO, CY, *NAMESAKES]).told(label) == person


def test_a_class_list_says_whose_files_they_are_and_who_is_missing(tmp_path):
    lay(tmp_path, {
        "Ada Lima/gru.ipynb": notebook(HALF_LIFE), "s1/lstm.py": b"def train(X, Y): return X",
        "Bo Müller-Lüdenscheidt/x.ipynb": notebook(HALF_LIFE, 'NUMBER = "s1"  # a copy of Ada\'s'),
        "homework/x.ipynb": notebook(HALF_LIFE, 'NUMBER = "s3"'),
        "Zed/x.ipynb": notebook(HALF_LIFE),
    })  # fmt: skip
    found = submissions.called(submissions.collect(tmp_path, tmp_path / "out"), [ADA, BO, CY, *NAMESAKES[:1]])
    assert [(who.label, who.id, len(who.files)) for who in found] == [
        ("Ada Lima", "s1", 2), ("Bo Müller-Lüdenscheidt", "s2", 1), ("Cy", "S3", 1), ("Kim Lee", "s4", 0),
        ("Zed", "", 1),
    ]  # fmt: skip
    remarks = {who.label: who.remarks for who in found}
    assert remarks["Bo Müller-Lüdenscheidt"] == ["a file names the number s1: the copy of Ada Lima"]
    assert "not in the class list" in remarks["Zed"][0]
    assert remarks["Ada Lima"] == remarks["Cy"] == remarks["Kim Lee"] == []
    (job,) = submissions.jobs(found[1], 0, 9)
    assert job.task.student_id == "s2", "the platform's name counts, not the number that a student can write"


# --- the table and the pages -----------------------------------------------------------------------------------------


def row(student: str = "Ada", remarks: tuple = (), **statuses: str) -> marks.Row:
    parts = [Outcome(part.check, statuses.get(part.answer, "not solved yet"), "<why> & how") for part in GRU.parts()]
    return marks.Row(student, GRU, tuple(parts), remarks)


def test_the_table_gives_points_and_totals():
    rows = [
        row(gates="correct", reset_only="correct", update_only="wrong"),
        marks.Row("=cmd|x", None, (), ("a; b\nc",)),
    ]
    first, second = list(csv.DictReader(io.StringIO(marks.table(rows))))
    points = [exercise.points for exercise in GRU.exercises]
    assert [first["1"], first["2"], first["3"], first["6"]] == [f"{points[0]}", f"{points[1] / 2:g}", "0", "by hand"]
    assert first["total"] == f"{points[0] + points[1] / 2:g}"
    assert first["of"] == str(sum(points[:5]))
    assert (second["student"], second["section"], second["remarks"]) == ("'=cmd|x", "", "a; b c")


def test_a_page_tells_each_exercise_and_needs_nothing_from_elsewhere():
    page = feedback.page("Ada <b>", [row(gates="correct", reset_only="correct", update_only="wrong")])
    assert "Exercises of Ada &lt;b&gt;" in page
    assert "<why>" not in page
    assert not re.search(r"(src|href)=|url\(|<script", page)
    assert [page.count(f'class="{kind}"') for kind in ("solved", "wrong", "open")] == [1, 1, 6]
    assert "<code>update_only</code>: Not right yet: &lt;why&gt; &amp; how" in page
    assert page.count("This one your teacher reads.") == 3
    assert page.count("Not attempted.") == 3


# --- the command -----------------------------------------------------------------------------------------------------


def test_a_class_is_graded_once_and_the_seed_is_kept(tmp_path, capsys):
    lay(tmp_path / "in", {
        f"{MOODLE}/gru.ipynb": notebook(f"{HALF_LIFE} if z < 1 else math.inf"),
        "Bo_7_assignsubmission_file_.zip": zipped({"x.ipynb": notebook(HALF_LIFE)}),
    })  # fmt: skip
    out = tmp_path / "out"
    once = grade.grade(tmp_path / "in", out, workers=1, seconds=20)
    printed = capsys.readouterr().out
    assert "2 students: " in printed
    assert "protections in force: a throwaway folder, limits" in printed
    made = {path: path.stat().st_mtime_ns for path in (out / "results").iterdir()}
    assert grade.grade(tmp_path / "in", out, workers=1, seconds=20) == once
    assert {path: path.stat().st_mtime_ns for path in (out / "results").iterdir()} == made, "graded again"
    rows = list(csv.DictReader((out / "grades.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(each["student"], each["section"], each["4"], each["total"]) for each in rows] == [
        ("Ada Lima", "gru", "2", "2"), ("Bo", "gru", "0", "0"),
    ]  # fmt: skip
    assert "stops with ZeroDivisionError" in (out / "feedback" / "Bo.html").read_text()
    assert (out / "seed").stat().st_mode & 0o077 == 0
    assert len(made) == 2


def test_each_student_is_held_to_the_numbers_of_their_own(tmp_path):
    """Of three who hand in what is right for Ada, she alone is right; somebody else is not in the list."""
    own = {person.id: variants.variant("gru", 4, person.id)["values"] for person in (ADA, BO)}
    assert own["s1"] != own["s2"]
    right = f"def half_life(z): return math.inf if z == 1 else math.log2({own['s1']['k']}) / -math.log2(z)"
    public = HALF_LIFE.replace("return", "return math.inf if z == 1 else")
    lay(tmp_path / "in", {
        "Ada Lima/gru.ipynb": notebook(right), "Bo Muller Ludenscheidt.ipynb": notebook(right),
        "Zed/gru.ipynb": notebook(public), "Essay/essay.pdf": b"",
    })  # fmt: skip
    grade.grade(tmp_path / "in", tmp_path / "out", workers=1, seconds=20, people=[BO, ADA, CY])
    rows = list(csv.DictReader((tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(each["id"], each["student"], each["4"]) for each in rows] == [
        ("s2", BO.name, "0"), ("s1", "Ada Lima", "2"), ("S3", "Cy", ""), ("", "Essay", ""), ("", "Zed", "2"),
    ]  # fmt: skip
    assert rows[2]["remarks"] == "nothing came back"
    assert "No answers were found" in (tmp_path / "out" / "feedback" / "Essay.html").read_text()
    pages = {path.name for path in (tmp_path / "out" / "feedback").iterdir()}
    assert pages == {"Ada-Lima-s1.html", "Bo-Müller-Lüdenscheidt-s2.html", "Essay.html", "Zed.html"}


def test_the_key_of_a_result_follows_from_all_that_decides(tmp_path):
    task = submissions.task(reading.read([HALF_LIFE]), GRU, 1, 9)
    others = [dataclasses.replace(task, **{name: 8}) for name in ("seed", "seconds", "student_id")]
    others.append(submissions.task(reading.read([HALF_LIFE + " + 1"]), GRU, 1, 9))
    assert len({task.key, *[other.key for other in others]}) == 5
    assert submissions.task(reading.read(["x = 1", HALF_LIFE + "  # the same"]), GRU, 1, 9).key == task.key


@pytest.mark.parametrize(("folder", "message"), [("missing", "there is no folder"), ("empty", "there is no file in")])
def test_the_command_says_what_it_lacks(tmp_path, monkeypatch, capsys, folder, message):
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr("sys.argv", ["grade", str(tmp_path / folder), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        grade.main()
    assert message in capsys.readouterr().err + str(ended.value)
    assert not (tmp_path / "out").exists()


def test_make_grade_asks_for_the_folder_before_anything_else(tmp_path):
    for settings, message in (("IN=", "make grade IN=folder"), (f"IN={tmp_path}/none", "there is no folder")):
        status, printed = make("grade", settings, f"VENV={tmp_path}/venv")
        assert status != 0
        assert message in printed
    assert not list(tmp_path.iterdir())
    assert "make grade" in make()[1]


def test_every_module_of_teaching_says_what_it_is():
    for path in (common.ROOT / "teaching").glob("*.py"):
        assert path.read_text().startswith('"""'), path
