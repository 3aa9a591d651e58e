"""Reading the facts file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from typing import Any

import yaml

from localcloud.errors import LocalCloudError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnknownFact(LocalCloudError):
    """There is no fact by that id."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from. `date` is when the source was published or read."""

    key: str
    title: str
    url: str
    date: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `estimate`: nobody published it; `partly_estimate`: the note says which part."""

    id: str
    value: Any
    unit: str
    sources: tuple[Source, ...]
    as_of: str
    estimate: bool
    partly_estimate: bool
    note: str


class Facts:
    """All facts of one file. `region`, `currency` and `compiled` say what they are valid for."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.region: str = data["region"]
        self.currency: str = data["currency"]
        self.compiled: str = data["compiled"]
        self._sources = {key: Source(key, **source) for key, source in data["sources"].items()}
        self._facts = {fact_id: self._fact(fact_id, entry) for fact_id, entry in data["facts"].items()}

    def _fact(self, fact_id: str, entry: Mapping[str, Any]) -> Fact:
        return Fact(
            id=fact_id,
            value=entry["value"],
            unit=entry["unit"],
            sources=tuple(self._sources[key] for key in entry.get("sources", ())),
            as_of=entry.get("as_of", ""),
            estimate=entry.get("estimate", False),
            partly_estimate=entry.get("partly_estimate", False),
            note=entry.get("note", ""),
        )

    @classmethod
    def load(cls) -> Facts:
        """The facts that ship with the package. Nothing changes them: all callers get the same."""
        return _shipped()

    def fact(self, fact_id: str) -> Fact:
        """The fact by that id. Raises UnknownFact, naming the nearest ids."""
        found = self._facts.get(fact_id)
        if found is None:
            near = get_close_matches(fact_id, self._facts, n=3)
            hint = f"; nearest: {', '.join(near)}" if near else ""
            raise UnknownFact(f"There is no fact {fact_id!r} in the facts file{hint}.")
        return found

    def source(self, key: str) -> Source:
        """A source by its key in the file. Raises UnknownFact."""
        if key not in self._sources:
            raise UnknownFact(f"There is no source {key!r} in the facts file.")
        return self._sources[key]

    def value(self, fact_id: str) -> Any:
        """The value of the fact by that id. Raises UnknownFact."""
        return self.fact(fact_id).value

    def has(self, fact_id: str) -> bool:
        """Whether there is a fact by that id."""
        return fact_id in self._facts

    def ids(self, prefix: str = "") -> tuple[str, ...]:
        """All ids that start with `prefix`, in the order of the file."""
        return tuple(fact_id for fact_id in self._facts if fact_id.startswith(prefix))


@functools.cache
def _shipped() -> Facts:
    """Read once per process: every cloud has them, and reading takes longer than all else that a cloud needs."""
    text = resources.files(__package__).joinpath("aws.yaml").read_text(encoding="utf-8")
    return Facts(yaml.load(text, Loader=_Loader))
