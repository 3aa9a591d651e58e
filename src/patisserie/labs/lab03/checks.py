"""The checks: each judges what came out of the queues, so that any right design passes."""

from __future__ import annotations

from collections.abc import Mapping

from patisserie.checks import Check, Finding, at_least, at_most, equal
from patisserie.labs.lab03.evidence import AloneEvidence, FilterEvidence, KeepEvidence, SpikeEvidence
from patisserie.labs.lab03.weighing import ASKED, LOST, PAID_AFTER

ASKED_LIMIT = 1.05  # a duplicate now and then is what at-least-once means
FLAWED_LOST, FLAWED_ASKED, FLAWED_PAID_AFTER_S = 3, 1.2, 45.0
SLOWEST_S = 90.0
REFUSED_SHARE = 0.01


def _judge_baseline(weighed: Mapping[str, float]) -> list[Finding]:
    return [
        at_least(LOST, weighed[LOST], FLAWED_LOST),
        at_least(ASKED, weighed[ASKED], FLAWED_ASKED, digits=2),
        at_least(PAID_AFTER, weighed[PAID_AFTER], FLAWED_PAID_AFTER_S),
    ]


def _judge_keep(evidence: KeepEvidence) -> list[Finding]:
    refused, hiccup, saturday = evidence.refused, evidence.hiccup, evidence.saturday
    return [
        at_most(
            "payments asked for per order after Lambda had to wait", refused.asked_per_order, ASKED_LIMIT, digits=2
        ),
        at_most("orders not paid after Lambda had to wait", refused.orders - refused.paid, 0),
        at_most("orders of a five-minute outage not paid by themselves", hiccup.orders - hiccup.paid, 0),
        at_most("messages still going round six hours after Saturday's outage", saturday.waiting, 0),
        at_most("orders of Saturday's outage nowhere to be found", saturday.lost, 0),
    ]


def _judge_alone(evidence: AloneEvidence) -> list[Finding]:
    sound = evidence.sound
    return [
        at_most("sound orders not paid", sound.orders - sound.paid, 0),
        at_most("payments asked for per sound order", sound.asked_per_order, ASKED_LIMIT, digits=2),
        at_most("sound orders among the dead letters", len(sound.dead), 0),
        equal("orders of the old app among the dead letters", evidence.bad_dead, evidence.bad),
    ]


def _judge_bend(evidence: SpikeEvidence) -> list[Finding]:
    orders = evidence.orders
    share = evidence.refused / max(1, evidence.refused + orders.asked)
    return [
        at_most("payment calls that the provider refused", share * 100, REFUSED_SHARE * 100, "%", 1),
        at_most("batches that Lambda refused to run", evidence.throttled, 0),
        at_most("orders not paid", orders.orders - orders.paid, 0),
        at_most("the slowest payment came after", evidence.slowest_s, SLOWEST_S, "s"),
    ]


def _judge_filter(evidence: FilterEvidence) -> list[Finding]:
    return [
        at_most("invocations of the thanks function", evidence.invocations, evidence.big),
        equal("big orders that Amélie was told of", evidence.told, evidence.big),
        at_most("orders not paid", evidence.orders.orders - evidence.orders.paid, 0),
    ]


BASELINE = Check(
    "03-baseline",
    "The queue loses orders, asks twice and is slow",
    "Deploy the queues as they are, measure the spell, weigh it.",
    _judge_baseline,
)
KEEP = Check(
    "03-keep",
    "No order is lost, and none is worked on twice at the same time",
    "Follow one message: for how long is it hidden while its batch waits and runs, how often may it be received, where "
    "does it go then, and how old may it become in each of the two queues?",
    _judge_keep,
)
ALONE = Check(
    "03-alone",
    "An order that cannot be paid fails alone",
    "What does the mapping do with the nine others when your handler raises, and what when it returns? It believes a "
    "list of failures only if it was told to expect one, and only if each entry names a message of the batch.",
    _judge_alone,
)
BEND = Check(
    "03-bend",
    "A spike makes the queue longer, and breaks nobody",
    "Count: payments at once, divided by two seconds each, against the four a second of the contract. Which setting "
    "makes the mapping fetch fewer batches, and which one makes Lambda refuse those it has fetched?",
    _judge_bend,
)
FILTER = Check(
    "03-filter",
    "The thanks function runs for big orders only, and for all of them",
    "Print one message of the queue. Where in the record is the total, as text or as a number? Whatever no filter takes "
    "is deleted, so look at the orders of exactly 30 EUR too.",
    _judge_filter,
)
