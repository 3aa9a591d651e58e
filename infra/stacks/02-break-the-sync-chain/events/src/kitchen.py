"""Puts a paid order on the kitchen's screens."""

import os

from partners import post
from progress import tell_customer


def handler(event, context):
    order = event["detail"]
    post(os.environ["KITCHEN_URL"], {"orderId": order["orderId"], "items": order["items"]}, order["orderId"])
    tell_customer(order["orderId"], "in the oven")
