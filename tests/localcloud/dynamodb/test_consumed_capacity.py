"""ReturnConsumedCapacity and the meter: what DynamoDB's guide says each operation consumes."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.dynamodb.conftest import TABLE, key

NEVER = {"ConditionExpression": "attribute_exists(never)"}


def units(answer):
    return answer["ConsumedCapacity"]["CapacityUnits"]


def query(orders, customer="amélie", **more):
    return orders.query(
        TableName=TABLE,
        KeyConditionExpression="customer = :c",
        ExpressionAttributeValues={":c": {"S": customer}, **more.pop("values", {})},
        ReturnConsumedCapacity="TOTAL",
        **more,
    )


def test_nothing_is_reported_unless_asked_for(orders):
    assert "ConsumedCapacity" not in orders.get_item(TableName=TABLE, Key=key("amélie", 1))


def test_a_write_costs_a_unit_for_each_begun_kilobyte(put):
    assert put("amélie", 1)["CapacityUnits"] == 1
    assert put("amélie", 2, size=1_024)["CapacityUnits"] == 2


def test_a_write_counts_the_larger_of_the_item_before_and_after(orders, put):
    put("amélie", 1, size=3_000)
    assert put("amélie", 1)["CapacityUnits"] == 3
    put("amélie", 2, size=3_000)
    shrunk = orders.update_item(
        TableName=TABLE, Key=key("amélie", 2), ReturnConsumedCapacity="TOTAL", UpdateExpression="REMOVE #t",
        ExpressionAttributeNames={"#t": "text"},
    )  # fmt: skip
    assert units(shrunk) == 3
    put("amélie", 3, size=3_000)
    gone = orders.delete_item(TableName=TABLE, Key=key("amélie", 3), ReturnConsumedCapacity="TOTAL")
    assert units(gone) == 3
    again = orders.delete_item(TableName=TABLE, Key=key("amélie", 3), ReturnConsumedCapacity="TOTAL")
    assert units(again) == 1


def test_an_index_is_written_only_when_its_entry_changes_and_twice_when_its_key_does(put):
    def of_index(consumed):
        return consumed.get("GlobalSecondaryIndexes", {}).get("by-state", {}).get("CapacityUnits", 0)

    assert of_index(put("amélie", 1)) == 0  # it has no state: the index is sparse
    assert of_index(put("amélie", 1, state="NEW")) == 1
    assert of_index(put("amélie", 1, state="NEW", note="not in the index")) == 0
    assert of_index(put("amélie", 1, state="NEW", amount="12")) == 1
    moved = put("amélie", 1, state="PAID", amount="12")
    assert of_index(moved) == 2
    assert moved["CapacityUnits"] == 3
    assert moved["Table"]["CapacityUnits"] == 1


def test_a_failed_condition_costs_what_the_write_would_have_cost(cloud, orders, put):
    put("amélie", 1, size=2_500)
    before = cloud.meter.snapshot()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        orders.delete_item(TableName=TABLE, Key=key("amélie", 1), **NEVER)
    assert cloud.meter.since(before).total("dynamodb.wru") == 3


def test_a_query_costs_what_it_read_and_not_what_its_filter_let_through(orders, put):
    for number in range(10):
        put("amélie", number, size=1_000)
    assert units(query(orders)) == 1.5  # about 10,200 bytes are three blocks of 4 KB, at half price
    assert units(query(orders, ConsistentRead=True)) == 3
    nothing = query(orders, FilterExpression="attribute_exists(never)")
    assert (nothing["Count"], nothing["ScannedCount"], units(nothing)) == (0, 10, 1.5)
    assert units(query(orders, customer="nobody")) == 0.5
    assert units(query(orders, Limit=1)) == 0.5


def test_an_index_is_charged_for_its_own_smaller_entries(orders, put):
    for number in range(10):
        put("amélie", number, size=1_000, state="NEW")
    found = orders.query(
        TableName=TABLE, IndexName="by-state", KeyConditionExpression="#s = :s", ReturnConsumedCapacity="INDEXES",
        ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":s": {"S": "NEW"}},
    )  # fmt: skip
    assert found["Count"] == 10
    assert found["ConsumedCapacity"]["GlobalSecondaryIndexes"]["by-state"]["CapacityUnits"] == 0.5


def test_a_projected_read_costs_the_whole_item(orders, put):
    put("amélie", 1, size=5_000)
    found = orders.get_item(
        TableName=TABLE, Key=key("amélie", 1), ProjectionExpression="customer", ReturnConsumedCapacity="TOTAL"
    )
    assert (found["Item"], units(found)) == ({"customer": {"S": "amélie"}}, 1)


def test_transactions_cost_double_and_are_told_apart_by_reads_and_writes(orders, put):
    put("amélie", 1)
    wrote = orders.transact_write_items(
        ReturnConsumedCapacity="TOTAL",
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": {**key("amélie", 2), "text": {"S": "x" * 1_500}}}},
            {"Delete": {"TableName": TABLE, "Key": key("amélie", 1)}},
        ],
    )
    assert wrote["ConsumedCapacity"] == [{"TableName": TABLE, "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}]
    read = orders.transact_get_items(
        ReturnConsumedCapacity="TOTAL", TransactItems=[{"Get": {"TableName": TABLE, "Key": key("amélie", 2)}}]
    )
    assert read["ConsumedCapacity"] == [{"TableName": TABLE, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]


def test_a_batch_costs_what_its_items_cost_found_or_not(orders, put):
    put("amélie", 1, size=5_000)
    keys = [key("amélie", number) for number in (1, 2)]
    found = orders.batch_get_item(RequestItems={TABLE: {"Keys": keys}}, ReturnConsumedCapacity="TOTAL")
    assert found["ConsumedCapacity"] == [{"TableName": TABLE, "CapacityUnits": 1.5}]
    requests = [{"DeleteRequest": {"Key": keys[0]}}, {"PutRequest": {"Item": keys[1]}}]
    wrote = orders.batch_write_item(RequestItems={TABLE: requests}, ReturnConsumedCapacity="TOTAL")
    assert wrote["ConsumedCapacity"] == [{"TableName": TABLE, "CapacityUnits": 6.0}]
