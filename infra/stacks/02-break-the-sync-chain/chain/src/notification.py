"""Tells the customer, then hands the order to the analytics service."""

import os

from next_service import call_next
from partners import post


def handler(order, context):
    message = {"to": order["customer"], "text": f"Merci! Your order {order['orderId']} is in the oven."}
    post(os.environ["MESSAGING_URL"], message, order["orderId"])
    return call_next(order)
