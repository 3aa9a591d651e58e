"""Lab 04, one-event-many-readers: three teams on one queue, and then a stream that all of them read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.checks import CheckResult, run_check
from patisserie.labs.lab import Exercise, Lab, LabRun, judged
from patisserie.labs.lab04 import attempts
from patisserie.labs.lab04.checks import BASELINE, BROKEN, EVERYBODY, KEEP_UP, NEW_READER
from patisserie.labs.lab04.evidence import a_new_reader, broken_record, everybody_hears, saturday
from patisserie.labs.lab04.explore import explore
from patisserie.labs.lab04.readings import readings
from patisserie.labs.lab04.weighing import weigh
from patisserie.labs.lab04.workload import YEAR, arrivals, taps

if TYPE_CHECKING:
    from patisserie.session import LabSession

EXERCISES = (
    Exercise(
        EVERYBODY,
        everybody_hears,
        flawed=attempts.EVERYBODY_FLAWED,
        wrong=attempts.EVERYBODY_WRONG,
        right=attempts.SOLVED,
        files=("src/tell.py", "template.yaml"),
    ),
    Exercise(
        KEEP_UP,
        saturday,
        flawed=attempts.KEEP_UP_FLAWED,
        wrong=attempts.KEEP_UP_WRONG,
        right=attempts.SOLVED,
        files=("src/tell.py", "template.yaml"),
    ),
    Exercise(
        BROKEN,
        broken_record,
        flawed=attempts.BROKEN_FLAWED,
        wrong=attempts.BROKEN_WRONG,
        right=attempts.SOLVED,
        files=("src/kitchen.py", "template.yaml"),
    ),
    Exercise(
        NEW_READER,
        a_new_reader,
        flawed=attempts.NEW_READER_FLAWED,
        wrong=attempts.NEW_READER_WRONG,
        right=attempts.SOLVED,
        files=("template.yaml",),
    ),
)


def run(session: LabSession) -> LabRun:
    """The solved lab: the rush on one queue, then the same rush on the stream."""
    session.deploy("queue")
    before = session.measure("queue", "before: one queue")
    results: list[CheckResult] = []
    if session.target.name == "local":
        results.append(run_check(BASELINE, lambda: session.readers("queue")))
    attempts.SOLVED.prepare(session)
    after = session.measure("mine", "after: a stream")
    return judged(session, before, after, tuple(results))


LAB = Lab(
    number="04",
    slug="one-event-many-readers",
    title="One event, many readers",
    year=YEAR,
    minutes=90,
    level="intermediate",
    services=("Lambda", "Kinesis", "SQS", "SNS", "EventBridge", "API Gateway", "DynamoDB"),
    start="start",
    goal="stream",
    arrivals=arrivals,
    run=run,
    baseline=BASELINE,
    exercises=EXERCISES,
    explore=explore,
    then=taps,
    readers=readings,
    weigh=weigh,
)
