"""Sends a message."""

import os

from partners import post


def handler(message, context):
    post(os.environ["MESSAGING_URL"], {"to": message["to"], "text": message["text"]}, message["orderId"])
