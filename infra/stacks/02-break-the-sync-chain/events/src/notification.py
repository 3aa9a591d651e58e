"""Tells the customer by text message that the order is paid."""

import os

from partners import post


def handler(event, context):
    order = event["detail"]
    message = {"to": order["customer"], "text": f"Merci! Your order {order['orderId']} is in the oven."}
    post(os.environ["MESSAGING_URL"], message, order["orderId"])
