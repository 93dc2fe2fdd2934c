"""The book's own code, made importable on a current stack: `from helpers.book import d2l`.

    d2l    the module d2l.torch of edition 0.17, unchanged

d2l imports torchvision, which recurrent networks never use and which fails beside some builds of torch; and its plots
call a function that IPython 9 no longer has. An empty stand-in takes torchvision's place, only if the real one cannot
be imported and only while d2l is being imported; the missing function is supplied from where it lives today.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

from IPython import display


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name, "Empty stand-in: torchvision cannot be imported here, and recurrent networks need none.")
    module.__spec__ = ModuleSpec(name, loader=None)
    return module


def _import_d2l() -> ModuleType:
    if not hasattr(display, "set_matplotlib_formats"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        display.set_matplotlib_formats = set_matplotlib_formats
    placed = []
    try:
        importlib.import_module("torchvision.transforms")
    except Exception:  # a torchvision built for another torch fails with errors of every kind
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        vision, transforms = _stand_in("torchvision"), _stand_in("torchvision.transforms")
        vision.transforms = transforms
        placed = [vision, transforms]
        sys.modules.update({module.__name__: module for module in placed})
    try:
        return importlib.import_module("d2l.torch")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the book's package cannot be imported ({error}); install it without its dependencies: "
            "pip install --no-deps d2l==0.17.0, and pandas and requests if they are missing"
        ) from error
    finally:
        for module in placed:
            del sys.modules[module.__name__]


d2l = _import_d2l()
