"""Takes an order over HTTP and walks it through every service before it answers."""

import json
import os
import uuid

import boto3
from next_service import call_next

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, context):
    order = json.loads(event["body"])
    order["orderId"] = str(uuid.uuid4())
    orders.put_item(Item={"orderId": order["orderId"], "items": order["items"], "status": "RECEIVED"})
    try:
        call_next(order)
    except Exception as error:
        print(json.dumps({"level": "ERROR", "orderId": order["orderId"], "error": str(error)}))
        set_status(order["orderId"], "FAILED")
        return {"statusCode": 502, "body": json.dumps({"message": "We could not take your order."})}
    set_status(order["orderId"], "CONFIRMED")
    return {"statusCode": 200, "body": json.dumps({"orderId": order["orderId"], "status": "CONFIRMED"})}


def set_status(order_id, status):
    orders.update_item(
        Key={"orderId": order_id},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": status},
    )
