"""The project as a whole: style, README, requirements, the wheel, and the Makefile."""

import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tomllib

from tools import common

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = shutil.ignore_patterns(".*", "build", "__pycache__", "*.egg-info")


def python(*arguments, cwd=ROOT, **environment):
    """Run Python in a process of its own; return its exit status and all that it printed."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_style(command):
    pytest.importorskip("ruff")
    status, printed = python("-m", "ruff", *command, "--no-cache", "--output-format=concise")
    assert status == 0, printed


def test_every_requirement_is_pinned_and_has_a_reason():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(lines) > 10
    pin = r"==[\d.]+|>=[\d.]+,<[\d.]+"
    wrong = [line for line in lines if not re.fullmatch(rf"([\w-]+({pin})|-e \.) +# \S.{{10,}}", line)]
    assert not wrong
    assert lines[-1].startswith("-e .")


def test_what_helpers_declares_is_pinned_for_development():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    pinned = re.findall(r"^([\w-]+)[=>]", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert {re.match(r"[\w-]+", line)[0] for line in declared} <= set(pinned)


def test_conda_installs_the_same_requirements():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert re.search(r"^ +- pip:\n +- -r requirements\.txt$", text, re.MULTILINE)


def test_the_links_and_pictures_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    inside = [address for address in re.findall(r"\]\(([^)\s#]+)", text) if not re.match(r"\w+:", address)]
    inside += re.findall(rf"/{re.escape(common.address())}/(?:blob|tree)/main/([^)\s#]+)", text)
    missing = [address for address in inside if not (ROOT / address).exists()]
    assert not missing
    assert "![](" not in text, "a picture has no alternative text"


@pytest.fixture
def files():
    """Return the files that git would commit, by their names."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return {name: ROOT / name for name in names if name and (ROOT / name).is_file()}


def test_a_copy_of_the_project_is_small(files):
    """Who clones it, and each first cell in Colab, fetches all of it: the trained models are its only large files."""
    sizes = {name: path.stat().st_size for name, path in files.items()}
    large = {name for name, size in sizes.items() if size > 1_000_000}
    assert {name for name in large if not re.fullmatch(r"helpers/pretrained/[\w.-]+\.pt", name)} == set()
    assert sum(sizes[name] for name in large) <= 10_000_000
    assert sum(sizes.values()) <= 20_000_000


def test_no_file_names_a_package_registry_or_a_path_of_one_machine(files):
    hosts = [("pypi", "org"), ("pythonhosted", "org"), ("download.pytorch", "org"), ("anaconda", "org")]
    hosts += [("repo.anaconda", "com"), ("npmjs", "org")]
    forbidden = [re.escape(".".join(host)) for host in hosts]
    forbidden += [rf"(?<![\w.]){re.escape(str(ROOT))}\b", r"(?<![\w.])/(home|root|Users)/\w"]
    for name, path in files.items():
        match = re.search("|".join(forbidden), path.read_text(encoding="utf-8", errors="ignore"))
        assert not match, f"{name}: {match[0]}"


def test_helpers_that_differ_from_their_release_have_a_new_version():
    """Colab installs the tag, and opens the notebooks of the branch: both must go together."""
    git = ["git", "-c", "safe.directory=*", "-C", ROOT]
    released = subprocess.run([*git, "rev-parse", "-q", "--verify", f"refs/tags/{common.tag()}"], capture_output=True)
    if released.returncode:
        pytest.skip(f"there is no tag {common.tag()} yet")
    same = subprocess.run([*git, "diff", "--quiet", common.tag(), "--", "helpers", "notebooks/img"])
    assert same.returncode == 0, f"raise the version in pyproject.toml: {common.tag()} has other helpers"


# --- the wheel, which is what Colab installs -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the folder of an unpacked wheel, built from a copy so that no old build/ leaks into it."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_OURS)
    build = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, folder / "source"]
    status, printed = python(*build, PIP_NO_INDEX="1")
    assert status == 0, printed
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_holds_all_modules_the_sample_and_the_drawings(wheel):
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "helpers").rglob("*.py")}
    expected |= {f"helpers/samples/{path.name}" for path in (ROOT / "helpers" / "samples").glob("*.t*")}
    expected |= {f"helpers/img/{path.name}" for path in (ROOT / "notebooks" / "img").glob("*.svg")}
    present = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    assert expected <= present
    assert {name.split("/")[0] for name in present if ".dist-info/" not in name} == {"helpers"}


def test_the_installed_helpers_find_their_files(wheel, tmp_path):
    names = [path.stem for path in (ROOT / "notebooks" / "img").glob("*.svg")]
    script = f"""
from pathlib import Path
from helpers import datasets, display
assert Path(datasets.__file__).is_relative_to({str(wheel)!r}), datasets.__file__
assert len(datasets.time_machine("sample").raw) > 40_000
for name in {names!r}:
    assert "<title" in display.diagram(name).svg
"""
    status, printed = python("-c", script, cwd=tmp_path, PYTHONPATH=str(wheel))
    assert status == 0, printed


# --- Makefile and .ci/run --------------------------------------------------------------------------------------------

