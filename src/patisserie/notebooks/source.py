"""Reading solutions/NN-slug.md, the single source of a lab, and deriving its two notebooks.

Marks in the source:
    tag `solution-only`   the cell is left out of the learner's notebook
    tag `lab-only`        the cell is left out of the solution
    # BEGIN SOLUTION: what is to be done     the lines up to # END SOLUTION become one line that raises
    # END SOLUTION                           NotImplementedError (Python) or asks for a change (other cells)
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_REGION = re.compile(
    r"^(?P<indent>[ \t]*)# BEGIN SOLUTION(?::[ \t]*(?P<todo>[^\n]*))?\n"
    r"(?P<body>.*?)^[ \t]*# END SOLUTION[^\n]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^[ \t]*# (?:BEGIN|END) SOLUTION[^\n]*(?:\n|\Z)", re.MULTILINE)
_KEPT_TAGS = ("exercise", "check", "hide-input", "nbval-ignore-output", "raises-exception", "stub")


class SourceError(Exception):
    """A source cannot be read, or its marks do not match. The message names the file and the cell."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source: `stem` is NN-slug."""

    path: Path

    @property
    def stem(self) -> str:
        return self.path.stem

    def lab(self) -> Any:
        """The learner's notebook: no outputs, exercises open. Raises SourceError."""
        return self._derived("solution-only", _open_exercise)

    def solution(self) -> Any:
        """The solution, not executed yet. Raises SourceError."""
        return self._derived("lab-only", lambda source, _: _MARK.sub("", source).rstrip("\n"))

    def _derived(self, left_out: str, change: Any) -> Any:
        notebook = self._read()
        kept: list[Any] = []
        for cell in notebook.cells:
            tags = list(cell.metadata.get("tags", []))
            if left_out in tags:
                continue
            cell.metadata = nbformat.NotebookNode({"tags": [t for t in tags if t in _KEPT_TAGS]}) if tags else {}
            if not cell.metadata.get("tags"):
                cell.metadata = nbformat.NotebookNode({})
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
                cell.source = change(cell.source, f"{self.path.name}, cell {len(kept) + 1}")
            kept.append(cell)
        notebook.cells = kept
        for index, cell in enumerate(kept):
            cell["id"] = hashlib.sha256(f"{self.stem}/{index}/{cell.cell_type}".encode()).hexdigest()[:8]
        return notebook

    def _read(self) -> Any:
        try:
            notebook = jupytext.read(self.path)
        except OSError as exc:
            raise SourceError(f"No source at {self.path}: {exc.strerror}.") from exc
        notebook.metadata = nbformat.NotebookNode(copy.deepcopy(_METADATA))
        notebook.nbformat, notebook.nbformat_minor = 4, 5
        for number, cell in enumerate(notebook.cells, 1):
            opened, closed = cell.source.count("# BEGIN SOLUTION"), cell.source.count("# END SOLUTION")
            if opened != closed or len(_REGION.findall(cell.source)) != opened:
                raise SourceError(
                    f"{self.path.name}, cell {number}: every # BEGIN SOLUTION needs its # END SOLUTION after it; found "
                    f"{opened} and {closed}."
                )
        return notebook


def _open_exercise(source: str, where: str) -> str:
    """Every solved region becomes a stub that says what is to be done.

    A region that returns raises instead: what it was to give is missing. Any other leaves a gap that runs, so that
    an open exercise breaks nothing around it.
    """

    def stub(match: re.Match[str]) -> str:
        todo, indent = match["todo"], match["indent"]
        if not todo:
            raise SourceError(f"{where}: # BEGIN SOLUTION must say what is to be done, after a colon.")
        if indent and re.search(r"^\s*return\b", match["body"], re.MULTILINE):
            return f'{indent}raise NotImplementedError("{todo}")\n'
        return f"{indent}# {todo}\n" + (f"{indent}...\n" if indent else "")

    return _REGION.sub(stub, source).rstrip("\n")


def sources(root: Path) -> Iterator[Source]:
    """Every source of the course, by number."""
    for path in sorted((root / "solutions").glob("[0-9][0-9]-*.md")):
        yield Source(path)


def to_text(notebook: Any) -> str:
    """The notebook file, byte for byte the same for the same notebook."""
    text: str = nbformat.writes(notebook, version=4)
    return text if text.endswith("\n") else text + "\n"


def without_outputs(notebook: Any) -> Any:
    """A copy that shows only what was written."""
    bare = copy.deepcopy(notebook)
    bare.metadata = nbformat.NotebookNode(copy.deepcopy(_METADATA))
    for cell in bare.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare
