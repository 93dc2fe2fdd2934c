"""The list of a class, as a spreadsheet writes it.

read         the people of a list: a header, then a line for each, with an id and a name

The columns are called id and name (or number, matriculation, student), in any order, parted by commas, semicolons or
tabs; UTF-8, with or without the mark that Excel writes, or the older code page of Windows.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from teaching.sheets import Person

ID = ("id", "number", "matriculation", "matriculation number", "student id", "matrikelnummer", "matrícula", "matricula")
NAME = ("name", "student", "full name", "nome")


def read(path: Path) -> list[Person]:
    """Return the people of a list, in its order. Raises ValueError that names the file and the line which is wrong."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_bytes().decode("cp1252", errors="replace")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    header = text.partition("\n")[0]
    comma = max(",;\t", key=header.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=comma)
    titles = [title.strip().casefold() for title in next(lines, [])]
    columns = [next((i for i, title in enumerate(titles) if title in known), None) for known in (ID, NAME)]
    if None in columns:
        raise ValueError(f"{path}, line 1: a header is needed with the columns id and name; it is {header.strip()!r}")
    people: dict[str, Person] = {}
    for row in lines:
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}, line {lines.line_num}"
        if len(row) <= max(columns):
            raise ValueError(f"{where}: {len(row)} columns where the header has {len(titles)}: {comma.join(row)!r}")
        if any("\n" in cell for cell in row):
            raise ValueError(f"{where}: a quotation mark before it is not closed")
        person = Person(*(row[column].strip() for column in columns))
        if not re.fullmatch(r"\w[\w.-]*", person.id):
            raise ValueError(f"{where}: the id {person.id!r} should be made of letters, digits, '.', '-' and '_'")
        if person.id.casefold() in people:
            raise ValueError(f"{where}: the id {person.id!r} has been there before")
        people[person.id.casefold()] = person
    if not people:
        raise ValueError(f"{path}: there is nobody in the list")
    return list(people.values())
