"""Is every line that a learner is given also in the solution, or a stub?

Cells are compared as text, line by line and without indentation, so the rule is the same for Python, for handlers
(`%%handler`, `%%function`) and for templates (`%%template`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from patisserie.notebooks.findings import Finding
from patisserie.notebooks.source import BEGIN, Cell, Source, SourceError, cut, solved

_STUB = re.compile(r'raise NotImplementedError\("Exercise \d+: .+"\)$|\.\.\.$|#')


def stub_findings(source: Source) -> list[Finding]:
    """What learners would have to delete again, exercises that are not open, and cuts outside exercises."""
    try:
        cells = source.cells()
        given = [(cell, cut(cell.text, source.path.name)) for cell in cells if _in_lab(cell)]
    except SourceError as exc:
        return [Finding(1, "source", str(exc))]
    solution = {line for cell in cells if "lab-only" not in cell.tags for line in _lines(solved(cell.text))}
    findings = []
    for cell, text in given:
        findings += [
            Finding(cell.line, "stub-line", f"{line!r} is in the lab but not in the solution.")
            for line in _lines(text)
            if line not in solution and not _STUB.match(line)
        ]
    return sorted([*findings, *_openness(cells)])


def _openness(cells: Iterable[Cell]) -> Iterable[Finding]:
    for cell in cells:
        exercise, has_cut = "exercise" in cell.tags, BEGIN in cell.text
        if cell.kind == "code" and has_cut and not exercise:
            yield Finding(cell.line, "untagged-cut", "A cell with a cut needs the tag exercise.")
        if exercise and not has_cut and not {"lab-only", "solution-only"} & set(cell.tags):
            yield Finding(cell.line, "closed-exercise", "The exercise has no cut: the learner would see the solution.")


def _in_lab(cell: Cell) -> bool:
    return cell.kind == "code" and "solution-only" not in cell.tags


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
