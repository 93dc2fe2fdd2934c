"""What holds for every notebook without running it: format, stored outputs, links, drawings, the Colab cell."""

import functools
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest

from tools import common, execute, publish, store

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = common.find()
SECTIONS = [path for path in NOTEBOOKS if path.parent == FOLDER and path.stem in common.SECTIONS]
PAGES = [FOLDER / f"{name}.ipynb" for name in common.PAGES]
DRAWINGS = sorted((FOLDER / "img").glob("*.svg"))
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=common.short)
every_page = pytest.mark.parametrize("path", PAGES, ids=common.short)
every_section = pytest.mark.parametrize("path", SECTIONS, ids=common.short)
every_drawing = pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)


@functools.cache
def read(path):
    return nbformat.read(path, as_version=4)


def code(path):
    """Return the code cells that are not empty, each with its number among all cells."""
    cells = enumerate(read(path).cells, 1)
    return [(number, cell) for number, cell in cells if cell.cell_type == "code" and cell.source.strip()]


def markdown(path):
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def tagged(path, tag):
    return [(number, cell) for number, cell in code(path) if tag in cell.metadata.get("tags", [])]


# --- format and stored outputs ---------------------------------------------------------------------------------------


@every_notebook
def test_the_file_is_valid_and_its_place_is_known(path):
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert (raw["nbformat"], raw["nbformat_minor"]) == (4, 5)
    nbformat.validate(raw)
    assert path.stem in common.PAGES
    assert path.parent in (FOLDER, FOLDER / "solutions")
    assert path.stat().st_size <= 1_000_000  # figures are stored at twice the density of a screen


@every_notebook
def test_metadata_is_the_same_on_every_machine(path):
    notebook = read(path)
    assert notebook.metadata == store.METADATA
    extra = {key for cell in notebook.cells for key in cell.metadata} - set(store.CELL_METADATA)
    assert not extra, f"cell metadata to remove: {sorted(extra)}"


@every_notebook
def test_the_cells_were_executed_from_top_to_bottom(path):
    cells = code(path)
    wrong = [
        f"{common.label(number, cell)}: {cell.execution_count}, expected {expected}"
        for expected, (number, cell) in enumerate(cells, 1)
        if cell.execution_count != expected
    ]
    assert not wrong, "store the notebook: " + "; ".join(wrong[:3])


@every_notebook
def test_outputs_hold_no_error_warning_progress_bar_or_machine_path(path):
    assert list(store.complaints(read(path))) == []


@every_notebook
def test_compared_cells_are_many_and_have_an_output(path):
    cells = tagged(path, "nbval-check-output")
    assert len(cells) >= (5 if path in SECTIONS or path.stem == "what-came-after" else 2)
    empty = [common.label(number, cell) for number, cell in cells if not cell.outputs]
    assert not empty, f"nothing to compare: {empty}"


@every_notebook
def test_code_cells_are_short_and_show_only_what_they_mean_to(path):
    for number, cell in code(path):
        assert len(cell.source.splitlines()) <= 40, f"{common.label(number, cell)} is longer than a screen"
        assert not cell.source.rstrip().endswith(";"), f"{common.label(number, cell)}: nbval trips over the closing ';'"
        assert "plt.show()" not in cell.source, f"{common.label(number, cell)}: the figure is shown without plt.show()"
        stray = [output for output in cell.outputs if re.fullmatch(r"[\d.]+|None|True|False", shown(output))]
        assert not stray, f"{common.label(number, cell)} ends with a value that nobody asked for"


def shown(output) -> str:
    """The text of what a cell's last line gave; "" for what it printed or drew."""
    data = output.get("data", {})
    return data.get("text/plain", "") if set(data) == {"text/plain"} else ""


@every_section
def test_every_section_has_its_solutions(path):
    assert (FOLDER / "solutions" / path.name).is_file()


@every_page
def test_every_stub_is_followed_by_its_check(path):
    cells = code(path)
    stubs = [place for place, (_, cell) in enumerate(cells) if "raise NotImplementedError" in cell.source]
    for place in stubs:
        following = cells[place + 1][1].source if place + 1 < len(cells) else ""
        assert re.search(r"\bcheck_\w+\(", following), f"{common.label(*cells[place])} has no check after it"


