"""A function behind a queue, to try settings with: it works on every message and says how long each had waited."""

import json
import os
import time

from partners import PartnerError, post


def handler(event, context):
    waited, refused, failed = [], 0, []
    for record in event["Records"]:
        waited.append(round(time.time() * 1000) - int(record["attributes"]["SentTimestamp"]))
        try:
            work(record["messageId"])
        except PartnerError:
            refused += 1
            failed.append({"itemIdentifier": record["messageId"]})
    print(json.dumps({"waitedMs": waited, "refused": refused}))
    return {"batchItemFailures": failed}


def work(name):
    """Take some time or, when there is none given, ask the payment provider."""
    seconds = float(os.environ["WORK_SECONDS"])
    if seconds:
        time.sleep(seconds)
    else:
        post(os.environ["PAYMENT_URL"], {"orderId": name, "cents": 100}, name)
