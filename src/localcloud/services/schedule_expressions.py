"""When a schedule is due: `at(...)`, `rate(...)` and `cron(...)`, as EventBridge writes them.

Source: the user guides of EventBridge rules and EventBridge Scheduler on schedule types.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199

Due = Callable[[datetime], datetime | None]  # the first time after this one, or None; both in UTC


class InvalidSchedule(ValueError):
    """The expression is not one that EventBridge takes."""


def compile_schedule(
    text: str, began: datetime, zone: str = "UTC", *, once: bool = True, at_once: bool = False
) -> Due:
    """A function to the next time at which the schedule is due.

    `began` (UTC) is when a rate starts to count, which with `at_once` is its first time; `zone` a name of the IANA
    database. `once` allows `at(...)`, which rules do not have. Raises InvalidSchedule.
    """
    try:
        where = ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as exc:
        raise InvalidSchedule(f"{zone} is not a time zone") from exc
    if match := _RATE.fullmatch(text):
        return _rate(int(match[1]), match[2], began, text, first=0 if at_once else 1)
    if match := _CRON.fullmatch(text):
        return _Cron.parse(match[1], where, text).after
    if once and (match := _AT.fullmatch(text)):
        return _at(match[1], where, text)
    raise InvalidSchedule(text)


def _rate(count: int, unit: str, began: datetime, text: str, first: int) -> Due:
    if count < 1 or (count == 1) == unit.endswith("s"):  # the singular is for 1 alone
        raise InvalidSchedule(text)
    period = _UNITS[unit.removesuffix("s")] * count

    def after(moment: datetime) -> datetime:
        return began + max(first, (moment - began) // period + 1) * period

    return after


def _at(given: str, where: ZoneInfo, text: str) -> Due:
    try:
        due = datetime.fromisoformat(given).replace(tzinfo=where).astimezone(UTC)
    except ValueError as exc:
        raise InvalidSchedule(text) from exc
    return lambda moment: due if due > moment else None


@dataclass(frozen=True, slots=True)
class _Cron:
    """Minutes, hours, days of the month, months, days of the week and years; one kind of day is always "?"."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    day: Callable[[date], bool]
    where: ZoneInfo

    @classmethod
    def parse(cls, fields: str, where: ZoneInfo, text: str) -> _Cron:
        parts = fields.split()
        if len(parts) != 6 or (parts[2] == "?") == (parts[4] == "?"):
            raise InvalidSchedule(text)
        minute, hour, in_month, month, in_week, year = (part.upper() for part in parts)
        try:
            return cls(
                minutes=tuple(sorted(_values(minute, 0, 59))),
                hours=tuple(sorted(_values(hour, 0, 23))),
                months=frozenset(_values(month, 1, 12, _MONTHS)),
                years=frozenset(_values(year, _FIRST_YEAR, _LAST_YEAR)),
                day=_week_day(in_week) if in_month == "?" else _month_day(in_month),
                where=where,
            )
        except ValueError as exc:
            raise InvalidSchedule(text) from exc

    def after(self, moment: datetime) -> datetime | None:
        """A time that the clocks skip is left out; of one that they show twice, the first counts."""
        local = moment.astimezone(self.where)
        day = local.date()
        while day.year <= max(self.years, default=0):
            if self._fits(day):
                for due in self._times(day):
                    if due > moment:
                        return due
            if day.month not in self.months or day.year not in self.years:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            else:
                day += timedelta(days=1)
        return None

    def _fits(self, day: date) -> bool:
        return day.year in self.years and day.month in self.months and self.day(day)

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute), self.where)
                due = local.astimezone(UTC)
                if due.astimezone(self.where).replace(tzinfo=None) == local.replace(tzinfo=None):
                    yield due


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """`*`, values, ranges, steps and lists of them. Raises ValueError."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = low if first == "*" else _value(first, names)
        end = high if first == "*" or (slash and not dash) else _value(last, names) if dash else start
        every = int(step) if slash else 1
        if not (low <= start <= high and low <= end <= high and every >= 1):
            raise ValueError(field)
        if start <= end:
            found |= set(range(start, end + 1, every))
        else:  # FRI-MON goes round
            found |= {low + (value - low) % (high - low + 1) for value in range(start, end + high - low + 2, every)}
    return found


def _value(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _month_day(field: str) -> Callable[[date], bool]:
    if field == "L":
        return lambda day: day.day == _length(day)
    if field.endswith("W"):  # the weekday nearest to this day, in the same month
        wanted = field[:-1]
        if wanted == "L":
            return lambda day: day.day == _nearest_weekday(day, _length(day))
        number = int(wanted)
        if not 1 <= number <= 31:
            raise ValueError(field)
        return lambda day: number <= _length(day) and day.day == _nearest_weekday(day, number)
    days = _values(field, 1, 31)
    return lambda day: day.day in days


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, number: int) -> int:
    weekday = day.replace(day=number).weekday()
    if weekday < 5:
        return number
    if weekday == 5:  # Saturday: the day before, unless that is in another month
        return number - 1 if number > 1 else number + 2
    return number + 1 if number < _length(day) else number - 2


def _week_day(field: str) -> Callable[[date], bool]:
    if "#" in field:  # 3#2 is the second Tuesday
        which, _, nth = field.partition("#")
        wanted, number = _value(which, _DAYS), int(nth)
        if not (1 <= wanted <= 7 and 1 <= number <= 5):
            raise ValueError(field)
        return lambda day: _in_week(day) == wanted and (day.day - 1) // 7 + 1 == number
    if field == "L":
        return lambda day: _in_week(day) == 7
    if field.endswith("L"):  # the last one of the month
        wanted = _value(field[:-1], _DAYS)
        if not 1 <= wanted <= 7:
            raise ValueError(field)
        return lambda day: _in_week(day) == wanted and day.day + 7 > _length(day)
    days = _values(field, 1, 7, _DAYS)
    return lambda day: _in_week(day) in days


def _in_week(day: date) -> int:
    """1 is Sunday."""
    return day.isoweekday() % 7 + 1
