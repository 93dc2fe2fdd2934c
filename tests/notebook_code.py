"""The classes and functions that a notebook defines, so that unit tests can try them at sizes the notebook does not."""

import ast
import contextlib
from collections.abc import Container
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def definitions(name: str, before: str | None = None, **given) -> dict:
    """Return what the classes, functions, imports and literal CONSTANTS of notebooks/`name`.ipynb define; nothing else
    of it is run.

    before: read no further than the cell that holds this, where a notebook later takes the helpers' own classes.
    given: values of the notebook that its definitions use.
    """
    namespace = dict(given)
    for node in statements(name, before, given):
        # A function whose default is a value that the notebook computes is left out.
        with contextlib.suppress(NameError):
            exec(compile(ast.Module([node], type_ignores=[]), f"{name}.ipynb", "exec"), namespace)
    return namespace


def statements(name: str, before: str | None = None, given: Container[str] = ()) -> list[ast.stmt]:
    """Return what `definitions` runs of a notebook."""
    found = []
    for cell in nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells:
        if before and before in cell.source:
            break
        if cell.cell_type != "code" or "google.colab" in cell.source:
            continue
        kept = ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef
        body = ast.parse(cell.source).body
        found += [node for node in body if isinstance(node, kept) or _is_constant(node, given)]
    return found


def _is_constant(node: ast.stmt, given: Container[str]) -> bool:
    """Whether a statement gives an UPPER-CASE name, other than those `given`, a value that is written out."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    if not isinstance(target, ast.Name) or not target.id.isupper() or target.id in given:
        return False
    with contextlib.suppress(ValueError):
        ast.literal_eval(node.value)
        return True
    return False
