"""Loyalty: a point for each euro of an order, by its newest version."""

import os

import boto3
from newest import keep_newest
from readings import done
from records import orders_in

points = boto3.resource("dynamodb").Table(os.environ["POINTS_TABLE"])


def handler(event, context):
    for order in orders_in(event):
        cents = sum(item["cents"] for item in order["items"])
        keep_newest(points, {"orderId": order["orderId"], "version": order["version"], "points": cents // 100})
        done("loyalty", order)
