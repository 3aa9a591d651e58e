"""What the checks look at: the rush, an outage, and what customers see of their orders."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab02.workload import few, peak
from patisserie.load import ACCEPTED, Outcome
from patisserie.load.runner import make_order, order_id_in
from patisserie.measure import Measurement

if TYPE_CHECKING:
    from patisserie.session import LabSession

OUTAGE_MINUTES = 10.0
RECOVERY_S = 1_800.0
PURGE_S = 60.0  # how long SQS may take over a purge
PROGRESS_SAMPLE = 5
PROGRESS_S = 20.0  # long enough for a payment and the kitchen
_WRITTEN_BY_PAYMENT = {"orderId", "status", "payment"}  # an order that was kept has more than these


@dataclass(frozen=True, slots=True)
class RushEvidence:
    """The rush on the learner's system, and what became of the accepted orders.

    `payments` is how often the payment function ran, counted only when orders are unfinished.
    """

    found: Measurement
    not_kept: int
    unfinished: int
    payments: int = 0


def measured_rush(session: LabSession) -> RushEvidence:
    """The peak of the rush on the learner's system, and two minutes for what is under way."""
    return after_the_rush(session, session.measure("mine", "mine", peak(session.story)))


def after_the_rush(session: LabSession, found: Measurement) -> RushEvidence:
    """What a rush that has been measured has left behind, two minutes later."""
    session.wait(120)
    unfinished = _unpaid(session, found.outcomes)
    payments = session.functions("mine").of("Payment").invocations if unfinished else 0
    return RushEvidence(found, _not_kept(session, found.outcomes), unfinished, payments)


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


@dataclass(frozen=True, slots=True)
class OutageEvidence:
    """Orders placed while the payment provider was down, and what became of them.

    `dead` messages lie in the dead-letter queue, `waiting` ones in the payment queue.
    """

    accepted: int
    unfinished: int
    dead: int
    waiting: int


def during_outage(session: LabSession) -> OutageEvidence:
    """Ten minutes without the payment provider, with orders coming in; then half an hour to recover."""
    _needs_exercise_1(session)
    _drop_backlog(session)
    session.payment_outage(0, OUTAGE_MINUTES)
    session.wait(5)
    found = session.measure("mine", "outage", few())
    session.wait(OUTAGE_MINUTES * 60 + RECOVERY_S)
    accepted = sum(outcome.kind == ACCEPTED for outcome in found.outcomes)
    dead, waiting = (_messages_in(session, f"{queue}Url") for queue in ("PaymentDeadLetters", "PaymentQueue"))
    return OutageEvidence(accepted, _unpaid(session, found.outcomes), dead, waiting)


def _messages_in(session: LabSession, output: str) -> int:
    """Messages in a queue, visible and in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = session.target.client("sqs").get_queue_attributes(
        QueueUrl=session.output("mine", output), AttributeNames=names
    )
    return sum(int(found["Attributes"][name]) for name in names)


def _drop_backlog(session: LabSession) -> None:
    """Take what an earlier rush left out of the queues: it would be charged in vain all through the outage."""
    for resource in session.stacks["mine"].resources:
        if resource.type == "AWS::SQS::Queue":
            session.target.client("sqs").purge_queue(QueueUrl=resource.physical_id)
    session.wait(PURGE_S)


@dataclass(frozen=True, slots=True)
class ProgressEvidence:
    """What customers saw on the channel of their own order."""

    orders: int
    told: int
    strangers: int
    elsewhere: int


def live_progress(session: LabSession) -> ProgressEvidence:
    """Place orders one after the other; each customer listens on the channel of their own order, and we on all."""
    _needs_exercise_1(session)
    stream = random.Random(f"{session.seed}/progress")
    bodies = [make_order(session.story, stream, number) for number in range(PROGRESS_SAMPLE)]
    with reliable_partners(session):  # a payment that fails is tried again, but not soon enough to be seen here
        heard = [_listened(session, body) for body in bodies]
    placed = [order for order in heard if order is not None]
    return ProgressEvidence(
        orders=len(placed),
        told=sum(order.told for order in placed),
        strangers=sum(order.strangers for order in placed),
        elsewhere=sum(order.elsewhere for order in placed),
    )


def _listened(session: LabSession, body: dict[str, Any]) -> ProgressEvidence | None:
    """Place one order and listen; None when it was not taken."""
    api, target = session.output("mine", "ProgressApiId"), session.target
    reply = target.http("POST", session.orders_url("mine"), json=body)
    order_id = order_id_in(reply.body)
    if not 200 <= reply.status < 300 or not order_id:
        return None
    customer, everybody = target.subscribe(api, f"/orders/{order_id}"), target.subscribe(api, "/orders/*")
    session.wait(PROGRESS_S)
    messages, overheard = _messages(customer.close()), _messages(everybody.close())
    own = [message for message in messages if message.get("orderId") == order_id]
    said = {str(message.get("status", "")) for message in own}
    elsewhere = sum(message.get("orderId") == order_id for message in overheard) - len(own)
    return ProgressEvidence(1, int(said >= {"payment confirmed", "in the oven"}), len(messages) - len(own), elsewhere)


def _messages(texts: list[str]) -> list[dict[str, Any]]:
    """What was published, {} for a message that is no object: it names no order."""
    sent = [json.loads(text) for text in texts]
    return [message if isinstance(message, dict) else {} for message in sent]


def _needs_exercise_1(session: LabSession) -> None:
    if session.workspace is not None and session.workspace.untouched(("src/order.py",)):
        raise NotImplementedError("nothing yet: exercise 1 comes first, for src/order.py is as at the start")
