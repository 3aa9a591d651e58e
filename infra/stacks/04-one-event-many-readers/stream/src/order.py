"""Takes orders and changes of orders: keeps the order, tells the teams, answers."""

import json
import os
import time
import uuid

import boto3
from tell import tell

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, context):
    wanted = json.loads(event["body"])
    order = {
        "orderId": (event.get("pathParameters") or {}).get("orderId") or str(uuid.uuid4()),
        "version": wanted.get("version", 1),  # the customer's page numbers the changes of its order
        "items": wanted["items"],
        "toldAt": time.time_ns() // 1000,
    }
    table.put_item(Item=order)
    tell(order)
    return {"statusCode": 202, "body": json.dumps({"orderId": order["orderId"], "version": order["version"]})}
