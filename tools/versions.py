"""Run the tests of helpers and two notebooks with the oldest and the newest packages that pyproject.toml admits.

python -m tools.versions [oldest | newest] [--python PYTHON] [--torch VERSION]

The oldest are those that pyproject.toml names; the newest, the newest that there are, but for torch, whose newest build
may bring gigabytes for graphics cards. Each set gets a throwaway environment. The last line printed for it is a row for
docs/versions.md.

requirements    what is installed for a set
try_set         one set, from its environment to its row
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
import tempfile
from pathlib import Path

import nbformat

from tools import common
from tools.environments import Environment, copy_project, debris
from tools.execute import report

NOTEBOOKS = ["gru", "machine-translation-and-dataset"]
SHOWN = ["torch", "numpy", "matplotlib", "pillow", "tqdm", "pooch", "sentencepiece", "ipython", "ipywidgets"]
FOR_THE_TESTS = ["pytest", "hypothesis", "nbformat", "nbclient", "sacrebleu", "pandas", "requests"]
KERNELS = {"oldest": "ipykernel==6.17.1", "newest": "ipykernel"}
TORCH = "2.13.0"  # the one that we develop with


def requirements(name: str, torch: str = "") -> list[str]:
    """Return what pyproject.toml asks for, in the oldest versions it admits or without bounds; torch as told."""
    declared = common.project()["dependencies"]
    if wrong := [line for line in declared if not re.fullmatch(r"[\w-]+>=[\d.]+", line)]:
        raise SystemExit(f"pyproject.toml: each dependency is written name>=version; not so {', '.join(wrong)}")
    wanted = dict(line.split(">=") for line in declared)
    exact = wanted if name == "oldest" else {"torch": TORCH}
    exact |= {"torch": torch} if torch else {}
    return [f"{package}=={exact[package]}" if package in exact else package for package in wanted]


def unit_tests(project: Path) -> list[str]:
    """Return the test files that need nothing of tools/ and teaching/, whose versions are those of requirements.txt."""
    of_tools = re.compile(r"^ *(from|import) (tools|teaching|test_project)\b", re.MULTILINE)
    paths = sorted((project / "tests").glob("test_*.py"))
    return [str(path.relative_to(project)) for path in paths if not of_tools.search(path.read_text(encoding="utf-8"))]


def try_set(name: str, python: str, torch: str, folder: Path) -> tuple[str, bool]:
    """Try one set in `folder`; return a row of docs/versions.md, and whether all passed."""
    project = copy_project(folder / "project")
    environment = Environment(folder / "environment", python)
    environment.install(*requirements(name, torch), KERNELS[name], *FOR_THE_TESTS, project)
    environment.install("--no-deps", "d2l==0.17.0")
    versions = environment.packages()
    results = [_attempt("unit tests", lambda: _run_tests(environment, project))]
    for notebook in NOTEBOOKS:
        results.append(_attempt(notebook, lambda notebook=notebook: _run_notebook(environment, project, notebook)))
    version = environment.run("-c", "import platform; print(platform.python_version())").strip()
    row = [f"{datetime.date.today()}", name, version, *(versions[package] for package in SHOWN), *results]
    return f"| {' | '.join(row)} |", all(result != "failed" for result in results)


def _attempt(what: str, action) -> str:
    try:
        result = action()
    except RuntimeError as error:
        print(f"{what}: {error}", flush=True)
        return "failed"
    print(f"{what}: {result}", flush=True)
    return result


def _run_tests(environment: Environment, project: Path) -> str:
    options = ["-q", "-o", "addopts=", "-m", "not torture", "-p", "no:cacheprovider"]
    printed = environment.run("-m", "pytest", *options, *unit_tests(project), cwd=project)
    return printed.splitlines()[-1].partition(" in ")[0]


def _run_notebook(environment: Environment, project: Path, name: str) -> str:
    path = project / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    environment.execute(notebook, path.parent)
    if found := debris(notebook):
        raise RuntimeError("\n    ".join(found))
    return "passed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="?", choices=list(KERNELS), help="both, if none is named")
    parser.add_argument("--python", default=sys.executable, help="its Python (default: this one)")
    parser.add_argument("--torch", default="", help=f"its torch (default: the oldest admitted, or {TORCH})")
    given = parser.parse_args()
    failed = []
    for name in [given.set] if given.set else KERNELS:
        with tempfile.TemporaryDirectory() as folder:
            row, passed = try_set(name, given.python, given.torch, Path(folder))
        print(row, flush=True)
        failed += [] if passed else [name]
    report(failed, "what was tried passed")


if __name__ == "__main__":
    main()
