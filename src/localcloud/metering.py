"""Counting what a run uses, in the units that AWS bills.

Quantities are kept as whole billionths of their unit: sums are exact, so they do not depend on the
order in which things happened, and the difference of two readings carries no rounding error. One
billionth of a GB is one byte; one millisecond at 128 MB is 125,000 billionths of a GB-second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from localcloud.errors import ConfigurationError

_BILLION = 1_000_000_000


def chunks(size_bytes: int, chunk_kb: int) -> int:
    """How many billed units a payload is: one for every begun `chunk_kb` KiB, at least one."""
    return max(1, -(-size_bytes // (chunk_kb * 1_024)))


def gb_seconds(memory_mb: int, billed_ms: int) -> float:
    """The GB-seconds of one invocation."""
    return memory_mb / 1_024 * billed_ms / 1_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used: billionths of a unit by (item, resource). Immutable."""

    billionths: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def total(self, item: str) -> float:
        """The quantity of `item` over all resources; 0.0 when nothing was used."""
        return sum(amount for (name, _), amount in self.billionths.items() if name == item) / _BILLION

    def totals(self) -> dict[str, float]:
        """Quantity by item over all resources, items in alphabetical order."""
        sums: dict[str, int] = {}
        for (item, _), amount in sorted(self.billionths.items()):
            sums[item] = sums.get(item, 0) + amount
        return {item: amount / _BILLION for item, amount in sums.items()}

    def resources(self) -> tuple[str, ...]:
        """The names of the resources that used something, in alphabetical order."""
        return tuple(sorted({resource for _, resource in self.billionths}))

    def of(self, resources: Iterable[str]) -> Usage:
        """The part that these resources used. A name that used nothing contributes nothing."""
        wanted = {resources} if isinstance(resources, str) else set(resources)
        return Usage({key: amount for key, amount in self.billionths.items() if key[1] in wanted})

    def times(self, factor: int) -> Usage:
        """The same use `factor` times over, such as a day's as a month's."""
        return Usage({key: amount * factor for key, amount in self.billionths.items()})

    def __sub__(self, earlier: Usage) -> Usage:
        """What was used between two readings of one meter. Raises ConfigurationError the wrong way round."""
        difference: dict[tuple[str, str], int] = {}
        for key in sorted({*self.billionths, *earlier.billionths}):
            amount = self.billionths.get(key, 0) - earlier.billionths.get(key, 0)
            if amount < 0:
                raise ConfigurationError(
                    f"The reading to subtract has more {key[0]} than this one; take the later reading minus the "
                    "earlier one, both of the same meter."
                )
            if amount:
                difference[key] = amount
        return Usage(difference)


class Meter:
    """Adds up what a run uses. Items are those of `localcloud.cost.PRICES` ("lambda.requests")."""

    def __init__(self) -> None:
        self._billionths: dict[tuple[str, str], int] = {}
        self.before_reading: list[Callable[[], None]] = []  # bring counts that run with time up to now

    def add(self, item: str, quantity: float, resource: str = "") -> None:
        """Count `quantity` units of `item` for `resource`. Raises ConfigurationError for a negative quantity."""
        if quantity < 0:
            raise ConfigurationError(f"A meter only counts up: expected a quantity of {item} >= 0, found {quantity!r}.")
        amount = quantity * _BILLION if type(quantity) is int else round(quantity * _BILLION)
        key = (item, resource)
        self._billionths[key] = self._billionths.get(key, 0) + amount

    def add_billionths(self, item: str, amount: int, resource: str = "") -> None:
        """Count an `amount` of whole billionths of a unit of `item`, for those who keep exact sums of their own."""
        key = (item, resource)
        self._billionths[key] = self._billionths.get(key, 0) + amount

    def snapshot(self) -> Usage:
        """The reading now, which later counting does not change."""
        for settle in self.before_reading:
            settle()
        return Usage(dict(self._billionths))

    def since(self, earlier: Usage) -> Usage:
        """What was used since an earlier reading of this meter."""
        return self.snapshot() - earlier
