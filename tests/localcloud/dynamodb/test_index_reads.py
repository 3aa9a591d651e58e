"""Reads of indexes that hold a part of each item.

Sources: the DynamoDB developer guide on local and global secondary indexes, attribute projections.
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

TABLE = "orders"
KEY = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["amount"]}


@pytest.fixture
def orders(cloud):
    """A table with one index of each kind, which hold keys and amounts, and one order with a note of 5,000 bytes."""
    client = cloud.client("dynamodb")
    kinds = {"customer": "S", "number": "N", "state": "S"}
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        LocalSecondaryIndexes=[
            {
                "IndexName": "local",
                "KeySchema": [
                    {"AttributeName": "customer", "KeyType": "HASH"},
                    {"AttributeName": "state", "KeyType": "RANGE"},
                ],
                "Projection": KEY,
            }
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "global",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": KEY,
            }
        ],
    )
    for number in (1, 2):
        client.put_item(
            TableName=TABLE,
            Item={
                "customer": {"S": "amélie"}, "number": {"N": str(number)}, "state": {"S": "NEW"}, "amount": {"N": "9"},
                "note": {"S": "x" * 5_000}, "gift": {"BOOL": True},
            },
        )  # fmt: skip
    return client


@pytest.fixture
def query(orders):
    def call(index, **more):
        name, value = ("customer", "amélie") if index == "local" else ("state", "NEW")
        answer = orders.query(
            TableName=TABLE, IndexName=index, KeyConditionExpression="#k = :k",
            ExpressionAttributeNames={"#k": name}, ExpressionAttributeValues={":k": {"S": value}},
            ReturnConsumedCapacity="INDEXES", **more,
        )  # fmt: skip
        shares = answer["ConsumedCapacity"]
        of_index = [part["CapacityUnits"] for kind in ("Local", "Global")
                    for part in shares.get(f"{kind}SecondaryIndexes", {}).values()]  # fmt: skip
        of_table = shares.get("Table", {}).get("CapacityUnits", 0)
        return [sorted(item) for item in answer["Items"]], of_index, of_table

    return call


HELD = ["amount", "customer", "number", "state"]
EVERYTHING = ["amount", "customer", "gift", "note", "number", "state"]


@pytest.mark.parametrize("index", ["local", "global"])
def test_an_index_gives_what_it_holds(query, index):
    assert query(index) == ([HELD] * 2, [0.5], 0)
    assert query(index, ProjectionExpression="amount") == ([["amount"]] * 2, [0.5], 0)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"Select": "ALL_ATTRIBUTES"}, EVERYTHING),
        ({"ProjectionExpression": "gift"}, ["gift"]),
        ({"ProjectionExpression": "amount, gift"}, ["amount", "gift"]),
    ],
)
def test_what_a_local_index_does_not_hold_is_fetched_item_by_item_from_the_table(query, more, found):
    assert query("local", **more) == ([found] * 2, [0.5], 2.0)  # each item of 5 KB is a unit of its own
    assert query("local", ConsistentRead=True, **more) == ([found] * 2, [1.0], 4.0)


def test_a_scan_of_a_local_index_fetches_too(orders):
    found = orders.scan(TableName=TABLE, IndexName="local", Select="ALL_ATTRIBUTES")
    assert [sorted(item) for item in found["Items"]] == [EVERYTHING] * 2
    assert [sorted(item) for item in orders.scan(TableName=TABLE, IndexName="local")["Items"]] == [HELD] * 2


@pytest.mark.parametrize("path", ["gift", "amount, gift", "gift.wrapped"])
def test_a_global_index_gives_nothing_that_it_does_not_hold(orders, query, path):
    message = r"ValidationException.*Global secondary index global does not project \[gift\]"
    with pytest.raises(ClientError, match=message):
        query("global", ProjectionExpression=path)
    with pytest.raises(ClientError, match=message):
        orders.scan(TableName=TABLE, IndexName="global", ProjectionExpression=path)
