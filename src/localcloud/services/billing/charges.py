"""Charges by day, worked out of what the meter counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from localcloud.cost import cost_report
from localcloud.metering import Usage
from localcloud.services.billing.names import product, usage_type

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_DAY_US = 86_400_000_000
_BILLION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Charge:
    """What one resource used of one item on one day (UTC), and what that costs."""

    day: date
    item: str
    resource: str
    quantity: float
    usd: float
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        return product(self.item).name

    @property
    def code(self) -> str:
        """The service as CloudWatch's metric names it."""
        return product(self.item).code

    @property
    def usage_type(self) -> str:
        return usage_type(self.item)


class Ledger:
    """Closes each day at midnight (UTC). Monthly price tiers start anew with each month."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._reading = Usage()
        self._closed: list[Charge] = []
        self._month: dict[str, float] = {}  # quantities since the first of the month, by item
        self._priced: tuple[int, list[Charge]] | None = None
        self.began = self.today

    @property
    def today(self) -> date:
        return self._cloud.now.date()

    def start(self) -> None:
        """Close the days from now on."""
        kernel = self._cloud.kernel
        midnight_us = (kernel.unix_us // _DAY_US + 1) * _DAY_US
        kernel.call_in_background(midnight_us - kernel.epoch_us, self._close, self.today)

    def _close(self, day: date) -> None:
        reading = self._cloud.meter.snapshot()
        self._closed += self._price(day, reading - self._reading)
        for item, quantity in (reading - self._reading).totals().items():
            self._month[item] = self._month.get(item, 0.0) + quantity
        self._reading = reading
        if self.today.month != day.month:
            self._month.clear()
        self._priced = None
        self.start()

    def charges(self) -> list[Charge]:
        """All charges until now; today's are not complete yet."""
        now_us = self._cloud.kernel.unix_us
        if self._priced is None or self._priced[0] != now_us:
            usage = self._cloud.meter.since(self._reading)
            self._priced = now_us, self._price(self.today, usage)
        return [*self._closed, *self._priced[1]]

    def _price(self, day: date, usage: Usage) -> list[Charge]:
        """Each item costs what it adds to the month; its resources share that by what they used."""
        totals = usage.totals()
        tags = self._cloud.billing.tags_of(resource for _, resource in usage.billionths)
        costs = {
            item: cost_report({item: quantity}, self._cloud.facts, earlier_this_month=self._month).total_usd
            for item, quantity in totals.items()
            if quantity
        }
        return [
            Charge(day, item, resource, amount / _BILLION, costs[item] * amount / _BILLION / totals[item],
                   tags.get(resource, {}))
            for (item, resource), amount in sorted(usage.billionths.items())
            if amount
        ]  # fmt: skip


def within(charges: Iterable[Charge], start: date, end: date) -> Iterator[Charge]:
    """The charges of the days from `start` to the one before `end`."""
    return (charge for charge in charges if start <= charge.day < end)


def month_of(day: date) -> tuple[date, date]:
    """The first days of a day's month and of the next one."""
    start = day.replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1)


def moment(day: date) -> datetime:
    """Midnight at the beginning of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
