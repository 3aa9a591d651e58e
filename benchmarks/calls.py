"""Microseconds of CPU per boto3 call: the short circuit beside stock botocore and moto, in one run.

python benchmarks/calls.py [--calls N] [--json]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import boto3
from moto import mock_aws

from localcloud import Cloud

REGION = "us-east-1"


def operations() -> dict[str, Callable[[int], Any]]:
    """One table, one queue, and a call of each kind by its number."""
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    dynamodb.create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]

    def item(number: int) -> dict[str, Any]:
        return {"pk": {"S": str(number)}, **{name: {"S": "x"} for name in "abcd"}}

    return {
        "put_item": lambda n: dynamodb.put_item(TableName="orders", Item=item(n)),
        "get_item": lambda n: dynamodb.get_item(TableName="orders", Key={"pk": {"S": str(n)}}),
        "send_message": lambda n: sqs.send_message(QueueUrl=url, MessageBody=str(n)),
    }


# The clock is a default argument: a cloud replaces clocks that modules hold by name.
def medians_us(calls: int, cpu_ns: Callable[[], int] = time.process_time_ns) -> dict[str, float]:
    """Median CPU microseconds by operation."""
    result = {}
    for name, call in operations().items():
        call(0)
        taken = []
        for number in range(calls):
            started = cpu_ns()
            call(number)
            taken.append((cpu_ns() - started) / 1_000)
        result[name] = round(statistics.median(taken), 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with mock_aws():
        stock = medians_us(options.calls)
    with Cloud(seed=1) as cloud:
        short = cloud.kernel.call(medians_us, options.calls)
    rows = {name: {"stock_us": stock[name], "short_circuit_us": short[name]} for name in stock}
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    if options.json:
        print(json.dumps({"machine": machine, "calls": options.calls, "operations": rows}))
        return
    print(f"{options.calls} calls each, median CPU time, {machine}")
    for name, row in rows.items():
        ratio = row["stock_us"] / row["short_circuit_us"]
        stock_us, short_us = row["stock_us"], row["short_circuit_us"]
        print(f"{name:14} stock {stock_us:8.1f} us   short circuit {short_us:7.1f} us   {ratio:5.1f}x")


if __name__ == "__main__":
    main()
