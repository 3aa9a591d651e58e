"""Lab 01, right-size-the-monolith: the do-it-all function of 2021, the cut by domain, and the cut too far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.checks import CheckResult, run_check
from patisserie.labs.lab import Exercise, Lab, LabRun, judged
from patisserie.labs.lab01 import attempts
from patisserie.labs.lab01.checks import BASELINE, CONTAIN, RELEASE, SIZE
from patisserie.labs.lab01.evidence import one_release_each, sizes, with_a_bug
from patisserie.labs.lab01.explore import explore
from patisserie.labs.lab01.weighing import weigh
from patisserie.labs.lab01.workload import YEAR, arrivals, few, reports_beside

if TYPE_CHECKING:
    from patisserie.session import LabSession

EXERCISES = (
    Exercise(
        CONTAIN,
        with_a_bug,
        flawed=attempts.CONTAIN_FLAWED,
        wrong=attempts.CONTAIN_WRONG,
        right=attempts.SOLVED,
        files=("src/orders/orders.py", "src/shop/orders.py", "template.yaml"),
    ),
    Exercise(
        SIZE,
        sizes,
        flawed=attempts.SIZE_FLAWED,
        wrong=attempts.SIZE_WRONG,
        right=attempts.SOLVED,
        files=("template.yaml",),
    ),
    Exercise(
        RELEASE,
        one_release_each,
        flawed=attempts.RELEASE_FLAWED,
        wrong=attempts.RELEASE_WRONG,
        right=attempts.SOLVED,
        files=("src/reports/facts.py", "template.yaml"),
    ),
)


def run(session: LabSession) -> LabRun:
    """The solved lab: a day of the one function and its bug, then the same day of the learner's system."""
    session.deploy("monolith")
    before = session.measure("monolith", "before: one function")
    results: list[CheckResult] = []
    if session.target.name == "local":
        session.release("monolith", "new-greeting")
        buggy = session.measure("monolith", "new greeting", few(session))
        results.append(run_check(BASELINE, lambda: buggy))
    attempts.SOLVED.prepare(session)
    after = session.measure("mine", "after: four by domain")
    return judged(session, before, after, tuple(results))


LAB = Lab(
    number="01",
    slug="right-size-the-monolith",
    title="Right-size the monolith",
    year=YEAR,
    minutes=75,
    level="beginner",
    services=("Lambda", "API Gateway", "DynamoDB", "SQS", "CloudWatch Logs"),
    start="start",
    goal="domains",
    arrivals=arrivals,
    run=run,
    baseline=BASELINE,
    exercises=EXERCISES,
    explore=explore,
    beside=reports_beside,
    weigh=weigh,
)
