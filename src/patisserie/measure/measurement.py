"""One measured workload."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patisserie.load import ABANDONED, ACCEPTED, FAILED, Outcome
from patisserie.measure.bill import costs_per_1000
from patisserie.targets.base import Used

# name, heading with its unit, digits after the point
COLUMNS: Mapping[str, tuple[str, int]] = {
    "orders": ("orders", 0),
    "throughput_per_s": ("accepted a minute", 1),
    "p50_ms": ("p50 (ms)", 0),
    "p95_ms": ("p95 (ms)", 0),
    "p99_ms": ("p99 (ms)", 0),
    "failed": ("failed", 0),
    "abandoned": ("abandoned", 0),
    "invocations": ("invocations", 0),
    "cost_usd_per_1000": ("USD per 1,000 orders", 4),
    "source": ("source", 0),
}
_SHOWN_TIMES = {"throughput_per_s": 60}  # a bakery counts by the minute; most days would be 0.00 a second


@dataclass(frozen=True, slots=True)
class Measurement:
    """The standard table of one run, with every outcome behind it.

    Percentiles are nearest-rank, over the orders that got an answer (accepted or failed); a customer who
    left waited until then, but was never answered, and counts as `abandoned`. `throughput_per_s` is accepted
    orders over the time from the first arrival to the last end. `cost_usd_per_1000` is per 1,000 orders placed, and
    `cost_lines` says what for: pairs of a name and USD per 1,000 orders.
    """

    label: str
    orders: int
    throughput_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    failed: int
    abandoned: int
    invocations: int
    cost_usd_per_1000: float
    source: str
    seed: int
    outcomes: tuple[Outcome, ...] = ()
    cost_lines: tuple[tuple[str, float], ...] = ()

    @property
    def answered_ms(self) -> tuple[float, ...]:
        """How long each customer waited who got an answer."""
        return tuple(outcome.latency_ms for outcome in self.outcomes if outcome.kind != ABANDONED)

    @property
    def placed_s(self) -> tuple[float, ...]:
        """When each order was placed, in seconds of the run."""
        return tuple(outcome.arrived_s for outcome in self.outcomes)

    @property
    def accepted_s(self) -> tuple[float, ...]:
        """When each accepted order had its answer, in seconds of the run."""
        accepted = (outcome for outcome in self.outcomes if outcome.kind == ACCEPTED)
        return tuple(outcome.arrived_s + outcome.latency_ms / 1_000 for outcome in accepted)

    @property
    def costs_usd(self) -> dict[str, float]:
        """What 1,000 orders cost, by the name of the line."""
        return dict(self.cost_lines)

    def row(self) -> dict[str, Any]:
        """The table's columns by name."""
        return {name: getattr(self, name) for name in COLUMNS}

    def __repr__(self) -> str:
        return table_text([self])

    def _repr_html_(self) -> str:
        return table_html([self])


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def measurement(label: str, outcomes: Sequence[Outcome], used: Used, source: str, seed: int) -> Measurement:
    """Sum a run up: what became of its orders, and what they used."""
    answered = [outcome.latency_ms for outcome in outcomes if outcome.kind != ABANDONED]
    accepted = sum(outcome.kind == ACCEPTED for outcome in outcomes)
    first_s = min((outcome.arrived_s for outcome in outcomes), default=0.0)
    last_s = max((outcome.arrived_s + outcome.latency_ms / 1_000 for outcome in outcomes), default=0.0)
    return Measurement(
        label=label,
        orders=len(outcomes),
        throughput_per_s=round(accepted / (last_s - first_s), 6) if last_s > first_s else 0.0,
        p50_ms=quantile(answered, 0.50),
        p95_ms=quantile(answered, 0.95),
        p99_ms=quantile(answered, 0.99),
        failed=sum(outcome.kind == FAILED for outcome in outcomes),
        abandoned=sum(outcome.kind == ABANDONED for outcome in outcomes),
        invocations=used.invocations,
        cost_usd_per_1000=round(used.cost_usd / len(outcomes) * 1_000, 9) if outcomes else math.nan,
        source=source,
        seed=seed,
        outcomes=tuple(outcomes),
        cost_lines=costs_per_1000(used.lines, len(outcomes)) if outcomes else (),
    )


def cell(name: str, value: Any) -> str:
    """One value as the table shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isnan(value):
        return "–"
    return f"{value * _SHOWN_TIMES.get(name, 1):,.{COLUMNS[name][1]}f}"


def table_text(rows: Sequence[Measurement]) -> str:
    """The standard table as text, one line a measurement."""
    header = ["", *(heading for heading, _ in COLUMNS.values())]
    lines = [[row.label, *(cell(name, value) for name, value in row.row().items())] for row in rows]
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in [header, *lines]
    )


def table_html(rows: Sequence[Measurement]) -> str:
    """The standard table as an HTML table with row and column headers."""
    head = "".join(f'<th scope="col">{html.escape(heading)}</th>' for heading, _ in COLUMNS.values())
    body = "".join(
        f'<tr><th scope="row">{html.escape(row.label)}</th>'
        + "".join(f"<td>{html.escape(cell(name, value))}</td>" for name, value in row.row().items())
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
