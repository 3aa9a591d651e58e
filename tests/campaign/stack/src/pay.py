"""Charges each order of a batch once, whatever happens meanwhile, and reports those that it could not."""

import json
import os
import urllib.request

import boto3

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS"])


def charge(order):
    request = urllib.request.Request(
        os.environ["PAYMENT_URL"],
        data=json.dumps({"orderId": order["orderId"], "cents": order["cents"]}).encode(),
        headers={"content-type": "application/json", "idempotency-key": order["orderId"]},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())["reference"]


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            orders.update_item(
                Key={"orderId": order["orderId"]},
                UpdateExpression="SET #s = :paid, payment = :reference",
                ExpressionAttributeNames={"#s": "status"},
                ExpressionAttributeValues={":paid": "PAID", ":reference": charge(order)},
            )
        except Exception as error:  # noqa: BLE001 - one order must not stop the others
            print(json.dumps({"level": "ERROR", "error": str(error)}))
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
