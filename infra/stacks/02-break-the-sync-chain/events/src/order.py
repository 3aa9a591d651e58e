"""Takes an order over HTTP: stores it, publishes it, answers."""

import json
import os
import uuid

import boto3
from events import publish

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, context):
    order = json.loads(event["body"])
    order["orderId"] = str(uuid.uuid4())
    orders.put_item(
        Item={"orderId": order["orderId"], "items": order["items"], "status": "RECEIVED"},
        ConditionExpression="attribute_not_exists(orderId)",
    )
    publish("bakery.orders", "OrderPlaced", order)
    return {"statusCode": 202, "body": json.dumps({"orderId": order["orderId"], "status": "RECEIVED"})}
