"""The book's generated pages: `python -m patisserie.reference` writes them anew."""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from localcloud.facts import Fact, Facts
from localcloud.stacks.parsing import parse_template
from patisserie.course import course_root
from patisserie.figures import architecture
from patisserie.labs import find_lab
from patisserie.story.claims import claims_section
from patisserie.story.coverage import coverage_section, load_coverage
from patisserie.story.numbers import load_numbers
from patisserie.story.prose import restated
from patisserie.teaching import agendas_page, load_notes, notes_page

_IMAGE = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')
# pictures of the README and the chapters: the lab that shows them, and a text of the cell
_PICTURES = {
    "shop-2020.svg": ("00", 'architecture(lab.template("shop")'),
    "month-2020.svg": ("00", 'latency_distribution({"the shop"'),
    "first-order-2020.svg": ("00", "waterfall("),
    "shop-2021.svg": ("01", 'architecture(lab.template("monolith")'),
    "cuts-2021.svg": ("01", "trade_offs("),
    "chain-2022.svg": ("02", 'architecture(lab.template("chain")'),
    "slowest-2022.svg": ("02", "waterfall("),
    "before-and-after.svg": ("02", "latency_distribution("),
    "rush-2022.svg": ("02", "throughput_over_time("),
    "cost-2022.svg": ("02", "cost_bars("),
    "receives-2022.svg": ("03", "waterfall(lab.slowest_trace"),
    "queues-2022.svg": ("03", '"after": weighed_after}'),
    "one-queue-2022.svg": ("04", 'architecture(lab.template("queue")'),
    "ways-2022.svg": ("04", "trade_offs("),
}
# pictures of the chapters that no lab shows, for they would give its exercises away: lab, stack, title
_DRAWN = {"events-2022.svg": ("02", "events", "Stored first: the shop after the change")}
_GROUPS = {
    "price": "Prices",
    "quota": "Quotas and documented behaviour",
    "latency": "Published latencies",
    "model": "Models: what nobody has published, or what was put together from several sources",
}


def facts_page(facts: Facts) -> str:
    """Every fact with its value, unit, source and date, as MyST."""
    lines = [
        "# The facts",
        "",
        f"Every number the simulator uses, for {facts.region}, in {facts.currency}, compiled {facts.compiled}.",
        "The page is generated from the file that the simulator reads. *Estimate* means: no source was found; the",
        "note says what it rests on.",
        "",
    ]
    for prefix, title in _GROUPS.items():
        found = [facts.fact(fact_id) for fact_id in facts.ids(f"{prefix}.")]
        lines += [
            f"## {title}",
            "",
            ":::{container} facts",
            "| fact | value | unit | source | as of |",
            "|---|---|---|---|---|",
        ]
        lines += [_fact_row(fact) for fact in found]
        lines += [":::", ""]
    return "\n".join(lines)


def _fact_row(fact: Fact) -> str:
    sources = " ".join(f"[{number}]({source.url})" for number, source in enumerate(fact.sources, 1) if source.url)
    if fact.estimate:
        sources = f"*estimate* {sources}".strip()
    elif fact.partly_estimate:
        sources = f"{sources} *partly an estimate*".strip()
    unit = fact.unit + (f" ({fact.note})" if fact.note else "")
    return f"| `{fact.id}` | {_cell(_value(fact.value))} | {_cell(unit)} | {sources} | {_cell(fact.as_of)} |"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_value(item) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return "none" if value is None else str(value)


def _number(value: float) -> str:
    """As people write it: 1.66667e-05 is 0.0000166667, and 6000000000.0 is 6,000,000,000."""
    text = f"{Decimal(repr(value)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cell(value: Any) -> str:
    """Text that cannot break out of a table's cell or be taken for markup."""
    return re.sub(r"([|*_`<>\[\]{}$~#\\])", r"\\\1", " ".join(str(value).split()))


