"""Charges the customer, then hands the order to the inventory service."""

import os

from next_service import call_next
from partners import post


def handler(order, context):
    charge = {"orderId": order["orderId"], "cents": sum(item["cents"] * item["quantity"] for item in order["items"])}
    order["payment"] = post(os.environ["PAYMENT_URL"], charge, order["orderId"])["reference"]
    return call_next(order)
