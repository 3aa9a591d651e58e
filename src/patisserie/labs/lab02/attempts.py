"""What learners write, right and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.labs.lab import Attempt

if TYPE_CHECKING:
    from patisserie.session import LabSession

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

ANSWER_FLAWED = _attempt("as it starts", order="")
ANSWER_WRONG = (
    _attempt("stores, but tells nobody", order=ORDER_FORGETS_THE_EVENT),
    _attempt("publishes, and still waits for the payment", order=ORDER_STILL_WAITS),
    _attempt("publishes what it has not stored", order=ORDER_IS_NOT_KEPT),
    _attempt("confirms what nobody has paid", order=ORDER_CONFIRMS_ITSELF),
)
OUTAGE_FLAWED = _attempt("payment hears it from the bus")
OUTAGE_WRONG = (
    _attempt("a queue that gives up after three tries", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_EVENT),
    _attempt("a queue, but the handler still reads an event", queue=QUEUE_PATIENT),
)
PROGRESS_FLAWED = _attempt("nobody is told", payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT)
PROGRESS_WRONG = tuple(
    _attempt(name, payment=PAYMENT_FROM_QUEUE, queue=QUEUE_PATIENT, progress=progress)
    for name, progress in (
        ("one channel for all", PROGRESS_ONE_CHANNEL),
        ("the own channel, and one for all", PROGRESS_TWICE),
        ("a message that names no order", PROGRESS_NO_ID),
    )
)
