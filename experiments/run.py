"""Run the long experiments behind the notebooks' sentences, and keep what they measure in helpers/results.

    python experiments/run.py             all of them
    python experiments/run.py NAME ...    some of them

An experiment is a file beside this one. It names a notebook, a function of it, a grid of settings to call it with, and
the sentences of the notebook that rest on the result. The function is taken from the notebook's cells tagged
`experiment`, so that a reader sees the very code that made the numbers; it returns a dictionary, and what in it is a
number is kept.

Each run uses one thread. After every run its row is written; a run that is killed is repeated when the command is given
again. If the notebook's code has changed since, the experiment starts anew; if the grid has, what is missing is done,
and rows that it no longer asks for are dropped.
"""

from __future__ import annotations

import ast
import datetime
import hashlib
import importlib.util
import json
import math
import os
import platform
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = ROOT / "helpers" / "results"
OTHERS = {"run", "translator", "writer"}  # no experiment: this file, and what trains the models that travel


def names() -> list[str]:
    """Return the names of all experiments."""
    return sorted(path.stem.replace("_", "-") for path in HERE.glob("*.py") if path.stem not in OTHERS)


def experiment(name: str) -> ModuleType:
    """Return the file of an experiment as a module: NOTEBOOK, FUNCTION, GRID and sentences(results)."""
    path = HERE / f"{name.replace('-', '_')}.py"
    if not path.is_file():
        raise SystemExit(f"there is no experiment {name!r}; there are: {', '.join(names())}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code_of(notebook: str, function: str) -> str:
    """Return the notebook's code that `function` needs: imports, and what its cells tagged `experiment` define.

    Definitions are functions, classes and CONSTANTS. Those that the function does not reach, by name, are left out:
    another experiment of the notebook may change them. Imports are those of the tagged cells and of the set-up cell.
    """
    cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    imports, definitions, first = [], [], True
    for cell in cells:
        tagged, source = "experiment" in cell["metadata"].get("tags", []), "".join(cell["source"])
        if cell["cell_type"] != "code" or "google.colab" in source or not (tagged or first):
            continue
        body, first = ast.parse(source).body, False
        imports += [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
        definitions += [node for node in body if tagged and defined_by(node)]
    wanted, reached = [function], set()
    while wanted:
        name = wanted.pop()
        reached.add(name)
        for node in definitions:
            if defined_by(node) == name:
                wanted += {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} - reached
    kept = [node for node in definitions if defined_by(node) in reached]
    return "\n\n".join(ast.unparse(node) for node in [*imports, *kept])


def defined_by(node: ast.stmt) -> str | None:
    """Return the name of the function, class or CONSTANT that a statement defines; None if it defines none."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) and target.id.isupper() else None


def digest(module: ModuleType) -> str:
    """Return a short name of the notebook's code: results that carry another one are out of date."""
    lines = code_of(module.NOTEBOOK, module.FUNCTION).splitlines()
    lines = [line for line in lines if line and not line.startswith(("import ", "from "))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def write(path: Path, content: dict[str, Any]) -> None:
    """Write JSON, a row on each line, in one step."""
    rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in content["rows"])
    head = json.dumps({key: value for key, value in content.items() if key != "rows"}, indent=1, ensure_ascii=False)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(f'{head[:-2]},\n "rows": [\n{rows}\n ]\n}}\n', encoding="utf-8")
    os.replace(unfinished, path)


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (named or [platform.processor() or "processor unknown"])[0]


def provenance() -> dict[str, Any]:
    import numpy
    import torch

    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "numpy": numpy.__version__,
    }


def key(row: dict[str, Any], grid: list[dict[str, Any]]) -> tuple:
    """Return the settings of a row: what tells it from the others."""
    return tuple(row.get(name) for name in grid[0])


def numbers(settings: dict[str, Any], measured: dict[str, Any]) -> dict[str, float]:
    """Return the numbers among what was measured. Raises ValueError if there are none, or one is not finite."""
    kept = {name: round(value, 5) for name, value in measured.items() if isinstance(value, (int, float))}
    if not kept or not all(math.isfinite(value) for value in kept.values()):
        raise ValueError(f"the run {settings} must measure finite numbers; it gave {kept or 'none'}")
    return kept


def run(name: str) -> None:
    """Do the runs of the grid that are still missing, and write the results when all are there."""
    import torch
    from tqdm import tqdm

    module = experiment(name)
    code, final, partial = digest(module), RESULTS / f"{name}.json", RESULTS / f"{name}.partial.json"
    torch.set_num_threads(1)
    made, grid = provenance(), {key(settings, module.GRID): settings for settings in module.GRID}
    stored = [json.loads(path.read_text(encoding="utf-8")) for path in (final, partial) if path.is_file()]
    found: dict[tuple, dict[str, Any]] = {}
    for kept in stored:  # of an extension that was killed, both files hold rows
        rows = {key(row, module.GRID): row for row in kept["rows"] if key(row, module.GRID) in grid}
        if kept["code"] != code:
            continue
        if len(rows) == len(grid):
            found, made = rows, kept["made"]
            break
        if kept["made"] | {"date": made["date"]} == made:  # rows of two machines are not mixed
            found |= rows
    missing = [settings for name, settings in grid.items() if name not in found]
    namespace: dict[str, Any] = {"device": torch.device("cpu")}
    exec(compile(code_of(module.NOTEBOOK, module.FUNCTION), f"{module.NOTEBOOK}.ipynb", "exec"), namespace)
    function = namespace[module.FUNCTION]
    content = {"experiment": name, "notebook": module.NOTEBOOK, "code": code}
    os.environ.setdefault("MODERN_RNN_DATA", "book")  # a sample in its place would give other numbers
    os.environ["TQDM_DISABLE"] = "1"  # the bar below counts the runs; those of training would hide it
    done = len(module.GRID) - len(missing)
    for settings in tqdm(missing, desc=name, initial=done, total=len(module.GRID), disable=False):
        started = time.perf_counter()
        measured = numbers(settings, function(**settings))
        found[key(settings, module.GRID)] = settings | measured | {"seconds": round(time.perf_counter() - started, 1)}
        write(partial, content | {"made": made, "rows": list(found.values())})
    rows = [found[key(settings, module.GRID)] for settings in module.GRID]
    if missing or not final.is_file() or json.loads(final.read_text(encoding="utf-8"))["rows"] != rows:
        write(final, content | {"made": made, "rows": rows})
    partial.unlink(missing_ok=True)
    print(f"{name}: {len(rows)} runs, {sum(row['seconds'] for row in rows) / 60:.0f} minutes of one thread in all")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or names():
        run(chosen)
