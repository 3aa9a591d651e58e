"""Reading the story's data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml


class UnknownYear(ValueError):
    """The story does not tell of that year."""


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the bakery. `assumption`: the talk gives no figure for it."""

    year: int
    orders_per_month: int
    assumption: bool


@dataclass(frozen=True, slots=True)
class MenuItem:
    sku: str
    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long customers wait for an answer: a lognormal, cut at `longest_s`."""

    median_s: float
    sigma: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class Rush:
    """The morning rush: a triangle over `minutes`, with its peak at `peak_at` of the window."""

    minutes: float
    share_of_day: float
    peak_at: float
    peak_over_mean: float


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the data file says."""

    years: Mapping[int, Year]
    open_days_per_month: int
    open_hours_per_day: int
    rush: Rush
    holiday_times: float
    patience: Patience
    menu: tuple[MenuItem, ...]

    @classmethod
    def load(cls) -> Story:
        """The story that ships with the package."""
        text = resources.files(__package__).joinpath("story.yaml").read_text(encoding="utf-8")
        data: dict[str, Any] = yaml.safe_load(text)
        rush, patience = data["morning_rush"], data["patience"]
        return cls(
            years={
                int(year): Year(int(year), entry["orders_per_month"], entry["from"] == "assumption")
                for year, entry in data["years"].items()
            },
            open_days_per_month=data["open_days_per_month"]["value"],
            open_hours_per_day=data["open_hours_per_day"]["value"],
            rush=Rush(rush["minutes"], rush["share_of_day"], rush["peak_at"], rush["peak_over_mean"]),
            holiday_times=data["holiday"]["times"],
            patience=Patience(patience["median_s"], patience["sigma"], patience["longest_s"]),
            menu=tuple(MenuItem(item["sku"], item["name"], item["cents"]) for item in data["menu"]["items"]),
        )

    def year(self, year: int) -> Year:
        """Raises UnknownYear."""
        if year not in self.years:
            told = ", ".join(str(known) for known in self.years)
            raise UnknownYear(f"The story has no year {year}; it tells of {told}.")
        return self.years[year]
