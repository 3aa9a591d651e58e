"""Events on the bakery's bus."""

import json
import os

import boto3

bus = boto3.client("events")


class NotPublished(Exception):
    """The bus did not take an event."""


def publish(source, kind, detail):
    entry = {"EventBusName": os.environ["BUS"], "Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
    answer = bus.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise NotPublished(f"{kind}: {answer['Entries'][0].get('ErrorMessage')}")
