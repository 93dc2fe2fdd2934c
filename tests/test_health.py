"""What the project says of itself to machines: citation, forms, hooks, the checks on GitHub, Binder, the container."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import tomllib
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tools import audit, common

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
INSTALLERS = [ROOT / ".devcontainer" / "install", ROOT / ".binder" / "postBuild"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

by_name = {"ids": lambda path: path.name}


def text(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    """The requirements of development: name -> specifier."""
    lines = [line.partition("#")[0].strip() for line in text("requirements.txt").splitlines()]
    parsed = [Requirement(line) for line in lines if line and not line.startswith("-e")]
    return {requirement.name: str(requirement.specifier) for requirement in parsed}


def commands(path: Path) -> list[str]:
    """All lines that a workflow runs."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    return [line for job in jobs for step in job["steps"] for line in step.get("run", "").splitlines()]


# --- citation and changes --------------------------------------------------------------------------------------------


def test_the_citation_names_this_project_and_the_book():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert {"message", "title", "authors"} <= citation.keys()
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == f"https://github.com/{common.address()}"
    (book,) = citation["references"]
    assert (book["type"], book["title"], len(book["authors"])) == ("book", "Dive into Deep Learning", 4)


def test_the_newest_entry_of_the_changes_is_this_version():
    assert re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)[1] == PROJECT["version"]


# --- forms for issues ------------------------------------------------------------------------------------------------


def test_there_is_a_form_for_each_kind_of_report():
    assert {path.stem for path in FORMS} == {"config", "wrong-sentence", "failing-notebook", "translation"}


