import json

from charging import charge


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            charge(json.loads(record["body"]))
        except Exception:  # noqa: BLE001 - whatever it was, this message comes back alone
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
