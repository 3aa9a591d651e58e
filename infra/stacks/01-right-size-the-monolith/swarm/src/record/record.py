"""Keeps the sale, and tells the statistics."""

import os
import time

import boto3
from partners import post

sales = boto3.resource("dynamodb").Table(os.environ["SALES_TABLE"])


def handler(order, context):
    sales.put_item(Item={"month": time.strftime("%Y-%m"), "orderId": order["orderId"], "cents": order["cents"]})
    post(os.environ["ANALYTICS_URL"], {"orderId": order["orderId"], "cents": order["cents"]}, order["orderId"])
