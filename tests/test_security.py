"""What no file may do that a reader runs: make code of data, believe a file or a server unchecked, open the machine.

ruff's rules on security (S, in pyproject.toml) refuse most of it; what they lack stands here.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_notebooks import NOTEBOOKS, code
from test_project import ROOT

from helpers import download
from tools import common

FOLDERS = ["helpers", "tools", "experiments", "benchmarks", "teaching"]
SCRIPTS = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
DOOR = "helpers/download.py"  # the one file that asks a server; what it gets is held to checksums
# The grader and the processes of the answers talk over pairs of sockets, which nobody else can reach.
PAIRS = [f"teaching/{name}.py" for name in ("dialogue", "link", "processes", "server", "zygote")]
NETWORK = r"aiohttp|ftplib|http|httpx|requests|socket|socketserver|urllib\.request|urllib3|pooch\.retrieve"


def dangers(source, name=""):
    """Return what a source does that it must not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if function == "torch.load" and given.get("weights_only") != "True":
                found.append("torch.load without weights_only=True runs code that the file holds")
            if given.get("allow_pickle", "False") != "False":
                found.append(f"{function} with allow_pickle runs code that the file holds")
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        asking = [module for module in modules if re.match(rf"({NETWORK})(\.|$)", module)]
        if asking and name != DOOR and not (name in PAIRS and asking == ["socket"]):
            found.append(f"import of {asking[0]}: only {DOOR} asks a server")
        if "torch.load" in modules:
            found.append("torch.load under another name cannot be checked here")
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_script_believes_a_file_or_asks_a_server(path):
    assert dangers(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_of_sockets_is_all_that_the_grader_opens(name):
    source = (ROOT / name).read_text(encoding="utf-8")
    assert "import socket" in source
    assert not re.search(r"\.(connect|connect_ex|bind|listen|create_connection|create_server)\(", source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=common.short)
def test_no_notebook_does_either(path):
    for number, cell in code(path):
        if "google.colab" not in cell.source:
            assert dangers(cell.source) == [], common.label(number, cell)


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "from torch import load",
        "np.load(path, allow_pickle=True)",
        "import requests",
        "from urllib import request",
        "from http.server import HTTPServer",
        "from pooch import retrieve",
    ],
)
def test_dangers_are_seen(source):
    assert len(dangers(source)) == 1


def test_what_is_harmless_is_not():
    assert (
        dangers("torch.load(path, weights_only=True)\nnp.load(path)\nfrom urllib.parse import quote\nimport pooch")
        == []
    )
    assert dangers("import urllib.request", DOOR) == []


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "exec(text)",
        "pickle.loads(data)",
        "requests.get(address, verify=False, timeout=3)",
        "ssl._create_unverified_context()",
        "subprocess.run(text, shell=True, check=True)",
        'server.bind(("0.0.0.0", 8000))',
        "tempfile.mktemp()",
    ],
)
def test_ruff_refuses_the_rest_in_helpers_and_tools(line):
    pytest.importorskip("ruff")
    source = f"import pickle\nimport requests\nimport ssl\nimport subprocess\nimport tempfile\n\n{line}\n"
    for name in ("helpers/new.py", "tools/new.py"):
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
        done = subprocess.run(
            [*command, "--stdin-filename", name, "-"], cwd=ROOT, input=source, text=True, capture_output=True
        )
        assert re.search(r"new\.py:7:\d+: S\d+ ", done.stdout), done.stdout + done.stderr


def test_every_file_that_is_fetched_has_a_checksum():
    assert download.FILES
    for name, checksum in download.FILES.items():
        assert re.fullmatch(r"sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}", checksum), name


def test_the_test_servers_listen_to_this_machine_alone():
    for path in set((ROOT / "tests").glob("*.py")) - {Path(__file__)}:
        for place in re.findall(r"(?:Server|\.bind|\.listen)\(\(([^,]+),", path.read_text(encoding="utf-8")):
            assert place == '"127.0.0.1"', f"{path.name}: {place}"
