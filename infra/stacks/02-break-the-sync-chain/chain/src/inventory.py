"""Books the items out of stock, then hands the order to the kitchen service."""

import os

import boto3
from next_service import call_next
from workload import compute

stock = boto3.resource("dynamodb").Table(os.environ["STOCK_TABLE"])


def handler(order, context):
    compute(200)  # works out which oven batch serves each item
    for item in order["items"]:
        stock.update_item(
            Key={"sku": item["sku"]},
            UpdateExpression="ADD sold :quantity",
            ExpressionAttributeValues={":quantity": item["quantity"]},
        )
    return call_next(order)
