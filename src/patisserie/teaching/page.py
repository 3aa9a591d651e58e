"""The page of a lab's notes; its numbers are those of the executed solution."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from patisserie.labs.lab import Lab
from patisserie.notebooks.shown import shown
from patisserie.teaching.notes import LabNotes

_COLUMNS = ("orders", "p50 (ms)", "p95 (ms)", "failed", "abandoned", "USD per 1,000 orders")


def measured(root: Path, lab: Lab) -> Mapping[str, Mapping[str, str]]:
    """The rows of the standard table that the lab's executed solution shows, by label, as printed."""
    found: dict[str, Mapping[str, str]] = {}
    for cell in shown(root, lab.folder):
        for table in cell.tables():
            for label, row in table.items():
                if set(_COLUMNS) <= row.keys():
                    found.setdefault(label, row)
    return found


def notes_page(notes: LabNotes, lab: Lab, root: Path) -> str:
    """A lab's notes as MyST."""
    runs = measured(root, lab)

    def filled(text: str) -> str:
        return text.format_map(runs)

    lines = [
        f"# Lab {lab.number} in class",
        "",
        f"[{lab.title}](../../solutions/{lab.folder}.ipynb) · {lab.year} · {lab.minutes} minutes · {lab.level}",
        "",
        "The values below are those that the solved notebook shows. Everybody who has the same seed sees the same.",
        "",
        "| run | " + " | ".join(_COLUMNS) + " |",
        "|---|" + "---:|" * len(_COLUMNS),
    ]
    lines += [f"| {label} | " + " | ".join(row[c] for c in _COLUMNS) + " |" for label, row in runs.items()]
    lines += ["", "## Minutes", "", "| from | minutes | part | say before it |", "|---:|---:|---|---|"]
    start = 0
    for step in notes.steps:
        lines.append(f"| {start} | {step.minutes} | {step.part} | {filled(step.say)} |")
        start += step.minutes
    lines += ["", filled(notes.short), "", "## Ask the room", ""]
    for question in notes.questions:
        lines += [f"**{filled(question.ask)}**", f": {filled(question.hope)}", ""]
    lines += [
        "## Wrong answers, and what to ask",
        "",
        "The project tests its checks with these answers: none of them passes. Ask, do not tell.",
        "",
    ]
    for exercise in lab.exercises:
        lines += [f"### {exercise.check.title}", "", f"The check's own hint: *{exercise.check.hint}*", ""]
        lines += ["| what they did | ask them |", "|---|---|"]
        of_check = [answer for answer in notes.answers if answer.check == exercise.check.check_id]
        lines += [f"| {answer.attempt} | {filled(answer.ask)} |" for answer in of_check]
        lines.append("")
    lines += ["## Somebody is fast", "", *(f"- {filled(text)}" for text in notes.fast), ""]
    lines += ["## Somebody is stuck", "", *(f"- {filled(text)}" for text in notes.stuck), ""]
    return "\n".join(lines)
