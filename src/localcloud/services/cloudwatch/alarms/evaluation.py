"""When a metric alarm changes state.

Source: "Using Amazon CloudWatch alarms", how alarms evaluate and how they treat missing data: where there are
fewer data points than evaluation periods, as few missing ones as possible are filled in.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localcloud.services.cloudwatch.alarms.alarm import ALARM, INSUFFICIENT_DATA, OK

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
PHRASES: Mapping[str, str] = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@dataclass(frozen=True, slots=True)
class Criterion:
    """`needed` of `periods` data points must breach; `missing` is one of TREATMENTS."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)


def next_state(current: str, found: Sequence[float | None], criterion: Criterion) -> str:
    """The state after looking at the evaluation range.

    Args:
        current: the state until now.
        found: the values of the periods in the evaluation range, oldest first, None for a missing one. The range
            is longer than `criterion.periods`: real data points farther back stand in for missing ones.
        criterion: what the alarm was asked.
    """
    real = [value for value in found if value is not None]
    if len(real) >= criterion.periods:
        return _verdict(sum(map(criterion.breaches, real[-criterion.periods :])), criterion)
    breaching = sum(map(criterion.breaches, real))
    if criterion.missing == "breaching":
        return _verdict(breaching + criterion.periods - len(real), criterion)
    if criterion.missing == "notBreaching" or breaching >= criterion.needed:
        return _verdict(breaching, criterion)
    if breaching < len(real):
        return OK
    if criterion.missing == "ignore":
        return current
    if not real:
        return INSUFFICIENT_DATA
    # only breaching and missing ones: enough when the oldest that breaches is as old as the data points needed
    age = next(len(found) - index for index, value in enumerate(found) if value is not None)
    return ALARM if age >= criterion.needed else current


def _verdict(breaching: int, criterion: Criterion) -> str:
    return ALARM if breaching >= criterion.needed else OK
