"""Takes an order: keeps it, tells the bus, answers. What comes after that is the queues' business."""

import json
import os
import time
import uuid

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
bus = boto3.client("events")


def handler(event, context):
    order = json.loads(event["body"])
    order["orderId"] = str(uuid.uuid4())
    order["totalCents"] = sum(item["cents"] * item["quantity"] for item in order["items"])
    store(order)
    publish("OrderPlaced", order)
    return {"statusCode": 202, "body": json.dumps({"orderId": order["orderId"], "status": "RECEIVED"})}


def store(order):
    """Keep a new order. It is never stored twice."""
    orders.put_item(
        Item={
            "orderId": order["orderId"],
            "items": order["items"],
            "totalCents": order["totalCents"],
            "status": "RECEIVED",
            "placedAt": int(time.time() * 1000),
        },
        ConditionExpression="attribute_not_exists(orderId)",
    )


def publish(kind, order):
    entry = {
        "EventBusName": os.environ["BUS"],
        "Source": "bakery.orders",
        "DetailType": kind,
        "Detail": json.dumps(order),
    }
    answer = bus.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"The bus did not take {kind}: {answer['Entries'][0].get('ErrorMessage')}")
