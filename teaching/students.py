"""The list of a class, as a spreadsheet writes it.

Person       somebody in it
read         the people of a list: a header, then a line for each, with an id and a name
Roll         a list that is asked whose a folder or file is

The columns are called id and name (or number, matriculation, student), in any order, parted by commas, semicolons or
tabs; UTF-8, with or without the mark that Excel writes, or the older code page of Windows.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ID = ("id", "number", "matriculation", "matriculation number", "student id", "matrikelnummer", "matrícula", "matricula")
NAME = ("name", "student", "full name", "nome")


@dataclass(frozen=True)
class Person:
    """id: what the university knows them by; their own numbers follow from it."""

    id: str = ""
    name: str = ""


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


class Roll:
    """People who are known by their ids, and by their names as long as nobody shares them."""

    def __init__(self, people: list[Person]):
        self._by_id = {person.id.casefold(): person for person in people}
        self._by_name: dict[str, set[Person]] = defaultdict(set)
        for person in people:
            words = _words(person.name)
            for first in range(len(words)):  # "Ada Maria Lima" is "Lima Ada Maria" elsewhere, and "limaadamaria"
                self._by_name["".join(words[first:] + words[:first])].add(person)

    def by_id(self, number: str) -> Person | None:
        return self._by_id.get(number.strip().casefold())

    def told(self, label: str) -> Person | None:
        """Return the one person whose id or name a folder or file has, or None."""
        by_id = {person for word in re.split(r"[\s_]+", label) if (person := self.by_id(word))}
        named = by_id or self._by_name.get("".join(_words(label)), set())
        return next(iter(named)) if len(named) == 1 else None


def _words(name: str) -> list[str]:
    """The words of a name without capitals and accents, as the names of files often are."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.findall(r"[^\W_]+", "".join(letter for letter in letters if not unicodedata.combining(letter)))
