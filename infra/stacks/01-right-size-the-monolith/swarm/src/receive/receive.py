"""Takes an order over HTTP and asks one small function after the other."""

import json
import os
import uuid

import boto3

functions = boto3.client("lambda")


def handler(event, context):
    order = {**json.loads(event["body"]), "orderId": str(uuid.uuid4())}
    try:
        for step in ("VALIDATE", "OPENING", "PRICE", "DISCOUNT", "CHARGE", "STORE"):
            order = ask(step, order)
    except StepFailed as error:
        print(json.dumps({"level": "ERROR", "orderId": order["orderId"], "error": str(error)}))
        return answer(502, {"message": "We could not take your order."})
    for step in ("GREET", "RECORD"):
        name = os.environ[f"HAND_OVER_{step}"]
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(order))
    return answer(201, {"orderId": order["orderId"], "status": "CONFIRMED"})


class StepFailed(Exception):
    """One of the small functions raised."""


def ask(step, order):
    reply = functions.invoke(FunctionName=os.environ[f"STEP_{step}"], Payload=json.dumps(order))
    found = json.load(reply["Payload"])
    if "FunctionError" in reply:
        raise StepFailed(f"{step.lower()}: {found['errorMessage']}")
    return found


def answer(status, body):
    return {"statusCode": status, "body": json.dumps(body)}
