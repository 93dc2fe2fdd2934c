"""Marking the answers of one submission: with the checks, and with fresh cases of the class's secret seed.

Task         the answers of a section, as they were handed in
Outcome      what became of one of them
begin, mark  for a worker: get ready, then mark a task
version      changes whenever marks may

The checks run here, on a process that never runs a student's code; the answers run in processes of their own.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import signal
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch

from helpers.exercises.check import CORRECT, NOT_SOLVED, WRONG, Check
from teaching import catalogue, fresh, kernel, own_numbers, variants
from teaching.catalogue import Part
from teaching.dialogue import Ended
from teaching.processes import Zygote
from teaching.remote import Answer
from tools import common

NOT_ATTEMPTED = NOT_SOLVED
ENDED = {
    "time": "your function does not come to an end within {seconds} seconds",
    "memory": "the system had to end your function; does it need very much memory?",
    "crash": "your function makes Python itself crash; recursion that never ends can do that",
    "exit": "your function ends the whole process instead of returning a result",
    "nonsense": "what your function hands back cannot be read",
}
MARKING = ("codec", "dialogue", "gradients", "guard", "kernel", "handles", "layers", "link", "marking", "processes",
           "remote", "sandbox", "server", "variants", "zygote")  # fmt: skip
PATIENCE, HURRIED = 2, 2  # after so many answers of a submission that do not end, each further one has so many seconds
_zygote: Zygote | None = None


@dataclass(frozen=True)
class Task:
    """statements: for each answer the statements that it consists of, or a sentence that says why there are none.
    student_id: whose numbers the exercises have; those of the notebook if it is "".
    """

    section: str
    statements: dict[str, list[str] | str]
    seed: int
    seconds: int
    student_id: str = ""

    @property
    def key(self) -> str:
        text = json.dumps([version(), asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Outcome:
    """status: 'correct', 'wrong' or 'not solved yet'. doubt: why a person should look at it, if so.

    endless: it was given up after the seconds that it had.
    """

    check: str
    status: str
    message: str
    doubt: str = ""
    endless: bool = False


@cache
def version() -> str:
    """Return a hash of all that decides about marks, as it was when the program first asked."""
    folders = common.ROOT / "helpers" / "exercises", *(Path(each.__file__).parent for each in (fresh, own_numbers))
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    files += [Path(__file__).with_name(f"{name}.py") for name in MARKING]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def begin(modules: list[str], closed: list[Path], seconds: int) -> None:
    """Get ready to mark: once in each worker, before its first task."""
    global _zygote
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives out the tasks
    kernel.die_with_parent()  # a grader that was killed cannot tell its workers
    torch.set_num_threads(1)
    _zygote = Zygote(modules, closed, seconds)
    atexit.register(_zygote.close)


def mark(task: Task) -> dict:
    """Return {"parts": outcomes, "protections": what was in force} for a task."""
    section = catalogue.section(task.section)
    protections: list[str] = []
    checks = {part: variants.check_for(task.section, part, task.student_id, task.seed) for part in section.parts()}
    parts: list[Outcome] = []
    for part, check in checks.items():
        endless = sum(outcome.endless for outcome in parts)
        seconds = task.seconds if endless < PATIENCE else min(HURRIED, task.seconds)
        parts.append(_mark(check, part, task, protections, seconds))
    return {"parts": [asdict(part) for part in parts], "protections": protections}


def _mark(check: Check, part: Part, task: Task, protections: list[str], seconds: int) -> Outcome:
    statements = task.statements[part.answer]
    if isinstance(statements, str):
        missing = statements.startswith("there is no")
        return Outcome(part.check, NOT_ATTEMPTED if missing else WRONG, statements)
    try:
        with _zygote.running(seconds) as process:
            protections[:] = protections or process.protections
            try:
                answer = process.define(statements, part.answer)
            except Exception as error:
                return _defined_wrongly(part, error)
            return _judged(check, part, Answer(process, answer.number, watch=bool(check.keeps)))
    except Ended as ended:
        endless, hurried = ended.why == "time", ended.why == "time" and seconds < task.seconds
        doubt = f"{part.answer} had {seconds} seconds only, after {PATIENCE} answers without an end" if hurried else ""
        return Outcome(part.check, WRONG, ENDED[ended.why].format(seconds=seconds), doubt, endless)


def _defined_wrongly(part: Part, error: Exception) -> Outcome:
    text = f"the code that your function needs stops with {type(error).__name__}: {error}"
    return Outcome(part.check, NOT_ATTEMPTED if isinstance(error, NotImplementedError) else WRONG, text)


def _judged(check: Check, part: Part, answer: Answer) -> Outcome:
    try:
        verdict = check(answer)
    except Exception as error:  # a result so odd that the judge stumbles over it
        text = f"the result is of a kind that cannot be judged ({type(error).__name__}: {error})"
        return Outcome(part.check, WRONG, text, doubt=f"{part.answer}: {text}")
    return Outcome(part.check, CORRECT if verdict.status == CORRECT else verdict.status, verdict.message)
