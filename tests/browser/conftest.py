"""Pages of the browser, and where their screenshots go: build/browser/."""

import re
from collections.abc import Iterator

import pytest

from tools import common

BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="117" height="20"><rect width="117" height="20" fill="#555"/>
<text x="12" y="14" font-family="sans-serif" font-size="11" fill="#fff">Open in Colab</text></svg>"""
TALLEST = 8_000  # pixels that one screenshot shows
# What scrolls: in JupyterLab the cells by themselves, else the page.
SCROLLS = "(document.querySelector('.jp-WindowedPanel-outer') || document.documentElement)"


@pytest.fixture
def open_page(chromium) -> Iterator:
    """Return a function that opens an empty page, of which the width and other options of Playwright are given.

    `page.asked` are the addresses it asks for, `page.errors` what its console calls an error. Nothing leaves
    this machine: another one's addresses are refused, and Colab's badge, which notebooks show, has a stand-in.
    """
    contexts = []

    def open_page(width: int, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.errors = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda told: page.errors.append(told.text) if told.type == "error" else None)
        context.route(re.compile(r"^(?!file:|data:|blob:|https?://127\.0\.0\.1[:/])"), lambda route: route.abort())
        context.route("**/colab-badge.svg", lambda route: route.fulfill(body=BADGE, content_type="image/svg+xml"))
        page.set_default_timeout(120_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def shoot():
    """Return a function that keeps what a page shows, from top to bottom, as build/browser/`name`-1.png, -2.png, ..."""

    def shoot(page, name: str) -> None:
        folder = common.BUILD / "browser"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{name}-[0-9]*.png"):
            old.unlink()
        before = page.viewport_size
        height, around = page.evaluate(f"[{SCROLLS}.scrollHeight, innerHeight - {SCROLLS}.clientHeight]")
        for number, top in enumerate(range(0, height, TALLEST), 1):
            page.set_viewport_size({"width": before["width"], "height": min(TALLEST, height - top) + around})
            page.wait_for_timeout(300)  # JupyterLab takes up the new size a moment later
            page.evaluate(f"top => {SCROLLS}.scrollTo(0, top)", top)
            page.screenshot(path=folder / f"{name}-{number}.png")
        page.set_viewport_size(before)

    return shoot
