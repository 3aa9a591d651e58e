"""Books the items of a paid order out of stock."""

import os

import boto3
from workload import compute

stock = boto3.resource("dynamodb").Table(os.environ["STOCK_TABLE"])


def handler(event, context):
    compute(200)  # works out which oven batch serves each item
    for item in event["detail"]["items"]:
        stock.update_item(
            Key={"sku": item["sku"]},
            UpdateExpression="ADD sold :quantity",
            ExpressionAttributeValues={":quantity": item["quantity"]},
        )
