"""The book draws and prints while it trains; `quiet` lets it, and shows nothing."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from matplotlib import pyplot as plt


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Inside, figures and printed lines go nowhere; drawing them takes the time that it takes."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    plt.close("all")
