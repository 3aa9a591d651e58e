"""What of the talk is taught where, and whether each place that a row names is really there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

_LAST_LAB = 13  # the course is planned as labs 00 to 13


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the talk teaches.

    `where` are places of the book ("book/2022/index#t-20"); `lab` is (number, heading) of the part of a lab in which
    it is run, or None; `planned` are the numbers of labs that will teach it, or more of it.
    """

    row_id: str
    taught: str
    where: tuple[str, ...]
    lab: tuple[str, str] | None
    planned: tuple[str, ...]


def load_coverage() -> tuple[Row, ...]:
    """The rows that ship with the package, in the talk's order."""
    text = resources.files(__package__).joinpath("coverage.yaml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = yaml.safe_load(text)
    return tuple(
        Row(
            entry["id"],
            entry["taught"],
            tuple(entry.get("where", ())),
            (entry["lab"][0], entry["lab"][1]) if "lab" in entry else None,
            tuple(entry.get("planned", ())),
        )
        for entry in entries
    )


def findings(rows: tuple[Row, ...], root: Path) -> list[str]:
    """What is not true of the rows, one sentence each; empty when all is well. `root` is the course's directory."""
    labs = {path.name[:2]: path for path in sorted((root / "solutions").glob("[0-9][0-9]-*.md"))}
    found = []
    for row in rows:
        if not (row.where or row.lab or row.planned):
            found.append(f"{row.row_id} is neither taught nor planned.")
        for place in row.where:
            page, _, anchor = place.partition("#")
            if not anchor or f"({anchor})=" not in _lines(root / f"{page}.md"):
                found.append(f"{row.row_id} should be taught at {place}, and there is no such anchor.")
        if row.lab is not None:
            number, part = row.lab
            if number not in labs or f"## {part}" not in _lines(labs[number]):
                found.append(f"{row.row_id} should be run in lab {number}, {part!r}, and there is no such part.")
        for number in row.planned:
            if number in labs:
                found.append(f"{row.row_id} is planned for lab {number}, which is there: say where it teaches the row.")
            elif not (re.fullmatch(r"\d\d", number) and int(number) <= _LAST_LAB):
                found.append(f"{row.row_id} is planned for lab {number!r}; labs are numbered 00 to {_LAST_LAB}.")
    claimed = {place for row in rows for place in row.where}
    for chapter in sorted((root / "book").rglob("*.md")):
        name = chapter.relative_to(root).with_suffix("").as_posix()
        for line in _lines(chapter):
            if (match := re.fullmatch(r"\((t-\w\w)\)=", line)) and f"{name}#{match[1]}" not in claimed:
                found.append(f"{name}#{match[1]} is an anchor that no row of the coverage names.")
    return found


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def coverage_section(rows: tuple[Row, ...], slugs: Mapping[str, str]) -> list[str]:
    """The rows as lines of MyST. `slugs` are the labs' file names by number."""
    taught = sum(bool(row.where) for row in rows)
    run = sum(row.lab is not None for row in rows)
    lines = [
        "## What is taught where",
        "",
        f"The talk that the story follows teaches {len(rows)} things, in our words below. Of these, {taught} are",
        f"taught in this book today, and {run} of those are run and measured in a lab. The others are planned: the",
        "lab's number says where. A test looks whether each place is really there, and the page is generated from the",
        "same file.",
        "",
        "| row | what | in the book | in a lab |",
        "|---|---|---|---|",
    ]
    for row in rows:
        book = ", ".join(f"{{ref}}`{_year(place)} <{place.partition('#')[2]}>`" for place in row.where)
        labs = []
        if row.lab is not None:
            number, part = row.lab
            labs.append(f"[lab {number}](../../solutions/{slugs[number]}.ipynb), *{part}*")
        labs += [f"planned: lab {number}" for number in row.planned]
        lines.append(f"| [{row.row_id}]{{.nobreak}} | {row.taught} | {book} | {'; '.join(labs)} |")
    return [*lines, ""]


def _year(place: str) -> str:
    return place.split("/")[1]