# --- the short path: what a lecturer runs -----------------------------------------------------------------------------

with_short_path = pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if tagged(path, "short-path")], ids=common.short
)


def named_sections(opening):
    """Return the numbers of the sections that the opening cell names: "sections 1, 2 and 4–6" are 1, 2, 4, 5, 6."""
    line = re.search(r"^\*\*Short path\*\* \(a lecture\): sections? ([\d\s,–and]+)", opening, re.MULTILINE)
    assert line, "the opening cell has no line '**Short path** (a lecture): sections 1, 2, ...'"
    ranges = re.findall(r"(\d+)(?:–(\d+))?", line[1])
    return [number for first, last in ranges for number in range(int(first), int(last or first) + 1)]


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("**Short path** (a lecture): sections 1, 2, 4–6 and 9.", [1, 2, 4, 5, 6, 9]),
        ("A question.\n\n**Short path** (a lecture): section 3; it takes 10 minutes.", [3]),
        ("**Short path** (a lecture): sections 1–3, then 7", [1, 2, 3]),
    ],
)
def test_the_sections_of_a_short_path_are_read_from_the_opening(line, numbers):
    assert named_sections(line) == numbers


@with_short_path
def test_the_opening_names_the_sections_of_the_short_path(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "markdown"]
    on_it = [cell.source for cell in cells if "short-path" in cell.metadata.get("tags", [])]
    headings = [int(number) for text in on_it for number in re.findall(r"^## (\d+)\.", text, re.MULTILINE)]
    assert named_sections(cells[0].source) == headings


@pytest.mark.torture
@with_short_path
def test_the_short_path_runs_without_the_rest(path):
    """On the sample, as the tests do: no cell on it needs one that is not."""
    notebook = nbformat.v4.new_notebook(cells=[cell for _, cell in tagged(path, "short-path")])
    execute.execute(notebook, path.parent)


# --- links and pictures ----------------------------------------------------------------------------------------------


def pictures(text):
    """Return (address, alternative text) for every picture in Markdown, written as ![]() or as <img>."""
    found = [(address, alt) for alt, address in re.findall(r"!\[([^\]]*)\]\(\s*([^)\s]+)[^)]*\)", text)]
    for tag in re.findall(r"<img\b[^>]*>", text):
        attributes = dict(re.findall(r"""(\w+)=["']([^"']*)["']""", tag))
        found.append((attributes.get("src", ""), attributes.get("alt", "")))
    return found


@every_notebook
def test_pictures_are_ours_and_have_alternative_text(path):
    for address, alt in pictures(markdown(path)):
        assert alt.strip(), f"{address} has no alternative text"
        assert address == BADGE or (path.parent / address).is_file(), f"{address} is not a file of this project"


@every_notebook
def test_links_lead_to_files_that_exist(path):
    text = markdown(path)
    addresses = re.findall(r"\]\(\s*([^)\s]+)", text) + re.findall(r"""href=["']([^"']+)""", text)
    inside = [address.partition("#")[0] for address in addresses if not re.match(r"\w+:", address)]
    missing = [address for address in inside if address and not (path.parent / address).exists()]
    assert not missing
    ours = [re.search(rf"/{re.escape(common.address())}/(?:blob|tree)/main/([^#?]+)", address) for address in addresses]
    assert not [match[1] for match in ours if match and not (ROOT / match[1]).exists()]


@every_page
def test_the_badge_opens_this_notebook_in_colab(path):
    place = path.relative_to(ROOT).as_posix()
    assert f"https://colab.research.google.com/github/{common.address()}/blob/main/{place})" in markdown(path)


@every_notebook
def test_drawings_named_in_code_exist(path):
    named = [name for _, cell in code(path) for name in re.findall(r"""\bdiagram\(\s*["']([^"']*)["']""", cell.source)]
    assert set(named) <= {drawing.stem for drawing in DRAWINGS}


