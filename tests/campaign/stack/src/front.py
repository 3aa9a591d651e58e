"""Keeps an order, tells the bus, and only then says that it is accepted."""

import json
import os

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS"])
events = boto3.client("events")


def handler(event, context):
    order = json.loads(event["body"])
    orders.put_item(Item={"orderId": order["orderId"], "cents": order["cents"], "status": "RECEIVED"})
    entry = {
        "EventBusName": os.environ["BUS"],
        "Source": "shop",
        "DetailType": "OrderPlaced",
        "Detail": json.dumps(order),
    }
    answer = events.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise RuntimeError(answer["Entries"][0]["ErrorMessage"])
    return {"statusCode": 202, "body": json.dumps({"orderId": order["orderId"]})}
