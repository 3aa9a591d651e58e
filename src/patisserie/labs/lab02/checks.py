"""The checks: each judges what customers met, so that any right design passes."""

from __future__ import annotations

from dataclasses import replace

from patisserie.checks import Check, Finding, at_least, at_most
from patisserie.labs.lab02.evidence import PROGRESS_SAMPLE, OutageEvidence, ProgressEvidence, RushEvidence
from patisserie.labs.lab02.workload import SAMPLE
from patisserie.load import ACCEPTED
from patisserie.measure import Measurement

P95_LIMIT_MS = 400.0  # the goal of the chapter: an answer before the customer wonders
SLOW_MS = 4_000.0
LOST_SHARE = 0.05


def _judge_baseline(found: Measurement) -> list[Finding]:
    lost = (found.failed + found.abandoned) / found.orders
    return [
        at_least("p95", found.p95_ms, SLOW_MS, "ms"),
        at_least("failed and abandoned orders", lost * 100, LOST_SHARE * 100, "%", 1),
    ]


def _judge_answer(evidence: RushEvidence) -> list[Finding]:
    found = evidence.found
    accepted = [outcome for outcome in found.outcomes if outcome.kind == ACCEPTED]
    held = at_most(
        "accepted orders that the table does not hold under the orderId of their answer", evidence.not_kept, 0
    )
    nameless = sum(not outcome.order_id for outcome in accepted)
    paid = at_most("accepted orders that were never paid and confirmed", evidence.unfinished, found.orders * 0.05)
    return [
        at_most("p95", found.p95_ms, P95_LIMIT_MS, "ms"),
        at_most("orders failed or abandoned", found.orders - len(accepted), 0),
        _more(held, f"{nameless} answers had no orderId" if nameless else ""),
        _more(paid, f"the payment function ran {evidence.payments} times"),
    ]


def _more(finding: Finding, said: str) -> Finding:
    """A finding that is not as it should be says more."""
    return finding if finding.ok or not said else replace(finding, measured=f"{finding.measured} ({said})")


def _judge_outage(evidence: OutageEvidence) -> list[Finding]:
    return [
        at_least("orders accepted during the outage", evidence.accepted, SAMPLE),
        _more(
            at_most("accepted orders lost", evidence.unfinished, 0),
            f"messages in the dead-letter queue {evidence.dead}, still in the payment queue {evidence.waiting}",
        ),
    ]


def _judge_progress(evidence: ProgressEvidence) -> list[Finding]:
    return [
        at_least("orders placed", evidence.orders, PROGRESS_SAMPLE),
        at_least("customers who saw their order being paid and put in the oven", evidence.told, PROGRESS_SAMPLE),
        at_most("messages that do not name this customer's order", evidence.strangers, 0),
        at_most("messages about an order on other channels than its own", evidence.elsewhere, 0),
    ]


BASELINE = Check(
    "02-baseline",
    "The chain is slow and loses customers",
    "Deploy the chain and measure it with the lab's own rush.",
    _judge_baseline,
)
ANSWER_FIRST = Check(
    "02-answer-first",
    "The customer has an answer before anybody is paid",
    "What does the handler do before it returns? Keep what cannot wait (storing the order, telling the bus); the "
    "confirmation comes later, from the payment service.",
    _judge_answer,
)
OUTAGE = Check(
    "02-outage",
    "A payment outage loses no order",
    "Follow one order that was placed during the outage: who tries to charge it again, how often, and for how long? "
    "Compare that with the ten minutes.",
    _judge_outage,
)
PROGRESS = Check(
    "02-progress",
    "Each customer sees the progress of their own order",
    "On which channel do you publish, and on which one does the customer listen?",
    _judge_progress,
)
