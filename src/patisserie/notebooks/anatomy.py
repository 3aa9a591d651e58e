"""The anatomy every lab shares, as a lint of its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from patisserie.notebooks.source import Source

# Headings that every lab has, in this order; an exercise heading may repeat.
PARTS = (
    "You will", "Open the lab", "Today's system", "Deploy", "Predict", "Measure", "Why", "Explore", "Exercise",
    "Before and after", "Break it", "What got worse", "The talk", "Quiz", "Take-aways", "On AWS", "Clean up",
)  # fmt: skip
_LONGEST_CELL = 8
_HINTS = 3


@dataclass(frozen=True, slots=True)
class AnatomyFinding:
    """One thing that is not as the anatomy asks. `where` names the part or the cell."""

    where: str
    message: str


def anatomy(source: Source) -> list[AnatomyFinding]:
    """What is missing or out of place in a lab's source."""
    cells = source.solution().cells
    return [*_order(cells), *_cells(cells), *_exercises(cells), *_end(cells)]


def _headings(cells: Any) -> list[str]:
    return [
        line[3:].strip()
        for c in cells
        if c.cell_type == "markdown"
        for line in c.source.splitlines()
        if line.startswith("## ")
    ]


def _part(heading: str) -> str | None:
    return next((part for part in PARTS if heading.startswith(part)), None)


def _order(cells: Any) -> list[AnatomyFinding]:
    found = [_part(heading) for heading in _headings(cells)]
    findings = [
        AnatomyFinding(heading, "is not a heading of the anatomy")
        for heading, part in zip(_headings(cells), found, strict=True)
        if part is None
    ]
    present = [part for part in found if part is not None]
    unique = list(dict.fromkeys(present))
    findings += [AnatomyFinding(part, "is missing") for part in PARTS if part not in unique]
    if unique != sorted(unique, key=PARTS.index):
        findings.append(AnatomyFinding("headings", f"are out of order: {', '.join(unique)}"))
    if not any(line.startswith("# ") for c in cells[:1] for line in c.source.splitlines()):
        findings.append(AnatomyFinding("title", "the first cell must be the title"))
    return findings


def _cells(cells: Any) -> list[AnatomyFinding]:
    findings = []
    for number, cell in enumerate(cells, 1):
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if line.strip()]
        body = [line for line in lines if not line.startswith("%%")]
        if len(body) > _LONGEST_CELL:
            findings.append(
                AnatomyFinding(f"cell {number}", f"has {len(body)} lines; at most {_LONGEST_CELL} are easy to read")
            )
        if cell.source.rstrip().endswith(";"):
            findings.append(
                AnatomyFinding(f"cell {number}", "ends in a semicolon, which hides output in one place only")
            )
        before = cells[number - 2].cell_type if number > 1 else ""
        if before == "code":
            findings.append(AnatomyFinding(f"cell {number}", "follows another code cell without a word between"))
    return findings


def _exercises(cells: Any) -> list[AnatomyFinding]:
    text = "\n\n".join(c.source if c.cell_type == "markdown" else f"\x00{c.source}" for c in cells)
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    exercises = [part for part in parts if part.startswith("Exercise")]
    findings = []
    if not 2 <= len(exercises) <= 4:
        findings.append(AnatomyFinding("exercises", f"there are {len(exercises)}; two to four fit a lab"))
    for part in exercises:
        name = part.splitlines()[0]
        if part.count("<details>") < _HINTS:
            findings.append(AnatomyFinding(name, f"has {part.count('<details>')} hints; three are asked for"))
        if not re.search(r"\d+ minutes", part):
            findings.append(AnatomyFinding(name, "does not say how many minutes it takes"))
        if "**Goal" not in part:
            findings.append(AnatomyFinding(name, "has no goal"))
        if ".check(" not in part:
            findings.append(AnatomyFinding(name, "has no check"))
    return findings


def _end(cells: Any) -> list[AnatomyFinding]:
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    if not code or "cleanup()" not in code[-1]:
        return [AnatomyFinding("Clean up", "the last code cell must clean up")]
    return []
