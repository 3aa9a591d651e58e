"""Charging an order: the payment provider, then the order's status."""

import json
import os
import time

import boto3
from partners import post

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def charge(order):
    """Ask the provider for the money. The order's id is the idempotency key: asking again cannot charge again.

    Raises whatever went wrong, after saying it in the log.
    """
    try:
        payment = post(os.environ["PAYMENT_URL"], bill(order), order["orderId"])
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        print(json.dumps({"level": "ERROR", "orderId": order["orderId"], "error": said}))
        raise
    keep(order, payment["reference"])


def bill(order):
    """What the provider is asked for."""
    return {"orderId": order["orderId"], "cents": order["totalCents"], "payer": order.get("customer", "guest")}


def keep(order, reference):
    """Note that the order is paid, when it first was, and how often the provider has been asked for it."""
    orders.update_item(
        Key={"orderId": order["orderId"]},
        UpdateExpression=(
            "SET #status = :status, payment = :payment, paidAt = if_not_exists(paidAt, :now) ADD asked :one"
        ),
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":status": "CONFIRMED",
            ":payment": reference,
            ":now": int(time.time() * 1000),
            ":one": 1,
        },
    )
