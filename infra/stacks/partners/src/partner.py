"""A partner's endpoint: it takes its time and fails now and then, as its parameters say."""

import hashlib
import json
import math
import os
import random
import time


def handler(event, context):
    if os.environ.get("OUTAGE") == "on":
        return reply(503, {"error": "temporarily unavailable"})
    median_s = float(os.environ["SERVICE_MILLISECONDS"]) / 1000
    time.sleep(random.lognormvariate(math.log(median_s), float(os.environ["SPREAD"])))
    if random.random() * 100 < float(os.environ["ERROR_PERCENT"]):
        return reply(503, {"error": "temporarily unavailable"})
    # The same idempotency key gets the same reference: asking twice charges once.
    key = event["headers"].get("idempotency-key", context.aws_request_id)
    return reply(200, {"reference": hashlib.sha256(key.encode()).hexdigest()[:16]})


def reply(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
