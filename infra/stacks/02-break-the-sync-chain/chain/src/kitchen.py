"""Puts a ticket on the kitchen's screens, then hands the order to the notification service."""

import os

from next_service import call_next
from partners import post


def handler(order, context):
    ticket = {"orderId": order["orderId"], "items": order["items"]}
    order["ticket"] = post(os.environ["KITCHEN_URL"], ticket, order["orderId"])["reference"]
    return call_next(order)
