"""Indexes that come and go, and where a page of a query may begin."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.dynamodb.conftest import TABLE, key


@pytest.fixture
def add_index(cloud, orders):
    """Add an index by one attribute; UpdateTable defines that attribute and no other."""

    def call(name, attribute):
        made = {
            "IndexName": name,
            "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        orders.update_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": made}],
        )
        cloud.wait(600)

    return call


@pytest.fixture
def found(orders):
    def count(index, attribute, value):
        return orders.query(
            TableName=TABLE, IndexName=index, KeyConditionExpression="#a = :v",
            ExpressionAttributeNames={"#a": attribute}, ExpressionAttributeValues={":v": {"S": value}},
        )["Count"]  # fmt: skip

    return count


def test_an_update_defines_the_attributes_of_its_new_index_only(orders, put, add_index, found):
    put("amélie", 1, courier="nino")
    add_index("by-courier", "courier")
    put("amélie", 2, courier="nino", state="NEW")
    assert found("by-courier", "courier", "nino") == 2
    assert found("by-state", "state", "NEW") == 1
    defined = orders.describe_table(TableName=TABLE)["Table"]["AttributeDefinitions"]
    assert {one["AttributeName"] for one in defined} == {"customer", "number", "state", "courier"}


def test_an_index_that_comes_under_the_name_of_another_one_has_its_own_key(cloud, orders, put, add_index, found):
    put("amélie", 1, courier="nino", street="rue Lepic")
    add_index("lookup", "courier")
    assert found("lookup", "courier", "nino") == 1
    orders.update_table(TableName=TABLE, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "lookup"}}])
    cloud.wait(600)
    add_index("lookup", "street")
    put("amélie", 2, street="rue Lepic")
    assert found("lookup", "street", "rue Lepic") == 2


def test_a_page_begins_within_its_query(orders, put):
    put("amélie", 1)
    put("nino", 1)
    asked = {
        "TableName": TABLE,
        "KeyConditionExpression": "customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "amélie"}},
    }
    assert orders.query(**asked, ExclusiveStartKey=key("amélie", 0))["Count"] == 1
    with pytest.raises(ClientError, match="starting key is outside query boundaries based on provided conditions"):
        orders.query(**asked, ExclusiveStartKey=key("nino", 0))
