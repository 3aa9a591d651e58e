"""Handlers that behave, and misbehave, in the ways that are compared."""

import json
import os
import sys
import time

import boto3


def echo(event, context):
    """Over HTTP: what came in, or one of the answers that a handler may give."""
    name = (event.get("pathParameters") or {}).get("name")
    if name == "text":
        return "hello"
    if name == "object":
        return {"hello": "there"}
    if name == "teapot":
        return {"statusCode": 418, "headers": {"X-Kind": "teapot"}, "body": "short and stout"}
    if name == "broken":
        raise ValueError("no answer")
    if name == "event":
        return {"statusCode": 200, "body": json.dumps({"event": event, "method": event["requestContext"]["http"]})}
    return event


def fail(event, context):
    """Invoked directly: each way to fail."""
    how = event["how"]
    if how == "raise":
        raise KeyError("flour")
    if how == "exit":
        sys.exit(3)
    if how == "sleep":
        time.sleep(3)
    if how == "unserialisable":
        return {1, 2}
    if how == "context":
        return {
            "remaining": 0 < context.get_remaining_time_in_millis() <= 1000,
            "memory": context.memory_limit_in_mb,
            "name": context.function_name == os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "version": context.function_version,
            "region": os.environ["AWS_REGION"],
            "id": len(context.aws_request_id),
        }
    return {"how": how}


def work(event, context):
    """From the queue: the good are kept, the bad are reported."""
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    failed = []
    for record in event["Records"]:
        if record["body"].startswith("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        shape = {
            "record": sorted(record),
            "attributes": sorted(record["attributes"]),
            "source": record["eventSource"],
            "message_attributes": record["messageAttributes"],
        }
        table.put_item(Item={"pk": "worked", "sk": record["body"], "shape": json.dumps(shape, sort_keys=True)})
    return {"batchItemFailures": failed}


def read(event, context):
    """From the stream."""
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    for record in event["Records"]:
        shape = {
            "record": sorted(record),
            "kinesis": sorted(record["kinesis"]),
            "key": record["kinesis"]["partitionKey"],
            "data": record["kinesis"]["data"],
            "name": record["eventName"],
            "source": record["eventSource"],
        }
        table.put_item(
            Item={"pk": "read", "sk": record["kinesis"]["data"], "shape": json.dumps(shape, sort_keys=True)}
        )
