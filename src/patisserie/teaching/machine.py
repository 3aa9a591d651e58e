"""How long a machine takes for each solved lab, as `python -m patisserie.teaching.timing` has measured it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import yaml


@dataclass(frozen=True, slots=True)
class LabTime:
    """Seconds of CPU that a solved notebook takes, and its longest cell, with the line that says what it does.

    Labs use one CPU, so on a computer that does nothing else these are the seconds that people wait.
    """

    all_s: int
    longest_s: int
    longest: str


@dataclass(frozen=True, slots=True)
class MachineTimes:
    """What was measured, when and where; `labs` by number. A lab that is new may be missing."""

    measured: str
    machine: str
    labs: Mapping[str, LabTime]


def load_machine() -> MachineTimes:
    """The times that ship with the package."""
    text = resources.files(__package__).joinpath("machine.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return MachineTimes(data["measured"], data["machine"], {n: LabTime(**entry) for n, entry in data["labs"].items()})
