"""On-demand tables: what they start with, how they grow, hot keys, maximum throughput, switching modes."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.dynamodb.capacity import NAME, let_in, metric, put, refusal, table, throughput


@pytest.fixture
def burst(cloud):
    """burst(client, 4_000) -> how many units are let in within one second, over many partition keys."""

    def write(client, units):
        def one(number):
            try:
                put(client, str(number), kb=400)
            except client.exceptions.ThrottlingException:
                return 0
            return 400

        cloud.wait(1 - cloud.kernel.unix_us % 1_000_000 / 1e6 + 1e-6)
        tasks = [cloud.kernel.spawn(one, number) for number in range(units // 400)]
        cloud.wait(0.5)
        return sum(task.result() for task in tasks)

    return write


def test_a_new_table_takes_four_thousand_writes_a_second(cloud, burst):
    client = table(cloud)
    assert burst(client, 4_000) == 4_000
    code, reasons = refusal(lambda: put(client, "another"))
    assert code == "ThrottlingException"
    assert reasons == [("TableWriteKeyRangeThroughputExceeded", "table/orders")]
    assert burst(client, 8_000) == 4_000


def test_half_an_hour_after_a_peak_it_takes_twice_as_much(cloud, burst):
    client = table(cloud)
    assert burst(client, 4_000) == 4_000
    cloud.wait(900)
    assert burst(client, 8_000) == 4_000
    cloud.wait(1_000)
    assert burst(client, 16_000) == 8_000
    assert client.describe_table(TableName=NAME)["Table"]["WarmThroughput"]["WriteUnitsPerSecond"] == 8_000


def test_warm_throughput_can_be_asked_for(cloud, burst):
    client = table(cloud, WarmThroughput={"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 6_000})
    assert burst(client, 10_000) == 6_000


def test_a_hot_key_is_throttled_however_much_the_table_takes(cloud):
    client = table(cloud, WarmThroughput={"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 20_000})
    tasks = [cloud.kernel.spawn(let_in, client, 1, 1, 100) for _ in range(30)]
    cloud.wait(0.5)
    assert sum(task.result() for task in tasks) == 10  # of 100 units each
    code, reasons = refusal(lambda: put(client, "0"))
    assert (code, reasons[0][0]) == ("ThrottlingException", "TableWriteKeyRangeThroughputExceeded")
    put(client, "cool")
    assert metric(cloud, "WriteKeyRangeThroughputThrottleEvents") == 21


def test_a_hot_key_of_an_index_holds_back_its_table(cloud):
    client = table(cloud, by_state=0)
    for number in range(3):
        put(client, str(number), kb=350, state="NEW")
    code, reasons = refusal(lambda: put(client, "3", state="NEW"))
    assert (code, reasons[0][0]) == ("ThrottlingException", "IndexWriteKeyRangeThroughputExceeded")
    put(client, "3", state="PAID")


def test_the_owner_can_set_a_maximum(cloud):
    client = table(cloud, OnDemandThroughput={"MaxWriteRequestUnits": 10})
    assert client.describe_table(TableName=NAME)["Table"]["OnDemandThroughput"] == {"MaxWriteRequestUnits": 10}
    assert let_in(client, 30) == 10
    code, reasons = refusal(lambda: put(client))
    assert (code, reasons[0][0]) == ("ThrottlingException", "TableWriteMaxOnDemandThroughputExceeded")
    client.update_table(TableName=NAME, OnDemandThroughput={"MaxWriteRequestUnits": -1})
    assert let_in(client, 30) == 30


def test_a_table_can_be_switched_to_on_demand_mode_and_back(cloud, burst):
    client = table(cloud, writes=5)
    client.update_table(TableName=NAME, BillingMode="PAY_PER_REQUEST")
    cloud.wait(60)
    described = client.describe_table(TableName=NAME)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert burst(client, 8_000) == 4_000
    with pytest.raises(ClientError, match="must both be specified when BillingMode is PROVISIONED"):
        client.update_table(TableName=NAME, BillingMode="PROVISIONED")
    client.update_table(TableName=NAME, BillingMode="PROVISIONED", **throughput(5, 5))
    cloud.wait(31)
    assert let_in(client, 100) < 30


def test_four_switches_to_on_demand_mode_a_day_are_enough(cloud):
    client = table(cloud, writes=5)
    for _ in range(4):
        client.update_table(TableName=NAME, BillingMode="PAY_PER_REQUEST")
        cloud.wait(60)
        client.update_table(TableName=NAME, BillingMode="PROVISIONED", **throughput(5, 5))
        cloud.wait(60)
    with pytest.raises(ClientError, match="limited to 4 times in 24 hours"):
        client.update_table(TableName=NAME, BillingMode="PAY_PER_REQUEST")
    cloud.wait(86_400)
    client.update_table(TableName=NAME, BillingMode="PAY_PER_REQUEST")


def test_a_template_changes_the_capacity_of_a_table_and_its_index(cloud):
    def template(units):
        properties = {
            "TableName": NAME, **throughput(units, units),
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("id", "state")
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-state", "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"}, **throughput(units, units),
                }
            ],
        }  # fmt: skip
        return str({"Resources": {"Orders": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}})

    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName="shop", TemplateBody=template(5))
    stacks.get_waiter("stack_create_complete").wait(StackName="shop")
    stacks.update_stack(StackName="shop", TemplateBody=template(8))
    stacks.get_waiter("stack_update_complete").wait(StackName="shop")
    described = cloud.client("dynamodb").describe_table(TableName=NAME)["Table"]
    assert described["ProvisionedThroughput"]["WriteCapacityUnits"] == 8
    assert described["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 8
