"""A small rush on the simulated account; prints the digest of everything it left behind."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

from localcloud import Cloud

HANDLER = """
import json, os, random, uuid
from concurrent.futures import ThreadPoolExecutor
import boto3

table = boto3.resource("dynamodb").Table("orders")

def handler(event, context):
    order = str(uuid.uuid4())
    table.put_item(Item={"pk": order, "seats": random.randrange(9)}, ConditionExpression="attribute_not_exists(pk)")
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: table.get_item(Key={"pk": order})["Item"]["seats"], range(3)))
    print(json.dumps({"order": order, "seats": [int(n) for n in found]}))
    if event["number"] % 7 == 0:
        raise ValueError("burnt")
    return {order, "x"} if event["number"] % 10 == 0 else order
"""


def main() -> None:
    with Cloud(seed=42) as cloud:
        role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        cloud.client("dynamodb").create_table(
            TableName="orders", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )  # fmt: skip
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), HANDLER)
        lambda_ = cloud.client("lambda")
        lambda_.create_function(
            FunctionName="shop", Code={"ZipFile": code.getvalue()}, Handler="app.handler", Runtime="python3.13",
            Role=role,
        )  # fmt: skip

        def customer(number: int) -> bytes:
            response = lambda_.invoke(FunctionName="shop", Payload=json.dumps({"number": number}))
            answer: bytes = response["Payload"].read()
            return answer

        arrivals = cloud.kernel.streams["arrivals"]
        tasks = [cloud.kernel.spawn(customer, n, delay_us=arrivals.randrange(2_000_000)) for n in range(60)]
        cloud.kernel.run()
        answers = [task.result().decode() for task in tasks]
        items = cloud.client("dynamodb").scan(TableName="orders")["Items"]
        events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/shop")["events"]
        lines = [(event["timestamp"], event["message"]) for event in events]
        everything = [answers, sorted(json.dumps(item, sort_keys=True) for item in items), lines, cloud.kernel.now_us]
    print(hashlib.sha256(json.dumps(everything).encode()).hexdigest())


if __name__ == "__main__":
    main()
