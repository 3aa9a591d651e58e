"""Lab 02, break-the-sync-chain: the wait train of 2022, and stored-first events."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.checks import Check, CheckResult, Finding, at_least, at_most, run_check
from patisserie.explorable import Explorable
from patisserie.figures import latency_distribution
from patisserie.labs.lab import Attempt, Exercise, Lab, LabRun
from patisserie.load import ACCEPTED, Arrivals, MorningRush, Outcome, Steady
from patisserie.load.runner import make_order, order_id_in
from patisserie.measure import Measurement
from patisserie.story import Story

if TYPE_CHECKING:
    from patisserie.session import LabSession

YEAR = 2022
RUSH_MINUTES = 15.0  # the middle of the story's half hour would not tell more
JUDGED_MINUTES = 5.0  # the peak alone is enough to judge a system by
P95_LIMIT_MS = 400.0  # the goal of the chapter: an answer before the customer wonders
SLOW_MS = 4_000.0
LOST_SHARE = 0.05
OUTAGE_MINUTES = 10.0
RECOVERY_S = 1_800.0
PURGE_S = 60.0  # how long SQS may take over a purge
SAMPLE = 12  # orders in the short workloads of the checks
PROGRESS_SAMPLE = 5
PAYMENT_SETTINGS_MS = (500, 1_000, 2_000, 4_000, 8_000)
EXPLORE_S = 40.0
_WRITTEN_BY_PAYMENT = {"orderId", "status", "payment"}  # an order that was kept has more than these
PROGRESS_S = 20.0  # long enough for a payment, its retries and the kitchen


def arrivals(story: Story) -> Arrivals:
    """The morning rush of 2022."""
    return MorningRush.of(story, YEAR, minutes=RUSH_MINUTES)


def few(_: Story) -> Arrivals:
    """Enough orders to see what a system does, one every ten seconds."""
    return Steady(0.1, SAMPLE * 10)


# -- what the checks look at -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutageEvidence:
    """Orders placed while the payment provider was down, and what became of them."""

    accepted: int
    unfinished: int
    dead: int


@dataclass(frozen=True, slots=True)
class ProgressEvidence:
    """What customers saw on the channel of their own order."""

    orders: int
    told: int
    strangers: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class RushEvidence:
    """The rush on the learner's system, and what became of the accepted orders."""

    found: Measurement
    not_kept: int
    unfinished: int


def measured_rush(session: LabSession) -> RushEvidence:
    """The peak of the rush on the learner's system, and two minutes for what is under way."""
    peak = MorningRush.of(session.story, YEAR, minutes=JUDGED_MINUTES)
    return after_the_rush(session, session.measure("mine", "mine", peak))


def after_the_rush(session: LabSession, found: Measurement) -> RushEvidence:
    """What a rush that has been measured has left behind, two minutes later."""
    session.wait(120)
    return RushEvidence(found, _not_kept(session, found.outcomes), _unpaid(session, found.outcomes))


def _not_kept(session: LabSession, outcomes: tuple[Outcome, ...]) -> int:
    """How many accepted orders the table does not hold, each under the id in its answer, with what was ordered."""
    held = {name for name, item in session.stored_orders("mine").items() if set(item) - _WRITTEN_BY_PAYMENT}
    accepted = [outcome.order_id for outcome in outcomes if outcome.kind == ACCEPTED]
    return len(accepted) - len(held.intersection(accepted))


def _unpaid(session: LabSession, outcomes: tuple[Outcome, ...]) -> int:
    """How many accepted orders are not confirmed by the payment service."""
    orders = session.stored_orders("mine")
    paid = {name for name, item in orders.items() if "payment" in item and item.get("status") == {"S": "CONFIRMED"}}
    return sum(outcome.kind == ACCEPTED and outcome.order_id not in paid for outcome in outcomes)


def during_outage(session: LabSession) -> OutageEvidence:
    """Ten minutes without the payment provider, with orders coming in; then half an hour to recover."""
    _needs_exercise_1(session)
    _drop_backlog(session)
    session.payment_outage(0, OUTAGE_MINUTES)
    session.wait(5)
    found = session.measure("mine", "outage", few(session.story))
    session.wait(OUTAGE_MINUTES * 60 + RECOVERY_S)
    accepted = sum(outcome.kind == ACCEPTED for outcome in found.outcomes)
    return OutageEvidence(accepted, _unpaid(session, found.outcomes), found.orders - accepted)


