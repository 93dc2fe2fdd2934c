"""The course folder for nbgrader: quick tests of its notebooks; with nbgrader itself, a class from end to end."""

import ast
import copy
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from test_project import make, python

from teaching import (
    assignment,
    catalogue,
    fresh,
    names,
    nbgrader_assignment,
    nbgrader_course,
    nbgrader_restore,
    reading,
)
from tools import execute

SEED = 11
KINDS = {  # grade, solution, locked -> what nbgrader calls such a cell
    (False, True, False): "answer",
    (True, False, True): "tests",
    (True, True, False): "manual",
    (False, False, True): "read-only",
}
every_section = pytest.mark.parametrize("name", catalogue.SECTIONS)


@pytest.fixture(scope="module")
def course():
    """Return the teacher's notebook of a section; it is made once, and no test may change it."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = nbgrader_assignment.assignment(catalogue.section(name), SEED)
        return made[name]

    return get


def kind(cell):
    meta = cell.metadata.nbgrader
    return KINDS[meta.grade, meta.solution, meta.locked]


def of_kind(notebook, *kinds):
    return [cell for cell in notebook.cells if kind(cell) in kinds]


# --- the notebooks ---------------------------------------------------------------------------------------------------


@every_section
def test_an_assignment_is_a_valid_notebook_with_nbgraders_metadata(course, name):
    notebook = course(name)
    nbformat.validate(notebook)
    names = [cell.metadata.nbgrader.grade_id for cell in notebook.cells]
    assert len({*names}) == len(notebook.cells)
    assert names == [cell.id for cell in notebook.cells]
    for cell in notebook.cells:
        meta = cell.metadata.nbgrader
        assert meta.schema_version == 3
        assert re.fullmatch(r"[\w-]{1,64}", meta.grade_id)
        assert ("points" in meta) == meta.grade
        assert meta.task is False
        assert kind(cell) in (("answer", "tests", "read-only") if cell.cell_type == "code" else ("manual", "read-only"))


@every_section
def test_the_points_are_those_of_the_exercises(course, name):
    section, notebook = catalogue.section(name), course(name)
    total = sum(cell.metadata.nbgrader.points for cell in of_kind(notebook, "tests", "manual"))
    assert total == sum(exercise.points for exercise in section.exercises)
    assert f"Points in all: {total:g}." in notebook.cells[0].source
    assert len(of_kind(notebook, "tests")) == len(section.parts())
    assert len(of_kind(notebook, "manual")) == sum(not exercise.parts for exercise in section.exercises)


@every_section
def test_a_students_notebook_holds_no_answer_and_no_hidden_case(course, name):
    section = catalogue.section(name)
    students = nbgrader_assignment.stripped(course(name))
    text = "\n".join(cell.source for cell in students.cells)
    assert "###" not in text
    assert "cases=" not in text
    assert "solutions/" not in text
    for part in section.parts():
        for case in fresh.cases(name, part.check, SEED):
            assert len(repr(case)) < 8 or repr(case) not in text
    stubs = [ast.unparse(node) for cell in of_kind(students, "answer") for node in ast.parse(cell.source).body]
    assert [re.match(r"def (\w+)\(.*\):\n    raise NotImplementedError$", stub)[1] for stub in stubs] == [
        part.answer for part in section.parts()
    ]
    for cell in of_kind(students, "manual"):
        assert nbgrader_assignment.TEXT_STUB in cell.source


@every_section
def test_every_hidden_case_is_new_and_stands_in_the_teachers_notebook(course, name):
    section = catalogue.section(name)
    tests = {cell.id: cell.source for cell in of_kind(course(name), "tests")}
    for exercise in section.exercises:
        for part in exercise.parts:
            source = tests[f"{name}-{exercise.number}-{part.check}"]
            cases = fresh.cases(name, part.check, SEED)
            assert not [case for case in cases if case in section.check(part).cases]
            assert (f"cases={cases!r}" in source) == bool(cases)
            assert source.count("### BEGIN HIDDEN TESTS") == source.count("### END HIDDEN TESTS") == bool(cases)


@every_section
def test_what_the_answers_take_from_outside_stands_before_them(course, name):
    known = set()
    for cell in of_kind(course(name), "read-only", "answer", "tests"):
        if cell.cell_type == "code" and "google.colab" not in cell.source:
            later = set(reading.bindings([cell]))
            assert names.free(cell.source) - known - later == set(), cell.id
            known |= later


def run(notebook):
    """Run the code cells here, one after the other; return the error of each cell of tests that raises."""
    namespace, errors = {"__name__": "__main__"}, {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "google.colab" not in cell.source:
            try:
                exec(compile(cell.source, cell.id, "exec"), namespace)
            except Exception as error:
                errors[cell.id] = error
    return errors


def test_the_teachers_notebook_passes_its_own_tests(course):
    assert run(course("gru")) == {}


def test_a_students_notebook_says_not_solved_yet(course):
    errors = run(nbgrader_assignment.stripped(course("gru")))
    assert list(errors) == [cell.id for cell in of_kind(course("gru"), "tests")]
    assert all(str(error).startswith("… Not solved yet: replace `raise Not") for error in errors.values())


def test_an_answer_that_knows_the_published_cases_only_fails_the_hidden_ones(course):
    notebook = copy.deepcopy(course("gru"))
    known = "{0.5: 1.0, 0.9: 6.578813, 0.99: 68.967564, 0.25: 0.5, 1.0: math.inf}"
    answered(notebook, "half_life", f"def half_life(z):\n    return {known}.get(z, 0.0)")
    errors = run(notebook)
    assert list(errors) == ["gru-4-check_half_life"]
    assert re.match(r"✗ Wrong: for z = 0\.\d+ the result is 0", str(errors["gru-4-check_half_life"]))


def test_a_fresh_case_that_cannot_be_written_out_is_refused(monkeypatch):
    monkeypatch.setattr(fresh, "cases", lambda *_: [(print,)])
    with pytest.raises(ValueError, match="gru, check_half_life: a fresh case cannot be written out"):
        assignment.fresh_cases(catalogue.section("gru"), catalogue.Part("check_half_life", "half_life"), SEED)


@pytest.mark.torture
@every_section
def test_every_answer_passes_in_a_kernel_within_a_minute(course, name, tmp_path):
    execute.execute(copy.deepcopy(course(name)), tmp_path, cell_seconds=60)


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_folder_keeps_its_seed_and_what_was_changed_in_it(tmp_path, capsys):
    out = tmp_path / "course"
    nbgrader_course.make(["gru"], out)
    path = out / "source" / "gru" / "gru.ipynb"
    first, seed = path.read_text(), (out / "seed").read_text()
    nbgrader_course.make(["gru"], out)
    assert (path.read_text(), (out / "seed").read_text()) == (first, seed)
    path.write_text(first.replace("Points in all", "All points"))
    capsys.readouterr()
    nbgrader_course.make(["gru"], out)
    assert "All points" in path.read_text()
    assert "gru.ipynb: left as it is; to have it made anew, remove it first" in capsys.readouterr().out
    path.unlink()
    nbgrader_course.make(["gru"], out, seed=int(seed) + 1)
    assert path.read_text() != first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grus"], "there is no section 'grus'; there are: gru, lstm"),
        (["--restore", "."], "holds no assignment : make it first"),
    ],
)
def test_the_command_explains_what_it_cannot_do(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(sys, "argv", ["nbgrader_course", *arguments, "--out", str(tmp_path / "course")])
    with pytest.raises(SystemExit):
        nbgrader_course.main()
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "module"),
    [("nbgrader", "nbgrader_course"), ("pytest-grade", "pytest_entry")],
    ids=["nbgrader", "pytest"],
)
def test_make_runs_the_command_for_one_section(target, module):
    status, printed = make("-n", target, "SECTION=gru")
    assert status == 0, printed
    assert printed.strip().endswith(f'/bin/python" -m teaching.{module} gru')
    assert f"make {target}" in make()[1]


@pytest.mark.parametrize(
    ("file", "student", "section"),
    [
        ("ada_gru.ipynb", "ada", "gru"),
        ("class.zip/ada_gru (1).ipynb", "ada", "gru"),
        ("a-1_machine-translation-and-dataset.ipynb", "a-1", "machine-translation-and-dataset"),
        ("all/Ada Lovelace_1234_assignsubmission_file/gru.ipynb", "Ada Lovelace", "gru"),
        ("all/Ada Lovelace_1234_assignsubmission_file_gru.ipynb", "Ada Lovelace", "gru"),
        ("gru.ipynb", None, None),
    ],
)
def test_whose_notebook_it_is_stands_in_the_name_of_the_file(file, student, section):
    config = type("Config", (), {"__getattr__": lambda self, name: self.__dict__.setdefault(name, type(self)())})()
    exec(nbgrader_course.CONFIG, {"get_config": lambda: config})
    match = re.match(config.FileNameCollectorPlugin.named_regexp, f"/a_b/course_x/downloaded/gru/extracted/{file}")
    assert (match and (match["student_id"], match["file_id"])) == (student and (student, section))


# --- students --------------------------------------------------------------------------------------------------------


def right(course):
    """Return a notebook with the worked answers, and without the teacher's marks and hidden tests."""
    notebook = nbgrader_assignment.stripped(course)
    for cell, theirs in zip(notebook.cells, course.cells, strict=True):
        if kind(cell) == "answer":
            cell.source = re.sub(r"\n *### (BEGIN|END) SOLUTION", "", theirs.source)
    return notebook


