"""The pages of `make run`, made of the stored notebooks, in Chromium: read from a file, with nothing else at hand."""

import looks
import nbformat
import pytest

from tools import common, page

AXE = common.BUILD / "axe" / "node_modules" / "axe-core" / "axe.min.js"  # `make test-browser` puts it there

pytestmark = pytest.mark.browser
every_page = pytest.mark.parametrize("name", [common.short(path).removesuffix(".ipynb") for path in common.find()])


@pytest.fixture(scope="module")
def address():
    """Return a function that gives a page's address; the page is made when it is first asked for."""
    folder, made = common.BUILD / "browser", set()

    def address(name: str) -> str:
        source, target = common.NOTEBOOKS / f"{name}.ipynb", folder / f"{name}.html"
        if name not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(page.as_html(nbformat.read(source, as_version=4), source), encoding="utf-8")
            made.add(name)
        return target.as_uri()

    return address


def opened(name, address, open_page, width):
    shown = open_page(width, offline=True)
    shown.goto(address(name))
    return shown


@every_page
def test_a_page_asks_for_nothing_and_its_formulas_and_pictures_are_seen(name, address, open_page, shoot):
    shown = opened(name, address, open_page, 1300)
    shoot(shown, f"page-{name.replace('/', '-')}-1300")
    assert [url for url in shown.asked if not url.startswith("data:")] == [address(name)]
    assert shown.errors == []
    assert looks.raw_tex(shown, ".jp-RenderedMarkdown") == []
    assert looks.shaved(shown) == []
    for picture in looks.pictures(shown, "main"):
        assert picture["pixels"] > 0
        assert 0 <= picture["left"] < picture["right"] <= 1300, picture
        assert len(picture["alt"]) > 20, picture
        assert "No description" not in picture["alt"]
    assert looks.cut_off(shown, "main") == []


@every_page
def test_on_a_phone_only_what_is_wide_scrolls_sideways(name, address, open_page, shoot):
    shown = opened(name, address, open_page, 390)
    shoot(shown, f"page-{name.replace('/', '-')}-390")
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert looks.cut_off(shown, "main") == []
    assert looks.shaved(shown) == []
    for picture in looks.pictures(shown, "main"):
        assert picture["width"] >= 0.74 * picture["size"], f"letters too small: {picture}"


@every_page
def test_axe_finds_nothing_serious(name, address, open_page):
    shown = opened(name, address, open_page, 1300)
    shown.evaluate(AXE.read_text(encoding="utf-8"))
    found = shown.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    serious = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in serious] == []


def test_the_page_can_fail(open_page, tmp_path):
    """What the other tests ask is refused by a page that is wrong in every respect."""
    picture = '<p><img src="missing.png"></p>'
    wide = '<div style="overflow: hidden"><div style="width: 900px">wide</div></div>'
    (tmp_path / "wrong.html").write_text(f"<main><p>Let $x^2$ and \\alpha be.</p>{picture}{wide}</main>")
    shown = open_page(390)
    shown.goto((tmp_path / "wrong.html").as_uri())
    assert looks.raw_tex(shown, "p") == ["$x^2$", "\\alpha"]
    assert looks.pictures(shown, "main")[0]["pixels"] == 0
    assert len(looks.cut_off(shown, "main")) == 1
    assert shown.errors
