"""Provisioned tables: burst, back-pressure of indexes, what is throttled and how it is told."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from tests.localcloud.dynamodb.capacity import NAME, item, let_in, metric, put, refusal, table, throughput


def test_a_table_takes_what_is_provisioned_and_tells_why_it_takes_no_more(cloud):
    client = table(cloud, writes=5)
    assert 5 <= let_in(client, 20) <= 7
    code, reasons = refusal(lambda: put(client))
    assert code == "ProvisionedThroughputExceededException"
    assert reasons == [("TableWriteProvisionedThroughputExceeded", "table/orders")]
    cloud.wait(1)
    assert 5 <= let_in(client, 20) <= 7


def test_five_minutes_of_unused_capacity_are_kept_for_a_burst(cloud):
    client = table(cloud, writes=10)
    cloud.wait(60)
    assert 6 <= let_in(client, 40, keys=40, kb=100) <= 8  # 610 units, the last request may take more
    cloud.wait(3_600)
    assert 30 <= let_in(client, 40, keys=40, kb=100) <= 32  # an hour unused gives no more than five minutes


def test_reads_are_throttled_by_what_they_read(cloud):
    client = table(cloud, reads=1, writes=1_000)
    put(client, kb=300)
    key = {"id": {"S": "1"}}
    client.get_item(TableName=NAME, Key=key)  # its size is known only when it is read: it goes into debt
    code, reasons = refusal(lambda: client.get_item(TableName=NAME, Key=key))
    assert (code, reasons[0][0]) == (
        "ProvisionedThroughputExceededException",
        "TableReadProvisionedThroughputExceeded",
    )
    assert refusal(lambda: client.scan(TableName=NAME))[1] == reasons
    cloud.wait(40)
    assert "Item" in client.get_item(TableName=NAME, Key=key)


def test_the_sdk_retries_in_virtual_time(cloud):
    client = table(cloud, writes=1)
    patient = cloud.client("dynamodb")
    let_in(client, 3)
    began = cloud.now
    answer = put(patient)
    assert answer["ResponseMetadata"]["RetryAttempts"] >= 1
    assert 0.1 < (cloud.now - began).total_seconds() < 5


def test_an_index_without_capacity_holds_back_writes_to_its_table(cloud):
    client = table(cloud, writes=1_000, by_state=1)
    put(client, "1", kb=20, state="NEW")
    before = client.scan(TableName=NAME)["Items"]
    code, reasons = refusal(lambda: put(client, "2", state="NEW"))
    assert code == "ProvisionedThroughputExceededException"
    assert reasons == [("IndexWriteProvisionedThroughputExceeded", "table/orders/index/by-state")]
    assert client.scan(TableName=NAME)["Items"] == before
    put(client, "3")  # the index is sparse: this item is not in it
    cloud.wait(30)
    put(client, "2", state="NEW")
    assert metric(cloud, "WriteThrottleEvents", GlobalSecondaryIndexName="by-state") == 1
    assert metric(cloud, "ThrottledRequests", Operation="PutItem") == 1


def test_an_update_that_is_held_back_by_an_index_leaves_no_trace_in_the_stream(cloud):
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    client = table(cloud, writes=1_000, by_state=1, StreamSpecification=stream)
    put(client, "1", kb=20, state="NEW")
    arn = client.describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
    _, log = cloud.dynamodb_streams.shard(arn)
    end = log.end
    update = {
        "TableName": NAME, "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET #s = :s",
        "ExpressionAttributeNames": {"#s": "state"}, "ExpressionAttributeValues": {":s": {"S": "PAID"}},
    }  # fmt: skip
    assert refusal(lambda: client.update_item(**update))[1][0][0] == "IndexWriteProvisionedThroughputExceeded"
    assert log.end == end
    assert client.get_item(TableName=NAME, Key={"id": {"S": "1"}})["Item"]["state"] == {"S": "NEW"}


def test_a_batch_writes_what_it_can_and_returns_the_rest(cloud):
    client = table(cloud, writes=10)
    requests = [{"PutRequest": {"Item": item(str(number))}} for number in range(25)]
    left = client.batch_write_item(RequestItems={NAME: requests})["UnprocessedItems"][NAME]
    assert 13 <= len(left) <= 15
    assert left == requests[-len(left) :]
    assert metric(cloud, "WriteThrottleEvents") == len(left)
    assert metric(cloud, "ThrottledRequests", Operation="BatchWriteItem") == 0
    code, _ = refusal(lambda: client.batch_write_item(RequestItems={NAME: left}))  # not one of them
    assert code == "ProvisionedThroughputExceededException"
    assert metric(cloud, "ThrottledRequests", Operation="BatchWriteItem") == 1


def test_a_batch_reads_what_it_can_and_returns_the_other_keys(cloud):
    client = table(cloud, reads=5, writes=1_000)
    keys = [{"id": {"S": str(number)}} for number in range(40)]
    answer = client.batch_get_item(RequestItems={NAME: {"Keys": keys, "ConsistentRead": True}})
    assert answer["UnprocessedKeys"][NAME] == {"Keys": keys[6:], "ConsistentRead": True}


def test_a_transaction_without_capacity_is_cancelled(cloud):
    client = table(cloud, writes=1)
    let_in(client, 2)
    actions = [{"Put": {"TableName": NAME, "Item": item(key)}} for key in "ab"]
    with pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=actions)
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ProvisionedThroughputExceeded"] * 2


def test_consumed_and_provisioned_capacity_are_published(cloud):
    client = table(cloud, reads=5, writes=50)
    for number in range(4):
        put(client, str(number), kb=2)
    client.get_item(TableName=NAME, Key={"id": {"S": "1"}})
    cloud.wait(600)
    assert metric(cloud, "ConsumedWriteCapacityUnits") == 8
    assert metric(cloud, "ConsumedWriteCapacityUnits", "SampleCount") == 4
    assert metric(cloud, "ConsumedReadCapacityUnits") == 0.5
    assert metric(cloud, "ProvisionedWriteCapacityUnits", "Average") == 50
    assert metric(cloud, "ProvisionedReadCapacityUnits", "SampleCount") == 3


def test_provisioned_capacity_is_paid_by_the_hour_and_not_by_the_request(cloud):
    client = table(cloud, reads=20, writes=10, by_state=10)
    put(client, state="NEW")
    cloud.wait(7_200)
    used = cloud.meter.snapshot()
    assert used.total("dynamodb.wru") == 0
    assert used.total("dynamodb.wcu_hours") == pytest.approx(40, rel=1e-3)
    assert cost_report(used, cloud.facts).of("dynamodb.rcu_hours") == pytest.approx(60 * 0.00013, rel=1e-3)


def test_a_provisioned_index_needs_its_own_capacity(cloud):
    with pytest.raises(ClientError, match="must both be specified for index: by-state"):
        table(cloud, writes=5, by_state=0)


def test_a_change_of_capacity_takes_its_time(cloud):
    client = table(cloud, writes=1)
    let_in(client, 3)
    answer = client.update_table(TableName=NAME, **throughput(5, 500))["TableDescription"]
    assert (answer["TableStatus"], answer["ProvisionedThroughput"]["WriteCapacityUnits"]) == ("UPDATING", 1)
    with pytest.raises(ClientError, match="ResourceInUseException"):
        client.update_table(TableName=NAME, **throughput(5, 600))
    cloud.wait(60)
    described = client.describe_table(TableName=NAME)["Table"]
    assert (described["TableStatus"], described["ProvisionedThroughput"]["WriteCapacityUnits"]) == ("ACTIVE", 500)
    assert "LastIncreaseDateTime" in described["ProvisionedThroughput"]
    assert let_in(client, 100) == 100
    with pytest.raises(ClientError, match="The requested value equals the current value"):
        client.update_table(TableName=NAME, **throughput(5, 500))


def test_a_deleted_table_is_paid_until_then(cloud):
    client = table(cloud, writes=10)
    cloud.wait(3_600)
    client.delete_table(TableName=NAME)
    cloud.wait(3_600)
    assert cloud.meter.snapshot().total("dynamodb.wcu_hours") == pytest.approx(10, rel=1e-3)


def test_an_index_that_is_made_anew_has_its_own_capacity(cloud):
    client = table(cloud, writes=1_000, by_state=1)
    put(client, "1", kb=20, state="NEW")
    client.update_table(TableName=NAME, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-state"}}])
    cloud.wait(60)
    put(client, "2", state="NEW")
    index = {
        "IndexName": "by-state", "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"}, **throughput(500, 500),
    }  # fmt: skip
    client.update_table(TableName=NAME, GlobalSecondaryIndexUpdates=[{"Create": index}])
    cloud.wait(60)
    for number in range(30):
        put(client, str(number), state="NEW")
