import json

from charging import charge


def handler(event, context):
    for record in event["Records"]:
        charge(json.loads(record["body"]))
