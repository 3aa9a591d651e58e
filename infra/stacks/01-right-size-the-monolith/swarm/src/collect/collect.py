"""Collects the month's sales and has them laid out."""

import json
import os

import boto3
from facts import sales

functions = boto3.client("lambda")


def handler(event, context):
    found = [{"orderId": sale["orderId"], "cents": int(sale["cents"])} for sale in sales()]
    reply = functions.invoke(FunctionName=os.environ["STEP_RENDER"], Payload=json.dumps(found))
    if "FunctionError" in reply:
        return {"statusCode": 502, "body": json.dumps({"message": "The report could not be laid out."})}
    cents = sum(sale["cents"] for sale in found)
    report = {"orders": len(found), "cents": cents, "pages": json.load(reply["Payload"])}
    return {"statusCode": 200, "body": json.dumps(report)}
