"""The anatomy every lab shares, as a lint of its source. Nothing is executed, and nothing is raised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from patisserie.notebooks.findings import Finding
from patisserie.notebooks.source import Cell, Source, SourceError, solved

# Headings that every lab has, in this order; an exercise heading may repeat.
PARTS = (
    "You will", "Open the lab", "Today's system", "Deploy", "Predict", "Measure", "Why", "Explore", "Exercise",
    "Before and after", "Break it", "What got worse", "The talk", "Quiz", "Take-aways", "On AWS", "Clean up",
)  # fmt: skip
LONGEST_CELL_LINES = 8
LONGEST_WHY_WORDS = 150
HINTS = 3
_EXERCISES, _QUESTIONS = (2, 4), (2, 3)
_SHORTEST_EXPLANATION_WORDS = 8
_DETAILS = re.compile(r"<details>\s*<summary>(?P<summary>.*?)</summary>(?P<body>.*?)</details>", re.DOTALL)
_DEFAULT = re.compile(r"^\w+\s*=\s*[^=\s.]", re.MULTILINE)
_NOT_IN_JUPYTERLAB = re.compile(r"^(?::::|> \[!)", re.MULTILINE)
_TYPED_MEASUREMENT = re.compile(r"\bmeasured\b(?:(?!\.\s)[^\n])*?\d|\d(?:(?!\.\s)[^\n])*?\bmeasured\b")


@dataclass(slots=True)
class _Section:
    line: int
    heading: str
    cells: list[Cell] = field(default_factory=list)

    @property
    def part(self) -> str | None:
        return next((part for part in PARTS if self.heading.startswith(part)), None)

    @property
    def prose(self) -> str:
        return "\n\n".join(cell.text for cell in self.cells if cell.kind == "markdown")

    @property
    def code(self) -> str:
        return "\n".join(solved(cell.text) for cell in self.cells if cell.kind == "code")

    @property
    def details(self) -> list[tuple[str, str]]:
        return [(m["summary"], m["body"]) for m in _DETAILS.finditer(self.prose)]


def anatomy(source: Source) -> list[Finding]:
    """What is missing, too long or out of place in a lab's source, by line."""
    try:
        cells = source.cells()
    except SourceError as exc:
        return [Finding(1, "source", str(exc))]
    sections = _sections(cells)
    found = [*_title(cells), *_order(sections), *_code(cells), *_prose(cells), *_parts(sections), *_exercises(sections)]
    return sorted([*found, *_end(cells)])


def _sections(cells: Sequence[Cell]) -> list[_Section]:
    """The cells below each `## ` heading. A cell holds at most the text after its own heading."""
    sections: list[_Section] = []
    for cell in cells:
        pieces = re.split(r"^(?=## )", cell.text, flags=re.MULTILINE) if cell.kind == "markdown" else [cell.text]
        line = cell.line
        for piece in pieces:
            if cell.kind == "markdown" and piece.startswith("## "):
                sections.append(_Section(line, piece.splitlines()[0][3:].strip()))
                body = piece.partition("\n")[2]
                sections[-1].cells.append(Cell(line, cell.kind, cell.tags, body))
            elif sections:
                sections[-1].cells.append(Cell(line, cell.kind, cell.tags, piece))
            line += piece.count("\n")
    return sections


def _title(cells: Sequence[Cell]) -> Iterator[Finding]:
    if not cells or not cells[0].text.startswith("# "):
        yield Finding(1, "title", "The first cell must start with the lab's title.")
    elif not re.search(r"\d+ minutes", cells[0].text):
        yield Finding(cells[0].line, "fact-line", "The first cell does not say how many minutes the lab takes.")


def _order(sections: Sequence[_Section]) -> Iterator[Finding]:
    seen: list[str] = []
    for section in sections:
        part = section.part
        if part is None:
            yield Finding(section.line, "heading", f"{section.heading!r} is not a heading of the anatomy.")
            continue
        if part in seen and part != "Exercise":
            yield Finding(section.line, "repeated", f"{part!r} comes twice.")
        if seen and PARTS.index(part) < PARTS.index(seen[-1]):
            yield Finding(section.line, "order", f"{part!r} comes after {seen[-1]!r}; it belongs before it.")
        seen.append(part)
    for part in PARTS:
        if part not in seen:
            yield Finding(1, "missing", f"{part!r} is missing.")


def _code(cells: Sequence[Cell]) -> Iterator[Finding]:
    before = None
    for cell in cells:
        if cell.kind == "code":
            lines = [line for line in solved(cell.text).splitlines() if line.strip() and not line.startswith("%%")]
            if len(lines) > LONGEST_CELL_LINES and "hide-input" not in cell.tags:
                message = f"The cell has {len(lines)} lines; at most {LONGEST_CELL_LINES} are easy to read."
                yield Finding(cell.line, "long-cell", message)
            if cell.text.rstrip().endswith(";"):  # nbval runs cells without history: there it hides nothing
                yield Finding(cell.line, "semicolon", "The cell ends in a semicolon, which hides output only at times.")
            if before is not None and before.kind == "code" and not _alternatives(before, cell):
                yield Finding(cell.line, "no-prose", "The cell follows another code cell without a word between.")
        before = cell