def answered(notebook, function, source):
    """Put other source into the cell that holds the answer with this function, as a student would."""
    cell = next(cell for cell in notebook.cells if re.search(rf"^def {function}\(", cell.source, re.MULTILINE))
    cell.source = source
    return notebook


def without_metadata(notebook):
    """As some programs save a notebook: new ids, and none of nbgrader's metadata."""
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"new-{number}"
    return notebook


def without_cells(notebook, *kinds):
    notebook.cells = [cell for cell in notebook.cells if kind(cell) not in kinds]
    return notebook


def in_other_cells(notebook, course, place):
    """The answers stand in cells of their own at `place`, and the stubs where they were."""
    answers = [new_code_cell(cell.source) for cell in of_kind(notebook, "answer")]
    stubs = nbgrader_assignment.stripped(course)
    stubs.cells[place:place] = answers
    return stubs


def published(course):
    """The section's own notebook, answered."""
    section = catalogue.section("gru")
    notebook = nbformat.read(section.path, as_version=4)
    for cell in of_kind(course, "answer"):
        for node in ast.parse(cell.source).body:
            answered(notebook, node.name, re.sub(r"\n *### (BEGIN|END) SOLUTION", "", cell.source))
    return notebook


def with_a_helper_elsewhere(notebook):
    notebook.cells.insert(5, new_code_cell("HALF = 0.5\n\ndef steps(z):\n    return math.log(HALF, z)"))
    answered(notebook, "half_life", "def half_life(z):\n    return math.inf if z == 1 else steps(z)")
    return without_metadata(notebook)


