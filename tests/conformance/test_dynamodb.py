"""DynamoDB's conditional writes, transactions and what they consume, as AWS documents them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError


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


@pytest.mark.behaviour("DDB-03")
def test_a_batch_takes_25_puts_and_deletes_without_conditions_and_none_twice(table):
    def puts(*keys):
        return [{"PutRequest": {"Item": item(key)}} for key in keys]

    def write(requests):
        return table.batch_write_item(RequestItems={"orders": requests})

    assert write(puts(*(str(n) for n in range(25))))["UnprocessedItems"] == {}
    with pytest.raises(ClientError, match="ValidationException"):
        write(puts(*(str(n) for n in range(26))))
    with pytest.raises(ClientError, match="Provided list of item keys contains duplicates"):
        write([*puts("1"), {"DeleteRequest": {"Key": {"id": {"S": "1"}}}}])
    with pytest.raises(ParamValidationError, match="ConditionExpression"):
        write([{"PutRequest": {"Item": item("1"), "ConditionExpression": "attribute_not_exists(id)"}}])


@pytest.mark.behaviour("DDB-03")
def test_a_batch_with_an_invalid_item_writes_nothing(table):
    requests = [{"PutRequest": {"Item": item(key, text)}} for key, text in (("1", ""), ("2", "x" * 410_000))]
    with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size"):
        table.batch_write_item(RequestItems={"orders": requests})
    assert table.scan(TableName="orders")["Items"] == []


@pytest.mark.behaviour("DDB-03")
def test_a_batch_may_return_unprocessed_items(cloud, table):
    maximum = {"MaxWriteRequestUnits": 10}
    table.update_table(TableName="orders", OnDemandThroughput=maximum)
    requests = [{"PutRequest": {"Item": item(str(number))}} for number in range(25)]
    answer = table.batch_write_item(RequestItems={"orders": requests})
    assert answer["UnprocessedItems"] == {"orders": requests[10:]}
    assert len(table.scan(TableName="orders")["Items"]) == 10


@pytest.mark.behaviour("DDB-02")
def test_a_write_to_an_item_of_a_running_transaction_is_a_conflict(cloud, table):
    def write(call, **params):
        try:
            call(**params)
        except ClientError as exc:
            return exc.response["Error"]["Code"]
        return "written"

    put = {"TableName": "orders", "Item": item("1")}
    transactions = [cloud.kernel.spawn(lambda: write(table.transact_write_items, TransactItems=[{"Put": put}]))]
    singles = [cloud.kernel.spawn(lambda: write(table.put_item, **put), delay_us=n * 500) for n in range(20)]
    cloud.wait(5)
    assert transactions[0].result() == "written"
    assert {task.result() for task in singles} == {"written", "TransactionConflictException"}