def _alternatives(one: Cell, other: Cell) -> bool:
    """No notebook shows both."""
    return {"lab-only", "solution-only"} <= {*one.tags, *other.tags}


def _prose(cells: Sequence[Cell]) -> Iterator[Finding]:
    for cell in cells:
        if cell.kind != "markdown":
            continue
        if cell.tags and re.search(r"^#+ ", cell.text, re.MULTILINE):
            message = "A heading in a tagged text cell goes with the tag; end the tagged cell with +++ before it."
            yield Finding(cell.line, "tagged-heading", message)
        if _NOT_IN_JUPYTERLAB.search(cell.text):
            yield Finding(cell.line, "directive", "JupyterLab does not draw MyST directives or [!NOTE] blocks.")
        shown = _TYPED_MEASUREMENT.search(" ".join(cell.text.replace("\n\n", ". ").split()))
        if shown:
            message = f"A number typed next to 'measured' goes stale; print it: {shown[0][:60]!r}."
            yield Finding(cell.line, "typed-measurement", message)


def _parts(sections: Sequence[_Section]) -> Iterator[Finding]:
    for section in sections:
        if section.part == "Predict" and not _DEFAULT.search(section.code):
            yield Finding(section.line, "predict", "The prediction has no default: give a variable a value.")
        if section.part == "Measure" and ".measure(" not in section.code:
            yield Finding(section.line, "measure", "Nothing is measured here.")
        if section.part == "Measure" and ".baseline(" not in section.code:
            yield Finding(section.line, "baseline", "No check shows that the flaw is really there: lab.baseline(...).")
        if section.part == "Before and after":
            if "compare(" not in section.code:
                yield Finding(section.line, "compare", "Before and after are not put side by side: compare(...).")
            if "figures." not in section.code:
                yield Finding(section.line, "same-axes", "No figure shows before and after on the same axes.")
        if section.part == "Why" and len(section.prose.split()) > LONGEST_WHY_WORDS:
            message = f"The reason takes {len(section.prose.split())} words; {LONGEST_WHY_WORDS} are enough."
            yield Finding(section.line, "long-why", message)
        if section.part == "Quiz":
            yield from _quiz(section)


def _quiz(section: _Section) -> Iterator[Finding]:
    low, high = _QUESTIONS
    if not low <= len(section.details) <= high:
        yield Finding(section.line, "questions", f"The quiz has {len(section.details)} questions; {low} or {high} fit.")
    for question, explanation in section.details:
        if len(explanation.split()) < _SHORTEST_EXPLANATION_WORDS:
            yield Finding(section.line, "explanation", f"The answer to {question[:50]!r} explains nothing.")


def _exercises(sections: Sequence[_Section]) -> Iterator[Finding]:
    exercises = [section for section in sections if section.part == "Exercise"]
    low, high = _EXERCISES
    if not low <= len(exercises) <= high:
        line = exercises[0].line if exercises else 1
        yield Finding(line, "exercises", f"There are {len(exercises)} exercises; {low} to {high} fit a lab.")
    for number, section in enumerate(exercises, 1):
        line, name = section.line, section.heading
        if not re.match(rf"Exercise {number}: \S", name):
            yield Finding(line, "exercise-number", f"{name!r} should be called 'Exercise {number}: ...'.")
        hints = [summary for summary, _ in section.details if summary.startswith("Hint")]
        if [re.match(r"Hint (\d+)", hint) and hint.split()[1].rstrip(":") for hint in hints] != ["1", "2", "3"]:
            yield Finding(line, "hints", f"{name!r} has {len(hints)} hints; {HINTS} are asked for, numbered from 1.")
        if not re.search(r"\d+ minutes", section.prose):
            yield Finding(line, "minutes", f"{name!r} does not say how many minutes it takes.")
        if "**Goal" not in section.prose:
            yield Finding(line, "goal", f"{name!r} has no goal.")
        if not any("exercise" in cell.tags for cell in section.cells):
            yield Finding(line, "no-task", f"{name!r} has no cell with the tag exercise.")
        if not any("check" in cell.tags for cell in section.cells):
            yield Finding(line, "no-check", f"{name!r} has no cell with the tag check.")


def _end(cells: Sequence[Cell]) -> Iterator[Finding]:
    code = [cell for cell in cells if cell.kind == "code"]
    if not code or ".cleanup()" not in code[-1].text:
        yield Finding(code[-1].line if code else 1, "clean-up", "The last code cell must clean up.")
