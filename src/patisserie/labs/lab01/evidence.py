"""What the checks look at: how far a bug reaches, what the sizes cost, what a release touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab01.workload import ask_for_report, few, told
from patisserie.load import ACCEPTED
from patisserie.measure import Measurement
from patisserie.reports import troubles
from patisserie.session.releases import Release

if TYPE_CHECKING:
    from patisserie.session import LabSession

RETRIES_S = 200.0  # Lambda tries an asynchronous event again after one minute and after two more
RELEASES = ("new-greeting", "new-layout", "new-storage")


@dataclass(frozen=True, slots=True)
class BugEvidence:
    """Some orders before and after a release with a bug in the notifications; partners called before it."""

    sound: Measurement
    messages: int
    statistics: int
    buggy: Measurement


def with_a_bug(session: LabSession) -> BugEvidence:
    """Orders with a sound release; then the new greeting, which does not know every cake; then it is taken back."""
    with reliable_partners(session):
        since_ms = session.unix_ms()
        sound = session.measure("mine", "sound", few(session, 30))
        session.wait(RETRIES_S)
        messages, statistics = (session.partner_calls(name, since_ms) for name in ("Messaging", "Analytics"))
        session.release("mine", "new-greeting")
        buggy = session.measure("mine", "new greeting", few(session))
        session.wait(RETRIES_S)
        session.deploy("mine")
    return BugEvidence(sound, messages, statistics, buggy)


@dataclass(frozen=True, slots=True)
class SizeEvidence:
    """Some orders and reports, the compute they took, and functions that ran out of time."""

    found: Measurement
    gb_s_per_1000: float
    report_ms: float
    report_status: int
    timeouts: int


def sizes(session: LabSession) -> SizeEvidence:
    """Orders with reports beside them; then one report more, by the clock."""
    with reliable_partners(session):
        since_ms = session.unix_ms()
        found = session.measure("mine", "sized", few(session))
        session.wait(RETRIES_S)
        gb_s = session.functions("mine").gb_s
        reply = ask_for_report(session, "mine")
    found_troubles = troubles(session.target.client("logs"), session.stacks["mine"], since_ms)
    timeouts = sum(trouble.times for trouble in found_troubles if trouble.text.startswith("Task timed out"))
    return SizeEvidence(found, gb_s / found.orders * 1_000, reply.elapsed_ms, reply.status, timeouts)


@dataclass(frozen=True, slots=True)
class ReleaseEvidence:
    """What each release replaced; and, after the orders are kept in another form, what was kept and what reported."""

    releases: tuple[Release, ...]
    accepted: int
    kept: int
    reported: int
    report_status: int


def one_release_each(session: LabSession) -> ReleaseEvidence:
    """Ship the release of each domain in turn; under the orders' new way of keeping them, order and ask for a report."""
    with reliable_partners(session):
        releases = []
        for change in RELEASES[:-1]:
            releases.append(session.release("mine", change))
            session.deploy("mine")
        kept, reported = len(session.stored_orders("mine")), told(ask_for_report(session, "mine")).get("orders", 0)
        releases.append(session.release("mine", RELEASES[-1]))
        found = session.measure("mine", RELEASES[-1], few(session, 10))
        session.wait(RETRIES_S)
        reply = ask_for_report(session, "mine")
        kept = len(session.stored_orders("mine")) - kept
        session.deploy("mine")
    accepted = sum(outcome.kind == ACCEPTED for outcome in found.outcomes)
    return ReleaseEvidence(tuple(releases), accepted, kept, told(reply).get("orders", 0) - reported, reply.status)
