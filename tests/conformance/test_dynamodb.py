"""DynamoDB's conditional writes, transactions and what they consume, as AWS documents them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def table(cloud):
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return client


@pytest.fixture
def used(cloud):
    """What a call consumed: used(lambda: ...) -> (write units, read units)."""

    def measure(call):
        before = cloud.meter.snapshot()
        call()
        spent = cloud.meter.since(before)
        return spent.total("dynamodb.wru"), spent.total("dynamodb.rru")

    return measure


def item(key, text=""):
    return {"id": {"S": key}, "text": {"S": text}}


@pytest.mark.behaviour("DDB-01")
def test_a_conditional_put_succeeds_once_and_its_failure_consumes_write_units_too(table, used):
    def put():
        table.put_item(TableName="orders", Item=item("1", "x" * 1_500), ConditionExpression="attribute_not_exists(id)")

    def put_again():
        with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
            put()

    assert used(put) == (2, 0)
    assert used(put_again) == (2, 0)


@pytest.mark.behaviour("DDB-02")
def test_a_transaction_is_all_or_nothing_and_costs_twice_the_units(table, used):
    def transact(*puts, condition=None):
        actions = [{"Put": {"TableName": "orders", "Item": item(key)}} for key in puts]
        if condition:
            actions[-1]["Put"]["ConditionExpression"] = condition
        table.transact_write_items(TransactItems=actions)

    assert used(lambda: transact("1", "2")) == (4, 0)
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        transact("3", "1", condition="attribute_not_exists(id)")
    assert sorted(i["id"]["S"] for i in table.scan(TableName="orders")["Items"]) == ["1", "2"]


@pytest.mark.behaviour("DDB-02")
def test_a_transaction_takes_at_most_100_items_and_none_twice(table):
    def actions(*keys):
        return [{"Put": {"TableName": "orders", "Item": item(key)}} for key in keys]

    with pytest.raises(ClientError, match="less than or equal to 100"):
        table.transact_write_items(TransactItems=actions(*(str(n) for n in range(101))))
    with pytest.raises(ClientError, match="cannot include multiple operations on one item"):
        table.transact_write_items(TransactItems=actions("1", "1"))


@pytest.mark.behaviour("DDB-02")
def test_a_client_request_token_makes_a_transaction_idempotent_for_ten_minutes(cloud, table):
    def add(amount, token="same"):
        table.transact_write_items(
            ClientRequestToken=token,
            TransactItems=[
                {
                    "Update": {
                        "TableName": "orders",
                        "Key": {"id": {"S": "1"}},
                        "UpdateExpression": "ADD amount :n",
                        "ExpressionAttributeValues": {":n": {"N": str(amount)}},
                    }
                }
            ],
        )

    def total():
        return table.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"]["amount"]["N"]

    add(5)
    cloud.wait(500)
    add(5)
    assert total() == "5"
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        add(6)
    cloud.wait(120)
    add(5)
    assert total() == "10"


@pytest.mark.behaviour("DDB-05")
def test_a_query_reads_at_most_a_megabyte_before_its_filter_which_makes_it_no_cheaper(cloud, used):
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="pages",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
    )
    for number in range(6):
        client.put_item(TableName="pages", Item={**item("1", "x" * 300_000), "n": {"N": str(number)}})
    pages = []

    def query(**more):
        pages.append(
            client.query(
                TableName="pages",
                KeyConditionExpression="id = :i",
                ExpressionAttributeValues={":i": {"S": "1"}},
                **more,
            )
        )

    whole = used(query)
    assert used(lambda: query(FilterExpression="attribute_exists(never)")) == whole == (0, 110)
    assert [(page["Count"], page["ScannedCount"]) for page in pages] == [(3, 3), (0, 3)]
    assert pages[1]["LastEvaluatedKey"] == {"id": {"S": "1"}, "n": {"N": "2"}}


@pytest.mark.behaviour("DDB-07")
def test_reads_cost_half_when_they_may_be_stale_and_blocks_are_four_kilobytes(table, used):
    table.put_item(TableName="orders", Item=item("1", "x" * 5_000))
    key = {"id": {"S": "1"}}
    assert used(lambda: table.get_item(TableName="orders", Key=key)) == (0, 1)
    assert used(lambda: table.get_item(TableName="orders", Key=key, ConsistentRead=True)) == (0, 2)
    assert used(lambda: table.get_item(TableName="orders", Key={"id": {"S": "none"}})) == (0, 0.5)


@pytest.mark.behaviour("DDB-04")
def test_an_expired_item_is_readable_until_it_is_deleted_some_days_later_for_free(cloud, table, used):
    specification = {"Enabled": True, "AttributeName": "expires"}
    table.update_time_to_live(TableName="orders", TimeToLiveSpecification=specification)
    expires = int(cloud.now.timestamp()) + 60
    for number in range(20):
        table.put_item(TableName="orders", Item={**item(str(number)), "expires": {"N": str(expires)}})
    table.put_item(TableName="orders", Item=item("kept"))

    def left():
        return len(table.scan(TableName="orders")["Items"])

    cloud.wait(120)
    assert left() >= 20
    cloud.wait(24 * 3_600)
    assert 3 < left() < 20
    before = cloud.meter.snapshot()
    cloud.wait(24 * 3_600)
    assert left() == 1
    assert cloud.meter.since(before).total("dynamodb.wru") == 0
