"""Grade what came back: notebooks, .py files and zip archives of a whole class.

python -m teaching.grade FOLDER [--out build/grades] [--seed N] [--seconds 10] [--workers 2]

Writes grades.csv and a page of feedback for each student. Answers are found by the names of their functions, whatever
the files are called and wherever the cells stand. Of several files with the same section, the one with the most
answers counts, of equals the newest. Results are kept, one file each: after an interruption, type the same line again.

The students' code runs in processes that hold no right result and can reach neither the network nor your files; how
far the system helps, the last line says.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import secrets
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from teaching import answers, catalogue, feedback, inbox, marking
from teaching.answers import Code
from teaching.catalogue import Section
from teaching.marking import Outcome, Task
from teaching.marks import Row, table
from tools import common


@dataclass(frozen=True)
class Submission:
    """A file of a student, read."""

    student: str
    file: str
    changed: datetime
    code: Code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what came back")
    parser.add_argument("--out", type=Path, default=common.BUILD / "grades", help="where the results go")
    parser.add_argument("--seed", type=int, help="of the fresh cases; else one is drawn once and kept with the results")
    parser.add_argument("--seconds", type=int, default=10, help="the longest that one answer may compute")
    parser.add_argument("--workers", type=int, default=2, help="how many submissions at once")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}")
    if not hasattr(os, "fork"):
        parser.error("this system cannot keep the students' code apart (it has no fork); use Linux, macOS or WSL")
    grade(given.folder.resolve(), given.out.resolve(), given.seed, given.seconds, given.workers)


def grade(folder: Path, out: Path, seed: int | None = None, seconds: int = 10, workers: int = 2) -> list[Row]:
    """Grade what lies in a folder and write the results to `out`. Ends the program with a sentence where it cannot."""
    submissions, problems = collect(folder, out)
    if not submissions and not problems:
        raise SystemExit(f"nothing to grade: there is no file in {folder}")
    (out / "results").mkdir(parents=True, exist_ok=True)
    seed = _seed(out, seed)
    jobs = []
    for student in sorted({*submissions, *problems}, key=str.casefold):
        jobs += _jobs(student, submissions[student], problems[student], seed, seconds)
    protections = _run([task for *_, task in jobs if task], out, [folder, out], seconds, workers)
    rows = [_row(student, section, remarks, task, out) for student, section, remarks, task in jobs]
    common.write(out / "grades.csv", "\ufeff" + table(rows))  # the mark tells spreadsheets that it is UTF-8
    _pages(rows, out)
    print(f"{len({row.student for row in rows})} students: {out / 'grades.csv'}, and a page for each in feedback/")
    if protections:
        print(f"protections in force: {', '.join(protections)}")
    return rows


def collect(folder: Path, out: Path) -> tuple[dict[str, list[Submission]], dict[str, list[str]]]:
    """Return the files with code of each student, and what is to be said about others."""
    found = list(inbox.files(folder, skipped=out))
    submissions, problems = defaultdict(list), defaultdict(list)
    for file, student in zip(found, inbox.students(found), strict=True):
        try:
            if file.data is None:
                raise ValueError(file.problem)
            code = answers.read(inbox.cells_of(file.name, file.data))
            submissions[student].append(Submission(student, file.name, file.changed, code))
        except ValueError as error:
            problems[student].append(f"{file.parts[-1]} is not read: {error}")
    return submissions, problems


def _jobs(student: str, files: list[Submission], problems: list[str], seed: int, seconds: int) -> list[tuple]:
    """Return (student, section, remarks, task) for each section that the student's files hold."""
    by_section: dict[str, list[Submission]] = defaultdict(list)
    for file in files:
        for section in answers.sections_in(file.code, catalogue.sections()):
            by_section[section.name].append(file)
    if not by_section:
        return [(student, None, (*problems, "no answers were found"), None)]
    jobs = []
    for section in filter(lambda section: section.name in by_section, catalogue.sections()):
        rivals = sorted(by_section[section.name], key=lambda file: _rank(file, section))
        chosen = rivals[-1]
        remarks = list(problems)
        if len(rivals) > 1:
            others = ", ".join(file.file for file in rivals[:-1])
            remarks.append(f"graded is {chosen.file}, which has the most answers or is the newest, and not {others}")
        if odd := answers.suspicious(chosen.code):
            remarks.append(f"look at this one by hand: {', '.join(odd)}")
        jobs.append((student, section, tuple(remarks), _task(chosen.code, section, seed, seconds)))
    return jobs


