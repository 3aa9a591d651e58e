"""A table of orders by customer, with one index that holds little."""

from __future__ import annotations

import pytest

TABLE = "orders"


@pytest.fixture
def orders(cloud):
    """Its client. Keys are customer and number; `by-state` is sparse and holds keys and amounts."""
    client = cloud.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "state", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["amount"]},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return client


@pytest.fixture
def streamed(cloud, orders):
    """The changes in the table's stream: [(event name, new image)]."""
    arn = orders.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]

    def read():
        _, log = cloud.dynamodb_streams.shard(arn)
        entries = [log.at(position) for position in range(log.start, log.end)]
        return [(entry.data.name, entry.data.new_image) for entry in entries]

    return read


@pytest.fixture
def put(orders):
    """put("amélie", 1, state="NEW") writes an order; `size` fills it up to about that many bytes."""

    def write(customer, number, size=0, **attributes):
        item = {"customer": {"S": customer}, "number": {"N": str(number)}, "text": {"S": "x" * size}}
        item |= {name: {"S": value} for name, value in attributes.items()}
        return orders.put_item(TableName=TABLE, Item=item, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]

    return write


def key(customer, number):
    return {"customer": {"S": customer}, "number": {"N": str(number)}}
