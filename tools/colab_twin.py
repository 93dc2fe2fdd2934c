"""Run the notebooks as Google Colab runs them: in its versions, from a published copy, nothing of ours installed.

python -m tools.colab_twin [--python PYTHON] [--torch VERSION] [--cell-seconds N] [NOTEBOOK ...]

NOTEBOOK is a name such as gru; the ten pages, if none is given. Each runs alone in an empty folder, on the embedded
sample: its first cell installs the tagged release by git, the rest must run, and no package that was there may change.

PACKAGES        what Colab has
published_copy  this project, published under an address, in a git repository that answers to that address
run             one notebook
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from tools import common
from tools.environments import Environment, copy_project, debris, served
from tools.execute import CELL_SECONDS, for_each, report

# As in Google's list of 19 August 2026 (googlecolab/backend-info on GitHub), which has Python 3.13.15 and torch 2.11.0:
# what the notebooks touch or pip might want to change, and pandas and requests, which the book's package needs.
PACKAGES = """
pip==24.1.2 ipython==7.34.0 ipykernel==6.17.1 ipywidgets==7.7.1 jupyter_client==7.4.9 traitlets==5.7.1
numpy==2.1.3 scipy==1.16.3 pandas==2.2.3 matplotlib==3.10.0 matplotlib-inline==0.2.2 pillow==11.3.0
sentencepiece==0.2.2 pooch==1.9.0 requests==2.32.4 tqdm==4.67.3
"""
ADDED = {"modern-rnn-helpers", "d2l"}
ADDRESS = "ada/rnn"


def published_copy(folder: Path) -> Path:
    """Copy this project to `folder`/ADDRESS, publish it, and return that place: a git repository with its tag.

    Behind the tag its branch has lost `helpers`: who installs the branch in place of the tag, fails.
    """
    copy = copy_project(folder / ADDRESS)
    subprocess.run([sys.executable, "-m", "tools.publish", ADDRESS], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    _git("init", "-q", at=copy)
    _git("add", "-A", at=copy)
    _git("commit", "-q", "-m", "Release", at=copy)
    _git("tag", common.tag(), at=copy)
    _git("rm", "-rq", "helpers", at=copy)
    _git("commit", "-q", "-m", "Lose the helpers", at=copy)
    return copy


def twin(folder: Path, python: str, torch: str, repositories: Path) -> Environment:
    """Make the environment; in it, every address of GitHub leads to the folder `repositories`."""
    environment = Environment(folder, python, before="import google.colab", **served(repositories))
    environment.install(f"torch=={torch}", *PACKAGES.split())
    where = environment.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    colab = Path(where, "google", "colab")
    colab.mkdir(parents=True)
    (colab / "__init__.py").write_text('"""What says that this is Colab."""\n', encoding="utf-8")
    return environment


def run(environment: Environment, path: Path, cell_seconds: int = CELL_SECONDS) -> None:
    """Run one published notebook. Raises RuntimeError that says what is not as it should be."""
    notebook = nbformat.read(path, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    before = environment.packages()
    try:
        with tempfile.TemporaryDirectory() as empty:
            environment.execute(notebook, Path(empty), cell_seconds)
        after = environment.packages()
    finally:  # as if the session had ended
        environment.run("-m", "pip", "uninstall", "-q", "-y", *sorted(ADDED))
    complaints = debris(notebook)
    if first.outputs:
        complaints.append(f"the first cell prints {first.outputs}")
    if changed := {name for name in before | after if before.get(name) != after.get(name)} ^ ADDED:
        complaints.append(f"other packages than expected were changed or not installed: {sorted(changed)}")
    if complaints:
        raise RuntimeError("\n    ".join(complaints))


def _git(*arguments: str, at: Path) -> None:
    subprocess.run(["git", "-c", "user.name=twin", "-c", "user.email=twin@localhost", *arguments], cwd=at, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", choices=[*common.PAGES, []], metavar="NOTEBOOK")
    parser.add_argument("--python", default=sys.executable, help="the Python of the twin (default: this one)")
    parser.add_argument("--torch", default="2.13.0", help="its torch (default: the one we develop with, %(default)s)")
    parser.add_argument("--cell-seconds", type=int, default=CELL_SECONDS, help="give up a cell after these seconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = published_copy(Path(folder, "served"))
        environment = twin(Path(folder, "twin"), given.python, given.torch, Path(folder, "served"))
        paths = [common.NOTEBOOKS / f"{name}.ipynb" for name in given.notebooks or common.PAGES]
        failed = for_each(
            paths, lambda path: run(environment, copy / path.relative_to(common.ROOT), given.cell_seconds)
        )
    report(failed, "every notebook ran in the twin of Colab")


if __name__ == "__main__":
    main()
