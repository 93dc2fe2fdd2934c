"""What is to be graded: the files of each student, and of these the answers that count.

collect      the files with code of each student, and what is to be said about the others
called       the same, by a class list: whose files they are, and who handed nothing in
jobs         for each section that a student answered, a task for the grader
Submission   a file of a student, read
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from teaching import answers, authors, catalogue, inbox, reading
from teaching.catalogue import Section
from teaching.cells import cells_of
from teaching.marking import Task
from teaching.reading import Code
from teaching.students import Person, Roll


@dataclass(frozen=True)
class Submission:
    """A file of a student, read."""

    file: str
    changed: datetime
    code: Code

    @property
    def number(self) -> str:
        """The matriculation number that the file names, in a line NUMBER = "..."; or ""."""
        found = [s.node.value for s in self.code.binding("NUMBER") if isinstance(s.node, ast.Assign)]
        return next((str(value.value) for value in found if isinstance(value, ast.Constant)), "")


@dataclass
class Student:
    """label: as the folders and files call them. id: by a class list, if there is one. remarks: about their files."""

    label: str
    id: str = ""
    files: list[Submission] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """What one student did in one section. section and task: None if there is nothing to grade."""

    student: Student
    section: Section | None
    remarks: tuple[str, ...]
    task: Task | None


def collect(folder: Path, out: Path) -> list[Student]:
    """Return the students of a folder with their files, in alphabetical order. out: our own folder, left out."""
    found = list(inbox.files(folder, skipped=out))
    students: dict[str, Student] = {}
    for file, label in zip(found, authors.students(found), strict=True):
        student = students.setdefault(label, Student(label))
        try:
            if file.data is None:
                raise ValueError(file.problem)
            code = reading.read(cells_of(file.name, file.data))
            student.files.append(Submission(file.name, file.changed, code))
        except ValueError as error:
            student.remarks.append(f"{file.parts[-1]} is not read: {error}")
    return sorted(students.values(), key=lambda student: student.label.casefold())


def called(students: list[Student], people: list[Person]) -> list[Student]:
    """Return the students in the order of a class list, then those who are not in it.

    What names the folder and the file decides who it is, and only if it tells nothing the number written in the file.
    """
    roll = Roll(people)
    known = {person: Student(person.name, person.id) for person in people}
    others = []
    for student in students:
        written = {file.number for file in student.files if file.number}
        told = roll.told(student.label)
        if told is None and len(written) == 1:
            told = roll.by_id(*written)
        if told is None:
            student.remarks.append("not in the class list: held to the exercises as they stand in the notebook")
            others.append(student)
            continue
        for number in sorted(number for number in written if roll.by_id(number) != told):
            owner = roll.by_id(number)
            whose = f"the copy of {owner.name}" if owner else "a copy of somebody who is not in the class list"
            known[told].remarks.append(f"a file names the number {number}: {whose}")
        known[told].files += student.files
        known[told].remarks += student.remarks
    return [*known.values(), *others]


def jobs(student: Student, seed: int, seconds: int) -> list[Job]:
    """Return a job for each section that the student's files hold, or one without a task if they hold none."""
    by_section: dict[str, list[Submission]] = defaultdict(list)
    for file in student.files:
        for section in answers.sections_in(file.code, catalogue.sections()):
            by_section[section.name].append(file)
    if not by_section:
        remarks = (*student.remarks, "no answers were found") if student.files or student.remarks else ()
        return [Job(student, None, remarks, None)]
    found = []
    for section in filter(lambda section: section.name in by_section, catalogue.sections()):
        rivals = sorted(by_section[section.name], key=lambda file: _rank(file, section))
        chosen = rivals[-1]
        remarks = list(student.remarks)
        if len(rivals) > 1:
            others = ", ".join(file.file for file in rivals[:-1])
            remarks.append(f"graded is {chosen.file}, which has the most answers or is the newest, and not {others}")
        if odd := reading.suspicious(chosen.code):
            remarks.append(f"look at this one by hand: {', '.join(odd)}")
        found.append(Job(student, section, tuple(remarks), task(chosen.code, section, seed, seconds, student.id)))
    return found


def _rank(file: Submission, section: Section) -> tuple:
    return answers.attempted(file.code, section), file.changed, file.file


def task(code: Code, section: Section, seed: int, seconds: int, student_id: str = "") -> Task:
    """Return the answers of a section that stand in this code. student_id: whose numbers they are held to."""
    statements: dict[str, list[str] | str] = {}
    for part in section.parts():
        try:
            statements[part.answer] = answers.find(code, section, part.answer)
        except LookupError as error:
            statements[part.answer] = str(error)
    return Task(section.name, statements, seed, seconds, student_id)
