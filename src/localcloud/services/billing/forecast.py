"""What is still to come, going by what has been.

AWS forecasts by models that learn from the account's own history. Here the days to come cost as the past days did
on average, with the spread that those had.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from localcloud.services.billing.charges import Charge, within

_LOOK_BACK_DAYS = 28


@dataclass(frozen=True, slots=True)
class DailyCost:
    """The mean and the standard deviation of a day's cost, in USD."""

    mean: float
    spread: float

    def days(self, count: float, level: float) -> tuple[float, float, float]:
        """(mean, lower, upper) of so many days at a confidence level between 0 and 1."""
        reach = statistics.NormalDist().inv_cdf(0.5 + level / 2) * self.spread * math.sqrt(count)
        return self.mean * count, max(0.0, self.mean * count - reach), self.mean * count + reach


def daily_cost(charges: Iterable[Charge], began: date, today: date) -> DailyCost:
    """From the complete days before `today`, four weeks of them at most."""
    first = max(began, today - timedelta(days=_LOOK_BACK_DAYS))
    days = {first + timedelta(days=number): 0.0 for number in range((today - first).days)}
    for charge in within(charges, first, today):
        days[charge.day] += charge.usd
    if not days:
        return DailyCost(0.0, 0.0)
    values = list(days.values())
    return DailyCost(statistics.fmean(values), statistics.pstdev(values))
