"""The periods of budgets: what they limit, from when to when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

_MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUALLY": 12}


def period(time_unit: str, today: date) -> tuple[date, date]:
    """The first day of the present period and of the next one."""
    if time_unit == "DAILY":
        return today, today + timedelta(days=1)
    length = _MONTHS[time_unit]
    start = date(today.year, (today.month - 1) // length * length + 1, 1)
    months = start.month - 1 + length
    return start, date(start.year + months // 12, months % 12 + 1, 1)


def limit(budget: Mapping[str, Any], start: date) -> tuple[float, str]:
    """(amount, unit) of the period that begins with `start`; of planned ones the last that has begun."""
    planned = budget.get("PlannedBudgetLimits")
    if planned:
        begun = [key for key in sorted(planned, key=int) if _day(key) <= start]
        found = planned[begun[-1] if begun else min(planned, key=int)]
    else:
        found = budget["BudgetLimit"]
    return float(found["Amount"]), str(found["Unit"])


def _day(unix_s: str) -> date:
    return date(1970, 1, 1) + timedelta(seconds=int(unix_s))
