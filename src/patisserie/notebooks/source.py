"""Reading solutions/NN-slug.md, the single source of a lab, and deriving its two notebooks.

Marks in the source:
    tag `solution-only`   the cell is left out of the learner's notebook
    tag `lab-only`        the cell is left out of the solution
    tag `aws`             the cell needs an AWS account: no unattended run executes it
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
from jupytext.myst import MystMetadataParsingError
from yaml import YAMLError

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
_REGION = re.compile(
    r"^(?P<indent>[ \t]*)# BEGIN SOLUTION(?::[ \t]*(?P<todo>[^\n]*))?\n"
    r"(?P<body>.*?)^[ \t]*# END SOLUTION[^\n]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^[ \t]*# (?:BEGIN|END) SOLUTION[^\n]*(?:\n|\Z)", re.MULTILINE)
_KEPT_TAGS = ("exercise", "check", "aws", "hide-input", "nbval-ignore-output", "raises-exception")
_CHOOSING_TAGS = ("lab-only", "solution-only")
_UNATTENDED_SKIP = ("nbval-skip", "skip-execution")  # nbval knows only the first, nbclient only the second


class SourceError(Exception):
    """A source cannot be read, or its marks do not match. The message names the file and the cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as written: the line it starts in, `kind` "markdown" or "code", its tags, and its text with marks."""

    line: int
    kind: str
    tags: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """One source: `stem` is NN-slug."""

    path: Path

    @property
    def stem(self) -> str:
        return self.path.stem

    def lab(self) -> Any:
        """The learner's notebook: no outputs, exercises open. Raises SourceError."""
        return self._derived("solution-only", cut)

    def solution(self) -> Any:
        """The solution, not executed yet. Raises SourceError."""
        return self._derived("lab-only", lambda source, _: solved(source))

    def cells(self) -> list[Cell]:
        """Every cell with its marks, in order. Raises SourceError."""
        text = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        found, position = [], 0
        for cell in self._read().cells:
            at = text.find(cell.source, position)
            if at >= 0:
                position = at
            line = text.count("\n", 0, position) + 1
            found.append(Cell(line, cell.cell_type, tuple(cell.metadata.get("tags", [])), cell.source))
            position += len(cell.source) if at >= 0 else 0
        return found

    def _derived(self, left_out: str, change: Any) -> Any:
        notebook = self._read()
        kept: list[Any] = []
        for cell in notebook.cells:
            tags = list(cell.metadata.get("tags", []))
            if left_out in tags:
                continue
            shown = [tag for tag in _KEPT_TAGS if tag in tags]
            if "aws" in tags:
                shown += _UNATTENDED_SKIP
            cell.metadata = nbformat.NotebookNode({"tags": shown} if shown else {})
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
        except (MystMetadataParsingError, ValueError, YAMLError) as exc:
            raise SourceError(f"{self.path.name} is not a MyST notebook: {exc}") from exc
        notebook.metadata = nbformat.NotebookNode(copy.deepcopy(_METADATA))
        notebook.nbformat, notebook.nbformat_minor = 4, 5
        for number, cell in enumerate(notebook.cells, 1):
            unknown = [tag for tag in cell.metadata.get("tags", []) if tag not in (*_KEPT_TAGS, *_CHOOSING_TAGS)]
            if unknown:
                raise SourceError(
                    f"{self.path.name}, cell {number}: no tag is called {unknown[0]!r}; known are "
                    f"{', '.join((*_KEPT_TAGS, *_CHOOSING_TAGS))}."
                )
            opened, closed = cell.source.count(BEGIN), cell.source.count(END)
            if opened != closed or len(_REGION.findall(cell.source)) != opened:
                raise SourceError(
                    f"{self.path.name}, cell {number}: every # BEGIN SOLUTION needs its # END SOLUTION after it; found "
                    f"{opened} and {closed}."
                )
        return notebook


def solved(text: str) -> str:
    """A cell as the solution shows it: the marks are gone, what they enclose stays."""
    return _MARK.sub("", text).rstrip("\n")


def cut(text: str, where: str) -> str:
    """A cell as the learner gets it: every solved region becomes a stub that says what is to be done.

    A region that returns raises instead: what it was to give is missing. Any other leaves a gap that runs, so that
    an open exercise breaks nothing around it. `where` names the cell in errors. Raises SourceError.
    """

    def stub(match: re.Match[str]) -> str:
        todo, indent = match["todo"], match["indent"]
        if not todo:
            raise SourceError(f"{where}: # BEGIN SOLUTION must say what is to be done, after a colon.")
        if indent and re.search(r"^\s*return\b", match["body"], re.MULTILINE):
            quoted = todo.replace("\\", "\\\\").replace('"', '\\"')
            return f'{indent}raise NotImplementedError("{quoted}")\n'
        return f"{indent}# {todo}\n" + (f"{indent}...\n" if indent else "")

    return _REGION.sub(stub, text).rstrip("\n")


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
