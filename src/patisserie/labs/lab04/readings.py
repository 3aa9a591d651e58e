"""Who heard of which version of which order, when, how often and in which order."""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.measure import quantile

if TYPE_CHECKING:
    from patisserie.session import LabSession

TEAMS = ("kitchen", "loyalty", "analytics")
NEWCOMER = "forecast"
_COLUMNS = ("heard of", "missed", "orders out of order", "heard twice", "p50 (ms)", "p95 (ms)")


@dataclass(frozen=True, slots=True)
class TeamReading:
    """What one team heard of `events` versions of orders.

    `disordered` counts orders of which a version was done after a newer one, `twice` versions that were done more than
    once; `latencies_ms` has, for each version that was heard of, the time from the order service's telling to the
    team's being done.
    """

    team: str
    events: int
    heard: int
    disordered: int
    twice: int
    latencies_ms: tuple[float, ...]

    @property
    def missed(self) -> int:
        return self.events - self.heard

    @property
    def missed_percent(self) -> float:
        """NaN when there was nothing to hear."""
        return self.missed / self.events * 100 if self.events else math.nan

    @property
    def p95_ms(self) -> float:
        """NaN when nothing was heard."""
        return quantile(self.latencies_ms, 0.95)

    @property
    def slowest_ms(self) -> float:
        """NaN when nothing was heard."""
        return max(self.latencies_ms, default=math.nan)

    def cells(self) -> tuple[str, ...]:
        """The columns as the table shows them."""
        times = (quantile(self.latencies_ms, share) for share in (0.5, 0.95))
        counts = (f"{self.heard:,}", f"{self.missed:,}", f"{self.disordered:,}", f"{self.twice:,}")
        return (*counts, *("–" if math.isnan(ms) else f"{ms:,.0f}" for ms in times))


@dataclass(frozen=True, slots=True)
class Readings:
    """All teams of an architecture. `wrong` counts orders for which the screens show no or not the last version."""

    name: str
    orders: int
    events: int
    wrong: int
    teams: tuple[TeamReading, ...]

    def of(self, team: str) -> TeamReading:
        """Raises KeyError for a team that there is not."""
        return {reading.team: reading for reading in self.teams}[team]

    @property
    def most_missed(self) -> int:
        """Versions missed by the team that missed most, the newcomer aside."""
        return max(self.of(team).missed for team in TEAMS)

    def finding(self) -> str:
        """What it means, in two sentences."""
        return (
            f"{self.orders:,} orders were told in {self.events:,} versions. "
            f"The kitchen's screens are wrong for {self.wrong:,} of the orders."
        )

    def __repr__(self) -> str:
        rows = [("", *_COLUMNS), *((reading.team, *reading.cells()) for reading in self._shown())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(
                text.ljust(width) if column == 0 else text.rjust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, self.finding()])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in _COLUMNS)
        body = "".join(
            f'<tr><th scope="row">{reading.team}</th>{"".join(f"<td>{cell}</td>" for cell in reading.cells())}</tr>'
            for reading in self._shown()
        )
        return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table><p>{self.finding()}</p>"

    def _shown(self) -> list[TeamReading]:
        """The newcomer has a line once it has heard of something."""
        return [reading for reading in self.teams if reading.team in TEAMS or reading.heard]


def readings(session: LabSession, name: str, since_ms: int, without: Collection[str] = ()) -> Readings:
    """Read the tables of an architecture: orders changed since that Unix time in milliseconds.

    `without` names orders to leave out.
    """
    outputs = session.stacks[name].outputs
    orders = {
        order_id: int(item["version"]["N"])
        for order_id, item in session.stored_orders(name).items()
        if int(item["toldAt"]["N"]) >= since_ms * 1_000 and order_id not in without
    }
    screens = {item["orderId"]["S"]: int(item["version"]["N"]) for item in scan(session, outputs["ScreensTable"])}
    done: dict[str, dict[str, dict[int, list[tuple[int, int]]]]] = {team: {} for team in (*TEAMS, NEWCOMER)}
    for item in scan(session, outputs["ReadingsTable"]):
        order_id, version, _ = item["reading"]["S"].split("/")
        if order_id in orders and item["team"]["S"] in done:
            times = (int(item["doneAt"]["N"]), int(item["toldAt"]["N"]))
            done[item["team"]["S"]].setdefault(order_id, {}).setdefault(int(version), []).append(times)
    return Readings(
        name=name,
        orders=len(orders),
        events=sum(orders.values()),
        wrong=sum(screens.get(order_id) != version for order_id, version in orders.items()),
        teams=tuple(_team(team, sum(orders.values()), found) for team, found in done.items()),
    )


def _team(team: str, events: int, found: Mapping[str, Mapping[int, list[tuple[int, int]]]]) -> TeamReading:
    firsts = {order_id: {version: min(times) for version, times in heard.items()} for order_id, heard in found.items()}
    return TeamReading(
        team=team,
        events=events,
        heard=sum(len(heard) for heard in firsts.values()),
        disordered=sum(sorted(heard, key=lambda version: heard[version]) != sorted(heard) for heard in firsts.values()),
        twice=sum(len(times) > 1 for heard in found.values() for times in heard.values()),
        latencies_ms=tuple(
            sorted((done_us - told_us) / 1_000 for heard in firsts.values() for done_us, told_us in heard.values())
        ),
    )


def scan(session: LabSession, table: str) -> list[dict[str, Any]]:
    """Every item of a table, in DynamoDB's own form."""
    pages = session.target.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]
