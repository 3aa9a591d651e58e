"""The flour forecast, a team that is new: how many kinds of things an order wants, by its newest version."""

import os

import boto3
from newest import keep_newest
from readings import done
from records import orders_in

flour = boto3.resource("dynamodb").Table(os.environ["FLOUR_TABLE"])


def handler(event, context):
    for order in orders_in(event):
        keep_newest(flour, {"orderId": order["orderId"], "version": order["version"], "kinds": len(order["items"])})
        done("forecast", order)
