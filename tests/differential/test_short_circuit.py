"""The short circuit answers exactly as stock botocore does through moto's HTTP layer."""

from __future__ import annotations

import random

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from moto import mock_aws

from localcloud import Cloud
from localcloud.api import ApiError


@pytest.fixture(params=["stock", "short circuit"])
def account(request):
    """The same test on plain moto and in the local cloud."""
    if request.param == "stock":
        with mock_aws():
            yield
    else:
        with Cloud(seed=1):
            yield


def in_both(run):
    """What `run()` returns on plain moto and in the local cloud."""
    with mock_aws():
        stock = run()
    with Cloud(seed=1):
        ours = run()
    return stock, ours


def outcome(call):
    """A comparable answer: the result without its metadata, or the error's type, code and members."""
    try:
        answer = call()
    except ParamValidationError as exc:
        return "validation", str(exc)
    except ClientError as exc:
        response = {k: v for k, v in exc.response.items() if k != "ResponseMetadata"}
        return type(exc).__name__, response, exc.response["ResponseMetadata"]["HTTPStatusCode"]
    answer.pop("ResponseMetadata", None)
    answer.pop("ConsumedCapacity", None)  # moto reports constants
    return answer


def make_table(client):
    client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "status")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def random_dynamodb_calls(seed, count):
    """Calls as (method, parameters): right ones, failing conditions, wrong parameters, missing tables."""
    rng = random.Random(seed)
    for _ in range(count):
        key = {"pk": {"S": rng.choice("abc")}, "sk": {"S": str(rng.randrange(4))}}
        item = {**key, "n": {"N": str(rng.randrange(9))}, "status": {"S": rng.choice(["new", "paid"])}}
        names, values = {"#n": "n"}, {":one": {"N": "1"}}
        table = {"TableName": "orders" if rng.random() < 0.95 else "nowhere"}
        put = {**table, "Item": item}
        yield rng.choice(
            [
                ("put_item", put),
                ("put_item", {**put, "ConditionExpression": "attribute_not_exists(pk)"}),
                ("put_item", {**put, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}),
                ("put_item", {**table, "Item": {"pk": {"S": "x"}}}),
                ("put_item", {**table, "Item": {"pk": "not typed"}}),
                ("get_item", {**table, "Key": key}),
                ("get_item", {**table, "Key": key, "ProjectionExpression": "#n", "ExpressionAttributeNames": names}),
                (
                    "update_item",
                    {
                        **table, "Key": key, "UpdateExpression": "ADD #n :one", "ReturnValues": "ALL_NEW",
                        "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
                    },
                ),
                (
                    "update_item",
                    {
                        **table, "Key": key, "UpdateExpression": "SET #n = :one", "ConditionExpression": "#n > :one",
                        "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    },
                ),
                ("delete_item", {**table, "Key": key, "ReturnValues": "ALL_OLD"}),
                (
                    "query",
                    {
                        **table, "KeyConditionExpression": "pk = :p", "ScanIndexForward": False,
                        "ExpressionAttributeValues": {":p": key["pk"]},
                    },
                ),
                (
                    "query",
                    {
                        **table, "IndexName": "by-status", "KeyConditionExpression": "#s = :s",
                        "ExpressionAttributeNames": {"#s": "status"}, "ExpressionAttributeValues": {":s": {"S": "new"}},
                    },
                ),
                ("scan", table),
                (
                    "transact_write_items",
                    {
                        "TransactItems": [
                            {"Put": {**put, "ConditionExpression": "attribute_not_exists(pk)"}},
                            {"Delete": {"TableName": "orders", "Key": {"pk": {"S": "z"}, "sk": {"S": "0"}}}},
                        ]
                    },
                ),
                ("batch_get_item", {"RequestItems": {"orders": {"Keys": [key]}}}),
            ]
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_random_dynamodb_calls_answer_alike(seed):
    def run():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client)
        calls = random_dynamodb_calls(seed, 120)
        return [(name, outcome(lambda n=name, p=params: getattr(client, n)(**p))) for name, params in calls]

    stock, ours = in_both(run)
    assert ours == stock


def test_sqs_calls_answer_alike():
    def run():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        answers = [
            outcome(lambda: client.send_message(QueueUrl=url + "x", MessageBody="hello")),
            outcome(lambda: client.delete_message(QueueUrl=url, ReceiptHandle="wrong")),
            outcome(lambda: client.send_message(QueueUrl=url)),
        ]
        sent = client.send_message(
            QueueUrl=url, MessageBody="bread", MessageAttributes={"kind": {"DataType": "String", "StringValue": "loaf"}}
        )
        answer = client.receive_message(
            QueueUrl=url, MessageAttributeNames=["kind"], AttributeNames=["All"], WaitTimeSeconds=1
        )
        received = answer["Messages"][0]
        answers += [
            sent["MD5OfMessageBody"],
            sent["MD5OfMessageAttributes"],
            received["Body"],
            received["MessageAttributes"],
            sorted(received["Attributes"]),
            received["Attributes"]["ApproximateReceiveCount"],
            outcome(lambda: client.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])),
            outcome(lambda: client.receive_message(QueueUrl=url)),
        ]
        batch = client.send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"{n}"} for n in range(3)]
        )
        answers.append([entry["Id"] for entry in batch["Successful"]])
        return answers

    stock, ours = in_both(run)
    assert ours == stock


