"""How items are kept: read by key, never copied as a table, put back when a transaction fails."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from localcloud.stores.dynamodb import StoredItem, stored_items
from tests.localcloud.dynamodb.conftest import TABLE, key


@pytest.fixture
def table(cloud, orders):
    """moto's table."""
    return dynamodb_backends[cloud.account_id][cloud.region].tables[TABLE]


@pytest.fixture
def reads(monkeypatch):
    """A list that grows by one whenever an item is read."""
    seen = []
    read = StoredItem.wire.fget
    monkeypatch.setattr(StoredItem, "wire", property(lambda item: seen.append(item) or read(item)))
    return seen


def by_customer(orders, customer, **more):
    return orders.query(
        TableName=TABLE,
        KeyConditionExpression="customer = :c" + more.pop("condition", ""),
        ExpressionAttributeValues={":c": {"S": customer}, **more.pop("values", {})},
        **more,
    )["Items"]


def by_state(orders, state):
    found = orders.query(
        TableName=TABLE, IndexName="by-state", KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":s": {"S": state}},
    )  # fmt: skip
    return sorted(int(item["number"]["N"]) for item in found["Items"])


def test_a_query_reads_its_own_items_and_no_others(orders, put, reads):
    for number in range(50):
        put(f"customer {number % 5}", number)
    by_customer(orders, "customer 1")  # the order is made with the first query
    reads.clear()
    assert len(by_customer(orders, "customer 1")) == 10
    assert len(reads) == 10
    reads.clear()
    found = by_customer(
        orders, "customer 1", condition=" AND #n > :n", values={":n": {"N": "30"}}, Limit=1,
        ExpressionAttributeNames={"#n": "number"},
    )  # fmt: skip
    assert [item["number"]["N"] for item in found] == ["31"]
    assert len(reads) == 2  # the item, and its key for the next page


def test_an_index_follows_every_kind_of_write(orders, put):
    for number in range(4):
        put("amélie", number, state="NEW")
    assert by_state(orders, "NEW") == [0, 1, 2, 3]
    put("amélie", 0, state="PAID")
    orders.update_item(
        TableName=TABLE, Key=key("amélie", 1), UpdateExpression="SET #s = :p",
        ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":p": {"S": "PAID"}},
    )  # fmt: skip
    orders.delete_item(TableName=TABLE, Key=key("amélie", 2))
    put("amélie", 3)
    orders.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": {**key("b", 9), "state": {"S": "NEW"}}}}]})
    assert (by_state(orders, "NEW"), by_state(orders, "PAID")) == ([9], [0, 1])


def test_a_failed_transaction_puts_back_what_it_changed_and_touches_nothing_else(orders, put, table, streamed):
    for number in range(3):
        put("amélie", number, state="NEW")
    by_state(orders, "NEW")
    before, changes = list(stored_items(table)), streamed()
    actions = [
        {"Put": {"TableName": TABLE, "Item": {**key("amélie", 0), "state": {"S": "PAID"}}}},
        {"Delete": {"TableName": TABLE, "Key": key("amélie", 1)}},
        {"Put": {"TableName": TABLE, "Item": key("amélie", 7)}},
        {"ConditionCheck": {"TableName": TABLE, "Key": key("amélie", 8), "ConditionExpression": "attribute_exists(x)"}},
    ]
    with pytest.raises(ClientError, match="TransactionCanceled"):
        orders.transact_write_items(TransactItems=actions)
    after = list(stored_items(table))
    assert sorted(map(id, after)) == sorted(map(id, before))  # the very same items, not copies
    assert by_state(orders, "NEW") == [0, 1, 2]
    assert streamed() == changes
    assert len(changes) == 3


def test_an_update_that_fails_leaves_the_item_as_it_was(orders, put, streamed):
    put("amélie", 1, state="NEW")
    changes = streamed()
    whole = by_customer(orders, "amélie")
    with pytest.raises(ClientError, match="Type mismatch for Index Key state Expected: S Actual: N"):
        orders.update_item(
            TableName=TABLE, Key=key("amélie", 1), UpdateExpression="SET #s = :n",
            ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":n": {"N": "1"}},
        )  # fmt: skip
    with pytest.raises(ClientError, match="Type mismatch"):
        orders.update_item(
            TableName=TABLE, Key=key("nobody", 1), UpdateExpression="SET #s = :n",
            ExpressionAttributeNames={"#s": "state"}, ExpressionAttributeValues={":n": {"N": "1"}},
        )  # fmt: skip
    assert by_customer(orders, "amélie") == whole
    assert by_customer(orders, "nobody") == []
    assert streamed() == changes


def test_a_stream_sees_an_upsert_once(orders, streamed):
    orders.update_item(
        TableName=TABLE, Key=key("amélie", 1), UpdateExpression="SET amount = :t",
        ExpressionAttributeValues={":t": {"S": "12"}},
    )  # fmt: skip
    ((name, image),) = streamed()
    assert name == "INSERT"
    assert image["amount"] == {"S": "12"}


def test_what_a_caller_does_to_an_item_later_changes_nothing(orders):
    item = {**key("amélie", 1), "lines": {"L": [{"S": "croissant"}]}}
    orders.put_item(TableName=TABLE, Item=item)
    item["lines"]["L"].append({"S": "baguette"})
    read = orders.get_item(TableName=TABLE, Key=key("amélie", 1))["Item"]
    read["lines"]["L"].clear()
    assert orders.get_item(TableName=TABLE, Key=key("amélie", 1))["Item"]["lines"] == {"L": [{"S": "croissant"}]}


def test_a_starting_key_that_is_none_of_the_table_is_refused(orders, put):
    put("amélie", 1)
    with pytest.raises(ClientError, match="The provided starting key is invalid"):
        by_customer(orders, "amélie", ExclusiveStartKey={"customer": {"S": "amélie"}})


def test_a_page_that_reached_its_limit_may_be_followed_by_nothing(orders, put):
    put("amélie", 1)
    page = orders.scan(TableName=TABLE, Limit=1)
    assert page["LastEvaluatedKey"] == key("amélie", 1)
    assert orders.scan(TableName=TABLE, Limit=1, ExclusiveStartKey=page["LastEvaluatedKey"])["Items"] == []


def test_a_backup_keeps_the_items_and_a_restored_table_can_be_queried(orders, put):
    put("amélie", 1)
    backup = orders.create_backup(TableName=TABLE, BackupName="night")["BackupDetails"]["BackupArn"]
    put("amélie", 2)
    orders.restore_table_from_backup(TargetTableName="restored", BackupArn=backup)
    found = orders.query(
        TableName="restored", KeyConditionExpression="customer = :c", ExpressionAttributeValues={":c": {"S": "amélie"}}
    )
    assert [item["number"]["N"] for item in found["Items"]] == ["1"]