def in_another_order(notebook):
    """Every test stands above the answer that it asks for, and its metadata are as they were."""
    notebook.cells.sort(key=lambda cell: (cell.id.split("-")[1].isdigit(), kind(cell) == "answer"))
    return notebook


OUT_OF_PLACE = {
    "no metadata": lambda course: without_metadata(right(course)),
    "no tests, no texts": lambda course: without_cells(right(course), "tests", "read-only"),
    "above": lambda course: in_other_cells(right(course), course, 3),
    "below": lambda course: in_other_cells(right(course), course, 99),
    "in another order": lambda course: in_another_order(right(course)),
    "a helper elsewhere": lambda course: with_a_helper_elsewhere(right(course)),
    "the published notebook": published,
}


def restored(course, notebook):
    return nbgrader_restore.restored(notebook, nbgrader_assignment.stripped(course), "gru")


@pytest.mark.parametrize("way", OUT_OF_PLACE)
def test_answers_out_of_place_are_put_back(course, way):
    found = restored(course("gru"), OUT_OF_PLACE[way](course("gru")))
    clean = nbgrader_assignment.stripped(course("gru"))
    assert [cell.metadata.get("nbgrader") for cell in found.cells][: len(clean.cells)] == [
        cell.metadata.nbgrader for cell in clean.cells
    ]
    nbformat.validate(found)
    assert restored(course("gru"), found) is None
    assert run(found) == {}


def test_an_answer_that_was_not_written_stays_as_it_was_handed_out(course):
    found = restored(course("gru"), without_metadata(right(course("gru"))))
    clean = nbgrader_assignment.stripped(course("gru"))
    assert [cell.source for cell in of_kind(found, "manual")] == [cell.source for cell in of_kind(clean, "manual")]


def test_a_notebook_in_order_stays_as_it_is(course):
    assert restored(course("gru"), right(course("gru"))) is None
    assert restored(course("gru"), nbgrader_assignment.stripped(course("gru"))) is None


def test_one_function_of_a_cell_may_be_missing(course):
    notebook = answered(right(course("gru")), "update_only", "def update_only():\n    return 7")
    found = restored(course("gru"), without_metadata(notebook))
    cell = next(cell for cell in found.cells if "def update_only()" in cell.source)
    assert "    return 7" in cell.source
    assert list(run(found)) == ["gru-2-check_reset_only", "gru-2-check_update_only"]