def conformance_page(root: Path) -> str:
    """The documented behaviours that tests prove, by id."""
    proven: dict[str, list[str]] = {}
    for ids, test in sorted(_behaviours(root)):
        for behaviour in ids:
            proven.setdefault(behaviour, []).append(test)
    lines = [
        "# Conformance",
        "",
        "Statements of AWS's documentation that a test of this project proves. Each test names the statements it",
        "stands for; this page is generated from those marks.",
        "",
        "| behaviour | proven by |",
        "|---|---|",
    ]
    lines += [f"| {behaviour} | {'; '.join(tests)} |" for behaviour, tests in sorted(proven.items())]
    return "\n".join([*lines, ""])


def _behaviours(root: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """(ids, what the test says) of every marked test."""
    for path in sorted((root / "tests" / "conformance").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.behaviour":
                    ids = tuple(str(a.value) for a in decorator.args if isinstance(a, ast.Constant))
                    yield ids, _cell(node.name.removeprefix("test_").replace("_", " "))


def talk_page(root: Path) -> str:
    """The talk: what of it is taught where, and its claims beside the sources and the labs' measurements."""
    rows = load_coverage()
    slugs = {path.name[:2]: path.stem for path in sorted((root / "solutions").glob("[0-9][0-9]-*.md"))}
    lines = [
        "# The talk, taught and checked",
        "",
        "The story follows the talk *Best practices for serverless developers* (AWS re:Invent 2025, CNS403). This page",
        "says where the course teaches what it teaches, and sets what it claims beside the sources and our labs.",
        "",
    ]
    return "\n".join([*lines, *coverage_section(rows, slugs), *claims_section(rows, load_numbers(root), slugs)])


def picture(root: Path, lab: str, call: str) -> str:
    """The last picture, as SVG, that a lab's executed solution shows in a cell with this text."""
    notebook = json.loads((root / "solutions" / f"{find_lab(lab).folder}.ipynb").read_text(encoding="utf-8"))
    pictures = [
        match[1]
        for cell in notebook["cells"]
        if call in "".join(cell["source"])
        for output in cell.get("outputs", [])
        for match in _IMAGE.finditer("".join(output.get("data", {}).get("text/html", "")))
    ]
    return base64.b64decode(pictures[-1]).decode()


def drawn(root: Path, lab: str, stack: str, title: str) -> str:
    """A lab's architecture as SVG, drawn from its template."""
    template = root / "infra" / "stacks" / find_lab(lab).folder / stack / "template.yaml"
    return architecture(parse_template(template.read_text(encoding="utf-8")), title).svg


def chapters(root: Path) -> dict[Path, str]:
    """The chapters of the years, their numbers as they are now."""
    numbers = load_numbers(root)
    paths = sorted((root / "book").glob("20[0-9][0-9]/*.md"))
    return {path: restated(path.read_text(encoding="utf-8"), numbers) for path in paths}


def pages(root: Path) -> dict[Path, str]:
    """Every generated page and its text, and the chapters with their numbers."""
    reference = root / "book" / "reference"
    labs = [(notes, find_lab(number)) for number, notes in load_notes().items()]
    in_class = {root / "book" / "instructor" / f"{lab.folder}.md": notes_page(notes, lab, root) for notes, lab in labs}
    return (
        chapters(root)
        | in_class
        | {
            reference / "facts.md": facts_page(Facts.load()),
            reference / "conformance.md": conformance_page(root),
            reference / "talk.md": talk_page(root),
            root / "book" / "instructor" / "agendas.md": agendas_page(),
            **{root / "book" / "assets" / name: picture(root, *place) for name, place in _PICTURES.items()},
            **{root / "book" / "assets" / name: drawn(root, *place) for name, place in _DRAWN.items()},
        }
    )


def main() -> None:
    """Write the pages."""
    root = course_root()
    for path, text in pages(root).items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {path.relative_to(root)}")


if __name__ == "__main__":
    main()
