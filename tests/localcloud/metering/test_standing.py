"""What costs for as long as it is there: stored bytes, alarms, dashboards."""

from __future__ import annotations

import pytest

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
MONTH_S = 730 * HOUR_S
ID, TOWN = ({"AttributeName": name, "AttributeType": "S"} for name in ("id", "town"))
KEYS = {
    "AttributeDefinitions": [ID],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
BY_TOWN = {
    "IndexName": "by-town",
    "KeySchema": [{"AttributeName": "town", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}
ALARM = {
    "Namespace": "Shop",
    "MetricName": "Orders",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}


def stored(cloud, item, earlier=None):
    used = cloud.meter.snapshot() if earlier is None else cloud.meter.since(earlier)
    return used.total(item)


@pytest.fixture
def write(cloud):
    """Write a line of so many bytes (with the 26 that each event counts): write(group, size)."""
    logs = cloud.client("logs")

    def put(group, size, stream="web"):
        if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(cloud.now.timestamp() * 1_000), "message": "x" * (size - 26)}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])

    return put


def test_a_table_costs_for_its_items_and_their_overhead_as_long_as_they_are_there(cloud):
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(TableName="orders", **KEYS)
    item = {"id": {"S": "1"}, "text": {"S": "x" * 993}}  # 1,000 bytes
    dynamodb.put_item(TableName="orders", Item=item)
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "dynamodb.storage_gb_months", before) == pytest.approx(1_100 / 1e9)
    dynamodb.update_item(
        TableName="orders",
        Key={"id": {"S": "1"}},
        UpdateExpression="SET #t = :t",
        ExpressionAttributeNames={"#t": "text"},
        ExpressionAttributeValues={":t": {"S": "x" * 1_993}},
    )
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "dynamodb.storage_gb_months", before) == pytest.approx(2_100 / 1e9)
    dynamodb.delete_item(TableName="orders", Key={"id": {"S": "1"}})
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "dynamodb.storage_gb_months", before) == 0


def test_an_index_is_stored_too_and_a_deleted_table_is_not(cloud):
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="orders", **{**KEYS, "AttributeDefinitions": [ID, TOWN]}, GlobalSecondaryIndexes=[BY_TOWN]
    )
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}, "town": {"S": "Lyon"}, "text": {"S": "x" * 985}})
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)  # 1,000 bytes and 11 in the index, each with 100 beside them
    assert stored(cloud, "dynamodb.storage_gb_months", before) == pytest.approx(1_211 / 1e9)
    dynamodb.update_table(
        TableName="orders", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": BY_TOWN["IndexName"]}}]
    )
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "dynamodb.storage_gb_months", before) == pytest.approx(1_100 / 1e9)
    dynamodb.delete_table(TableName="orders")
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "dynamodb.storage_gb_months", before) == 0


def test_a_transaction_that_fails_stores_nothing(cloud):
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(TableName="orders", **KEYS)
    put = {"Put": {"TableName": "orders", "Item": {"id": {"S": "1"}}}}
    check = {
        "ConditionCheck": {
            "TableName": "orders",
            "Key": {"id": {"S": "2"}},
            "ConditionExpression": "attribute_exists(id)",
        }
    }
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[put, check])
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "dynamodb.storage_gb_months", before) == 0


def test_it_makes_no_difference_how_often_the_meter_is_read(cloud):
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(TableName="orders", **KEYS)
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})
    start = cloud.meter.snapshot()
    began = cloud.now
    while (cloud.now - began).total_seconds() < MONTH_S:
        cloud.wait(10 * HOUR_S)
        cloud.meter.snapshot()
    assert stored(cloud, "dynamodb.storage_gb_months", start) == pytest.approx(103 / 1e9, rel=0.02)


