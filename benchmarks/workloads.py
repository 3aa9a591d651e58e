"""What the comparison has every emulator do, by AWS's APIs alone."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Clock = Callable[[], float]
_PATIENCE_S = 120

WORKFLOW = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 0, "Next": "Done"}],
            "Default": "A",
        },
        "A": {"Type": "Pass", "Parameters": {"n.$": "$.n", "text.$": "States.Format('{}', $.n)"}, "Next": "B"},
        "B": {"Type": "Pass", "Result": "kept", "ResultPath": "$.b", "Next": "C"},
        "C": {"Type": "Pass", "InputPath": "$.n", "ResultPath": "$.c", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}
ROLE = "arn:aws:iam::123456789012:role/states"


def table_of(client: Callable[[str], Any]) -> str:
    """A fresh table with one string key, `pk`."""
    client("dynamodb").create_table(
        TableName="calls", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    return "calls"


def put_items(client: Callable[[str], Any], count: int, clock: Clock = time.perf_counter) -> float:
    """DynamoDB puts a second, one after the other."""
    dynamodb, table = client("dynamodb"), table_of(client)
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "first"}})
    began = clock()
    for number in range(count):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": str(number)}, "text": {"S": "x" * 50}})
    return count / (clock() - began)


def pass_messages(client: Callable[[str], Any], count: int, clock: Clock = time.perf_counter) -> float:
    """SQS messages a second: sent, received and deleted, one after the other."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="calls")["QueueUrl"]
    began, left = clock(), count
    for number in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
    while left:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ())
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        left -= len(found)
    return count / (clock() - began)


def run_workflows(
    client: Callable[[str], Any], count: int, wait: Callable[[], None], clock: Clock = time.perf_counter
) -> float:
    """Executions a second of a workflow of five states, all started and then waited for; `wait` lets time pass."""
    states = client("stepfunctions")
    machine = states.create_state_machine(name="five", definition=json.dumps(WORKFLOW), roleArn=ROLE)["stateMachineArn"]
    began = clock()
    for number in range(count):
        states.start_execution(stateMachineArn=machine, name=f"run-{number}", input=json.dumps({"n": number}))
    while _running(states, machine):
        assert clock() - began < _PATIENCE_S, f"the executions were not done after {_PATIENCE_S} s"
        wait()
    return count / (clock() - began)


def _running(states: Any, machine: str) -> bool:
    return bool(states.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"])


def post_orders(
    url: str, numbers: Sequence[int], done: Callable[[], int], customers: int, clock: Clock = time.perf_counter
) -> float:
    """Orders a second over real HTTP by `customers` at once, from the first request until all of them are done."""
    lock, refused, count = threading.Lock(), [], len(numbers)

    def customer(number: int) -> None:
        body = {"orderId": f"order-{number:08d}", "number": number, "items": [{"sku": "croissant", "quantity": 2}]}
        request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            if answer.status != 202:
                with lock:
                    refused.append(answer.status)

    before, began = done(), clock()
    with ThreadPoolExecutor(customers) as pool:
        list(pool.map(customer, numbers))
    assert not refused, f"{len(refused)} orders were refused"
    while done() - before < count:
        assert clock() - began < _PATIENCE_S, f"{done() - before} of {count} orders were done after {_PATIENCE_S} s"
        time.sleep(0.2)
    return count / (clock() - began)
