"""Thanks the customer."""

import os

from message import message_for
from partners import post


def notify(order):
    post(os.environ["MESSAGING_URL"], {"to": order["customer"], "text": message_for(order)}, order["orderId"])
