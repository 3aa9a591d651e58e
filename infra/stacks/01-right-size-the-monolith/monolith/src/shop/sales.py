"""Tells the statistics of a sale."""

import os

from partners import post


def record_sale(order):
    post(os.environ["ANALYTICS_URL"], {"orderId": order["orderId"], "cents": order["cents"]}, order["orderId"])
