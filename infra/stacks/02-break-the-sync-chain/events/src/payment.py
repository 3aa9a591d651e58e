"""Charges the customer. A failed charge goes back to the queue and is tried again."""

import json
import os

import boto3
from events import publish, tell_customer
from partners import post

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        cents = sum(item["cents"] * item["quantity"] for item in order["items"])
        # The order's id is the idempotency key: trying again cannot charge again.
        charge = post(os.environ["PAYMENT_URL"], {"orderId": order["orderId"], "cents": cents}, order["orderId"])
        orders.update_item(
            Key={"orderId": order["orderId"]},
            UpdateExpression="SET #status = :status, payment = :payment",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": "CONFIRMED", ":payment": charge["reference"]},
        )
        publish("bakery.payments", "PaymentConfirmed", order)
        tell_customer(order["orderId"], "payment confirmed")
