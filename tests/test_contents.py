"""The tables of contents: the package names its modules, and each module what it offers."""

import ast
from pathlib import Path

import pytest

import helpers

MODULES = sorted(Path(helpers.__file__).parent.glob("*.py"))


def offered(path: Path) -> dict[str, str | None]:
    """Return the public functions and classes that a module defines, each with its docstring."""
    kinds = ast.FunctionDef, ast.ClassDef
    nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, kinds)]
    return {node.name: ast.get_docstring(node) for node in nodes if not node.name.startswith("_")}


def test_the_package_names_its_modules():
    words = helpers.__doc__.replace(",", " ").replace("(", " ").replace(")", " ").split()
    assert [path.stem for path in MODULES if path.stem not in (*words, "__init__")] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_names_what_it_offers_and_each_has_a_docstring(path):
    table = ast.get_docstring(ast.parse(path.read_text()))
    assert [name for name in offered(path) if name not in table] == []
    assert [name for name, text in offered(path).items() if not text] == []
