"""A course folder for nbgrader, with one assignment a section.

python -m teaching.nbgrader_course [SECTION ...] [--out build/nbgrader] [--seed N]     all sections, if none is named
python -m teaching.nbgrader_course --restore build/nbgrader/submitted                  answers back into their cells

make            write the folder; a file that you have changed there stays
"""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from teaching import catalogue, nbgrader_restore
from teaching.nbgrader_assignment import STUB, TEXT_STUB, assignment, stripped
from tools import common

CONFIG = rf'''c = get_config()
c.CourseDirectory.course_id = "modern-rnn"

c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
c.ClearSolutions.text_stub = "{TEXT_STUB}"

# A cell that runs longer is interrupted, and the next ones are still graded.
c.Execute.timeout = 120
c.Execute.iopub_timeout = 60  # a busy machine sends late what a cell has shown; after 4 seconds nbgrader would give up

# Whose file it is: ada_gru.ipynb, or as Moodle names it, "Ada Lovelace_123_assignsubmission_file/gru.ipynb".
c.FileNameCollectorPlugin.named_regexp = (
    r".*[/\\]extracted[/\\](?:.*[/\\])?(?P<student_id>[^/\\_]+)"
    r"_(?:.*[_/\\])?(?P<file_id>[a-z-]+)(?: ?\(\d+\))?\.ipynb$"
)
'''


def make(names: list[str], out: Path, seed: int | None = None) -> None:
    """Write the configuration and the assignments of the sections called `names` under `out`; none named: all.

    seed: for the cases of the hidden tests; by default a secret number that is kept in the folder's file `seed`.
    """
    sections = [catalogue.section(name) for name in names] or catalogue.sections()
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "seed"
    if seed is None:
        seed = int(kept.read_text(encoding="utf-8")) if kept.exists() else secrets.randbelow(2**32)
    common.write(kept, f"{seed}\n")
    _write(out / "nbgrader_config.py", CONFIG)
    for section in sections:
        path = source(out, section.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, nbformat.writes(assignment(section, seed)) + "\n")


def source(out: Path, name: str) -> Path:
    """Return where a section's assignment stands in the course folder `out`."""
    return out / "source" / name / f"{name}.ipynb"


def _write(path: Path, text: str) -> None:
    """Write a file, or leave alone one that says something else."""
    if path.exists() and path.read_text(encoding="utf-8") != text:
        print(f"{path}: left as it is; to have it made anew, remove it first")
    else:
        common.write(path, text)
        print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--out", type=Path, default=common.BUILD / "nbgrader", help="the course folder")
    parser.add_argument("--seed", type=int, help="for the hidden cases; by default a number kept in the course folder")
    parser.add_argument(
        "--restore", type=Path, metavar="FOLDER", help="put the answers in FOLDER back into their cells"
    )
    given = parser.parse_args()
    try:
        if given.restore:
            nbgrader_restore.restore_all(given.restore, _clean(given.out, given.sections))
        else:
            make(given.sections, given.out, given.seed)
    except LookupError as error:
        parser.error(str(error))


def _clean(out: Path, names: list[str]) -> dict[str, NotebookNode]:
    """Return the assignments in the course folder as students get them, by section."""
    names = names or [name for name in catalogue.SECTIONS if source(out, name).exists()]
    missing = [name for name in names if not source(out, name).exists()]
    if missing or not names:
        raise LookupError(f"{out} holds no assignment {' '.join(missing)}: make it first")
    return {name: stripped(nbformat.read(source(out, name), as_version=4)) for name in names}


if __name__ == "__main__":
    main()
