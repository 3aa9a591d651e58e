"""Thanks the customer of an order that is paid."""

import os

from message import message_for
from partners import post


def handler(order, context):
    post(os.environ["MESSAGING_URL"], {"to": order["customer"], "text": message_for(order)}, order["orderId"])
