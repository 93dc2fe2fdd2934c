"""The lesson plans: the sections, exercises and numbers that they name exist, and their minutes add up."""

import re

import nbformat
import pytest

from teaching import catalogue
from teaching.slide_layout import TAG
from tools import common

FOLDER = common.ROOT / "docs" / "lessons"
HEADINGS = ["Aims", "What they need beforehand", "45 minutes", "90 minutes", "Run live", "Misconceptions, and what"]
HEADINGS += ["Questions, with short answers", "Homework"]
# "section 3", "sections 1, 2 and 4–6", "exercises 1 to 4": the word, then the numbers.
NAMED = r"\b{}s? (\d+(?:(?:, | and | to |–)(?:\d+))*)"

every_lesson = pytest.mark.parametrize("name", catalogue.SECTIONS)


def lesson(name):
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def part(text, heading):
    """Return what stands below a heading that begins so."""
    return re.search(rf"^## {heading}.*?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def named(text, what):
    """Return the numbers of the sections or exercises that a text names."""
    numbers = set()
    for found in re.findall(NAMED.format(what), " ".join(text.split()), re.IGNORECASE):
        for first, last in re.findall(r"(\d+)(?:(?: to |–)(\d+))?", found):
            numbers |= set(range(int(first), int(last or first) + 1))
    return numbers


def cells(name):
    return nbformat.read(common.NOTEBOOKS / f"{name}.ipynb", as_version=4).cells


def sections(found):
    texts = [cell.source for cell in found if cell.cell_type == "markdown"]
    return {int(number) for text in texts for number in re.findall(r"^## (\d+)\.", text, re.MULTILINE)}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Section 8, the end", {8}),
        ("sections 1, 2 and 4–6; section 9", {1, 2, 4, 5, 6, 9}),
        ("section 3 has 20 rows, exercise 7", {3}),
    ],
)
def test_the_numbers_of_sections_are_read(text, numbers):
    assert named(text, "section") == numbers


def test_there_is_a_plan_for_each_section_and_no_other():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(catalogue.SECTIONS)


@every_lesson
def test_a_plan_has_all_its_parts_and_names_its_notebook(name):
    text = lesson(name)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        heading.replace("Misconceptions, and what", "Misconceptions, and what cures them") for heading in HEADINGS
    ]
    assert f"(../../notebooks/{name}.ipynb)" in text
    assert f"make slides SECTION={name}`" in text
    assert 3 <= part(text, "Aims").count("\n* ") + 1 <= 5


@every_lesson
@pytest.mark.parametrize("minutes", [45, 90])
def test_the_minutes_of_a_plan_add_up(name, minutes):
    rows = re.findall(r"^\| (\d+) \|", part(lesson(name), f"{minutes} minutes"), re.MULTILINE)
    assert sum(map(int, rows)) == minutes


@every_lesson
def test_the_sections_that_a_plan_names_exist_and_45_minutes_keep_to_the_short_path(name):
    text, found = lesson(name), cells(name)
    assert named(text, "section") <= sections(found)
    path = [cell for cell in found if TAG in cell.metadata.get("tags", [])]
    assert named(part(text, "45 minutes"), "section") == sections(path)


@every_lesson
def test_the_exercises_that_a_plan_names_exist_and_homework_speaks_of_all(name):
    exercises = {exercise.number for exercise in catalogue.section(name).exercises}
    assert named(lesson(name), "exercise") <= exercises
    assert named(part(lesson(name), "Homework"), "exercise") == exercises


@every_lesson
def test_every_misconception_names_what_cures_it_and_its_numbers_are_those_of_the_notebook(name):
    rows = re.findall(r"^\| \"(.*)\" \| (.*) \|$", part(lesson(name), "Misconceptions"), re.MULTILINE)
    assert 4 <= len(rows) <= 6
    outputs = [output for cell in cells(name) for output in cell.get("outputs", [])]
    shown = [output.get("text", "") + output.get("data", {}).get("text/markdown", "") for output in outputs]
    known = "\n".join([*(cell.source for cell in cells(name)), *shown]).replace("\\,\\%", "%").replace(" %", "%")
    for _, cure in rows:
        assert named(cure, "section") | named(cure, "exercise"), cure
        for number in re.findall(r"\d[\d,]*\.\d+|\d+ ?%|\d{1,3}(?:,\d{3})+", cure):
            assert re.search(rf"(?<![\d.]){re.escape(number.replace(' ', ''))}", known), (
                f"{number} is not in {name}.ipynb"
            )
