import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
bus = boto3.client("events")


def handler(event, context):
    order = json.loads(event["body"])
    item = {"orderId": order["orderId"], "items": order["items"], "status": "RECEIVED"}
    table.put_item(Item=item, ConditionExpression="attribute_not_exists(orderId)")
    entry = {
        "EventBusName": os.environ["BUS"],
        "Source": "shop",
        "DetailType": "OrderPlaced",
        "Detail": json.dumps(order),
    }
    bus.put_events(Entries=[entry])
    return {"statusCode": 202, "body": json.dumps({"orderId": order["orderId"]})}
