"""Tells the teams of an order: a bus has a rule for each of them, and an archive."""

import json
import os

import boto3

events = boto3.client("events")


def tell(order):
    entry = {
        "Source": "bakery.orders",
        "DetailType": "OrderChanged" if order["version"] > 1 else "OrderPlaced",
        "Detail": json.dumps(order),
        "EventBusName": os.environ["BUS"],
    }
    answer = events.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise RuntimeError(answer["Entries"][0]["ErrorMessage"])
