"""Settings of tables that are refused, and items that time to live leaves alone."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def ttl(orders, enabled, attribute="gone"):
    specification = {"Enabled": enabled, "AttributeName": attribute}
    return orders.update_time_to_live(TableName="orders", TimeToLiveSpecification=specification)


def test_time_to_live_is_switched_once_and_by_its_attribute(orders):
    ttl(orders, True)
    with pytest.raises(ClientError, match="TimeToLive is already enabled"):
        ttl(orders, True)
    with pytest.raises(ClientError, match="active on a different AttributeName: current AttributeName is gone"):
        ttl(orders, False, "other")
    ttl(orders, False)
    with pytest.raises(ClientError, match="TimeToLive is already disabled"):
        ttl(orders, False)


def test_what_expired_more_than_five_years_ago_stays(cloud, orders):
    ttl(orders, True)
    now_s, year_s = int(cloud.now.timestamp()), 365 * 86_400
    for number, expired_s in enumerate((now_s - 6 * year_s, now_s - 4 * year_s, now_s - 60)):
        item = {"customer": {"S": "a"}, "number": {"N": str(number)}, "gone": {"N": str(expired_s)}}
        orders.put_item(TableName="orders", Item=item)
    cloud.wait(4 * 86_400)
    assert [item["number"]["N"] for item in orders.scan(TableName="orders")["Items"]] == ["0"]


def test_a_protected_table_is_not_deleted(orders):
    orders.update_table(TableName="orders", DeletionProtectionEnabled=True)
    with pytest.raises(ClientError, match="Resource cannot be deleted as it is currently protected against deletion"):
        orders.delete_table(TableName="orders")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled"),
        ({"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}, "The local cloud has no global tables"),
    ],
)
def test_an_update_that_changes_nothing_here_is_refused(orders, change, reason):
    with pytest.raises(ClientError, match=reason):
        orders.update_table(TableName="orders", **change)


@pytest.mark.parametrize("statement", ["SELEC nothing", "UPDATE orders SET x='z' WHERE customer='a' RETURNING ALL *"])
def test_statements_that_cannot_be_read_are_refused(orders, statement):
    with pytest.raises(ClientError, match="Statement wasn't well formed, can't be processed"):
        orders.execute_statement(Statement=statement)
