"""The numbers that the book repeats: measured by a lab, a fact, a figure of the story, or calculated from these."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from localcloud.facts import Facts
from patisserie.labs import find_lab
from patisserie.notebooks.shown import shown

_UNITS: Mapping[str, tuple[str, float]] = {
    "ms": ("s", 0.001), "s": ("s", 1), "second": ("s", 1), "seconds": ("s", 1),
    "min": ("s", 60), "minute": ("s", 60), "minutes": ("s", 60), "hour": ("s", 3_600), "hours": ("s", 3_600),
    "day": ("s", 86_400), "days": ("s", 86_400), "USD": ("USD", 1), "cents": ("USD", 0.01),
    "%": ("", 0.01), "million": ("", 1e6),
}  # fmt: skip
"""What a unit measures, and its size. Whatever is counted (orders, MB) is of the kind ""."""
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


class UnknownNumber(ValueError):
    """There is no such number, or what it is read from is not there."""


@dataclass(frozen=True, slots=True)
class Number:
    """`value` is in `unit` ("" for a share or a count); `origin` says in words where it comes from."""

    name: str
    value: float
    unit: str
    origin: str

    def in_unit(self, unit: str) -> float:
        """The value in another unit; a unit in the words of the sentence ("orders") leaves it as it is.

        Raises UnknownNumber for a unit of another kind.
        """
        kind, size = _UNITS.get(self.unit, ("", 1.0))
        wanted, wanted_size = _UNITS.get(unit, (kind, size))
        if kind != wanted:
            raise UnknownNumber(f"{self.name} is in {self.unit or 'no unit'}, which is never in {unit}.")
        return self.value * size / wanted_size

    def __format__(self, spec: str) -> str:
        """`{name:s.1}`: in seconds, one digit after the point; without digits, whole.

        "%" is a share in percent; "-" leaves the unit out.
        """
        unit, _, digits = spec.partition(".")
        value = self.value if unit == "-" else self.in_unit(unit or self.unit)
        return f"{value:,.{int(digits or 0)}f} {'' if unit == '-' else unit or self.unit}".strip()


def load_numbers(root: Path) -> Mapping[str, Number]:
    """All numbers of the file, read from the course at `root`. Raises UnknownNumber."""
    text = resources.files(__package__).joinpath("numbers.yaml").read_text(encoding="utf-8")
    sources = _Sources(root)
    found: dict[str, Number] = {}
    for name, entry in yaml.safe_load(text).items():
        value, origin = sources.read(name, entry, found)
        found[name] = Number(name, value, entry.get("unit", ""), origin)
    return found


class _Sources:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._facts = Facts.load()
        self._story = yaml.safe_load(resources.files(__package__).joinpath("story.yaml").read_text(encoding="utf-8"))

    def read(self, name: str, entry: Mapping[str, Any], known: Mapping[str, Number]) -> tuple[float, str]:
        """(value, where it comes from) of an entry."""
        if "of" in entry:
            return _calculated(entry["of"], known), f"calculated: {entry['of']}"
        if "talk" in entry:
            return float(entry["talk"]), "the talk"
        if "fact" in entry:
            fact, *inside = entry["fact"].split("/")
            return float(_inside(self._facts.value(fact), inside)), f"fact {fact}"
        if "story" in entry:
            first, *inside = entry["story"].split("/")
            section = self._story[first]
            if inside == ["length"]:
                return float(len(section["items"])), "the story"
            return float(_inside(section, inside)), "the story"
        return self._measured(name, entry), f"lab {entry['lab']}"

    def _measured(self, name: str, entry: Mapping[str, Any]) -> float:
        cells = shown(self._root, find_lab(entry["lab"]).folder)
        for cell in cells:
            if entry.get("at", "") not in cell.source:
                continue
            if "find" in entry:
                for text in cell.texts:
                    if match := re.search(entry["find"], text, re.MULTILINE):
                        return _number(match[1])
                continue
            for table in cell.tables():
                if entry["column"] in table.get(entry["row"], {}):
                    return _number(table[entry["row"]][entry["column"]])
        raise UnknownNumber(f"The solution of lab {entry['lab']} does not show {name}.")


def _inside(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value[int(step) if step.isdigit() else step]
    return value


def _number(text: str) -> float:
    match = re.search(r"\d[\d,]*(\.\d+)?", text)
    if match is None:
        raise UnknownNumber(f"There is no number in {text!r}.")
    return float(match[0].replace(",", ""))


def _calculated(text: str, known: Mapping[str, Number]) -> float:
    """The value of an expression of numbers, names, + - * / and brackets."""

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.Name) and node.id in known:
            return known[node.id].value
        raise UnknownNumber(f"{ast.unparse(node)!r} in {text!r} is no number and none that stands above.")

    return value(ast.parse(text, mode="eval").body)