def _drop_backlog(session: LabSession) -> None:
    """Take what an earlier rush left out of the queues: it would be charged in vain all through the outage."""
    for resource in session.stacks["mine"].resources:
        if resource.type == "AWS::SQS::Queue":
            session.target.client("sqs").purge_queue(QueueUrl=resource.physical_id)
    session.wait(PURGE_S)


def live_progress(session: LabSession) -> ProgressEvidence:
    """Place orders one after the other; each customer listens on the channel of their own order, and we on all."""
    _needs_exercise_1(session)
    stack, target = session.stacks["mine"], session.target
    stream = random.Random(f"{session.seed}/progress")
    orders = told = strangers = elsewhere = 0
    for number in range(PROGRESS_SAMPLE):
        reply = target.http("POST", session.orders_url("mine"), json=make_order(session.story, stream, number))
        order_id = order_id_in(reply.body)
        if not 200 <= reply.status < 300 or not order_id:
            continue
        customer = target.subscribe(stack.outputs["ProgressApiId"], f"/orders/{order_id}")
        everybody = target.subscribe(stack.outputs["ProgressApiId"], "/orders/*")
        session.wait(PROGRESS_S)
        messages, overheard = _messages(customer.close()), _messages(everybody.close())
        own = [message for message in messages if message.get("orderId") == order_id]
        orders += 1
        told += {str(message.get("status", "")) for message in own} >= {"payment confirmed", "in the oven"}
        strangers += len(messages) - len(own)
        elsewhere += sum(message.get("orderId") == order_id for message in overheard) - len(own)
    return ProgressEvidence(orders, told, strangers, elsewhere)


def _messages(texts: list[str]) -> list[dict[str, Any]]:
    """What was published, {} for a message that is no object: it names no order."""
    sent = [json.loads(text) for text in texts]
    return [message if isinstance(message, dict) else {} for message in sent]


def _needs_exercise_1(session: LabSession) -> None:
    if session.workspace is not None and session.workspace.untouched(("src/order.py",)):
        raise NotImplementedError("nothing yet: exercise 1 comes first, for src/order.py is as at the start")


def explore(session: LabSession) -> Explorable:
    """How long a customer waits, by how long the payment provider takes: in one function, and stored first."""
    frames = []
    for milliseconds in PAYMENT_SETTINGS_MS:
        session.partners({"PaymentMilliseconds": str(milliseconds)})
        series = {}
        for label, name in (("before", "waiter"), ("after", "events")):
            session.deploy(name)
            found = session.measure(name, label, Steady(0.5, EXPLORE_S))
            series[label] = [outcome.latency_ms for outcome in found.outcomes]
        frames.append((f"{milliseconds:,} ms", latency_distribution(series, target_ms=P95_LIMIT_MS)))
    session.partners({})
    return Explorable("How slow may the payment provider become?", "It takes", tuple(frames), start=2)


# -- the checks --------------------------------------------------------------------------------------


def _judge_baseline(found: Measurement) -> list[Finding]:
    lost = (found.failed + found.abandoned) / found.orders
    return [
        at_least("p95", found.p95_ms, SLOW_MS, "ms"),
        at_least("failed and abandoned orders", lost * 100, LOST_SHARE * 100, "%", 1),
    ]


def _judge_answer(evidence: RushEvidence) -> list[Finding]:
    found = evidence.found
    refused = found.orders - sum(o.kind == ACCEPTED for o in found.outcomes)
    return [
        at_most("p95", found.p95_ms, P95_LIMIT_MS, "ms"),
        at_most("orders failed or abandoned", refused, 0),
        at_most("accepted orders that the table does not hold under the orderId of their answer", evidence.not_kept, 0),
        at_most("accepted orders that were never paid and confirmed", evidence.unfinished, found.orders * 0.05),
    ]


