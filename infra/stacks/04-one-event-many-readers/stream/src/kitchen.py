"""The kitchen: each version of an order goes onto the screens. What comes last stays on them."""

import os

import boto3
from partners import post
from readings import done
from records import orders_in

screens = boto3.resource("dynamodb").Table(os.environ["SCREENS_TABLE"])


def handler(event, context):
    for order in orders_in(event):
        show(order)
        done("kitchen", order)


def show(order):
    pieces = sum(int(item["quantity"]) for item in order["items"])
    ticket = {"orderId": order["orderId"], "pieces": pieces}
    post(os.environ["KITCHEN_URL"], ticket, f"{order['orderId']}/{order['version']}")
    screens.put_item(Item={**ticket, "version": order["version"]})