@every_drawing
def test_drawings_have_a_title_a_description_and_nothing_from_elsewhere(path):
    root = ET.parse(path).getroot()
    names = {}
    for element in root.iter():
        names.setdefault(element.tag.rpartition("}")[2], element)
        for attribute, value in element.attrib.items():
            assert not attribute.endswith("href") or value.startswith("#"), f"link to {value}"
    for name in ("title", "desc"):
        assert name in names, f"<{name}> is missing"
        assert (names[name].text or "").strip(), f"<{name}> is empty"
    assert "script" not in names
    assert not re.search(r"url\(\s*['\"]?(?!#)[^)]|@import", path.read_text(encoding="utf-8"))


# --- the repository's address and the Colab cell ---------------------------------------------------------------------


@every_notebook
def test_addresses_agree_with_pyproject(path):
    text = path.read_text(encoding="utf-8")
    present = common.address()
    assert set(re.findall(r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)", text)) <= {present}
    assert re.findall(r'REPOSITORY = \\"https://github\.com/([^\\]*)\\"', text) == [present]
    assert re.findall(r'"TAG = \\"([^\\]*)\\"', text) == [common.tag()], "run: make publish REPO=owner/name"
    assert present == "OWNER/NAME" or "/OWNER/NAME" not in text


@every_notebook
def test_the_first_code_cell_is_the_colab_cell(path):
    source = code(path)[0][1].source
    assert "google.colab" in source
    assert source == code(NOTEBOOKS[0])[0][1].source, f"differs from the cell in {NOTEBOOKS[0].name}"


SHELL = """
import json, sys, types
from IPython.core.interactiveshell import InteractiveShell

if sys.argv[1] == "colab":
    sys.modules["google.colab"] = types.ModuleType("google.colab")
shell, calls = InteractiveShell.instance(), []

def system(command):
    calls.append(shell.var_expand(command, depth=1).replace(sys.executable, "python"))
    shell.user_ns["_exit_code"] = int(sys.argv[2])

shell.system = system
result = shell.run_cell(sys.stdin.read())
print(json.dumps([calls, repr(result.error_in_exec or result.error_before_exec)]))
"""


@pytest.fixture
def run_colab_cell(tmp_path, monkeypatch):
    """Return a function that runs the first code cell, stamped with an address, with a shell that only takes notes."""
    notebook = Path(shutil.copy(NOTEBOOKS[0], tmp_path))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(common, "ROOT", tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def run(where, address, exit_code=0):
        publish.publish(address)
        command = [sys.executable, "-W", "ignore", "-c", SHELL, where, str(exit_code)]
        shell = subprocess.run(command, input=code(notebook)[0][1].source, capture_output=True, text=True, check=True)
        *printed, last = shell.stdout.splitlines()
        return *json.loads(last), "\n".join(printed)

    return run


needs_notebooks = pytest.mark.skipif(not NOTEBOOKS, reason="there is no notebook")


@needs_notebooks
@pytest.mark.parametrize("stamp", ["OWNER/NAME", "ada/rnn"])
def test_outside_colab_the_cell_does_nothing(run_colab_cell, stamp):
    assert run_colab_cell("elsewhere", stamp) == ([], "None", "")


@needs_notebooks
def test_in_colab_a_copy_without_address_says_what_to_do(run_colab_cell):
    calls, error, _ = run_colab_cell("colab", "OWNER/NAME")
    assert calls == []
    assert error.startswith("SystemExit(")
    assert "make publish" in error


@needs_notebooks
def test_in_colab_the_cell_installs_helpers_and_leaves_torch_alone(run_colab_cell):
    calls, error, printed = run_colab_cell("colab", "ada/rnn")
    assert (error, printed) == ("None", "")
    # `helpers` accepts the torch that is there (see pyproject.toml); anything more could replace it.
    pip = "python -m pip install -q"
    assert calls == [f"{pip} git+https://github.com/ada/rnn@{common.tag()} && {pip} --no-deps d2l==0.17.0"]


@needs_notebooks
def test_in_colab_the_cell_stops_when_the_installation_fails(run_colab_cell):
    _, error, _ = run_colab_cell("colab", "ada/rnn", exit_code=1)
    assert error.startswith("SystemExit('Not installed: the lines above say why.")
