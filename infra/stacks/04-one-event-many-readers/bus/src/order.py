"""Takes orders and changes of orders: keeps the order, tells the teams, answers."""

import json
import os
import time
import uuid

import boto3
from tell import tell

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, context):
    items = json.loads(event["body"])["items"]
    order_id = (event.get("pathParameters") or {}).get("orderId") or str(uuid.uuid4())
    now_us = time.time_ns() // 1000
    order = {"orderId": order_id, "version": keep(order_id, items, now_us), "items": items, "toldAt": now_us}
    tell(order)
    return {"statusCode": 202, "body": json.dumps({"orderId": order_id, "version": order["version"]})}


def keep(order_id, items, now_us):
    """The number of this version of the order: 1 for a new one, and one more for each change."""
    kept = table.update_item(
        Key={"orderId": order_id},
        UpdateExpression="SET #items = :items, changedAt = :now ADD #version :one",
        ExpressionAttributeNames={"#items": "items", "#version": "version"},
        ExpressionAttributeValues={":items": items, ":now": now_us, ":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return int(kept["Attributes"]["version"])
