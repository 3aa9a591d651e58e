"""What the order service needs: the order in a request, the table, an answer."""

import json
import os
import uuid

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def read_order(event):
    """The order in a request, with an id of its own."""
    return {**json.loads(event["body"]), "orderId": str(uuid.uuid4())}


def store(order, status="RECEIVED"):
    """Keep a new order. It is never stored twice."""
    table.put_item(
        Item={"orderId": order["orderId"], "items": order["items"], "status": status},
        ConditionExpression="attribute_not_exists(orderId)",
    )


def answer(status_code, order, status):
    """An HTTP response about an order."""
    return {"statusCode": status_code, "body": json.dumps({"orderId": order["orderId"], "status": status})}
