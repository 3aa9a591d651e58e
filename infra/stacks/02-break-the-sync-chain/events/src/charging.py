"""Charging an order: the payment provider, the order's status, the event, the customer's screen."""

import os

from events import publish
from partners import post
from progress import tell_customer
from shop import table


def charge(order):
    """The order's id is the idempotency key: trying again cannot charge again."""
    cents = sum(item["cents"] * item["quantity"] for item in order["items"])
    payment = post(os.environ["PAYMENT_URL"], {"orderId": order["orderId"], "cents": cents}, order["orderId"])
    table.update_item(
        Key={"orderId": order["orderId"]},
        UpdateExpression="SET #status = :status, payment = :payment",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": "CONFIRMED", ":payment": payment["reference"]},
    )
    publish("bakery.payments", "PaymentConfirmed", order)
    tell_customer(order["orderId"], "payment confirmed")
