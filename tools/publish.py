"""Write the repository's address everywhere: into pyproject.toml, CITATION.cff, the README's badges and the Colab
cells; and into these the git tag of the version in pyproject.toml, which is what Colab installs.

python -m tools.publish OWNER/NAME      OWNER/NAME itself, typed as it stands, undoes it
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from tools import common

TEXT_FILES = (".cff", ".ipynb", ".md", ".toml", ".yml")
TAG = re.compile(r'("TAG = \\")[^"\\]+(?=\\")')  # in the text of a notebook, where quotes inside a string are escaped


def publish(new: str) -> None:
    """Write `new`, an OWNER/NAME, in place of the present address in every text file, and the tag in every notebook."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.+$)[A-Za-z0-9._-]+(?<!\.git)", new):
        raise SystemExit(f"{new!r} is not an address; give it as owner/name, without https://github.com/ and .git")
    # Neither another host (gist.github.com) nor another repository (owner/name-2, owner/name.js).
    old = re.compile(
        r"(?<![\w.-])((?:colab\.research\.google\.com/github|mybinder\.org/v2/gh|(?:www\.)?github\.com)/)"
        + re.escape(common.address())
        + r"(?![\w-]|\.(?!git\b)\w)"
    )
    count, tag = 0, common.tag()
    for path in text_files():
        before = path.read_bytes().decode("utf-8")
        after, found = old.subn(lambda match: match[1] + new, before)
        if path.suffix == ".ipynb":
            after = TAG.sub(lambda match: match[1] + tag, after)
        count += found
        if after != before:
            common.write(path, after)
    print(f"{count} addresses now say {new}")
    if new != "OWNER/NAME":
        print(f"In Colab the notebooks install {tag}, which is there once you have committed this and typed:")
        print(f"    git tag {tag}\n    git push --atomic origin HEAD {tag}")


def text_files() -> list[Path]:
    """Return the files that may hold the address; pyproject.toml last, so that an interrupted stamp can be repeated."""
    hidden = re.compile(r"(^|/)(\.|build/|[^/]*\.egg-info/)")
    files = []
    for folder, inside, names in os.walk(common.ROOT):
        place = Path(folder).relative_to(common.ROOT)
        inside[:] = [name for name in inside if not hidden.search(f"{(place / name).as_posix()}/")]
        files += [Path(folder, name) for name in names if name.endswith(TEXT_FILES)]
    return sorted(files, key=lambda path: (path == common.ROOT / "pyproject.toml", path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", metavar="OWNER/NAME")
    publish(parser.parse_args().address)


if __name__ == "__main__":
    main()