def test_a_cell_that_is_no_python_keeps_its_text(course):
    notebook = answered(right(course("gru")), "half_life", "def half_life(z)\n    return 1")
    assert restored(course("gru"), copy.deepcopy(notebook)) is None
    found = restored(course("gru"), without_metadata(notebook))
    assert "def half_life(z)\n    return 1" in [cell.source for cell in found.cells]


def test_written_answers_and_all_else_are_kept(course):
    notebook = right(course("gru"))
    manual = of_kind(notebook, "manual")
    manual[0].source = manual[0].source.replace(nbgrader_assignment.TEXT_STUB, "An RNN of 227 units.")
    notebook.cells += [new_code_cell("train_for_hours()"), new_code_cell("   ")]
    found = restored(course("gru"), without_metadata(notebook))
    texts = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in found.cells}
    assert texts["gru-6-answer"].endswith("An RNN of 227 units.")
    assert texts["gru-7-answer"].endswith("What else was handed in stands at the end.)")  # so that somebody looks
    assert found.cells[-1].cell_type == "markdown"
    assert found.cells[-1].source == "```python\ntrain_for_hours()\n```"
    assert found.cells[-2].source.endswith("What else was handed in:")


def test_what_was_handed_in_stays_beside_the_restored_notebook(course, tmp_path, capsys):
    clean = {"gru": nbgrader_assignment.stripped(course("gru"))}
    paths = {name: tmp_path / name / "gru" / "gru.ipynb" for name in ("ada", "bob", "eve")}
    for path in paths.values():
        path.parent.mkdir(parents=True)
    nbformat.write(without_metadata(right(course("gru"))), paths["ada"])
    paths["bob"].write_text("{}")
    nbformat.write(right(course("gru")), paths["eve"])
    handed_in, in_order = paths["ada"].read_text(), paths["eve"].read_text()

    def states():
        with pytest.raises(SystemExit, match=r"not read:\n.*bob"):
            nbgrader_restore.restore_all(tmp_path, clean)
        return re.findall(r"(\w+)/gru/gru\.ipynb: (.*)", capsys.readouterr().out)

    assert states() == [("ada", "restored"), ("eve", "in order")]
    assert states() == [("ada", "in order"), ("eve", "in order")]
    paths["ada"].write_text(handed_in)
    assert states() == [("ada", "restored"), ("eve", "in order")]
    assert [path.read_text() for path in tmp_path.rglob("*.original-?")] == [handed_in] * 2
    assert (paths["bob"].read_text(), paths["eve"].read_text()) == ("{}", in_order)
    assert len(list(tmp_path.rglob("*"))) == 3 * 3 + 2
    with pytest.raises(SystemExit, match=r"no STUDENT/SECTION/SECTION\.ipynb in .*, for a section in gru"):
        nbgrader_restore.restore_all(tmp_path / "ada", clean)


# --- with nbgrader ---------------------------------------------------------------------------------------------------


