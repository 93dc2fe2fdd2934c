"""The book's package can be imported beside any torchvision, or none, and any IPython.

Each test imports `helpers.book` and d2l anew, with the surroundings it describes; afterwards all is as before.
"""

import importlib
import importlib.abc
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from IPython import display

import helpers


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Forget the modules concerned; bring back what was imported before, and nothing that a test imports."""
    concerned = ("d2l", "torchvision", "helpers.book")
    before = {name: module for name, module in sys.modules.items() if name.startswith(concerned)}
    for name in before:
        del sys.modules[name]
    monkeypatch.setattr(helpers, "book", None, raising=False)
    yield
    for name in [name for name in sys.modules if name.startswith(concerned)]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def torchvision(monkeypatch, tmp_path):
    """Return a function that installs a torchvision with the given source."""

    def install(package: str, transforms: str = "") -> None:
        folder = tmp_path / "torchvision"
        folder.mkdir()
        (folder / "__init__.py").write_text(package)
        (folder / "transforms.py").write_text(transforms)
        (folder / "ops.py").write_text("")
        monkeypatch.syspath_prepend(tmp_path)

    return install


class Absent(importlib.abc.MetaPathFinder):
    """Makes torchvision look as if it were not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchvision":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def import_d2l() -> ModuleType:
    return importlib.import_module("helpers.book").d2l


def left_in_sys_modules() -> list[str]:
    return [name for name in sys.modules if name.startswith("torchvision")]


def test_d2l_can_be_imported_without_torchvision(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    d2l = import_d2l()
    assert d2l.__name__ == "d2l.torch"
    assert callable(d2l.RNNModel)
    assert left_in_sys_modules() == []


@pytest.mark.parametrize(
    "source",
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", ""),
        ("", "raise AttributeError('partially initialised')"),
        ("import torchvision.ops; raise OSError('undefined symbol')", ""),
        ("import ctypes; ctypes.CDLL('no such library')", ""),
    ],
)
def test_d2l_can_be_imported_beside_a_broken_torchvision(source, torchvision):
    torchvision(*source)
    assert callable(import_d2l().RNNModel)
    assert left_in_sys_modules() == []


def test_after_the_import_a_missing_torchvision_is_reported_as_missing(monkeypatch):
    """Other libraries ask for it, and must not find an empty module."""
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    import_d2l()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("torchvision")


def test_a_torchvision_that_works_is_left_alone(torchvision):
    torchvision("ANSWER = 42", "RESIZE = 'real'")
    d2l = import_d2l()
    assert d2l.torchvision.ANSWER == 42
    assert d2l.torchvision.transforms.RESIZE == "real"
    assert sys.modules["torchvision"] is d2l.torchvision


def test_the_function_that_ipython_9_lacks_is_supplied(monkeypatch):
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    monkeypatch.delattr(display, "set_matplotlib_formats", raising=False)
    import_d2l().use_svg_display()
    assert display.set_matplotlib_formats is set_matplotlib_formats


def test_the_function_of_an_older_ipython_is_left_alone(monkeypatch):
    called = []
    monkeypatch.setattr(display, "set_matplotlib_formats", called.append, raising=False)
    import_d2l().use_svg_display()
    assert called == ["svg"]


@pytest.mark.parametrize("missing", ["d2l", "pandas"])
def test_a_missing_package_is_reported_with_the_command_that_installs_it(missing):
    """In a new process, since pandas cannot be forgotten and imported again."""
    code = f"import sys; sys.modules[{missing!r}] = None; import helpers.book"
    env = os.environ | {"PYTHONPATH": str(Path(helpers.__file__).parents[1])}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: the book's package cannot be imported")
    assert missing in last[last.index("(") : last.index(")")]
    assert "pip install --no-deps d2l==0.17.0" in last


def test_a_failed_import_leaves_no_stand_in_behind(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    monkeypatch.setitem(sys.modules, "d2l.torch", None)
    with pytest.raises(ModuleNotFoundError, match="the book's package"):
        importlib.import_module("helpers.book")
    assert left_in_sys_modules() == []
