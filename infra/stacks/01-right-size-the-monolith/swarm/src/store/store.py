"""Keeps the order."""

import os

import boto3
from stored import item_of

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(order, context):
    orders.put_item(Item=item_of(order, order["payment"]))
    return order
