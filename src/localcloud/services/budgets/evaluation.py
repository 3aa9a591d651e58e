"""How a budget stands, and which of its notifications that sets off."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from localcloud.services.billing.charges import Charge, within
from localcloud.services.billing.forecast import daily_cost
from localcloud.services.budgets.periods import limit, period
from localcloud.services.cost_explorer.expressions import Dimensions

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GREATER_THAN": operator.gt,
    "LESS_THAN": operator.lt,
    "EQUAL_TO": operator.eq,
}
# CostFilters' names of what Cost Explorer calls dimensions
_FILTERS = {"Service": "SERVICE", "UsageType": "USAGE_TYPE", "Region": "REGION", "LinkedAccount": "LINKED_ACCOUNT"}


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget at one evaluation. `forecast` is None while there is too little history for one."""

    start: date
    limit: float
    unit: str
    actual: float
    forecast: float | None

    def amount(self, kind: str) -> float | None:
        """What a notification of a type (ACTUAL, FORECASTED) compares."""
        return self.actual if kind == "ACTUAL" else self.forecast

    def threshold(self, notification: Mapping[str, Any]) -> float:
        """A notification's threshold as an amount."""
        given = float(notification["Threshold"])
        if notification.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE":
            return self.limit * given / 100
        return given

    def sets_off(self, notification: Mapping[str, Any]) -> bool:
        """Whether a notification's condition holds."""
        amount = self.amount(notification["NotificationType"])
        if amount is None:
            return False
        return _COMPARE[notification["ComparisonOperator"]](amount, self.threshold(notification))


class Evaluation:
    """Works standings out of charges. A forecast needs `history_days` of them."""

    def __init__(self, dimensions: Dimensions, history_days: int) -> None:
        self._dimensions = dimensions
        self._history_days = history_days

    def standing(self, budget: Mapping[str, Any], charges: Iterable[Charge], began: date, today: date) -> Standing:
        """How `budget` (as the API has it) stands today."""
        matches = self._filter(budget)
        mine = [charge for charge in charges if matches(charge)]
        start, end = period(budget["TimeUnit"], today)
        amount, unit = limit(budget, start)
        if budget["BudgetType"] == "USAGE":
            actual = math.fsum(charge.quantity for charge in within(mine, start, end))
            return Standing(start, amount, unit, actual, None)
        actual = math.fsum(charge.usd for charge in within(mine, start, end))
        forecast = None
        if (today - began).days >= self._history_days:
            daily = daily_cost(mine, began, today)
            before = math.fsum(charge.usd for charge in within(mine, start, today))
            forecast = before + daily.mean * (end - today).days
        return Standing(start, amount, unit, actual, forecast)

    def _filter(self, budget: Mapping[str, Any]) -> Callable[[Charge], bool]:
        if budget.get("FilterExpression"):
            return self._dimensions.filter(budget["FilterExpression"])
        parts: list[Mapping[str, Any]] = []
        for name, values in (budget.get("CostFilters") or {}).items():
            if name == "TagKeyValue":  # "user:team$bakery"
                pairs = [value.removeprefix("user:").split("$", 1) for value in values]
                tags = [{"Tags": {"Key": key, "Values": [value]}} for key, value in pairs]
                parts.append(tags[0] if len(tags) == 1 else {"Or": tags})
            elif name in _FILTERS:
                parts.append({"Dimensions": {"Key": _FILTERS[name], "Values": list(values)}})
        return self._dimensions.filter(None if not parts else parts[0] if len(parts) == 1 else {"And": parts})
