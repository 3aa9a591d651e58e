"""CloudWatch Logs and the metrics in log lines, as AWS documents them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from localcloud.services.logs.emf import InvalidDocument, Limits, read_document

DAY_S = 86_400
NAMESPACE = "Bakery"
EMF = """
    import json, time
    def handler(event, context):
        for order in event["orders"]:
            print(json.dumps({
                "_aws": {
                    "Timestamp": int(time.time() * 1000),
                    "CloudWatchMetrics": [{
                        "Namespace": "Bakery", "Dimensions": [["shop"], ["shop", "orderId"]][: event["sets"]],
                        "Metrics": [{"Name": "Croissants", "Unit": "Count"}],
                    }],
                },
                "shop": "Lyon", "orderId": order, "customer": "Amélie", "Croissants": 3,
            }))
"""


@pytest.fixture
def logs(cloud):
    client = cloud.client("logs")
    client.create_log_group(logGroupName="/shop")
    client.create_log_stream(logGroupName="/shop", logStreamName="s")
    return client


@pytest.fixture
def write(cloud, logs):
    """Write lines now, or as old as they shall be: write("a", "b", age_s=60)."""

    def call(*messages, age_s=0):
        at_ms = cloud.kernel.unix_us // 1_000 - age_s * 1_000
        events = [{"timestamp": at_ms, "message": message} for message in messages]
        return logs.put_log_events(logGroupName="/shop", logStreamName="s", logEvents=events)

    return call


@pytest.fixture
def lines(logs):
    return lambda: [event["message"] for event in logs.filter_log_events(logGroupName="/shop")["events"]]


@pytest.fixture
def total(cloud):
    """The sum of a metric under some dimensions: total("Croissants", shop="Lyon")."""

    def read(name, **dimensions):
        answer = cloud.client("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE, MetricName=name, StartTime=cloud.now.replace(hour=0), EndTime=cloud.now,
            Period=DAY_S, Statistics=["Sum"],
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        )  # fmt: skip
        return sum(point["Sum"] for point in answer["Datapoints"])

    return read


@pytest.mark.behaviour("OBS-01")
def test_a_group_without_retention_keeps_everything(cloud, write, lines, logs):
    write("old")
    cloud.wait(400 * DAY_S)
    assert lines() == ["old"]
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


@pytest.mark.behaviour("OBS-01")
def test_what_has_outlived_the_retention_is_gone_within_three_days(cloud, write, lines, logs):
    logs.put_retention_policy(logGroupName="/shop", retentionInDays=1)
    write("old")
    cloud.wait(2 * DAY_S)
    write("young")
    assert lines() == ["old", "young"]
    cloud.wait(2 * DAY_S + 60)
    assert lines() == ["young"]
    (stream,) = logs.describe_log_streams(logGroupName="/shop")["logStreams"]
    assert stream["storedBytes"] == len("young")


@pytest.mark.behaviour("OBS-02")
def test_a_batch_has_its_limits(cloud, write, logs):
    with pytest.raises(ClientError, match="Upload too large"):
        write(*["x" * 200_000] * 6)
    now_ms = cloud.kernel.unix_us // 1_000
    events = [{"timestamp": now_ms - 25 * 3_600_000, "message": "a"}, {"timestamp": now_ms, "message": "b"}]
    with pytest.raises(ClientError, match="span more than 24 hours"):
        logs.put_log_events(logGroupName="/shop", logStreamName="s", logEvents=events)
    with pytest.raises(ClientError, match="chronological order"):
        logs.put_log_events(
            logGroupName="/shop", logStreamName="s",
            logEvents=[{"timestamp": now_ms, "message": "a"}, {"timestamp": now_ms - 1, "message": "b"}],
        )  # fmt: skip


@pytest.mark.behaviour("OBS-02")
def test_events_too_old_or_too_new_are_left_out(write, lines):
    assert "tooOldLogEventEndIndex" in write("old", age_s=15 * DAY_S)["rejectedLogEventsInfo"]
    assert "tooNewLogEventStartIndex" in write("new", age_s=-3 * 3_600)["rejectedLogEventsInfo"]
    write("now")
    assert lines() == ["now"]


@pytest.mark.behaviour("OBS-03")
def test_a_line_in_the_embedded_format_makes_metrics_and_stays_in_the_log(cloud, function, invoke, log_lines, total):
    function("shop", EMF)
    invoke("shop", {"orders": ["a", "b"], "sets": 1})
    cloud.wait(60)
    assert total("Croissants", shop="Lyon") == 6
    assert total("Croissants") == 0  # no roll-up to other dimensions
    assert sum('"customer": "Am' in line for line in log_lines("shop")) == 2
    listed = cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert [metric["MetricName"] for metric in listed] == ["Croissants"]  # orderId and customer are no metrics


@pytest.mark.behaviour("OBS-03")
def test_a_caller_of_put_log_events_may_write_metrics_too(cloud, write, total):
    document = {
        "_aws": {
            "Timestamp": cloud.kernel.unix_us // 1_000,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [{"Name": "Loaves"}]}],
        },
        "Loaves": [1, 2, 3],
    }
    write(json.dumps(document))
    cloud.wait(60)
    assert total("Loaves") == 6


@pytest.mark.behaviour("OBS-03")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": 101}, "at most 100 metric definitions"),
        ({"dimensions": 31}, "at most 30 dimensions"),
        ({"values": 101}, "at most 100 values"),
        ({"namespace": None}, "needs a Namespace"),
        ({"timestamp": "noon"}, "Timestamp must be a whole number"),
        ({"value": "three"}, "must be numbers"),
        ({"missing": True}, "must be a member of the document"),
    ],
)
def test_a_document_beyond_the_limits_makes_no_metrics(cloud, write, total, change, message):
    metrics = [{"Name": f"m{n}"} for n in range(change.get("metrics", 1))]
    keys = [f"d{n}" for n in range(change.get("dimensions", 1))]
    directive = {"Namespace": change.get("namespace", NAMESPACE), "Dimensions": [keys], "Metrics": metrics}
    document = {
        "_aws": {"Timestamp": change.get("timestamp", cloud.kernel.unix_us // 1_000), "CloudWatchMetrics": [directive]},
        **{key: "x" for key in keys if not change.get("missing")},
        **{metric["Name"]: change.get("value", [1] * change.get("values", 1)) for metric in metrics},
    }
    quota = cloud.facts.value("quota.cloudwatch.emf")
    limits = Limits(quota["metric_definitions"], quota["dimension_keys"], quota["values_per_metric"])
    with pytest.raises(InvalidDocument, match=message):
        read_document(json.dumps(document), limits)
    write(json.dumps(document))
    cloud.wait(60)
    assert cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"] == []


@pytest.mark.behaviour("OBS-04")
def test_every_combination_of_dimensions_is_a_metric_to_pay_for(cloud, function, invoke):
    function("shop", EMF)

    def months(orders, sets):
        before = cloud.meter.snapshot()
        invoke("shop", {"orders": orders, "sets": sets})
        report = cost_report(cloud.meter.since(before), cloud.facts)
        quantities = {line.item: line.quantity for line in report.lines}
        cloud.wait(3_600)
        return quantities.get("cloudwatch.custom_metric_months", 0) * 730

    orders = [f"order-{number}" for number in range(50)]
    assert months(orders, sets=1) == pytest.approx(1)
    assert months(orders, sets=2) == pytest.approx(51)


@pytest.mark.behaviour("OBS-05")
def test_a_group_of_the_infrequent_class_costs_half_and_can_do_less(cloud, logs):
    logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_stream(logGroupName="/rare", logStreamName="s")
    before = cloud.meter.snapshot()
    event = {"timestamp": cloud.kernel.unix_us // 1_000, "message": "x" * 974}
    logs.put_log_events(logGroupName="/rare", logStreamName="s", logEvents=[event])
    (line,) = cost_report(cloud.meter.since(before), cloud.facts).lines
    assert (line.item, line.quantity) == ("logs.infrequent_access_gb", pytest.approx(1e-6))
    assert line.price_usd == cloud.facts.value("price.cloudwatch.logs.ia_ingest")
    with pytest.raises(ClientError, match="not supported for log groups of the INFREQUENT_ACCESS class"):
        logs.filter_log_events(logGroupName="/rare")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    with pytest.raises(ClientError, match="PutSubscriptionFilter is not supported"):
        logs.put_subscription_filter(logGroupName="/rare", filterName="f", filterPattern="", destinationArn=arn)
    classes = {group["logGroupName"]: group["logGroupClass"] for group in logs.describe_log_groups()["logGroups"]}
    assert classes == {"/rare": "INFREQUENT_ACCESS", "/shop": "STANDARD"}


@pytest.fixture
def ask(cloud, logs):
    """Start a query over the last hour: ask("fields @message"); its id."""

    def start(text="fields @message"):
        now_s = cloud.kernel.unix_us // 1_000_000
        asked = logs.start_query(logGroupName="/shop", startTime=now_s - 3_600, endTime=now_s + 60, queryString=text)
        return asked["queryId"]

    return start


@pytest.fixture
def slow_scan(cloud, write):
    """A log whose scan takes so many seconds: slow_scan(60)."""

    def make(seconds):
        write("x" * 10_000)
        cloud.log_insights.gb_per_s = 10_000 / 1e9 / seconds

    return make


@pytest.mark.behaviour("OBS-06")
def test_a_query_is_billed_for_the_gigabytes_that_it_scans(cloud, logs, write, ask):
    write("x" * 100_000, "y" * 100_000)
    before = cloud.meter.snapshot()
    query = ask("filter @message like /y/")
    cloud.wait(10)
    answer = logs.get_query_results(queryId=query)
    assert answer["status"] == "Complete"
    assert answer["statistics"] == {"recordsMatched": 1, "recordsScanned": 2, "bytesScanned": 200_000}
    (line,) = cost_report(cloud.meter.since(before), cloud.facts).lines
    assert (line.item, line.quantity) == ("logs.scanned_gb", pytest.approx(0.0002))
    assert line.cost_usd == pytest.approx(0.0002 * cloud.facts.value("price.cloudwatch.logs.insights"))


@pytest.mark.behaviour("OBS-06")
def test_a_query_that_runs_for_an_hour_times_out(cloud, logs, ask, slow_scan):
    slow_scan(4 * 3_600)
    before = cloud.meter.snapshot()
    query = ask()
    cloud.wait(3_500)
    assert logs.get_query_results(queryId=query)["status"] == "Running"
    cloud.wait(200)
    answer = logs.get_query_results(queryId=query)
    assert (answer["status"], answer["results"]) == ("Timeout", [])
    assert cloud.meter.since(before).total("logs.scanned_gb") * 1e9 == pytest.approx(2_500, rel=0.01)


@pytest.mark.behaviour("OBS-06")
def test_a_hundred_queries_run_at_a_time(cloud, logs, ask, slow_scan):
    slow_scan(600)
    queries = [ask() for _ in range(100)]
    with pytest.raises(ClientError, match=r"query concurrency limit of \[100\] reached") as caught:
        ask()
    assert caught.value.response["Error"]["Code"] == "LimitExceededException"
    assert len(logs.describe_queries(status="Running")["queries"]) == 100
    assert logs.stop_query(queryId=queries[0])["success"] is True
    assert logs.get_query_results(queryId=queries[0])["status"] == "Cancelled"
    ask()
    cloud.wait(700)
    assert logs.describe_queries(status="Running")["queries"] == []


@pytest.mark.behaviour("OBS-06")
def test_results_can_be_retrieved_for_a_week(cloud, logs, write, ask):
    write("line")
    query = ask()
    cloud.wait(6 * DAY_S)
    assert len(logs.get_query_results(queryId=query)["results"]) == 1
    cloud.wait(2 * DAY_S)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.get_query_results(queryId=query)


@pytest.mark.behaviour("OBS-07")
def test_the_price_falls_with_volume_for_the_logs_of_functions_only(cloud):
    def cost(item, gigabytes):
        return cost_report({item: gigabytes}, cloud.facts).total_usd

    assert cost("logs.ingested_gb", 10_000) == pytest.approx(cost("logs.standard_gb", 10_000))
    assert cost("logs.ingested_gb", 20_000) == pytest.approx(5_000 + 2_500)
    assert cost("logs.standard_gb", 20_000) == pytest.approx(10_000)


@pytest.mark.behaviour("OBS-07")
def test_lines_of_functions_and_lines_of_others_are_metered_apart(cloud, function, invoke, write):
    function("shop", "def handler(event, context): print('x' * 100)")
    before = cloud.meter.snapshot()
    invoke("shop")
    write("y" * 100)
    items = {line.item for line in cost_report(cloud.meter.since(before), cloud.facts).lines}
    assert {"logs.ingested_gb", "logs.standard_gb"} <= items
