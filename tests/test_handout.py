"""The copies that are handed out, the list of a class, and what of a notebook its exercises need."""

import csv
import functools
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from teaching import catalogue, handout, instructor, needs, reading, sheets, students, variants
from tools import common, execute, store

SECTIONS = catalogue.sections()
every_section = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
both_lengths = pytest.mark.parametrize("short", [False, True], ids=["whole", "exercises only"])

student, instructors = functools.cache(sheets.student), functools.cache(instructor.instructor)


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


def code_of(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code" and "google.colab" not in cell.source]


# --- the students' copy ----------------------------------------------------------------------------------------------


@both_lengths
@every_section
def test_a_students_copy_is_valid_and_leads_to_no_solution(section, short):
    notebook = student(section, exercises_only=short)
    nbformat.validate(notebook)
    assert not re.search(r"solutions?/|\[solutions?\]|the solutions? ", text_of(notebook), re.IGNORECASE)
    assert not re.search(r"\.ipynb\)", text_of(notebook)), "a link to a notebook that is not handed out"
    assert "colab-badge" not in text_of(notebook)
    assert any("google.colab" in cell.source for cell in notebook.cells)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@both_lengths
@every_section
def test_each_exercise_stands_there_once_with_points_and_minutes(section, short):
    texts = [cell.source for cell in student(section, exercises_only=short).cells]
    for exercise in section.exercises:
        marks = f"({exercise.points} points · about {exercise.minutes} minutes)"
        found = [text for text in texts if text.startswith(f"**{exercise.number}. {exercise.title}")]
        assert len(found) == 1
        assert marks in found[0]
    total = sum(exercise.points for exercise in section.exercises)
    assert f"worth {total} points together" in "\n".join(texts)


@both_lengths
@every_section
def test_an_open_exercise_has_room_for_an_answer_below_it(section, short):
    cells = student(section, exercises_only=short).cells
    ids = [cell.id for cell in cells]
    open_ones = [exercise.number for exercise in section.exercises if not exercise.parts]
    assert [f"answer-{number}" for number in open_ones] == [id for id in ids if re.fullmatch(r"answer-\d+", id)]
    for number in open_ones:
        place = ids.index(f"answer-{number}")
        assert ids.index(f"exercise-{number}") < place
        assert cells[place].source == "*Your answer:*"
        assert (cells[place + 1].cell_type, cells[place + 1].source) == ("code", "")
        following = [id for id in ids[ids.index(f"exercise-{number}") + 1 :] if id.startswith("exercise-")]
        assert not following or ids.index(following[0]) > place


@both_lengths
@every_section
def test_every_stub_and_check_of_the_notebook_is_there(section, short):
    code = "\n".join(code_of(student(section, exercises_only=short)))
    for part in section.parts():
        assert f"exercises.{part.check}({part.answer})" in code
        assert re.search(rf"^def {part.answer}\(.*\n    raise NotImplementedError", code, re.MULTILINE)


@every_section
def test_the_whole_copy_is_the_notebook_with_its_outputs(section):
    written = nbformat.read(section.path, as_version=4).cells
    copied = student(section).cells
    assert [cell.source for cell in copied if cell.cell_type == "code" and cell.id not in _added(copied)] == [
        cell.source for cell in written if cell.cell_type == "code"
    ]
    assert [cell.outputs for cell in copied if cell.cell_type == "code" and cell.outputs] == [
        cell.outputs for cell in written if cell.cell_type == "code" and cell.outputs
    ]


def _added(cells):
    return {cell.id for cell in cells if cell.id == "name" or re.fullmatch(r"answer-\d+(-code)?", cell.id)}


@every_section
def test_the_short_sheet_defines_every_name_that_it_uses(section):
    known = set()
    for source in code_of(student(section, exercises_only=True)):
        for statement in reading.statements(source):
            assert statement.free <= known, f"{source.splitlines()[0]}: {statement.free - known}"
            known |= statement.binds | statement.gives


def test_name_and_number_stand_in_a_cell_of_their_own_at_the_top():
    notebook = sheets.student(SECTIONS[0], students.Person("s12", 'Zoë "Zo" \\ Müller'))
    named = {}
    exec(notebook.cells[1].source, named)
    assert (named["NAME"], named["NUMBER"]) == ('Zoë "Zo" \\ Müller', "s12")
    exec(sheets.student(SECTIONS[0]).cells[1].source, named)
    assert (named["NAME"], named["NUMBER"]) == ("", "")


def test_an_untouched_sheet_runs_and_says_only_that_nothing_is_solved(tmp_path):
    section = catalogue.section("what-came-after")
    notebook = sheets.student(section, exercises_only=True)
    execute.execute(notebook, tmp_path)
    shown = [store.output_text(output) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("Not solved yet" in text for text in shown) == len(section.parts())
    assert not any("✗" in text or "✓" in text for text in shown)
    assert list(store.complaints(notebook)) == []


# --- what the exercises need -----------------------------------------------------------------------------------------


def needed(exercise, *before, text=""):
    cells = [new_code_cell(source) for source in before]
    return needs.needed(cells, [new_markdown_cell(text), new_code_cell(exercise)])


@pytest.mark.parametrize(
    ("exercise", "before", "kept"),
    [
        ("f(1)", ["def f(x):\n    return g(x)", "def g(x):\n    return x", "h = 1"], {0, 1}),
        ("print(a)", ["a = 1", "a = 2"], {1}),
        ("print(a)", ["a = {}", "a['b'] = c", "c = 1"], {0, 1}),
        ("print(a)", ["c = 1", "a = {}", "for i in c:\n    a[i] = i"], {0, 1, 2}),
        ("print(i)", ["i = 5", "for i in range(3):\n    print(i)"], {0}),
        ("a = 1\nprint(a)", ["a = 2"], set()),
        ("def f():\n    return a", ["a, b = 1, 2"], {0}),
        ("x = [a for a in b]", ["a = 1", "b = 2"], {1}),
        ("f(1)", ["import torch", "@torch.no_grad()\ndef f(x):\n    return x"], {0, 1}),
        ("a", ["a = 1\nprint('long training')"], {0}),
    ],
)
def test_a_name_leads_back_to_what_gave_it_its_value(exercise, before, kept):
    assert set(needed(exercise, *before)) == kept


def test_only_the_needed_statements_of_a_cell_are_kept_as_they_are_written():
    cell = "import math\nprint('a long training')\n\n@cache\ndef f(x):  # why\n    return math.sin(x)\n\nb = 2  # b"
    assert needed("f(b)", cell) == {0: "import math\n\n@cache\ndef f(x):  # why\n    return math.sin(x)\n\nb = 2  # b"}


def test_what_a_text_names_in_code_is_needed():
    before = ["def helper():\n    pass", "novel = read()", "read = print", "def other():\n    pass"]
    assert set(needed("1", *before, text="Use `helper`, and `novel.raw`; other things you know.")) == {0, 1}


# --- the instructor's copy -------------------------------------------------------------------------------------------


@every_section
def test_the_instructors_copy_has_solutions_mistakes_and_questions_below_each_exercise(section):
    notebook = instructors(section)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    solved = [cell.source for cell in nbformat.read(section.solutions, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    for exercise in section.exercises:
        begin = ids.index(f"exercise-{exercise.number}")
        end = next((i for i in range(begin + 1, len(ids)) if ids[i].startswith("exercise-")), len(ids))
        below = "\n".join(cell.source for cell in notebook.cells[begin + 1 : end])
        for part in exercise.parts:
            assert f"exercises.{part.check}({part.answer})" in below
            for slip in section.check(part).slips:
                assert f"| {slip} | " in below
        headed = any(re.search(rf"^## {exercise.number}\. ", text, re.MULTILINE) for text in solved)
        assert headed != ("There is no worked answer" in below)
        assert below.strip()
    copied = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    code = [c.source for c in nbformat.read(section.solutions, as_version=4).cells if c.cell_type == "code"]
    assert copied == code  # all of it, in its order: the copy runs


@every_section
def test_questions_belong_to_exercises_and_are_several(section):
    asked = instructor._all_questions()[section.name]
    assert 4 <= len(asked) <= 6
    numbers = {exercise.number for exercise in section.exercises}
    assert all(set(q) == {"exercise", "to", "ask", "core"} and q["to"] in instructor.TO for q in asked)
    assert {q["exercise"] for q in asked} <= numbers
    shown = text_of(instructors(section))
    assert all(q["ask"] in shown and q["core"] in shown for q in asked)


def test_the_table_adds_up():
    assert instructor.table(SECTIONS) in (common.ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    lines = instructor.table(SECTIONS).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    for section in SECTIONS:
        rows = [line.split("|") for line in lines if line.startswith(f"| {section.name} |")]
        total = next(line.split("|") for line in lines if line.startswith(f"| **{section.name}**"))
        assert len(rows) == len(section.exercises)
        for column in (5, 6):
            assert f"**{sum(int(row[column]) for row in rows)}**" == total[column].strip()


def test_run_all_is_what_the_readme_says():
    assert instructor.run_all_minutes(catalogue.section("seq2seq")) == "3"


# --- the list of a class ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,name\ns1,Zoë Müller\ns2,Ana\n", "utf-8"),
        ("id,name\ns1,Zoë Müller\ns2,Ana\n", "utf-8-sig"),
        ("id;name\r\ns1;Zoë Müller\r\n;\r\ns2;Ana\r\n", "utf-8-sig"),
        ("id;name\r\ns1;Zoë Müller\r\ns2;Ana", "cp1252"),
        ("Name\tMatriculation number\tmail\nZoë Müller\ts1\tz@example.org\n\nAna\ts2\t\n", "utf-8"),
        ('"id","name"\n"s1"," Zoë Müller "\n"s2",Ana\n', "utf-8"),
    ],
    ids=["plain", "mark", "Excel", "Windows", "tabs", "quoted"],
)
def test_a_list_is_read_as_spreadsheets_write_it(tmp_path, text, encoding):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    assert students.read(path) == [students.Person("s1", "Zoë Müller"), students.Person("s2", "Ana")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: a header is needed"),
        ("s1,Zoë\n", "line 1: a header is needed with the columns id and name; it is 's1,Zoë'"),
        ("id,name\ns1,Zoë\ns2\n", "line 3: 1 columns where the header has 2: 's2'"),
        ("id,name\n,Zoë\n", "line 2: the id ''"),
        ("id,name\n../s1,Zoë\n", "line 2: the id '../s1' should be made of letters"),
        ("id,name\ns1,Zoë\n\nS1,Ana\n", "line 4: the id 'S1' has been there before"),
        ('id,name\ns1,"Zoë\ns2,Ana\n', "line 3: a quotation mark before it is not closed"),
        ("id,name\n", "nobody"),
    ],
)
def test_a_wrong_list_is_refused_with_the_line(tmp_path, text, message):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        students.read(path)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.csv"):
        students.read(tmp_path / "none.csv")


# --- writing ---------------------------------------------------------------------------------------------------------


def test_copies_are_written_for_each_student_and_link_to_one_another(tmp_path):
    people = [students.Person("s1", "Zoë"), students.Person("s2", "Ana")]
    sections = [catalogue.section(name) for name in ("gru", "lstm")]
    paths = handout.handout(sections, tmp_path, people)
    places = {path.relative_to(tmp_path).as_posix() for path in paths}
    assert places == {f"students/{p}/{s}.ipynb" for p in ("s1", "s2") for s in ("gru", "lstm")} | {
        "instructor/gru.ipynb",
        "instructor/lstm.ipynb",
        "instructor/numbers.csv",
    }
    opening = nbformat.read(tmp_path / "students/s1/lstm.ipynb", as_version=4).cells[0].source
    assert "[← Gated recurrent units](gru.ipynb)" in opening
    assert "deep-rnn.ipynb" not in opening


def test_the_instructor_gets_a_list_of_everybodys_numbers(tmp_path):
    handout.handout([catalogue.section("gru")], tmp_path, [students.Person("s1", "Zoë; Müller")])
    text = (tmp_path / "instructor" / "numbers.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    k, study = (variants.variant("gru", number, "s1")["values"] for number in (4, 7))
    assert rows == [
        ["id", "name", "section", "exercise", "numbers"],
        ["s1", "Zoë; Müller", "gru", "4", f"k = {k['k']}"],
        ["s1", "Zoë; Müller", "gru", "7", f"seed = {study['seed']}, begin = {study['begin']}"],
    ]


def test_nothing_is_written_if_one_copy_cannot_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "instructor", lambda section: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        handout.handout([catalogue.section("gru")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("argument", ["gruu", "--students=none.csv"])
def test_a_wrong_command_line_ends_with_a_sentence(argument, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["handout", argument, f"--out={tmp_path}/out"])
    with pytest.raises(SystemExit, match=r"error: (there is no section 'gruu'|cannot read none\.csv)"):
        handout.main()
    assert not (tmp_path / "out").exists()
