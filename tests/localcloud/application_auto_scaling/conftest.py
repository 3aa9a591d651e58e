"""A provisioned table and an alias to scale."""

from __future__ import annotations

import json

import pytest

TABLE = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/orders",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}
ALIAS = {
    "ServiceNamespace": "lambda",
    "ResourceId": "function:shop:live",
    "ScalableDimension": "lambda:function:ProvisionedConcurrency",
}


@pytest.fixture
def scaling(cloud):
    return cloud.client("application-autoscaling")


@pytest.fixture
def units(cloud):
    """A provisioned table with an index; units() -> (its write units, those of the index)."""
    client, five = cloud.client("dynamodb"), {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "state")],
        ProvisionedThroughput=five,
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
                "ProvisionedThroughput": five,
            }
        ],
    )

    def read():
        found = client.describe_table(TableName="orders")["Table"]
        holders = (found, found["GlobalSecondaryIndexes"][0])
        return tuple(holder["ProvisionedThroughput"]["WriteCapacityUnits"] for holder in holders)

    return read


@pytest.fixture
def writes(cloud):
    """Write so many units a second for so many minutes, in the background: writes(10, 5)."""
    client = cloud.client("dynamodb")

    def write(per_second, minutes):
        item = {"id": {"S": "1"}, "text": {"S": "x" * (per_second * 1_024 - 100)}}

        def run():
            for _ in range(minutes * 60):
                cloud.kernel.sleep(1_000_000 - cloud.kernel.unix_us % 1_000_000)
                client.put_item(TableName="orders", Item=item)

        cloud.kernel.spawn(run)
        cloud.wait(minutes * 60)

    return write


@pytest.fixture
def provisioned(cloud, function):
    """A function with an alias; provisioned() -> its provisioned concurrency, None when it has none."""
    function("shop", "import time\ndef handler(event, context):\n    time.sleep(event['s'])", Timeout=60)
    client = cloud.client("lambda")
    version = client.publish_version(FunctionName="shop")["Version"]
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion=version)

    def read():
        try:
            found = client.get_provisioned_concurrency_config(FunctionName="shop", Qualifier="live")
        except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
            return None
        return found["RequestedProvisionedConcurrentExecutions"]

    return read


@pytest.fixture
def busy(cloud):
    """Keep so many environments busy for so many minutes: busy(4, 5)."""
    client = cloud.client("lambda")

    def run(count, minutes):
        def one():
            for _ in range(minutes * 3):
                client.invoke(FunctionName="shop", Qualifier="live", Payload=json.dumps({"s": 20}))

        for number in range(count):
            cloud.kernel.spawn(one, delay_us=number * 1_000_000)
        cloud.wait(minutes * 60)

    return run


@pytest.fixture
def activities(scaling):
    """activities(TABLE) -> [(description, status)], the oldest first."""

    def read(target):
        found = scaling.describe_scaling_activities(**target)["ScalingActivities"]
        return [(one["Description"], one["StatusCode"]) for one in reversed(found)]

    return read


def tracking(metric, target, **more):
    return {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": target, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}, **more,
        },
    }  # fmt: skip
