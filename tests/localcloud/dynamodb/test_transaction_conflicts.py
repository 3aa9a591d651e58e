"""Writers that meet a transaction under way, in virtual time."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.dynamodb.capacity import NAME, item, metric, table

KEY = {"id": {"S": "1"}}


@pytest.fixture
def client(cloud):
    return table(cloud)


@pytest.fixture
def meanwhile(cloud, client):
    """Call something again and again while a transaction on the items 1 and 2 is under way: what each call answers."""

    def run(call, **more):
        actions = [{"Put": {"TableName": NAME, "Item": item(key, note="transaction")}} for key in "12"]
        transaction = cloud.kernel.spawn(lambda: client.transact_write_items(TransactItems=actions, **more))

        def attempt():
            try:
                return call()
            except ClientError as exc:
                return exc.response

        tasks = [cloud.kernel.spawn(attempt, delay_us=number * 500) for number in range(30)]
        cloud.wait(5)
        transaction.result()
        return [task.result() for task in tasks]

    return run


def codes(outcomes):
    return {one["Error"]["Code"] for one in outcomes if "Error" in one}


def test_a_single_write_to_an_item_of_a_running_transaction_is_turned_back(cloud, client, meanwhile):
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    outcomes = meanwhile(lambda: client.update_item(TableName=NAME, Key=KEY, **update))
    assert codes(outcomes) == {"TransactionConflictException"}
    assert metric(cloud, "TransactionConflict") >= 1
    assert client.get_item(TableName=NAME, Key={"id": {"S": "2"}})["Item"]["note"] == {"S": "transaction"}


def test_other_items_and_plain_reads_are_not_affected(client, meanwhile):
    assert codes(meanwhile(lambda: client.put_item(TableName=NAME, Item=item("3")))) == set()
    assert codes(meanwhile(lambda: client.get_item(TableName=NAME, Key=KEY))) == set()


def test_of_two_transactions_on_one_item_the_later_is_cancelled_with_reasons(cloud, client):
    def write(keys):
        actions = [{"Put": {"TableName": NAME, "Item": item(key)}} for key in keys]
        try:
            client.transact_write_items(TransactItems=actions)
        except ClientError as exc:
            return [reason["Code"] for reason in exc.response["CancellationReasons"]]
        return []

    tasks = [cloud.kernel.spawn(write, keys) for _ in range(20) for keys in ("ab", "bc")]
    cloud.wait(5)
    outcomes = [task.result() for task in tasks]
    assert [] in outcomes
    assert ["None", "TransactionConflict"] in outcomes
    assert ["TransactionConflict", "None"] in outcomes


def test_a_transactional_read_that_meets_a_running_transaction_is_cancelled(client, meanwhile):
    outcomes = meanwhile(lambda: client.transact_get_items(TransactItems=[{"Get": {"TableName": NAME, "Key": KEY}}]))
    assert codes(outcomes) == {"TransactionCanceledException"}
    cancelled = [one for one in outcomes if "Error" in one]
    assert cancelled[0]["CancellationReasons"][0]["Code"] == "TransactionConflict"


def test_a_batch_returns_the_items_that_a_transaction_holds(client, meanwhile):
    requests = [{"PutRequest": {"Item": item(key)}} for key in "13"]
    outcomes = meanwhile(lambda: client.batch_write_item(RequestItems={NAME: requests}))
    held = [one["UnprocessedItems"] for one in outcomes if one["UnprocessedItems"]]
    assert held
    assert all(one == {NAME: requests[:1]} for one in held)


def test_the_same_token_while_the_first_request_is_under_way(cloud, client):
    actions = [{"Put": {"TableName": NAME, "Item": item("1")}}]

    def write():
        try:
            client.transact_write_items(TransactItems=actions, ClientRequestToken="same")
        except ClientError as exc:
            return exc.response["Error"]["Code"]
        return "written"

    tasks = [cloud.kernel.spawn(write) for _ in range(10)]
    cloud.wait(5)
    assert {task.result() for task in tasks} == {"written", "TransactionInProgressException"}
    assert metric(cloud, "ConsumedWriteCapacityUnits") == 2


def test_an_item_is_free_again_after_a_transaction_that_failed(client):
    check = {"ConditionCheck": {"TableName": NAME, "Key": KEY, "ConditionExpression": "attribute_exists(id)"}}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        client.transact_write_items(TransactItems=[check])
    client.put_item(TableName=NAME, Item=item("1"))
