"""Write the copies that are handed out: the students', without solutions, and the instructor's, with all there is.

python -m teaching.handout [SECTION ...] [--students LIST.csv] [--out FOLDER]      all sections, if none is named
python -m teaching.handout --table                                                 all exercises, as Markdown

FOLDER/students/SECTION.ipynb, or with a list FOLDER/students/ID/SECTION.ipynb, and FOLDER/instructor/SECTION.ipynb.
With a list each student has numbers of their own where an exercise allows it (see teaching.variants), and
FOLDER/instructor/numbers.csv says which.
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

import nbformat

from teaching import catalogue, students, variants
from teaching.instructor import instructor, table
from teaching.sheets import student
from teaching.students import Person
from tools import common, page


def handout(
    sections: list[catalogue.Section],
    out: Path,
    people: list[Person] | None = None,
    *,
    exercises_only: bool = False,
    html: bool = False,
) -> list[Path]:
    """Write the copies of the sections and return their paths. All are made before the first is written."""
    linked = () if exercises_only else tuple(section.name for section in sections)
    files: dict[Path, str] = {}
    for section in sections:
        for person in people or [Person()]:
            copy = student(section, person, exercises_only=exercises_only, linked=linked)
            files[out / "students" / person.id / f"{section.name}.ipynb"] = nbformat.writes(copy) + "\n"
        notebook, place = instructor(section), out / "instructor" / f"{section.name}.ipynb"
        files[place] = nbformat.writes(notebook) + "\n"
        if html:
            files[place.with_suffix(".html")] = page.as_html(notebook, place)
    if people:
        files[out / "instructor" / "numbers.csv"] = _numbers(sections, people)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        common.write(path, text)
    return list(files)


def _numbers(sections: list[catalogue.Section], people: list[Person]) -> str:
    """Return a table of the numbers that each student has, as a spreadsheet reads it."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["id", "name", "section", "exercise", "numbers"])
    for person in people:
        for section in sections:
            for exercise in section.exercises:
                if given := variants.variant(section.name, exercise.number, person.id):
                    numbers = ", ".join(f"{name} = {value}" for name, value in given["values"].items())
                    writer.writerow([person.id, person.name, section.name, exercise.number, numbers])
    return "\ufeff" + table.getvalue()  # the mark by which Excel knows UTF-8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--students", type=Path, metavar="LIST.csv", help="a copy for each, with an id and a name")
    parser.add_argument("--out", type=Path, default=common.BUILD / "handout", metavar="FOLDER")
    parser.add_argument("--exercises-only", action="store_true", help="short sheets that run in seconds")
    parser.add_argument("--html", action="store_true", help="the instructor's copies as pages, too")
    parser.add_argument("--table", action="store_true", help="print the table of exercises and write nothing")
    given = parser.parse_args()
    try:
        sections = [catalogue.section(name) for name in given.sections or catalogue.SECTIONS]
        people = students.read(given.students) if given.students else None
    except (LookupError, ValueError) as error:
        raise SystemExit(f"error: {error.args[0]}") from error
    if given.table:
        print(table(sections))
        return
    paths = handout(sections, given.out, people, exercises_only=given.exercises_only, html=given.html)
    print(f"{len(paths)} files are in {given.out}")


if __name__ == "__main__":
    main()
