"""The checks: each judges what the teams heard and what the screens show, so that any right design passes."""

from __future__ import annotations

from patisserie.checks import Check, Finding, at_least, at_most
from patisserie.labs.lab04.evidence import BrokenEvidence, HearingEvidence, NewcomerEvidence, accepted
from patisserie.labs.lab04.readings import NEWCOMER, TEAMS, Readings
from patisserie.measure import Measurement

MISSED_PERCENT = 40.0  # of what the kitchen should hear, not heard: the flaw that the lab starts from
WRONG_SHARE = 0.2
KITCHEN_P95_MS = 10_000.0


def _judge_baseline(found: Readings) -> list[Finding]:
    kitchen = found.of("kitchen")
    return [
        at_least("versions that the kitchen missed", kitchen.missed_percent, MISSED_PERCENT, "%"),
        at_least("orders that the screens show wrong", found.wrong, found.orders * WRONG_SHARE),
    ]


def _heard(found: Measurement, heard: Readings) -> list[Finding]:
    teams = [heard.of(team) for team in TEAMS]
    return [
        at_least("orders accepted", accepted(found), found.orders),
        at_least("versions told", heard.events, found.orders),
        *(at_most(f"versions that {team.team} missed", team.missed, 0) for team in teams),
        at_most("orders that the kitchen's screens show wrong", heard.wrong, 0),
    ]


def _judge_hearing(evidence: HearingEvidence) -> list[Finding]:
    return _heard(evidence.found, evidence.readings)


def _judge_saturday(evidence: HearingEvidence) -> list[Finding]:
    p95_ms = evidence.readings.of("kitchen").p95_ms
    return [
        *_heard(evidence.found, evidence.readings),
        at_most("until the kitchen is done, p95", p95_ms, KITCHEN_P95_MS, "ms"),
    ]


def _judge_broken(evidence: BrokenEvidence) -> list[Finding]:
    kept = "the broken order is kept in FailedQueue"
    lost = "the broken order is neither done nor kept in FailedQueue"
    return [
        *_heard(evidence.found, evidence.readings),
        Finding(evidence.kept, kept if evidence.kept else lost, kept),
    ]


def _judge_newcomer(evidence: NewcomerEvidence) -> list[Finding]:
    heard = evidence.readings
    return [
        *_heard(evidence.found, heard),
        at_most("versions that the forecast missed", heard.of(NEWCOMER).missed, 0),
        at_most("versions that others had to hear twice", sum(heard.of(team).twice for team in TEAMS), 0),
    ]


BASELINE = Check(
    "04-baseline",
    "Three teams on one queue take each other's events",
    "Deploy the one queue, measure the rush, and look who heard of what: lab.baseline(lab.readers('queue')).",
    _judge_baseline,
)
EVERYBODY = Check(
    "04-everybody",
    "Everybody hears of everything, and the screens show the last word",
    "Follow two versions of one order. Does each team have a source of its own? And can the older version be done after "
    "the newer one?",
    _judge_hearing,
)
KEEP_UP = Check(
    "04-keep-up",
    "The kitchen keeps up with a Saturday",
    "How many versions come in a second, and how long does the kitchen need for one? Then: how many may it work on at "
    "once, and which must not be worked on at once?",
    _judge_saturday,
)
BROKEN = Check(
    "04-broken-record",
    "One broken record stops nobody, and a bad minute loses nothing",
    "What happens to a batch that fails: how often is it tried again, is it cut, what becomes of it in the end? Count "
    "the pauses of the tries against the minute of the outage and against the ten minutes of patience.",
    _judge_broken,
)
NEW_READER = Check(
    "04-new-reader",
    "A new team hears of yesterday, and nobody else hears it again",
    "Where does a new reader begin, and is that long ago enough? Is yesterday's first record still in the stream?",
    _judge_newcomer,
)
