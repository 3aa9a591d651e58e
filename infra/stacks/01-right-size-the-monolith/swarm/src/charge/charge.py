"""Charges the customer."""

import os

from partners import post


def handler(order, context):
    charge = {"orderId": order["orderId"], "cents": order["cents"]}
    return {**order, "payment": post(os.environ["PAYMENT_URL"], charge, order["orderId"])["reference"]}