@pytest.mark.parametrize("path", [path for path in FORMS if path.stem != "config"], **by_name)
def test_a_form_is_what_github_takes(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form.keys() <= {"name", "description", "title", "labels", "assignees", "body"}
    assert form["name"]
    assert form["description"]
    names = [part["id"] for part in form["body"]]
    assert len(set(names)) == len(names)
    for part in form["body"]:
        assert part.keys() <= {"type", "id", "attributes", "validations"}
        assert part["type"] in ("input", "textarea", "dropdown", "checkboxes")
        assert part["attributes"]["label"]
        assert part["attributes"].keys() <= {"label", "description", "placeholder", "options", "render"}
        assert ("options" in part["attributes"]) == (part["type"] == "dropdown")
    assert any(part.get("validations", {}).get("required") for part in form["body"])


# --- checks on GitHub ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, **by_name)
def test_a_workflow_runs_what_the_makefile_and_the_readme_offer(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", True, "permissions", "jobs"} <= workflow.keys()  # YAML takes `on` for a truth value
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 180
    targets = set(re.findall(r"^([a-z][\w-]*):", text("Makefile"), re.MULTILINE))
    asked = {target for line in commands(path) for target in re.findall(r"\bmake ([\w-]+)", line)}
    assert asked <= targets


@pytest.mark.parametrize("path", WORKFLOWS, **by_name)
def test_a_workflow_takes_a_python_that_the_project_takes(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    versions = [
        step["with"]["python-version"] for job in jobs for step in job["steps"] if "python-version" in str(step)
    ]
    assert len(versions) == len(jobs)
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(version) for version in versions), versions


def test_every_change_is_linted_and_tested():
    assert {"make lint", "make test"} <= set(commands(ROOT / ".github" / "workflows" / "test.yml"))


def test_every_night_three_systems_are_tested_the_one_without_make_as_the_readme_says():
    path = ROOT / ".github" / "workflows" / "nightly.yml"
    assert all(system in path.read_text(encoding="utf-8") for system in ("ubuntu", "macos", "windows"))
    assert {"make test", "make torture", "make audit"} <= set(commands(path))
    without_make = ["pip install -r requirements.txt", "pytest", r".venv\Scripts\activate"]
    assert set(without_make) <= set(commands(path))
    assert all(f"{line}" in text("README.md") for line in without_make)


# --- PyTorch without graphics cards: workflows, container, Binder ----------------------------------------------------

WITH_TORCH = [*WORKFLOWS, *INSTALLERS]


@pytest.mark.parametrize("path", WITH_TORCH, **by_name)
def test_versions_are_those_of_the_requirements(path):
    for name, version in re.findall(r"\b([\w-]+)==([\d.]+)", path.read_text(encoding="utf-8")):
        assert pins()[name] == f"=={version}"


@pytest.mark.parametrize("path", INSTALLERS, **by_name)
def test_an_installer_can_be_run_and_asks_for_the_processors_torch(path):
    assert path.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", path], capture_output=True).returncode == 0
    assert "--torch-backend cpu" in path.read_text(encoding="utf-8")


def test_the_container_runs_its_installer_with_a_python_of_the_project():
    container = json.loads(text(".devcontainer", "devcontainer.json"))
    assert container["onCreateCommand"] == "bash .devcontainer/install"
    assert SpecifierSet(PROJECT["requires-python"]).contains(re.match(r"python:([\d.]+)", container["image"])[1])


def test_binder_has_what_the_notebooks_import():
    """The project with what it declares, the book's package with what that imports, and the progress bars."""
    environment = yaml.safe_load(text(".binder", "environment.yml"))
    python = next(entry for entry in environment["dependencies"] if entry.startswith("python="))
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.partition("=")[2])
    installed = set(
        " ".join(re.findall(r"pip install (.*)", text(".binder", "postBuild").replace("\\\n", " "))).split()
    )
    assert {".", "ipywidgets", f"d2l{pins()['d2l']}"} <= installed
    imported = set()
    for path in common.find():
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                imported |= set(re.findall(r"^\s*(?:import|from) (\w+)", cell.source, re.MULTILINE))
    declared = {Requirement(line).name for line in PROJECT["dependencies"]}
    known = {*sys.stdlib_module_names, "helpers", "IPython", "google", "PIL", *declared, *installed}
    assert imported - {"d2l"} <= {entry.partition("==")[0] for entry in known}


# --- hooks and audit -------------------------------------------------------------------------------------------------


def test_the_hooks_need_no_other_repository_and_have_the_pinned_style():
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    needed = [entry for hook in repository["hooks"] for entry in hook["additional_dependencies"]]
    assert {entry for entry in needed if entry.startswith("ruff")} == {f"ruff{pins()['ruff']}"}
    assert any(hook["entry"] == "codespell" for hook in repository["hooks"])
    for hook in repository["hooks"]:
        module = re.match(r"python -m (tools\.\w+)", hook["entry"])
        assert hook["language"] == "python"
        assert not module or ROOT.joinpath(*module[1].split(".")).with_suffix(".py").is_file()


SOUND = {"name": "a", "version": "1", "vulns": []}
FAULTY = {
    "name": "b",
    "version": "2",
    "vulns": [{"id": "X-1", "fix_versions": ["3"]}, {"id": "X-2", "fix_versions": []}],
}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SOUND], 0, "1 packages were audited; 0 vulnerabilities are known."),
        ([SOUND, FAULTY], 1, "b 2: X-1, mended in 3\nb 2: X-2, mended in none\n2 packages were audited; 2 vuln"),
        ([SOUND, UNKNOWN], 0, "Not audited, unknown to the database: c."),
        ([UNKNOWN, UNKNOWN], 2, "Nothing was audited: the database could not be asked about any of the 2"),
        ([], 2, "Nothing was audited"),
    ],
)
def test_an_audit_says_what_is_known_and_what_could_not_be_asked(packages, status, said):
    found = audit.report(json.dumps({"dependencies": packages}), "")
    assert found[0] == status
    assert said in found[1]


@pytest.mark.parametrize("printed", ["", "No known vulnerabilities found", "[]", "{}"])
def test_an_audit_that_fails_is_not_taken_for_a_good_one(printed):
    status, said = audit.report(printed, "Traceback\nConnectionError: nobody there\n")
    assert status == 2
    assert said.startswith("Nothing was audited")
    assert "ConnectionError: nobody there" in said
