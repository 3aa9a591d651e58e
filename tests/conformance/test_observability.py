"""CloudWatch Logs and metrics, as AWS documents them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report


def emf(cloud, metrics, dimensions=(), **members):
    return json.dumps(
        {
            "_aws": {
                "Timestamp": cloud.kernel.unix_us // 1_000,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Shop",
                        "Dimensions": [list(dimensions)],
                        "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
                    }
                ],
            },
            **members,
        }
    )


def listed(cloud, namespace="Shop"):
    return cloud.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]


def values(cloud, name, namespace="Shop", stat="Sum", **dimensions):
    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace, MetricName=name, Period=60, Statistics=[stat],
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=cloud.now - timedelta(minutes=5), EndTime=cloud.now + timedelta(minutes=5),
    )  # fmt: skip
    return [point[stat] for point in answer["Datapoints"]]


@pytest.mark.behaviour("OBS-03")
def test_an_emf_line_becomes_metrics_and_stays_searchable(cloud):
    line = emf(cloud, ["orders", "sizes"], ["shop"], shop="paris", orders=3, sizes=[1, 2], order_id="o-17")
    cloud.logs.put("/shop", "s", [(cloud.kernel.unix_us // 1_000, line)])
    assert values(cloud, "orders", shop="paris") == [3.0]
    assert values(cloud, "sizes", shop="paris", stat="SampleCount") == [2.0]
    assert [metric["MetricName"] for metric in listed(cloud)] == ["orders", "sizes"]  # order_id costs no metric
    found = cloud.client("logs").filter_log_events(logGroupName="/shop", filterPattern='"o-17"')["events"]
    assert len(found) == 1


@pytest.mark.behaviour("OBS-03")
@pytest.mark.parametrize(("metrics", "dimensions", "expected"), [(100, 1, 100), (101, 1, 0), (1, 30, 1), (1, 31, 0)])
def test_an_emf_line_has_at_most_100_metrics_and_30_dimensions(cloud, metrics, dimensions, expected):
    keys = {f"d{number}": "x" for number in range(dimensions)}
    numbers = {f"m{number}": number for number in range(metrics)}
    cloud.logs.put("/shop", "s", [(0, emf(cloud, list(numbers), list(keys), **keys, **numbers))])
    assert len(listed(cloud)) == expected
    assert values(cloud, "EMFValidationErrors", "AWS/Logs", LogGroupName="/shop") == ([] if expected else [1.0])


@pytest.mark.behaviour("OBS-03")
def test_powertools_metrics_of_a_handler_can_be_read(cloud, function, invoke):
    source = """
        from aws_lambda_powertools import Metrics
        from aws_lambda_powertools.metrics import MetricUnit
        metrics = Metrics(namespace="Shop", service="orders")

        @metrics.log_metrics
        def handler(event, context):
            metrics.add_metric(name="Baked", unit=MetricUnit.Count, value=event["count"])
    """
    function("f", source)
    for count in (2, 5):
        assert invoke("f", {"count": count})[1].get("FunctionError") is None
    assert values(cloud, "Baked", service="orders") == [7.0]


@pytest.mark.behaviour("OBS-04")
def test_every_combination_of_dimension_values_is_a_metric_of_its_own_on_the_bill(cloud):
    before = cloud.meter.snapshot()
    for number in range(50):
        line = emf(cloud, ["orders"], ["order_id"], order_id=f"o-{number}", orders=1)
        cloud.logs.put("/shop", "s", [(0, line), (0, line)])
    used = cloud.meter.since(before).total("cloudwatch.custom_metric_months")
    hours = cloud.facts.value("model.billing.hours_per_month")
    assert used == pytest.approx(50 / hours, rel=1e-4)


@pytest.mark.behaviour("OBS-01")
def test_groups_never_expire_unless_told_to(cloud):
    logs = cloud.client("logs")
    for name in ("/kept", "/gone"):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
    logs.put_retention_policy(logGroupName="/gone", retentionInDays=1)
    for name in ("/kept", "/gone"):
        cloud.logs.put(name, "s", [(cloud.kernel.unix_us // 1_000, "a line")])

    def left(name):
        return len(logs.filter_log_events(logGroupName=name)["events"])

    cloud.wait(2 * 86_400)
    assert left("/gone") == 1  # deletion may take 72 hours more
    cloud.wait(3 * 86_400)
    assert (left("/kept"), left("/gone")) == (1, 0)


@pytest.mark.behaviour("OBS-02")
def test_what_a_batch_of_log_events_may_be(cloud):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    now_ms, hour = cloud.kernel.unix_us // 1_000, 3_600_000

    def put(*times, message="x"):
        events = [{"timestamp": now_ms + at, "message": message} for at in times]
        return logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)

    for times, message in (
        ([0] * 10_001, "10000"), ([0, 0], "too large"), ([1, 0], "chronological"), ([-25 * hour, 0], "24 hours"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=message):
            put(*times, message="x" * 600_000 if message == "too large" else "x")
    put(*[0] * 10_000)
    rejected = put(-14 * 24 * hour - 2, -14 * 24 * hour - 1, -13 * 24 * hour - 23 * hour)["rejectedLogEventsInfo"]
    assert rejected == {"tooOldLogEventEndIndex": 2}
    assert put(0, 3 * hour)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}


@pytest.mark.behaviour("OBS-05")
def test_infrequent_access_groups_have_no_filters_and_cannot_be_read_event_by_event(cloud):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/ia", logGroupClass="INFREQUENT_ACCESS")
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["logGroupClass"] == "INFREQUENT_ACCESS"
    transformation = {"metricNamespace": "N", "metricName": "M", "metricValue": "1"}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    for attempt in (
        lambda: logs.put_metric_filter(
            logGroupName="/ia", filterName="f", filterPattern="", metricTransformations=[transformation]
        ),
        lambda: logs.put_subscription_filter(logGroupName="/ia", filterName="f", filterPattern="", destinationArn=arn),
        lambda: logs.filter_log_events(logGroupName="/ia"),
        lambda: logs.get_log_events(logGroupName="/ia", logStreamName="s"),
    ):
        with pytest.raises(ClientError, match="INFREQUENT_ACCESS"):
            attempt()
    before = cloud.meter.snapshot()
    cloud.logs.put("/ia", "s", [(0, "line")])
    assert cloud.meter.since(before).total("logs.infrequent_access_gb") > 0


@pytest.mark.behaviour("OBS-07")
def test_only_lines_of_functions_have_tiers(cloud):
    tb = 1_000
    lambda_lines = cost_report({"logs.ingested_gb": 60 * tb}, cloud.facts)
    other_lines = cost_report({"logs.vended_gb": 60 * tb}, cloud.facts)
    assert lambda_lines.total_usd == pytest.approx(12_500)
    assert other_lines.total_usd == pytest.approx(30_000)
    below = 9 * tb
    assert cost_report({"logs.ingested_gb": below}, cloud.facts).total_usd == pytest.approx(4_500)
    assert cost_report({"logs.vended_gb": below}, cloud.facts).total_usd == pytest.approx(4_500)
