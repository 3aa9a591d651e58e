"""What a lab's executed solution shows: the texts of its outputs, and the tables in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_GAP = re.compile(r"\s{2,}")

Table = Mapping[str, Mapping[str, str]]
"""Rows by label; each a value by the heading of its column, as printed."""


@dataclass(frozen=True, slots=True)
class ShownCell:
    """One cell of code: its source, and the text of each of its outputs."""

    source: str
    texts: tuple[str, ...]

    def tables(self) -> list[Table]:
        """The outputs that are tables: columns apart by spaces, or by bars under a sentence."""
        return [table for text in self.texts if (table := _by_bars(text) or _by_gaps(text))]


def shown(root: Path, folder: str) -> tuple[ShownCell, ...]:
    """The cells of `solutions/<folder>.ipynb` in the course at `root`."""
    path = root / "solutions" / f"{folder}.ipynb"
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, changed_ns: int) -> tuple[ShownCell, ...]:
    """`changed_ns` is in the key only: a notebook that was run again is read again."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return tuple(
        ShownCell("".join(cell["source"]), tuple(map(_text, cell["outputs"])))
        for cell in cells
        if cell["cell_type"] == "code"
    )


def _text(output: Mapping[str, object]) -> str:
    data = output.get("data")
    found = data.get("text/plain", "") if isinstance(data, dict) else output.get("text", "")
    return "".join(found) if isinstance(found, list) else str(found)


def _by_gaps(text: str) -> Table:
    lines = text.splitlines() or [""]
    columns = _GAP.split(lines[0].strip())
    if not lines[0].startswith(" "):  # the corner above the labels says what they are
        columns = columns[1:]
    if not columns:
        return {}
    rows = [_GAP.split(line.strip()) for line in lines[1:]]
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows if len(row) == len(columns) + 1}


def _by_bars(text: str) -> Table:
    rows = [[value.strip() for value in line.split(" | ")] for line in text.splitlines() if " | " in line]
    if len(rows) < 2:
        return {}
    columns = rows[0][1:]
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows[1:] if len(row) == len(columns) + 1}
