"""How far a long task has come, shown while it runs, and gone when it is done.

    bar  a bar of tqdm's to update; nothing of it stays in the notebook

In a notebook tqdm's bar is a widget, and a saved notebook holds no widgets: what stays of a bar reads `0%|  | 0/300`,
or `Error displaying widget`, wherever the notebook is opened next. Plumbing: no notebook derives it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm.auto import tqdm


@contextmanager
def bar(*, total: int | None, desc: str, **options) -> Iterator[tqdm]:
    """Show a bar inside of a `with` statement and remove it at its end, whatever ends it.

    total: how many steps there are, or None if nobody knows. desc: what runs. options: more of tqdm's.
    The environment variable TQDM_DISABLE silences it, in notebooks too.
    """
    quiet = "TQDM_DISABLE" in os.environ  # in a notebook tqdm itself does not look there
    options = {"total": total, "desc": desc, "leave": False, "disable": quiet, **options}
    notebook = sys.modules.get("tqdm.notebook")  # loaded by tqdm in a notebook; elsewhere it costs 0.2 s
    if quiet or notebook is None or not issubclass(tqdm, notebook.tqdm):
        with tqdm(**options) as shown:
            yield shown
        return

    from IPython.display import display

    with tqdm(**options, display=False) as shown:
        place = display(shown.container, display_id=True)
        try:
            yield shown
        finally:
            place.update({"text/plain": ""}, raw=True)  # an output cannot be taken back, but it can be empty
