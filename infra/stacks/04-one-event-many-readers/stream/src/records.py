"""The orders in a batch of records, whether it comes from a queue or from a stream."""

import base64
import json


def orders_in(event):
    for record in event["Records"]:
        yield json.loads(base64.b64decode(record["kinesis"]["data"]) if "kinesis" in record else record["body"])
