"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.schedule_expressions import InvalidSchedule, compile_schedule

NOON = datetime(2025, 4, 18, 12, 0, tzinfo=UTC)  # a Friday


def due(text, count=3, zone="UTC", start=NOON):
    """The next times, as text without the zone; fewer when the schedule ends."""
    after, found, moment = compile_schedule(text, start, zone), [], start
    while len(found) < count and (moment := after(moment)) is not None:
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(1 minute)", ["2025-04-18 12:01", "2025-04-18 12:02"]),
        ("rate(5 hours)", ["2025-04-18 17:00", "2025-04-18 22:00"]),
        ("rate(7 days)", ["2025-04-25 12:00", "2025-05-02 12:00"]),
        ("at(2025-04-18T18:30:00)", ["2025-04-18 18:30"]),
        ("at(2025-04-17T18:30:00)", []),
        ("cron(0 12 * * ? *)", ["2025-04-19 12:00", "2025-04-20 12:00"]),
        ("cron(0/20 12 * * ? *)", ["2025-04-18 12:20", "2025-04-18 12:40"]),
        ("cron(15,45 6-7 * * ? *)", ["2025-04-19 06:15", "2025-04-19 06:45"]),
        ("cron(0 8 ? * MON-FRI *)", ["2025-04-21 08:00", "2025-04-22 08:00"]),
        ("cron(0 8 ? * 2-6 *)", ["2025-04-21 08:00", "2025-04-22 08:00"]),
        ("cron(0 8 ? * FRI-MON *)", ["2025-04-19 08:00", "2025-04-20 08:00"]),
        ("cron(0 8 1 1/3 ? *)", ["2025-07-01 08:00", "2025-10-01 08:00"]),
        ("cron(0 18 L * ? *)", ["2025-04-30 18:00", "2025-05-31 18:00"]),
        ("cron(0 18 15W * ? *)", ["2025-05-15 18:00", "2025-06-16 18:00"]),
        ("cron(0 18 1W * ? *)", ["2025-05-01 18:00", "2025-06-02 18:00"]),
        ("cron(0 18 LW * ? *)", ["2025-04-30 18:00", "2025-05-30 18:00"]),
        ("cron(0 18 ? * 6L *)", ["2025-04-25 18:00", "2025-05-30 18:00"]),
        ("cron(0 18 ? * 3#2 *)", ["2025-05-13 18:00", "2025-06-10 18:00"]),
        ("cron(0 0 29 FEB ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 1 1 ? 2026-2027)", ["2026-01-01 00:00", "2027-01-01 00:00"]),
        ("cron(0 0 31 2 ? *)", []),
    ],
)
def test_a_schedule_is_due(text, expected):
    assert due(text, 2) == expected


def test_a_zone_moves_the_hours_and_a_skipped_hour_is_left_out():
    start = datetime(2025, 3, 28, 12, tzinfo=UTC)
    assert due("cron(30 2 * * ? *)", 3, "Europe/Paris", start) == [
        "2025-03-29 01:30", "2025-03-31 00:30", "2025-04-01 00:30",
    ]  # fmt: skip
    assert due("at(2025-07-01T08:00:00)", 1, "Europe/Paris") == ["2025-07-01 06:00"]


def test_an_hour_that_the_clocks_show_twice_counts_once():
    start = datetime(2025, 10, 25, 12, tzinfo=UTC)
    assert due("cron(30 2 * * ? *)", 2, "Europe/Paris", start) == ["2025-10-26 00:30", "2025-10-27 01:30"]


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5 weeks)", "rate(5)", "every day", "",
        "cron(0 12 * * * *)", "cron(0 12 ? * ? *)", "cron(0 12 * * ?)", "cron(60 12 * * ? *)", "cron(0 12 32 * ? *)",
        "cron(0 12 ? * 8 *)", "cron(0 12 ? * MOO *)", "cron(a b c d e f)", "cron(0 12 ? * 3#6 *)",
        "at(2025-13-01T00:00:00)", "at(2025-04-18 12:00:00)",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(InvalidSchedule):
        compile_schedule(text, NOON)


def test_a_rule_has_no_one_time_schedules_and_zones_must_exist():
    with pytest.raises(InvalidSchedule):
        compile_schedule("at(2025-07-01T08:00:00)", NOON, once=False)
    with pytest.raises(InvalidSchedule, match="not a time zone"):
        compile_schedule("rate(1 day)", NOON, "Europe/Lyon")


@given(st.integers(0, 59), st.integers(0, 23), st.integers(0, 500_000))
def test_a_daily_schedule_is_due_every_24_hours_in_utc(minute, hour, offset_min):
    after = compile_schedule(f"cron({minute} {hour} * * ? *)", NOON)
    moment = NOON + timedelta(minutes=offset_min)
    times = []
    for _ in range(4):
        moment = after(moment)
        times.append(moment)
    assert all(second - first == timedelta(days=1) for first, second in pairwise(times))
    assert all((found.hour, found.minute) == (hour, minute) for found in times)
