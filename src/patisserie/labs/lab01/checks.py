"""The checks: each judges what was measured, so that any right design passes."""

from __future__ import annotations

from patisserie.checks import Check, Finding, at_least, at_most, equal
from patisserie.labs.lab01.evidence import BugEvidence, ReleaseEvidence, SizeEvidence
from patisserie.load import ACCEPTED
from patisserie.measure import Measurement

BUG_SHARE = 0.2  # of the orders, lost to a bug in a message: the flaw that the lab starts from
SLOW_MS = 2_800.0  # the orders that fail are answered sooner, right after the payment
P50_LIMIT_MS = 2_600.0  # a customer waits for the payment provider, and for nobody else
GB_S_LIMIT = 2_500.0
REPORT_LIMIT_MS = 6_000.0


def _judge_baseline(found: Measurement) -> list[Finding]:
    return [
        at_least("orders lost after the new greeting", found.failed / found.orders * 100, BUG_SHARE * 100, "%"),
        at_least("p50", found.p50_ms, SLOW_MS, "ms"),
    ]


def _judge_bug(evidence: BugEvidence) -> list[Finding]:
    accepted = sum(outcome.kind == ACCEPTED for outcome in evidence.sound.outcomes)
    return [
        at_most("orders failed with the bug", evidence.buggy.failed, 0),
        at_most("p50 with the bug", evidence.buggy.p50_ms, P50_LIMIT_MS, "ms"),
        at_most("orders failed without it", evidence.sound.failed, 0),
        at_least("messages sent without it", evidence.messages, accepted),
        at_least("sales told to the statistics", evidence.statistics, accepted),
    ]


def _judge_sizes(evidence: SizeEvidence) -> list[Finding]:
    report = f"a report answered with {evidence.report_status}"
    return [
        at_most("compute for 1,000 orders", evidence.gb_s_per_1000, GB_S_LIMIT, "GB-s"),
        at_most("p50", evidence.found.p50_ms, P50_LIMIT_MS, "ms"),
        at_most("orders failed", evidence.found.failed, 0),
        at_most("invocations that ran out of time", evidence.timeouts, 0),
        Finding(evidence.report_status == 200, report, "a report answered with 200"),
        at_most("a report takes", evidence.report_ms, REPORT_LIMIT_MS, "ms"),
    ]


def _judge_releases(evidence: ReleaseEvidence) -> list[Finding]:
    report = f"a report answered with {evidence.report_status} after new-storage"
    return [
        *(equal(f"functions replaced by {r.change}", len(r.replaced), 1) for r in evidence.releases),
        at_least("orders kept after new-storage", evidence.kept, max(1, evidence.accepted)),
        Finding(evidence.report_status == 200, report, "a report answered with 200 after new-storage"),
        equal("orders that the report has more then", evidence.reported, evidence.kept),
    ]


BASELINE = Check(
    "01-baseline",
    "A bug in a message takes orders down",
    "Deploy the one function, ship the new greeting, and measure some orders.",
    _judge_baseline,
)
CONTAIN = Check(
    "01-contain",
    "A bug in the notifications stays in the notifications",
    "Follow one order from the API: which function takes it, and what does it wait for after the payment? Whoever the "
    "customer need not wait for gets the order handed over.",
    _judge_bug,
)
SIZE = Check(
    "01-size",
    "Each function has the size that its own work needs",
    "Look at lab.functions('mine'): which line is the dearest, and does that function compute, or does it wait? Waiting "
    "needs no memory; computing is faster with more.",
    _judge_sizes,
)
RELEASE = Check(
    "01-release",
    "Each release replaces one function, and breaks no other domain",
    "Which packages hold a copy of the changed file? And whose table does the report read: can somebody else change "
    "what is in there?",
    _judge_releases,
)