def nbgrader(folder, *arguments, fails=False):
    """Run nbgrader in the course folder, in an environment as an activated one: it starts other programs by name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PATH": path}, text=True, capture_output=True)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def by_heart(notebook):
    known = "{0.5: 1.0, 0.9: 6.578813, 0.99: 68.967564, 0.25: 0.5, 1.0: math.inf}"
    return answered(notebook, "half_life", f"def half_life(z):\n    return {known}.get(z, 0.0)")


def half_right(notebook):
    answered(notebook, "gates", "def gates(t_prime, T):\n    return [0] * T, [1] * T")
    answered(notebook, "flip", "def flip(W_xz, W_hz, b_z):\n    return -W_xz, W_hz, -b_z")
    return answered(notebook, "by_hand", "def by_hand(k):\n    raise ValueError('no idea')")


def all_wrong(notebook):
    for cell in of_kind(notebook, "answer"):
        cell.source = "\n\n".join(f"def {node.name}(*args):\n    return 0" for node in ast.parse(cell.source).body)
    return notebook


def endless(notebook):
    answered(notebook, "gates", "def gates(t_prime, T):\n    while True:\n        pass")
    return answered(notebook, "half_life", "while True:\n    pass")


def no_python(notebook):
    return answered(notebook, "half_life", "def half_life(z)\n    return 1")


def written(notebook):
    for cell in of_kind(notebook, "manual"):
        cell.source = cell.source.replace(nbgrader_assignment.TEXT_STUB, "We measured it.")
    return notebook


# Each student's notebook, and the points that it earns by itself; the 14 points of the written answers come on top.
CLASS = {
    "right": (lambda course: right(course), 14),
    "late": (lambda course: right(course), 14),
    "written": (lambda course: written(right(course)), 14),
    "half": (lambda course: half_right(right(course)), 6),
    "wrong": (lambda course: all_wrong(right(course)), 0),
    "untouched": (lambda course: nbgrader_assignment.stripped(course), 0),
    "heart": (lambda course: by_heart(right(course)), 12),
    "endless": (lambda course: endless(right(course)), 10),
    "torn": (lambda course: no_python(right(course)), 12),
    "stripped": (lambda course: without_metadata(right(course)), 14),
    "deleted": (lambda course: without_cells(right(course), "tests", "read-only"), 14),
    "nothing": (lambda course: without_cells(right(course), "answer", "tests", "manual"), 0),
    "above": (lambda course: in_other_cells(right(course), course, 3), 14),
    "published": (published, 14),
}
UNRESTORED = {"stripped": 0, "deleted": 0, "above": 0, "right": 14}


def graded(folder):
    """Return for each student the points, the seconds of delay and whether a person is still to grade something."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        found = book.assignment_submissions("gru")
        return {one.student.id: (one.score, one.total_seconds_late, one.needs_manual_grade) for one in found}


@pytest.fixture(scope="module")
def handed_in(course, tmp_path_factory):
    """Return a course folder whose assignment is handed out, and all of CLASS have handed in, in one archive."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install nbgrader")
    folder = tmp_path_factory.mktemp("course")
    nbgrader_course.make(["gru"], folder, SEED)
    nbgrader(folder, "generate_assignment", "gru")
    nbgrader(folder, "db", "assignment", "add", "gru", "--duedate", "2026-11-02 12:00 UTC")
    archive = folder / "downloaded" / "gru" / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "class.zip", "w") as file:
        for name, (handed, _) in CLASS.items():
            file.writestr(f"{name}_gru.ipynb", nbformat.writes(handed(course("gru"))))
    nbgrader(folder, "zip_collect", "gru")
    for name in CLASS:
        day = 3 if name == "late" else 1
        (folder / "submitted" / name / "gru" / "timestamp.txt").write_text(f"2026-11-0{day} 12:00 UTC")
    return folder


@pytest.mark.torture
def test_what_nbgrader_releases_is_what_students_should_get(course, handed_in):
    released = nbformat.read(handed_in / "release" / "gru" / "gru.ipynb", as_version=4)
    expected = nbgrader_assignment.stripped(course("gru"))
    assert [cell.source for cell in released.cells] == [cell.source for cell in expected.cells]
    assert [cell.metadata.nbgrader.grade_id for cell in released.cells] == [cell.id for cell in expected.cells]


@pytest.mark.torture
def test_nbgrader_alone_does_not_find_answers_out_of_place(handed_in, tmp_path):
    folder = shutil.copytree(handed_in, tmp_path / "course")
    for name in CLASS.keys() - UNRESTORED.keys():
        shutil.rmtree(folder / "submitted" / name)
    nbgrader(folder, "autograde", "gru")
    assert {name: score for name, (score, _, _) in graded(folder).items()} == UNRESTORED


@pytest.mark.torture
def test_a_class_gets_its_grades_and_feedback(handed_in):
    folder = handed_in
    status, printed = python("-m", "teaching.nbgrader_course", "--restore", folder / "submitted", "--out", folder)
    assert status == 0, printed
    assert printed.count(": restored") == 5
    nbgrader(folder, "autograde", "gru", "--student=endless", "--Execute.timeout=45")
    nbgrader(folder, "autograde", "gru")  # the others; who is graded is left out
    found = graded(folder)
    assert {name: score for name, (score, _, _) in found.items()} == {name: score for name, (_, score) in CLASS.items()}
    assert [name for name, (_, late, _) in found.items() if late] == ["late"]
    assert [name for name, (_, _, manual) in found.items() if manual] == ["written"]
    nbgrader(folder, "generate_feedback", "gru")
    page = (folder / "feedback" / "half" / "gru" / "gru.html").read_text(encoding="utf-8")
    assert "Wrong: for t' = 2 and T = 5 the last state does not depend on token 2 at all" in page
    nbgrader(folder, "export")
    rows = (folder / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(CLASS) + 1
