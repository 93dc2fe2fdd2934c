"""What is asked of a page in the browser: pictures that are seen, formulas that are set, nothing cut off.

pictures    each picture: the width of its file, the width it was made for, where it lies, its words
raw_tex     pieces of text that should have become a formula
cut_off     what reaches beyond the window and cannot be scrolled to
shaved      formulas of which the upper or lower edge is cut off
"""

from __future__ import annotations

import re

TEX = re.compile(r"\$[^$\n]+\$|\\[a-zA-Z]+\b|\\[\[({]")

PICTURES = """within => [...document.querySelectorAll(within + ' img')].map(img => {
  const box = img.getBoundingClientRect();
  const density = img.src.startsWith('data:image/png') ? 2 : 1;  // helpers.display.DENSITY
  return {pixels: img.naturalWidth, size: img.naturalWidth / density, width: box.width, left: box.left,
          right: box.right, alt: img.alt};
})"""

# The text of prose: no code, no outputs of code, no formulas, and nothing that is there for screen readers alone.
PROSE = """within => [...document.querySelectorAll(within)].map(cell => {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll('code, pre, math, mjx-container, script, style').forEach(part => part.remove());
  return copy.textContent;
})"""

CUT_OFF = """within => {
  const reached = element => {  // is there something around it that scrolls sideways?
    for (let outer = element; outer && outer !== document.body; outer = outer.parentElement) {
      const overflow = getComputedStyle(outer).overflowX, wider = outer.scrollWidth > outer.clientWidth + 1;
      if (wider && (overflow === 'auto' || overflow === 'scroll')) return true;
      if (wider && overflow === 'hidden') return false;
    }
    return false;
  };
  return [...document.querySelectorAll(within + ' *')].filter(element => {
    const box = element.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !element.parentElement.closest('math, svg') && !reached(element);
  }).map(element => element.outerHTML.slice(0, 120));
}"""

SHAVED = """() => [...document.querySelectorAll('math[display=block]')]
  .filter(formula => formula.scrollHeight > formula.clientHeight).map(formula => formula.textContent)"""


def pictures(page, within: str) -> list[dict]:
    return page.evaluate(PICTURES, within)


def raw_tex(page, within: str) -> list[str]:
    return [match[0] for text in page.evaluate(PROSE, within) for match in TEX.finditer(text)]


def cut_off(page, within: str) -> list[str]:
    return page.evaluate(CUT_OFF, within)


def shaved(page) -> list[str]:
    return page.evaluate(SHAVED)