def _rank(file: Submission, section: Section) -> tuple:
    return answers.attempted(file.code, section), file.changed, file.file


def _task(code: Code, section: Section, seed: int, seconds: int) -> Task:
    statements: dict[str, list[str] | str] = {}
    for part in section.parts():
        try:
            statements[part.answer] = answers.find(code, section, part.answer)
        except LookupError as error:
            statements[part.answer] = str(error)
    return Task(section.name, statements, seed, seconds)


def _seed(out: Path, given: int | None) -> int:
    """The seed of the class: given, or drawn once and kept, readable by its owner alone."""
    path = out / "seed"
    if given is None and path.exists():
        return int(path.read_text())
    seed = given if given is not None else secrets.randbelow(2**31)
    common.write(path, f"{seed}\n")
    path.chmod(0o600)
    return seed


def _run(tasks: list[Task], out: Path, closed: list[Path], seconds: int, workers: int) -> list[str]:
    """Mark what has no result yet; return the protections that were in force."""
    by_key = {task.key: task for task in tasks}
    left = {key: task for key, task in by_key.items() if not _result(out, key).exists()}
    if left:
        pool = ProcessPoolExecutor(
            min(workers, len(left)), get_context("spawn"), marking.begin, (_imported(), closed, seconds)
        )
        try:
            futures = {pool.submit(marking.mark, task): key for key, task in left.items()}
            for future in tqdm(as_completed(futures), total=len(futures), unit="submission", desc="grading"):
                common.write(_result(out, futures[future]), json.dumps(future.result(), ensure_ascii=False, indent=1))
        except KeyboardInterrupt:
            for process in pool._processes.values():
                process.terminate()
            done = sum(_result(out, key).exists() for key in by_key)
            raise SystemExit(f"\nstopped: {done} of {len(by_key)} are graded and kept; the same line goes on") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    found = [json.loads(_result(out, key).read_text(encoding="utf-8"))["protections"] for key in by_key]
    return min(filter(None, found), key=len, default=[])


def _result(out: Path, key: str) -> Path:
    return out / "results" / f"{key}.json"


def _imported() -> list[str]:
    """Names of the modules that the notebooks import, the checks apart."""
    names = set()
    for section in catalogue.sections():
        for statement in answers.published(section).statements:
            node = statement.node
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return sorted(name for name in names if not re.match(r"(helpers\.exercises|d2l|google)\b", name))


def _row(student: str, section: Section | None, remarks: tuple[str, ...], task: Task | None, out: Path) -> Row:
    if task is None:
        return Row(student, None, (), remarks)
    parts = [Outcome(**part) for part in json.loads(_result(out, task.key).read_text(encoding="utf-8"))["parts"]]
    doubts = [part.doubt for part in parts if part.doubt]
    return Row(student, section, tuple(parts), (*remarks, *doubts))


def _pages(rows: list[Row], out: Path) -> None:
    (out / "feedback").mkdir(exist_ok=True)
    by_student: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_student[row.student].append(row)
    for student, own in by_student.items():
        name = re.sub(r"\W+", "-", student).strip("-")[:60]
        if sum(re.sub(r"\W+", "-", other).strip("-")[:60] == name for other in by_student) > 1 or not name:
            name += "-" + hashlib.sha256(student.encode()).hexdigest()[:6]
        common.write(out / "feedback" / f"{name}.html", feedback.page(student, own))


if __name__ == "__main__":
    main()
