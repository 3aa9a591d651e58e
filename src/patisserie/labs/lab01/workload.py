"""What goes on in the shop of 2021: a day's orders, and the reports that the offices ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from patisserie.load import Arrivals, WholeDay
from patisserie.story import Story
from patisserie.targets.base import HttpReply, Started

if TYPE_CHECKING:
    from patisserie.session import LabSession

YEAR = 2021
REPORT_EVERY_S = 1_800.0  # an assumption: some office asks every half hour
FIRST_REPORT_S = 300.0


def arrivals(story: Story) -> Arrivals:
    """An average day of 2021, from the opening to the evening."""
    return WholeDay.of(story, YEAR)


def few(session: LabSession, orders: int = 60) -> Arrivals:
    """Orders for the checks, one every half minute."""
    return session.few(orders, 30)


def reports_beside(session: LabSession, name: str, duration_s: float) -> list[Started]:
    """Ask for reports for so many seconds, while customers order."""
    started, at_s = [], FIRST_REPORT_S if session.target.name == "local" else 1.0
    now_s = session.target.now_s()
    while at_s < duration_s:
        started.append(session.target.spawn_at(now_s + at_s, lambda: _ask_quietly(session, name)))
        at_s += REPORT_EVERY_S
    return started


def _ask_quietly(session: LabSession, name: str) -> None:
    ask_for_report(session, name)


def ask_for_report(session: LabSession, name: str) -> HttpReply:
    """One report, as an office gets it."""
    return session.target.http("POST", session.stacks[name].outputs.get("ReportsUrl", ""))


def told(reply: HttpReply) -> dict[str, Any]:
    """What a report says; {} when there is none."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if reply.status == 200 and isinstance(found, dict) else {}
