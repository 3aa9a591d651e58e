"""The checks: each judges what was measured, so that any right answer passes."""

from __future__ import annotations

from dataclasses import replace

from patisserie.checks import Check, Finding, at_least, at_most
from patisserie.labs.lab00.evidence import ReadingEvidence, ShopEvidence
from patisserie.labs.lab00.workload import BAKERY
from patisserie.load import ACCEPTED
from patisserie.measure import Measurement

WARM_LIMIT_MS = 100.0
MONTH_LIMIT_USD = 0.01


def _judge_baseline(found: Measurement) -> list[Finding]:
    accepted = sum(outcome.kind == ACCEPTED for outcome in found.outcomes)
    month_usd = found.cost_usd_per_1000 / 1_000 * found.orders
    return [
        at_least("orders accepted", accepted, found.orders),
        at_most("p50", found.p50_ms, WARM_LIMIT_MS, "ms"),
        at_most("a month's orders cost", month_usd, MONTH_LIMIT_USD, "USD", 5),
    ]


def _judge_reading(evidence: ReadingEvidence) -> list[Finding]:
    measured = f"{evidence.right} of {evidence.lines} REPORT lines read right"
    if evidence.first_miss:
        measured += f"; {evidence.first_miss}"
    ok = evidence.lines > 0 and evidence.right == evidence.lines
    return [Finding(ok, measured, "duration_ms, billed_ms and init_ms (None when warm) of every line")]


def _judge_answers(evidence: ShopEvidence) -> list[Finding]:
    refused = "refused with 400" if evidence.refused else "not refused with 400"
    placed = at_least("orders still answered with 201 and an orderId", evidence.placed, evidence.orders)
    if evidence.first_miss:
        placed = replace(placed, measured=f"{placed.measured} (one was answered with {evidence.first_miss})")
    return [
        placed,
        at_least(f"answers whose bakery is {BAKERY!r}", evidence.named, evidence.orders),
        at_least("orders still found again, each with its price", evidence.found_again, evidence.orders),
        Finding(evidence.refused, f"a pizza is {refused}", "a pizza is still refused with 400"),
    ]


BASELINE = Check(
    "00-baseline", "One function is all the bakery needs", "Deploy the shop and measure a month of it.", _judge_baseline
)
READ_REPORT = Check(
    "00-read-a-report",
    "A REPORT line tells what an invocation took and what it cost",
    "Print one line and look between the tabs. A cold start's line has one part more than a warm one's.",
    _judge_reading,
)
CHANGE = Check(
    "00-change-the-shop",
    "A change of the code reaches the customers",
    "Which line of the handler makes the answer? Change it, let the cell save it, and look at the answer again.",
    _judge_answers,
)
