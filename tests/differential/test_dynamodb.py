"""Our keeping of DynamoDB's items answers as moto's own does, over many random calls."""

from __future__ import annotations

import random

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud import Cloud

TABLE = "diary"
KINDS = ["put"] * 4 + ["update", "query"] * 2 + ["get", "delete", "scan", "transact", "batch"]


def make_table(client):
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "who", "KeyType": "HASH"}, {"AttributeName": "day", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "who", "AttributeType": "S"},
            {"AttributeName": "day", "AttributeType": "N"},
            {"AttributeName": "mood", "AttributeType": "S"},
            {"AttributeName": "photo", "AttributeType": "B"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-mood",
                "KeySchema": [
                    {"AttributeName": "mood", "KeyType": "HASH"},
                    {"AttributeName": "day", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]},
            },
            {
                "IndexName": "by-photo",
                "KeySchema": [{"AttributeName": "photo", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "moods-of",
                "KeySchema": [
                    {"AttributeName": "who", "KeyType": "HASH"},
                    {"AttributeName": "mood", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


class Diarist:
    """Draws calls. Everything an item can hold occurs: nested values, sets, bytes, missing index keys."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def key(self):
        return {"who": {"S": self.rng.choice("abc")}, "day": {"N": str(self.rng.choice([-2, 1, 9, 10, 2.5, 100]))}}

    def item(self):
        rng = self.rng
        item = {**self.key(), "text": {"S": rng.choice(["", "rainé", "sun", "x" * 40])}}
        if rng.random() < 0.8:
            item["mood"] = {"S": rng.choice(["good", "bad", "goodish"])}
        if rng.random() < 0.5:
            item["photo"] = {"B": rng.choice([b"\x00", b"\xff\x01"])}
        if rng.random() < 0.5:
            item["tags"] = {"L": [{"S": "a"}, {"M": {"n": {"N": "1.5"}, "ok": {"BOOL": True}, "no": {"NULL": True}}}]}
        if rng.random() < 0.3:
            item["seen"] = {"N": str(rng.randrange(5))}
        return item

    def condition(self):
        """Extra parameters of a conditional write, or none."""
        return self.rng.choice(
            [
                {},
                {"ConditionExpression": "attribute_not_exists(who)"},
                {"ConditionExpression": "attribute_exists(#w)", "ExpressionAttributeNames": {"#w": "who"}},
                {
                    "ConditionExpression": "seen < :n OR begins_with(mood, :m)",
                    "ExpressionAttributeValues": {":n": {"N": "3"}, ":m": {"S": "good"}},
                },
            ]
        )

    def update(self):
        values = {":one": {"N": "1"}, ":mood": {"S": self.rng.choice(["good", "bad"])}}
        return self.rng.choice(
            [
                {"UpdateExpression": "ADD seen :one", "ExpressionAttributeValues": {":one": values[":one"]}},
                {"UpdateExpression": "SET mood = :mood", "ExpressionAttributeValues": {":mood": values[":mood"]}},
                {"UpdateExpression": "REMOVE mood, tags[0]"},
                {
                    "UpdateExpression": "SET seen = if_not_exists(seen, :one) + :one REMOVE photo",
                    "ExpressionAttributeValues": {":one": values[":one"]},
                },
                {"UpdateExpression": "SET text = missing"},
            ]
        )

    def search(self):
        rng = self.rng
        values = {":h": {"S": rng.choice("abcd")}, ":a": {"N": "1"}, ":b": {"N": "10"}}
        condition, index = rng.choice(
            [
                ("who = :h", None),
                ("who = :h AND #d BETWEEN :a AND :b", None),
                ("who = :h AND #d > :a", None),
                ("who = :h AND #d <= :b", None),
                ("who = :h AND #d = :a", None),
                ("mood = :g AND #d >= :a", "by-mood"),
                ("mood = :g", "by-mood"),
                ("photo = :p", "by-photo"),
                ("who = :h AND begins_with(mood, :g)", "moods-of"),
            ]
        )
        values |= {":g": {"S": rng.choice(["good", "bad"])}, ":p": {"B": b"\xff\x01"}}
        found = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {name: value for name, value in values.items() if name in condition},
            "ScanIndexForward": rng.random() < 0.5,
        }
        if "#d" in condition:
            found["ExpressionAttributeNames"] = {"#d": "day"}
        if index:
            found["IndexName"] = index
        return found

    def filter(self, call):
        if self.rng.random() < 0.4:
            call["FilterExpression"] = "attribute_exists(seen) AND NOT seen = :f"  # no key: such may not be filtered
            call["ExpressionAttributeValues"] = {**call.get("ExpressionAttributeValues", {}), ":f": {"N": "3"}}
        return call

    def transaction(self):
        rng = self.rng
        actions = []
        for _ in range(rng.randrange(1, 4)):
            kind = rng.choice(["Put", "Update", "Delete", "ConditionCheck"])
            action = {"TableName": TABLE, **self.condition()}
            if kind == "Put":
                action["Item"] = self.item()
            else:
                action["Key"] = self.key()
            if kind == "Update":
                action = {"TableName": TABLE, "Key": action["Key"], **self.update()}
            if kind == "ConditionCheck":
                action["ConditionExpression"] = "attribute_exists(who)"
                action.pop("ExpressionAttributeNames", None)
                action.pop("ExpressionAttributeValues", None)
            actions.append({kind: action})
        return {"TransactItems": actions}

    def calls(self, count):
        """(operation, parameters), many kinds in turn."""
        rng = self.rng
        for _ in range(count):
            kind = rng.choice(
                ["put"] * 4 + ["get", "update", "update", "delete", "query", "query", "scan", "transact", "batch"]
            )
            if kind == "put":
                returned = rng.choice(["NONE", "ALL_OLD"])
                yield "put_item", {"Item": self.item(), "ReturnValues": returned, **self.condition()}
            elif kind == "get":
                yield (
                    "get_item",
                    {"Key": self.key(), **rng.choice([{}, {"ProjectionExpression": "who, tags[0], seen"}])},
                )
            elif kind == "update":
                returned = rng.choice(["NONE", "ALL_NEW", "ALL_OLD", "UPDATED_NEW"])
                yield "update_item", {"Key": self.key(), "ReturnValues": returned, **self.update()}
            elif kind == "delete":
                yield "delete_item", {"Key": self.key(), "ReturnValues": "ALL_OLD", **self.condition()}
            elif kind == "query":
                yield "query", self.filter(self.search())
            elif kind == "scan":
                yield "scan", self.filter(rng.choice([{}, {"IndexName": "by-mood"}]))
            elif kind == "transact":
                yield "transact_write_items", self.transaction()
            else:
                keys = {repr(key): key for key in (self.key() for _ in range(3))}
                yield "batch_get_item", {"RequestItems": {TABLE: {"Keys": list(keys.values())}}}


def answers(seed, count):
    client = boto3.client("dynamodb", region_name="us-east-1")
    make_table(client)
    found = []
    for operation, parameters in Diarist(seed).calls(count):
        named = {} if operation.startswith(("transact", "batch")) else {"TableName": TABLE}
        try:
            answer = getattr(client, operation)(**named, **parameters)
            answer.pop("ResponseMetadata")
            answer.pop("ConsumedCapacity", None)
        except ClientError as exc:
            answer = {key: value for key, value in exc.response.items() if key != "ResponseMetadata"}
        found.append((operation, parameters, answer))
    found.append(("scan", {}, client.scan(TableName=TABLE)["Items"]))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_every_answer_and_the_table_in_the_end_are_those_of_plain_moto(seed):
    with mock_aws():
        stock = answers(seed, 250)
    with Cloud(seed=1):
        ours = answers(seed, 250)
    for expected, found in zip(stock, ours, strict=True):
        assert found == expected


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("index", [None, "by-mood", "moods-of"])
def test_pages_of_any_size_add_up_to_the_whole(cloud, index, forward):
    client = cloud.client("dynamodb")
    make_table(client)
    diarist = Diarist(3)
    for _ in range(60):
        client.put_item(TableName=TABLE, Item=diarist.item())
    call = {
        "TableName": TABLE,
        "KeyConditionExpression": "mood = :v" if index == "by-mood" else "who = :v",
        "ExpressionAttributeValues": {":v": {"S": "good" if index == "by-mood" else "a"}},
        "ScanIndexForward": forward,
        **({"IndexName": index} if index else {}),
    }
    whole = client.query(**call)["Items"]
    assert len(whole) > 3
    for size in (1, 2, len(whole), len(whole) + 1):
        pages = client.get_paginator("query").paginate(**call, PaginationConfig={"PageSize": size})
        assert [item for page in pages for item in page["Items"]] == whole