def _judge_outage(evidence: OutageEvidence) -> list[Finding]:
    return [
        at_least("orders accepted during the outage", evidence.accepted, SAMPLE),
        at_most("accepted orders lost", evidence.unfinished, 0),
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

# -- attempts: what learners write, right and wrong ------------------------------------------------------

ORDER_RIGHT = """\
from events import publish
from shop import answer, read_order, store


def handler(event, context):
    order = read_order(event)
    store(order)
    publish("bakery.orders", "OrderPlaced", order)
    return answer(202, order, "RECEIVED")
"""
ORDER_FORGETS_THE_EVENT = """\
from shop import answer, read_order, store


def handler(event, context):
    order = read_order(event)
    store(order)
    return answer(202, order, "RECEIVED")
"""
ORDER_IS_NOT_KEPT = ORDER_RIGHT.replace("    store(order)\n", "")
ORDER_CONFIRMS_ITSELF = """\
from shop import answer, read_order, store


def handler(event, context):
    order = read_order(event)
    store(order, "CONFIRMED")
    return answer(202, order, "CONFIRMED")
"""
ORDER_STILL_WAITS = """\
import time

from events import publish
from shop import answer, read_order, store, table


def handler(event, context):
    order = read_order(event)
    store(order)
    publish("bakery.orders", "OrderPlaced", order)
    for _ in range(16):  # until the payment service has confirmed it
        found = table.get_item(Key={"orderId": order["orderId"]}, ConsistentRead=True)["Item"]
        if found["status"] == "CONFIRMED":
            return answer(200, order, "CONFIRMED")
        time.sleep(0.5)
    return answer(202, order, "RECEIVED")
"""
PAYMENT_FROM_QUEUE = """\
import json

from charging import charge


def handler(event, context):
    for record in event["Records"]:
        charge(json.loads(record["body"]))
"""
QUEUE_EVENT = """\
PaymentFunction:
  Properties:
    Events:
      Placed: null
      Queue: {Type: SQS, Properties: {Queue: !GetAtt PaymentQueue.Arn, BatchSize: 1}}
"""
QUEUE_PATIENT = (
    QUEUE_EVENT
    + """\
PaymentQueue:
  Properties:
    VisibilityTimeout: 60
    RedrivePolicy: {deadLetterTargetArn: !GetAtt PaymentDeadLetters.Arn, maxReceiveCount: 30}
"""
)
PROGRESS_RIGHT = """\
from channel import send


def tell_customer(order_id, status):
    send(f"/orders/{order_id}", {"orderId": order_id, "status": status})
"""
PROGRESS_ONE_CHANNEL = PROGRESS_RIGHT.replace('f"/orders/{order_id}"', '"/orders/all"')
PROGRESS_TWICE = PROGRESS_RIGHT + '    send("/orders/all", {"orderId": order_id, "status": status})\n'
PROGRESS_NO_ID = PROGRESS_RIGHT.replace('{"orderId": order_id, "status": status}', '{"status": status}')


def _attempt(name: str, *, order: str = ORDER_RIGHT, payment: str = "", queue: str = "", progress: str = "") -> Attempt:
    def prepare(session: LabSession) -> None:
        assert session.workspace is not None
        session.reset()
        if order:
            session.workspace.write_handler("order.py", order)
        if payment:
            session.workspace.write_handler("payment.py", payment)
        if queue:
            session.workspace.merge_template(queue)
        if progress:
            session.workspace.write_handler("progress.py", progress)
        session.deploy("mine")

    return Attempt(name, prepare)


SOLVED = _attempt("solution", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT, progress=PROGRESS_RIGHT)

EXERCISES = (
    Exercise(
        ANSWER_FIRST,
        measured_rush,
        flawed=_attempt("as it starts", order=""),
        wrong=(
            _attempt("stores, but tells nobody", order=ORDER_FORGETS_THE_EVENT),
            _attempt("publishes, and still waits for the payment", order=ORDER_STILL_WAITS),
            _attempt("publishes what it has not stored", order=ORDER_IS_NOT_KEPT),
            _attempt("confirms what nobody has paid", order=ORDER_CONFIRMS_ITSELF),
        ),
        right=SOLVED,
        files=("src/order.py",),
    ),
    Exercise(
        OUTAGE,
        during_outage,
        flawed=_attempt("payment hears it from the bus"),
        wrong=(
            _attempt("a queue that gives up after three tries", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_EVENT),
            _attempt("a queue, but the handler still reads an event", queue=QUEUE_PATIENT),
        ),
        right=SOLVED,
        files=("src/payment.py", "template.yaml"),
    ),
    Exercise(
        PROGRESS,
        live_progress,
        flawed=_attempt("nobody is told", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT),
        wrong=(
            _attempt("one channel for all", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT, progress=PROGRESS_ONE_CHANNEL),
            _attempt("the own channel, and one for all", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT, progress=PROGRESS_TWICE),
            _attempt("a message that names no order", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT, progress=PROGRESS_NO_ID),
        ),
        right=SOLVED,
        files=("src/progress.py",),
    ),
)


def run(session: LabSession) -> LabRun:
    """The solved lab: the chain, then the learner's system as the solution leaves it, under the same rush."""
    session.deploy("chain")
    before = session.measure("chain", "before: the chain")
    results: list[CheckResult] = [run_check(BASELINE, lambda: before)]
    SOLVED.prepare(session)
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
