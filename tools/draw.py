"""Render the drawings, notebooks/img/*.svg, as the PNG files beside them, at twice the screen's density.

    python -m tools.draw [--browser chromium] [NAME ...]

For whoever changes a drawing; readers need no browser, for the PNG files are kept. Each remembers the digest of the
SVG that it shows, and a test compares the two.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image, PngImagePlugin

IMG = Path(__file__).resolve().parents[1] / "notebooks" / "img"
DENSITY = 2
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
OPTIONS += ["--disable-component-update", "--disable-sync", "--disable-quic", "--hide-scrollbars"]


def digest(svg: Path) -> str:
    """Return the SHA-256 of a drawing, its line ends made the same on every system."""
    return hashlib.sha256(svg.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def draw(svg: Path, browser: str) -> Path:
    """Render one drawing with a transparent background and return its picture."""
    root = ElementTree.parse(svg).getroot()
    png = svg.with_suffix(".png")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        command = [browser, *OPTIONS, f"--user-data-dir={folder}/profile", f"--screenshot={shot}"]
        command += [f"--window-size={root.get('width')},{root.get('height')}"]
        command += [f"--force-device-scale-factor={DENSITY}", "--default-background-color=00000000", svg.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        note = PngImagePlugin.PngInfo()
        note.add_text("svg-sha256", digest(svg))
        with_palette(Image.open(shot)).save(png, optimize=True, pnginfo=note)
    return png


def with_palette(picture: Image.Image) -> Image.Image:
    """Return the picture in its 255 most useful colours, and a transparent one for what lies outside of it."""
    rgba = picture.convert("RGBA")
    small = rgba.convert("RGB").quantize(255, dither=Image.Dither.NONE)
    palette = small.getpalette()
    small.putpalette(palette + [255] * (3 * 256 - len(palette)))  # a colour without an entry would be shown as black
    small.paste(255, mask=rgba.getchannel("A").point(lambda alpha: 255 * (alpha < 128)))
    small.info["transparency"] = 255
    return small


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a drawing without its ending; default: all")
    parser.add_argument("--browser", default="chromium", help="a Chromium or Chrome to draw with")
    chosen = parser.parse_args()
    for svg in [IMG / f"{name}.svg" for name in chosen.names] or sorted(IMG.glob("*.svg")):
        png = draw(svg, chosen.browser)
        print(f"{png.name:28} {png.stat().st_size / 1024:6.0f} KiB")


if __name__ == "__main__":
    main()