def test_log_lines_are_stored_until_they_are_deleted(cloud, write):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/shop")
    write("/shop", 100_000)
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "logs.stored_gb_months", before) == pytest.approx(0.15 * 100_000 / 1e9, rel=1e-3)
    write("/shop", 50_000, stream="till")
    logs.delete_log_stream(logGroupName="/shop", logStreamName="web")
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "logs.stored_gb_months", before) == pytest.approx(0.15 * 50_000 / 1e9, rel=1e-3)
    logs.delete_log_group(logGroupName="/shop")
    before = cloud.meter.snapshot()
    cloud.wait(MONTH_S)
    assert stored(cloud, "logs.stored_gb_months", before) == 0


def test_a_retention_ends_what_is_stored(cloud, write):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.put_retention_policy(logGroupName="/shop", retentionInDays=3)
    write("/shop", 1_000_000)
    cloud.wait(MONTH_S)
    three_days = 0.15 * 1_000_000 / 1e9 * 3 * DAY_S / MONTH_S
    assert stored(cloud, "logs.stored_gb_months") == pytest.approx(three_days, rel=0.02)  # to the hour


def test_a_retention_that_is_set_later_takes_away_what_is_too_old(cloud, write):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/shop")
    write("/shop", 1_000_000)
    cloud.wait(5 * DAY_S)
    logs.put_retention_policy(logGroupName="/shop", retentionInDays=1)
    before = cloud.meter.snapshot()
    cloud.wait(5 * DAY_S)
    assert stored(cloud, "logs.stored_gb_months", before) == 0


def test_access_logs_are_vended(cloud):
    cloud.logs.put("/shop", "web", [(0, "x" * 974)])
    cloud.logs.put("/shop", "web", [(0, "x" * 974)], vended=True)
    used = cloud.meter.snapshot()
    assert (used.total("logs.standard_gb"), used.total("logs.vended_gb")) == (1e-6, 1e-6)


def test_an_alarm_costs_by_its_kind_and_for_each_hour_begun(cloud):
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="plain", **ALARM)
    cloudwatch.put_metric_alarm(AlarmName="fast", **{**ALARM, "Period": 10})
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(plain) OR ALARM(fast)")
    items = [f"cloudwatch.{kind}alarm_months" for kind in ("", "high_resolution_", "composite_")]
    assert [stored(cloud, item) for item in items] == pytest.approx([1 / 730] * 3)
    cloud.wait(10 * HOUR_S)
    assert [stored(cloud, item) for item in items] == pytest.approx([11 / 730] * 3)
    cloudwatch.delete_alarms(AlarmNames=["both", "fast"])
    cloudwatch.put_metric_alarm(AlarmName="plain", **{**ALARM, "Threshold": 2})
    cloud.wait(10 * HOUR_S)
    assert [stored(cloud, item) for item in items] == pytest.approx([21 / 730, 11 / 730, 11 / 730])


def test_an_alarm_over_an_expression_costs_for_each_metric_in_it(cloud):
    def metric(name):
        stat = {"Metric": {"Namespace": "Shop", "MetricName": name}, "Period": 60, "Stat": "Sum"}
        return {"Id": name, "MetricStat": stat, "ReturnData": False}

    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="rate",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[metric("failed"), metric("all"), {"Id": "rate", "Expression": "failed / all"}],
    )
    assert stored(cloud, "cloudwatch.alarm_months") == pytest.approx(2 / 730)


def test_three_dashboards_are_free(cloud):
    cloudwatch = cloud.client("cloudwatch")
    for number in range(4):
        cloudwatch.put_dashboard(DashboardName=f"d{number}", DashboardBody='{"widgets": []}')
    cloud.wait(HOUR_S / 2)
    assert stored(cloud, "cloudwatch.dashboard_months") == pytest.approx(1 / 730)
    cloudwatch.delete_dashboards(DashboardNames=["d0"])
    cloud.wait(10 * HOUR_S)
    assert stored(cloud, "cloudwatch.dashboard_months") == pytest.approx(1 / 730)
