"""Finds the words for the customer, and has them sent."""

import json
import os

import boto3
from message import message_for

functions = boto3.client("lambda")


class NotSent(Exception):
    """The function that sends messages raised."""


def handler(order, context):
    message = {"orderId": order["orderId"], "to": order["customer"], "text": message_for(order)}
    reply = functions.invoke(FunctionName=os.environ["STEP_SEND"], Payload=json.dumps(message))
    if "FunctionError" in reply:
        raise NotSent(order["orderId"])
