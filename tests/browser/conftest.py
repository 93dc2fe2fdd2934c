"""A browser, its pages, and where the screenshots go: build/browser/."""

import re
from collections.abc import Iterator

import pytest

from tools import common

# As root Chromium has no sandbox; all else keeps it from asking the network for anything of its own.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
OPTIONS += ["--disable-component-update", "--disable-sync"]
BADGE = '<svg xmlns="http://www.w3.org/2000/svg" width="117" height="20"><rect width="117" height="20"/></svg>'
TALLEST = 12_000  # pixels of a page that a screenshot shows


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """Debian's Chromium. It is imported here, so that a plain `make test`, which runs nothing of this, needs none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=OPTIONS)
        yield browser
        browser.close()


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
    """Return a function that keeps a picture of a page as build/browser/`name`.png."""

    def shoot(page, name: str) -> None:
        path = common.BUILD / "browser" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        page.screenshot(
            path=path, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}
        )

    return shoot