def test_the_resource_api_keeps_its_python_types(account):
    make_table(boto3.client("dynamodb", region_name="us-east-1"))
    table = boto3.resource("dynamodb", region_name="us-east-1").Table("orders")
    table.put_item(Item={"pk": "a", "sk": "1", "n": 3, "tags": {"x", "y"}})
    item = table.get_item(Key={"pk": "a", "sk": "1"})["Item"]
    assert item == {"pk": "a", "sk": "1", "n": 3, "tags": {"x", "y"}}
    assert table.query(KeyConditionExpression=Key("pk").eq("a"))["Count"] == 1


def test_a_modelled_exception_can_be_caught_by_its_class(account):
    client = boto3.client("dynamodb", region_name="us-east-1")
    make_table(client)
    put = {"TableName": "orders", "Item": {"pk": {"S": "a"}, "sk": {"S": "1"}}}
    client.put_item(**put)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(**put, ConditionExpression="attribute_not_exists(pk)")


def test_paginators_and_waiters_work(account):
    client = boto3.client("dynamodb", region_name="us-east-1")
    make_table(client)
    client.get_waiter("table_exists").wait(TableName="orders")
    for number in range(5):
        client.put_item(TableName="orders", Item={"pk": {"S": "a"}, "sk": {"S": str(number)}})
    pages = client.get_paginator("query").paginate(
        TableName="orders",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "a"}},
        PaginationConfig={"PageSize": 2},
    )
    assert [page["Count"] for page in pages] == [2, 2, 1]


def test_event_hooks_of_the_user_are_called(account):
    client = boto3.client("dynamodb", region_name="us-east-1", config=Config(user_agent_extra="hooks"))
    make_table(client)
    seen = []

    def add_condition(params, **_):
        params["ConditionExpression"] = "attribute_not_exists(pk)"

    client.meta.events.register("provide-client-params.dynamodb.PutItem", add_condition)
    client.meta.events.register("after-call.dynamodb.PutItem", lambda parsed, **_: seen.append("Error" in parsed))
    put = {"TableName": "orders", "Item": {"pk": {"S": "a"}, "sk": {"S": "1"}}}
    client.put_item(**put)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(**put)
    assert seen == [False, True]


def test_a_throttled_call_is_retried_by_the_sdks_own_policy_in_virtual_time(cloud):
    client = cloud.client("dynamodb", config=Config(retries={"mode": "standard", "total_max_attempts": 3}))
    failures = [2]

    def answer(call):
        if failures[0]:
            failures[0] -= 1
            raise ApiError("ThrottlingException", "Rate exceeded", 400)
        return {"Item": {"pk": {"S": call.resource}}}

    cloud.api.register("dynamodb", "GetItem", answer)
    got = client.get_item(TableName="orders", Key={"pk": {"S": "a"}})
    assert got["Item"] == {"pk": {"S": "orders"}}
    assert got["ResponseMetadata"]["RetryAttempts"] == 2
    assert cloud.kernel.now_us > 0
    failures[0] = 3
    with pytest.raises(ClientError, match=r"ThrottlingException.*reached max retries: 2"):
        client.get_item(TableName="orders", Key={"pk": {"S": "a"}})
