"""Lab 00, opening-night: one function, one table, and why that was right in 2020."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.checks import run_check
from patisserie.labs.lab import Exercise, Lab, LabRun
from patisserie.labs.lab00 import attempts
from patisserie.labs.lab00.checks import BASELINE, CHANGE, READ_REPORT
from patisserie.labs.lab00.evidence import answers_of_the_shop, reading
from patisserie.labs.lab00.explore import explore
from patisserie.labs.lab00.workload import YEAR, arrivals

if TYPE_CHECKING:
    from patisserie.session import LabSession

EXERCISES = (
    Exercise(
        READ_REPORT,
        reading,
        flawed=attempts.READ_FLAWED,
        wrong=attempts.READ_WRONG,
        right=attempts.READ,
    ),
    Exercise(
        CHANGE,
        answers_of_the_shop,
        flawed=attempts.CHANGE_FLAWED,
        wrong=attempts.CHANGE_WRONG,
        right=attempts.CHANGED_SHOP,
        files=("src/order.py",),
    ),
)


def run(session: LabSession) -> LabRun:
    """The solved lab: the shop as it starts, and with the learner's change."""
    session.deploy("shop")
    before = session.measure("shop", "the shop of 2020")
    baseline = run_check(BASELINE, lambda: before)
    attempts.CHANGED_SHOP.prepare(session)
    after = session.measure("mine", "with your change")
    attempts.READ.prepare(session)
    checks = (baseline, session.check("read-a-report"), session.check("change-the-shop"))
    return LabRun(before, after, checks)


LAB = Lab(
    number="00",
    slug="opening-night",
    title="Opening night",
    year=YEAR,
    minutes=20,
    level="beginner",
    services=("Lambda", "API Gateway", "DynamoDB", "CloudWatch Logs"),
    start="start",
    goal="shop",
    arrivals=arrivals,
    run=run,
    baseline=BASELINE,
    exercises=EXERCISES,
    explore=explore,
)
