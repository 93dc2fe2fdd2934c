"""The code cells of a notebook or of a .py export, whatever has been lost of it.

cells_of     their texts
"""

from __future__ import annotations

import json
import re


def cells_of(name: str, data: bytes) -> list[str]:
    """Return the code cells of a file. Raises ValueError with a sentence if it is no notebook."""
    text = _decoded(data)
    if not name.lower().endswith(".ipynb"):
        return [cell for cell in re.split(r"^# (?:In\[[ \d]*\]:|%%).*\n", text, flags=re.MULTILINE) if cell.strip()]
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets") or [notebook]  # as notebooks were before 2015
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        code = [cell for cell in cells if cell.get("cell_type", "code" if "outputs" in cell else "") == "code"]
        sources = [cell.get("source", cell.get("input", "")) for cell in code]
        return ["".join(source) for source in sources]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it cannot be read as a notebook ({type(error).__name__}: {error})") from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
