"""What each way to tell the teams is like: what is missed, what is wrong, how late, how far back, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from patisserie.labs.lab04.evidence import NEW_READER_S
from patisserie.labs.lab04.readings import NEWCOMER, Readings, readings
from patisserie.measure import Measurement

if TYPE_CHECKING:
    from patisserie.session import LabSession

_IDLE_S = 900.0
_HOURS_A_MONTH = 730


def weigh(session: LabSession, name: str, found: Measurement) -> Mapping[str, float]:
    """What a measured load says; then a quarter of an hour without orders; then the forecast comes, and reads."""
    monthly = _monthly_usd(session, name, found)
    heard: Readings = session.readers(name)  # only now: a message that failed comes back after some minutes
    return {
        "missed by some team (%)": heard.most_missed / heard.events * 100,
        "screens wrong (% of orders)": heard.wrong / heard.orders * 100,
        "loyalty is done, p95 (ms)": heard.of("loyalty").p95_ms,
        "the kitchen is done, p95 (ms)": heard.of("kitchen").p95_ms,
        "lost to a new team (%)": _out_of_reach(session, name),
        "USD a month": monthly,
    }


def _monthly_usd(session: LabSession, name: str, found: Measurement) -> float:
    """What stands and polls all month, and what the month's orders cost on top of it."""
    meter = session.target.start_metering()
    session.wait(_IDLE_S)
    idle_usd_per_s = meter(session.stacks[name]).cost_usd / _IDLE_S
    lasted_s = max(outcome.arrived_s + outcome.latency_ms / 1_000 for outcome in found.outcomes) + session.quiet_s
    per_order_usd = found.cost_usd_per_1000 / 1_000 - idle_usd_per_s * lasted_s / found.orders
    orders_a_month = session.story.year(session.lab.year).orders_per_month
    return idle_usd_per_s * 3_600 * _HOURS_A_MONTH + per_order_usd * orders_a_month


def _out_of_reach(session: LabSession, name: str) -> float:
    """How much of what was told before, in percent, the forecast has not heard of some time after it came."""
    since_ms = session.measured_ms(name)
    stack = session.deploy(name, {"Newcomer": "on"})
    if "ArchiveArn" in stack.outputs:
        _replay_for_the_forecast(session, name, since_ms)
    session.wait(NEW_READER_S)
    return readings(session, name, since_ms).of(NEWCOMER).missed_percent


def _replay_for_the_forecast(session: LabSession, name: str, since_ms: int) -> None:
    """Let the archive replay what the bus has carried since then, for the forecast's rule alone."""
    outputs = session.stacks[name].outputs
    session.target.client("events").start_replay(
        ReplayName=f"forecast-{since_ms}",
        EventSourceArn=outputs["ArchiveArn"],
        EventStartTime=since_ms // 1_000,  # events carry whole seconds
        EventEndTime=session.unix_ms() / 1_000,
        Destination={"Arn": outputs["BusArn"], "FilterArns": [outputs["ForecastRuleArn"]]},
    )
