"""What the operations have in common: times, periods, dimensions, page tokens."""

from __future__ import annotations

import base64
import binascii
import math
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_to_aware_datetime

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.services.cloudwatch.store import MINUTE_S

_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
# StorageResolution 1 is read in one of these, everything in multiples of a minute.
_SHORT_PERIODS_S = (1, 5, 10, 30)


def unix_s(value: Any) -> float:
    """A timestamp as boto3 takes it (datetime, number or text) in seconds since the epoch."""
    aware: datetime = parse_to_aware_datetime(value)
    return aware.timestamp()


def to_datetime(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def dimensions_of(given: list[dict[str, str]] | None) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in given or ()}


def valid_period(period_s: int) -> bool:
    """1, 5, 10, 30 or a multiple of 60 seconds."""
    return period_s in _SHORT_PERIODS_S or (period_s > 0 and period_s % MINUTE_S == 0)


class TimeRange:
    """From `start_s`, inclusive, to `end_s`, exclusive, in whole seconds.

    The start is rounded down to a minute, for older data to 5 minutes or an hour, as documented for
    GetMetricStatistics and GetMetricData; periods of less than a minute keep their own grain.
    """

    def __init__(self, start: Any, end: Any, now_s: float, facts: Facts, code: str) -> None:
        first, last = unix_s(start), unix_s(end)
        if first == last:
            raise ApiError(code, "The parameter StartTime must not equal parameter EndTime.")
        if first > last:
            raise ApiError(code, "The parameter StartTime must be less than the parameter EndTime.")
        self._start_s = math.floor(first)
        self.end_s = math.ceil(last)
        self._age_s = now_s - first
        kept = facts.value("quota.cloudwatch.retention")
        # (how old data of a period may be, the period from then on)
        self._grains = (
            (kept["sub_minute_hours"] * _HOUR_S, MINUTE_S),
            (kept["minute_days"] * _DAY_S, 5 * MINUTE_S),
            (kept["five_minutes_days"] * _DAY_S, _HOUR_S),
        )

    def grain_s(self) -> int:
        """Periods must be multiples of this for data as old as the start."""
        grain = 1
        for age_s, period_s in self._grains:
            if self._age_s > age_s:
                grain = period_s
        return grain

    def start_for(self, period_s: int) -> int:
        """The start, rounded down for a period."""
        grain = max(self.grain_s(), min(period_s, MINUTE_S))
        return self._start_s - self._start_s % grain

    def points(self, period_s: int) -> int:
        """How many data points one metric can have in the range."""
        start_s = self.start_for(period_s)
        return -(-(self.end_s - (start_s - start_s % period_s)) // period_s)


def page_token(*position: int) -> str:
    """An opaque NextToken."""
    return base64.urlsafe_b64encode(":".join(map(str, position)).encode()).decode()


def page_position(token: str | None, length: int, code: str) -> tuple[int, ...]:
    """The `length` numbers in a NextToken, zeros for no token. Raises ApiError with `code` for any other text."""
    if not token:
        return (0,) * length
    try:
        numbers = tuple(int(part) for part in base64.urlsafe_b64decode(token.encode()).decode().split(":"))
    except (binascii.Error, ValueError):
        numbers = ()
    if len(numbers) != length or min(numbers) < 0:
        raise ApiError(code, "Request parameter NextToken is invalid")
    return numbers
