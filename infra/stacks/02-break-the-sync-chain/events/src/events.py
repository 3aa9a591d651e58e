"""Events on the bakery's bus, and progress for the customer."""

import json
import os
import urllib.request

import boto3

bus = boto3.client("events")


class NotPublished(Exception):
    """The bus did not take an event."""


def publish(source, kind, detail):
    entry = {"EventBusName": os.environ["BUS"], "Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
    answer = bus.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise NotPublished(f"{kind}: {answer['Entries'][0].get('ErrorMessage')}")


def tell_customer(order_id, status):
    """Best effort: an order never fails because its progress could not be shown."""
    message = {"channel": f"/orders/{order_id}", "events": [json.dumps({"orderId": order_id, "status": status})]}
    request = urllib.request.Request(
        os.environ["PROGRESS_URL"],
        data=json.dumps(message).encode(),
        headers={"content-type": "application/json", "x-api-key": os.environ["PROGRESS_KEY"]},
        method="POST",
    )
    try:
        urllib.request.urlopen(request, timeout=2).close()
    except OSError as error:
        print(json.dumps({"level": "WARNING", "orderId": order_id, "progress": str(error)}))
