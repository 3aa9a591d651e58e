"""Lab 03, queues-that-bend: two queues with every setting as it came, and what each setting is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.checks import CheckResult, run_check
from patisserie.labs.lab import Exercise, Lab, LabRun, judged
from patisserie.labs.lab03 import attempts, experiments
from patisserie.labs.lab03.checks import ALONE, BASELINE, BEND, FILTER, KEEP
from patisserie.labs.lab03.evidence import bends, fails_alone, filters, keeps
from patisserie.labs.lab03.explore import explore
from patisserie.labs.lab03.weighing import weigh
from patisserie.labs.lab03.workload import PROVIDER_PER_S, YEAR, arrivals, old_app_beside

if TYPE_CHECKING:
    from patisserie.session import LabSession

EXERCISES = (
    Exercise(
        KEEP,
        keeps,
        flawed=attempts.KEEP_FLAWED,
        wrong=attempts.KEEP_WRONG,
        right=attempts.SOLVED,
        files=("template.yaml",),
    ),
    Exercise(
        ALONE,
        fails_alone,
        flawed=attempts.ALONE_FLAWED,
        wrong=attempts.ALONE_WRONG,
        right=attempts.SOLVED,
        files=("src/payment/payment.py", "template.yaml"),
    ),
    Exercise(
        BEND,
        bends,
        flawed=attempts.BEND_FLAWED,
        wrong=attempts.BEND_WRONG,
        right=attempts.SOLVED,
        files=("template.yaml",),
    ),
    Exercise(
        FILTER,
        filters,
        flawed=attempts.FILTER_FLAWED,
        wrong=attempts.FILTER_WRONG,
        right=attempts.SOLVED,
        files=("template.yaml",),
    ),
)


def run(session: LabSession) -> LabRun:
    """The solved lab: the spell on the queues as they came, then on the learner's."""
    session.deploy("stiff")
    before = session.measure("stiff", "before: as they came")
    results: list[CheckResult] = []
    if session.target.name == "local":
        results.append(run_check(BASELINE, lambda: weigh(session, "stiff", before)))
    else:
        session.remove("stiff")  # what cannot be paid would go round in it, and each round costs something
    attempts.SOLVED.prepare(session)
    after = session.measure("mine", "after: queues that bend")
    return judged(session, before, after, tuple(results))


LAB = Lab(
    number="03",
    slug="queues-that-bend",
    title="Let the queues bend",
    year=YEAR,
    minutes=90,
    level="intermediate",
    services=("Lambda", "SQS", "EventBridge", "API Gateway", "DynamoDB"),
    start="start",
    goal="bending",
    arrivals=arrivals,
    run=run,
    baseline=BASELINE,
    exercises=EXERCISES,
    explore=explore,
    beside=old_app_beside,
    weigh=weigh,
    partners={"PaymentRequestsPerSecond": str(PROVIDER_PER_S)},
    experiments={
        "filtered": experiments.filtered,
        "reserved": experiments.reserved,
        "spike": experiments.spike,
        "window": experiments.window,
    },
)
