"""Reminds Amélie to thank a customer in person. She does that for every order of 30 EUR or more."""

import json
import os

from partners import post

FROM_CENTS = 3_000


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["totalCents"] >= FROM_CENTS:
            text = f"Please thank {order.get('customer', 'a guest')} for {order['totalCents'] / 100:.2f} EUR."
            post(os.environ["MESSAGING_URL"], {"to": "amelie", "text": text}, order["orderId"])
