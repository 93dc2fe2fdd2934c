"""Grade what came back: notebooks, .py files and zip archives of a whole class.

python -m teaching.grade FOLDER [--students LIST.csv] [--out build/grades] [--seed N] [--seconds 10] [--workers 2]

Writes grades.csv and a page of feedback for each student. Answers are found by the names of their functions, whatever
the files are called and wherever the cells stand. Of several files with the same section, the one with the most
answers counts, of equals the newest. Results are kept, one file each: after an interruption, type the same line again.

With the class list that the copies were made from (see teaching.handout), each student is held to the numbers in their
own copy; the table then has the students' ids, and those who handed nothing in.

The students' code runs in processes that hold no right result and can reach neither the network nor your files; how
far the system helps, the last line says.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import secrets
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from teaching import answers, catalogue, feedback, marking, students, submissions
from teaching.marking import Outcome, Task
from teaching.marks import Row, table
from teaching.students import Person
from teaching.submissions import Job
from tools import common


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what came back")
    parser.add_argument("--students", type=Path, metavar="LIST.csv", help="the list that the copies were made from")
    parser.add_argument("--out", type=Path, default=common.BUILD / "grades", help="where the results go")
    parser.add_argument("--seed", type=int, help="of the fresh cases; else one is drawn once and kept with the results")
    parser.add_argument("--seconds", type=int, default=10, help="the longest that one answer may compute")
    parser.add_argument("--workers", type=int, default=2, help="how many submissions at once")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}")
    if not hasattr(os, "fork"):
        parser.error("this system cannot keep the students' code apart (it has no fork); use Linux, macOS or WSL")
    try:
        people = students.read(given.students) if given.students else None
    except ValueError as error:
        parser.error(str(error))
    grade(given.folder.resolve(), given.out.resolve(), given.seed, given.seconds, given.workers, people)


def grade(
    folder: Path, out: Path, seed: int | None = None, seconds: int = 10, workers: int = 2,
    people: list[Person] | None = None,
) -> list[Row]:  # fmt: skip
    """Grade what lies in a folder and write the results to `out`. Ends the program with a sentence where it cannot.

    people: the class, if each of them has numbers of their own.
    """
    found = submissions.collect(folder, out)
    if not found:
        raise SystemExit(f"nothing to grade: there is no file in {folder}")
    (out / "results").mkdir(parents=True, exist_ok=True)
    seed = _seed(out, seed)
    class_ = submissions.called(found, people) if people else found
    jobs = [job for student in class_ for job in submissions.jobs(student, seed, seconds)]
    protections = _run([job.task for job in jobs if job.task], out, [folder, out], seconds, workers)
    rows = [_row(job, out) for job in jobs]
    common.write(out / "grades.csv", "\ufeff" + table(rows))  # the mark tells spreadsheets that it is UTF-8
    feedback.write(rows, out / "feedback")
    print(f"{len(class_)} students: {out / 'grades.csv'}, and a page for each in feedback/")
    if protections:
        print(f"protections in force: {', '.join(protections)}")
    return rows


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
            raise SystemExit(f"\nstopped: {_kept(by_key, out)}") from None
        except BrokenProcessPool:
            why = "a process that grades has ended; if it did not say why, memory is short: take --workers 1"
            raise SystemExit(f"\n{why}\nstopped: {_kept(by_key, out)}") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    found = [json.loads(_result(out, key).read_text(encoding="utf-8"))["protections"] for key in by_key]
    return min(filter(None, found), key=len, default=[])


def _kept(tasks: dict[str, Task], out: Path) -> str:
    done = sum(_result(out, key).exists() for key in tasks)
    return f"{done} of {len(tasks)} are graded and kept; the same line goes on"


def _result(out: Path, key: str) -> Path:
    return out / "results" / f"{key}.json"


def _imported() -> list[str]:
    """Names of the modules that the notebooks import, the checks apart."""
    names = set()
    for node in (each.node for section in catalogue.sections() for each in answers.published(section).statements):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return sorted(name for name in names if not re.match(r"(helpers\.exercises|d2l|google)\b", name))


def _row(job: Job, out: Path) -> Row:
    if job.task is None:
        return Row(job.student.label, None, (), job.remarks, job.student.id)
    parts = [Outcome(**part) for part in json.loads(_result(out, job.task.key).read_text(encoding="utf-8"))["parts"]]
    doubts = [part.doubt for part in parts if part.doubt]
    return Row(job.student.label, job.section, tuple(parts), (*job.remarks, *doubts), job.student.id)


if __name__ == "__main__":
    main()
