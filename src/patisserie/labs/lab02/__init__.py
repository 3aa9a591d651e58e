"""Lab 02, break-the-sync-chain: the wait train of 2022, and stored-first events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.checks import CheckResult, run_check
from patisserie.labs.lab import Exercise, Lab, LabRun
from patisserie.labs.lab02 import attempts
from patisserie.labs.lab02.checks import ANSWER_FIRST, BASELINE, OUTAGE, PROGRESS
from patisserie.labs.lab02.evidence import after_the_rush, during_outage, live_progress, measured_rush
from patisserie.labs.lab02.explore import explore
from patisserie.labs.lab02.workload import YEAR, arrivals

if TYPE_CHECKING:
    from patisserie.session import LabSession

EXERCISES = (
    Exercise(
        ANSWER_FIRST,
        measured_rush,
        flawed=attempts.ANSWER_FLAWED,
        wrong=attempts.ANSWER_WRONG,
        right=attempts.SOLVED,
        files=("src/order.py",),
    ),
    Exercise(
        OUTAGE,
        during_outage,
        flawed=attempts.OUTAGE_FLAWED,
        wrong=attempts.OUTAGE_WRONG,
        right=attempts.SOLVED,
        files=("src/payment.py", "template.yaml"),
    ),
    Exercise(
        PROGRESS,
        live_progress,
        flawed=attempts.PROGRESS_FLAWED,
        wrong=attempts.PROGRESS_WRONG,
        right=attempts.SOLVED,
        files=("src/progress.py",),
    ),
)


def run(session: LabSession) -> LabRun:
    """The solved lab: the chain, then the learner's system as the solution leaves it, under the same rush."""
    session.deploy("chain")
    before = session.measure("chain", "before: the chain")
    results: list[CheckResult] = [run_check(BASELINE, lambda: before)]
    attempts.SOLVED.prepare(session)
    after = session.measure("mine", "after: stored first")
    if session.target.name != "local":
        return LabRun(before, after, ())  # the checks judge the rush and an hour of outage, not a dozen orders
    results.append(run_check(ANSWER_FIRST, lambda: after_the_rush(session, after)))
    results.append(run_check(OUTAGE, lambda: during_outage(session)))
    results.append(run_check(PROGRESS, lambda: live_progress(session)))
    return LabRun(before, after, tuple(results))


LAB = Lab(
    number="02",
    slug="break-the-sync-chain",
    title="Break the sync chain",
    year=YEAR,
    minutes=75,
    level="intermediate",
    services=("Lambda", "API Gateway", "EventBridge", "SQS", "DynamoDB", "AppSync Events"),
    start="start",
    goal="events",
    arrivals=arrivals,
    run=run,
    baseline=BASELINE,
    exercises=EXERCISES,
    explore=explore,
)
