"""What the talk claims, beside what the sources say and what the labs have measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from localcloud.facts import Facts
from patisserie.story.coverage import Row
from patisserie.story.numbers import Number, UnknownNumber

VERDICTS: Mapping[str, str] = {
    "holds": "holds",
    "changed": "has changed since",
    "imprecise": "imprecise",
    "wrong": "not so",
    "slip": "a slip of the tongue",
    "story": "a figure of the story",
    "contradiction": "contradicts itself",
    "unchecked": "could not be checked",
}
_PLACEHOLDER = re.compile(r"\{(\w+)")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `lab` is the number of the lab that has measured it ("" for none), `measured` what it found.

    Texts may name numbers as {m02_p95:s.1}. `sources` are pairs of a title and an address ("" when it has none).
    """

    claim_id: str
    row: str
    says: str
    verdict: str
    sources_say: str
    sources: tuple[tuple[str, str], ...]
    lab: str
    measured: str


def load_claims() -> tuple[Claim, ...]:
    """The claims that ship with the package, in the talk's order. Raises UnknownFact for a source nobody knows."""
    text = resources.files(__package__).joinpath("claims.yaml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = yaml.safe_load(text)
    facts = Facts.load()
    return tuple(
        Claim(
            entry["id"],
            entry["row"],
            entry["says"],
            entry["verdict"],
            entry["sources_say"],
            tuple(_source(facts, source) for source in entry["sources"]),
            entry.get("lab", ""),
            entry.get("measured", ""),
        )
        for entry in entries
    )


def _source(facts: Facts, source: str | Mapping[str, str]) -> tuple[str, str]:
    if isinstance(source, str):
        found = facts.source(source)
        return found.title, found.url
    return source["title"], source["url"]


def problems(claims: tuple[Claim, ...], rows: tuple[Row, ...], numbers: Mapping[str, Number]) -> list[str]:
    """What is not right with the claims, one sentence each; empty when all is well."""
    known = {row.row_id for row in rows}
    found = []
    for claim in claims:
        name = claim.claim_id
        if claim.row not in known:
            found.append(f"{name} belongs to {claim.row}, which is no row of the coverage.")
        if claim.verdict not in VERDICTS:
            found.append(f"{name} has the verdict {claim.verdict!r}; there are {', '.join(VERDICTS)}.")
        if bool(claim.lab) != bool(claim.measured):
            found.append(f"{name} needs both, a lab and what it measured, or neither.")
        for text in (claim.says, claim.sources_say, claim.measured):
            try:
                text.format_map(numbers)
            except KeyError as exc:
                found.append(f"{name}, {text!r}: there is no number {exc}.")
            except UnknownNumber as exc:
                found.append(f"{name}, {text!r}: {exc}")
        used = [numbers[key] for key in _PLACEHOLDER.findall(claim.measured) if key in numbers]
        if claim.measured and not used:
            found.append(f"{name} has no number in what was measured.")
        origins = {number.name: number.origin for number in used if not number.origin.startswith("calculated")}
        found += [
            f"{name} is measured by lab {claim.lab}, and {other} comes from {origin}."
            for other, origin in origins.items()
            if origin != f"lab {claim.lab}"
        ]
    return found


def claims_section(rows: tuple[Row, ...], numbers: Mapping[str, Number], slugs: Mapping[str, str]) -> list[str]:
    """Two tables, as lines of MyST: claims that a lab has measured, and the others. `slugs` are the labs' by number."""
    claims = load_claims()
    measured = [claim for claim in claims if claim.lab]
    planned = {row.row_id: row.planned for row in rows}
    lines = [
        "## What the talk claims, and what we measured",
        "",
        f"{len(claims)} claims, checked against AWS's documentation, its prices and published measurements. Labs of",
        f"this course have measured {len(measured)} of them, with the seed that everybody has; those numbers are read",
        "from the solved notebooks when this page is made. Figures of the story are nobody's fault: a story may have",
        "them. They are only no reason to expect the same.",
        "",
        ":::{container} claims",
        "| the talk says | verdict | measured here | what the sources say |",
        "|---|---|---|---|",
    ]
    for claim in measured:
        lab = f"[lab {claim.lab}](../../solutions/{slugs[claim.lab]}.ipynb)"
        cells = (claim.says, VERDICTS[claim.verdict], f"{claim.measured} ({lab})", _sourced(claim))
        lines.append(_line(cells, numbers))
    lines += [
        ":::",
        "",
        "### Claims that no lab has measured yet",
        "",
        ":::{container} claims",
        "| the talk says | verdict | what the sources say | lab |",
        "|---|---|---|---|",
    ]
    for claim in claims:
        if not claim.lab:
            where = ", ".join(f"planned: lab {number}" for number in planned.get(claim.row, ()))
            lines.append(_line((claim.says, VERDICTS[claim.verdict], _sourced(claim), where), numbers))
    return [*lines, ":::", ""]


def _line(cells: tuple[str, ...], numbers: Mapping[str, Number]) -> str:
    return f"| {' | '.join(cell.format_map(numbers) for cell in cells)} |"


def _sourced(claim: Claim) -> str:
    linked = [url for _, url in claim.sources if url]
    named = [f"({title})" for title, url in claim.sources if not url]
    return " ".join([claim.sources_say, *named, *(f"[{number}]({url})" for number, url in enumerate(linked, 1))])
