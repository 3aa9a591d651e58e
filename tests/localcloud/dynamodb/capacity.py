"""Tables of a given capacity, and requests without the SDK's retries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ONCE = Config(retries={"total_max_attempts": 1})
NAME = "orders"


def table(cloud, *, reads=None, writes=None, by_state=None, **more):
    """A client that does not retry. `by_state` gives a global index on `state` with so many units of each kind."""
    client = cloud.client("dynamodb", config=ONCE)
    mode = {"BillingMode": "PAY_PER_REQUEST"} if writes is None else throughput(reads or 5, writes)
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    if by_state is not None:
        attributes.append({"AttributeName": "state", "AttributeType": "S"})
        index = {
            "IndexName": "by-state",
            "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        more["GlobalSecondaryIndexes"] = [{**index, **(throughput(by_state, by_state) if by_state else {})}]
    client.create_table(
        TableName=NAME, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=attributes,
        **{**mode, **more},
    )  # fmt: skip
    return client


def throughput(reads, writes):
    return {"ProvisionedThroughput": {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}}


def item(key="1", kb=1, **attributes):
    """An item of about so many write units."""
    text = {name: {"S": value} for name, value in attributes.items()}
    return {"id": {"S": key}, "text": {"S": "x" * (kb * 1_024 - 200)}, **text}


def put(client, key="1", kb=1, **attributes):
    return client.put_item(TableName=NAME, Item=item(key, kb, **attributes))


def let_in(client, count, keys=1, kb=1):
    """How many of so many puts in a row are let in; they go round so many keys."""
    passed = 0
    for number in range(count):
        try:
            put(client, str(number % keys), kb)
        except (
            client.exceptions.ProvisionedThroughputExceededException,
            client.exceptions.ThrottlingException,
        ):
            continue
        passed += 1
    return passed


def refusal(call):
    """(code, throttling reasons) of a call that is throttled."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    reasons = answer.get("ThrottlingReasons") or answer.get("throttlingReasons") or []
    return answer["Error"]["Code"], [(one["reason"], one["resource"].split(":")[-1]) for one in reasons]


def metric(cloud, name, statistic="Sum", **dimensions):
    """A statistic of a metric over all of its time."""
    given = [{"Name": key, "Value": value} for key, value in {"TableName": NAME, **dimensions}.items()]
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/DynamoDB", MetricName=name, Dimensions=given, StartTime=cloud.now - timedelta(hours=20),
        EndTime=cloud.now + timedelta(minutes=1), Period=86_400, Statistics=[statistic],
    )["Datapoints"]  # fmt: skip
    return sum(point[statistic] for point in found)
