"""Looking into the queues of the learner's system, by the API alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.labs.lab03.workload import order_id

if TYPE_CHECKING:
    from patisserie.session import LabSession

_LOOK_S = 30.0
_HELD_S = 60  # a message that we read is hidden for so long, or until we give it back
_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


def waiting(session: LabSession, url: str) -> int:
    """Messages in a queue: visible, in flight and delayed."""
    found = session.target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
    return sum(int(found["Attributes"][name]) for name in _COUNTS)


def dead_letters_url(session: LabSession, name: str) -> str:
    """Where the payment queue gives up into; "" when it never gives up."""
    sqs, url = session.target.client("sqs"), session.stacks[name].outputs["PaymentQueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    if "RedrivePolicy" not in attributes:
        return ""
    arn = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    return str(sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"])


def orders_in(session: LabSession, url: str, taken_away: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The orders whose messages lie in a queue that nobody reads; () for no queue.

    Messages about the orders `taken_away` are deleted, the others given back at once.
    """
    if not url:
        return ()
    sqs = session.target.client("sqs")
    held: list[dict[str, Any]] = []
    while found := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=_HELD_S
    ).get("Messages", []):
        held += found
    for message in held:
        handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        if order_id(message) in taken_away:
            sqs.delete_message(**handle)
        else:
            sqs.change_message_visibility(**handle, VisibilityTimeout=0)
    return tuple(sorted({order_id(message) for message in held}))


def settle(session: LabSession, name: str, longest_s: float) -> float:
    """Wait until the payment queue is empty, at most so long; the seconds it took."""
    url, since_s = session.stacks[name].outputs["PaymentQueueUrl"], session.target.now_s()
    while waiting(session, url) and session.target.now_s() - since_s < longest_s:
        session.wait(_LOOK_S)
    return session.target.now_s() - since_s


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of orders: each is paid, dead (in the dead-letter queue), still in the payment queue, or lost."""

    orders: int
    paid: int
    dead: tuple[str, ...]
    waiting: int
    lost: int
    asked: int  # how often the provider was asked for the paid ones

    @property
    def asked_per_order(self) -> float:
        """How often the provider took the money of an order, idempotency key or not."""
        return self.asked / self.paid if self.paid else float("nan")


def aftermath(session: LabSession, name: str, orders: tuple[str, ...]) -> Aftermath:
    """What the table and the queues of an architecture say now of these orders; "" among them is none."""
    stored = session.stored_orders(name)
    chosen = [order for order in orders if order]
    paid = [order for order in chosen if stored.get(order, {}).get("status") == {"S": "CONFIRMED"}]
    dead = tuple(order for order in orders_in(session, dead_letters_url(session, name)) if order in set(chosen))
    left = waiting(session, session.stacks[name].outputs["PaymentQueueUrl"])
    gone = len(set(chosen) - set(paid) - set(dead))
    asked = sum(int(stored[order].get("asked", {"N": "1"})["N"]) for order in paid)
    return Aftermath(len(chosen), len(paid), dead, left, max(0, gone - left), asked)