# A Python that only takes notes, and so do the programs of the environment that it makes; `-c` is run in earnest.
FAKE = """#!/bin/sh
[ "$1" = -c ] && exec "{python}" "$@"
echo "$(basename "$0") $*" >> "{notes}"
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin"
    for name in python pytest jupyter ruff; do cp "$0" "$3/bin/$name"; done
fi
"""


def make(*arguments):
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=outer, text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("test", ["pytest "]),
        ("torture", ["pytest -m torture tests"]),
        ("test-colab", ["python -m tools.colab_twin gru"]),
        ("test-versions", ["python -m tools.versions oldest"]),
        ("run", ["python -m tools.execute"]),
        ("experiments", ["python experiments/run.py gru-memory"]),
        ("bench", ["python -m benchmarks gru-memory"]),
        ("bench-check", ["python -m benchmarks.check"]),
        ("slides", ["python -m teaching.slides gru"]),
        ("handout", ["python -m teaching.handout gru --students list.csv"]),
        ("grade", ["python -m teaching.grade tests --students list.csv"]),
        ("nbgrader", ["python -m teaching.nbgrader_course gru"]),
        ("pytest-grade", ["python -m teaching.pytest_entry gru"]),
        ("lint", ["ruff check", "ruff format --check"]),
        ("audit", ["python -m pip install -q pip-audit>=2.10,<3", "python -m tools.audit"]),
        ("publish", ["python -m tools.publish ada/rnn"]),
    ],
)
def test_make_installs_once_and_then_runs_what_it_says(tmp_path, target, lines):
    fake, notes, venv = tmp_path / "fake", tmp_path / "notes", tmp_path / "venv"
    fake.write_text(FAKE.format(python=sys.executable, notes=notes))
    fake.chmod(0o755)
    settings = [target, f"VENV={venv}", f"PYTHON={fake}", "REPO=ada/rnn", "NOTEBOOK=gru", "SET=oldest"]
    settings += ["SECTION=gru", "STUDENTS=list.csv", "IN=tests", "NAME=gru-memory"]
    installation = [f"fake -m venv {venv}", "python -m pip install -r requirements.txt"]
    for expected in ([*installation, *lines], lines):
        status, printed = make(*settings)
        assert status == 0, printed
        assert notes.read_text().splitlines() == expected
        notes.unlink()
    assert f"make {target}" in make()[1]


def test_make_test_browser_installs_what_it_needs_and_looks_at_the_slides_too(tmp_path, monkeypatch):
    fake, notes, venv = tmp_path / "bin" / "npm", tmp_path / "notes", tmp_path / "venv"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(python=sys.executable, notes=notes))
    fake.chmod(0o755)
    for copy in (fake.with_name("chromium"), *(venv / "bin" / name for name in ("python", "pytest"))):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(fake, copy)
    (venv / ".ready").touch()
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    status, printed = make("test-browser", f"VENV={venv}", "NOTEBOOK=gru")
    assert status == 0, printed
    assert notes.read_text().splitlines() == [
        "python -m pip install -q -r requirements-browser.txt",
        "npm install --silent --no-save --no-audit --no-fund --prefix build/axe axe-core@4.14.1",
        "pytest -n 0 -m browser tests/browser tests/test_slides.py -k gru",
    ]
    assert "make test-browser" in make()[1]


@pytest.mark.parametrize("user", ["0", "1000"])
def test_make_lab_opens_the_first_notebook_and_as_root_listens_to_this_machine_alone(tmp_path, monkeypatch, user):
    """The virtual environment counts as ready, and its JupyterLab takes a note."""
    for name, does in [("venv/bin/jupyter", 'echo "$@"'), ("bin/id", f"echo {user}"), ("venv/.ready", "")]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    status, printed = make("-s", "lab", f"VENV={tmp_path}/venv")
    assert status == 0, printed
    expected = ["lab notebooks/index.ipynb --LabApp.default_url=/lab/tree/index.ipynb"]
    if user == "0":
        expected = ["You are root: JupyterLab listens on 127.0.0.1 only.", expected[0]]
        expected[1] += " --allow-root --ServerApp.ip=127.0.0.1"
    assert printed.splitlines() == expected


def test_make_publish_asks_for_the_address_before_anything_else(tmp_path):
    status, printed = make("publish", "REPO=", f"VENV={tmp_path}/venv")
    assert status != 0
    assert "make publish REPO=owner/name" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("pretence", "message"),
    [
        ("import sys; sys.version_info = (3, 10, 1)", "Python 3.11 or newer is needed"),
        ("import sys; sys.modules['ensurepip'] = None", "python3-venv"),
    ],
)
def test_make_explains_an_unfit_python(tmp_path, pretence, message):
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretence}; exec(sys.argv[1])" "$2"\n')
    fake.chmod(0o755)
    status, printed = make("test", f"VENV={tmp_path}/venv", f"PYTHON={fake}")
    assert status != 0
    assert message in printed
    assert not (tmp_path / "venv").exists()


def test_ci_runs_the_readme_command_in_a_fresh_environment():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert re.search(r'^make test VENV="\$fresh/venv"$', script.read_text(encoding="utf-8"), re.MULTILINE)
