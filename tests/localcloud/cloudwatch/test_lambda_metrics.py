"""The AWS/Lambda metrics that invocations publish."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.services.cloudwatch.statistics import Sample, percentile

from .conftest import stat

UNEVEN = """
    import time

    def handler(event, context):
        time.sleep(event["seconds"])
        if event.get("fail"):
            raise ValueError("burnt")
"""


@pytest.fixture
def metric(ask):
    """metric("Duration", "p99", FunctionName="bake") over one hour; None when there is no data."""

    def read(name, statistic="Sum", period_s=3_600, **dimensions):
        listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        query = stat("m", name, statistic, period_s, listed, "AWS/Lambda")
        values = ask(query, minutes=60)[0]["Values"]
        return values[0] if values else None

    return read


def test_p99_of_duration_is_that_of_the_report_lines(function, invoke, log_lines, metric):
    function("bake", UNEVEN)
    for number in range(25):
        invoke("bake", {"seconds": (number * 7 % 11) / 100})
    reports = [line for line in log_lines("bake") if line.startswith("REPORT")]
    durations = [float(re.search(r"\tDuration: ([\d.]+) ms", line)[1]) for line in reports]
    assert len(durations) == 25
    for percent in (50, 90, 99):
        assert metric("Duration", f"p{percent}", FunctionName="bake") == percentile(Sample.of(durations), percent)
    assert metric("Duration", "Maximum", FunctionName="bake") == max(durations)


def test_errors_are_counted_among_the_invocations(function, invoke, metric):
    function("bake", UNEVEN)
    for fail in (False, True, False, False):
        invoke("bake", {"seconds": 0, "fail": fail})
    assert metric("Invocations", FunctionName="bake") == 4
    assert metric("Errors", FunctionName="bake") == 1
    assert metric("Errors", "Average", FunctionName="bake") == 0.25


def test_each_set_of_dimensions_has_its_own_values(cloud, function, invoke, metric):
    function("bake", UNEVEN)
    function("serve", UNEVEN)
    lambda_ = cloud.client("lambda")
    version = lambda_.publish_version(FunctionName="bake")["Version"]
    lambda_.create_alias(FunctionName="bake", Name="live", FunctionVersion=version)
    invoke("serve", {"seconds": 0})
    invoke("bake", {"seconds": 0})
    invoke("bake", {"seconds": 0}, Qualifier="live")
    invoke("bake", {"seconds": 0}, Qualifier=version)
    assert metric("Invocations") == 4
    assert metric("Invocations", FunctionName="bake") == 3
    assert metric("Invocations", FunctionName="bake", Resource="bake") == 1
    assert metric("Invocations", FunctionName="bake", Resource="bake:live") == 1
    assert metric("Invocations", FunctionName="bake", Resource=f"bake:{version}") == 1
    by_version = {"FunctionName": "bake", "Resource": "bake:live", "ExecutedVersion": version}
    assert metric("Invocations", **by_version) == 1
    listed = cloud.client("cloudwatch").list_metrics(
        MetricName="Invocations", Dimensions=[{"Name": "ExecutedVersion"}]
    )["Metrics"]
    assert len(listed) == 1


def test_a_throttled_call_is_no_invocation(cloud, function, invoke, metric):
    function("bake", UNEVEN)
    cloud.client("lambda").put_function_concurrency(FunctionName="bake", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke("bake", {"seconds": 0})
    assert metric("Throttles", FunctionName="bake") >= 1
    assert metric("Invocations", FunctionName="bake") is None
    assert metric("Throttles") == metric("Throttles", FunctionName="bake")


def test_concurrent_executions_are_the_most_at_once(cloud, function, metric):
    function("bake", UNEVEN)
    function("serve", UNEVEN)
    payload = json.dumps({"seconds": 2}).encode()
    tasks = [cloud.kernel.spawn(cloud.lambda_.invoke, name, payload) for name in ("bake", "bake", "bake", "serve")]
    cloud.wait(10)
    assert [task.result().function_error for task in tasks] == [None] * 4
    assert metric("ConcurrentExecutions", "Maximum", FunctionName="bake") == 3
    assert metric("ConcurrentExecutions", "Maximum", FunctionName="serve") == 1
    assert metric("ConcurrentExecutions", "Maximum") == 4
    cloud.kernel.call(cloud.lambda_.invoke, "bake", payload)
    assert metric("ConcurrentExecutions", "Minimum", FunctionName="bake") == 1


def test_values_carry_the_start_of_the_invocation(cloud, function, invoke, ask, start):
    function("bake", UNEVEN, Timeout=300)
    invoke("bake", {"seconds": 150})
    dimensions = [{"Name": "FunctionName", "Value": "bake"}]
    (result,) = ask(stat("m", "Duration", "Maximum", dimensions=dimensions, namespace="AWS/Lambda"))
    assert result["Timestamps"] == [start]
    assert cloud.now > start + timedelta(seconds=150)


def test_asynchronous_events_are_followed_to_their_end(cloud, function, metric):
    function("bake", UNEVEN)
    lambda_ = cloud.client("lambda")
    for fail in (False, True):
        payload = json.dumps({"seconds": 0, "fail": fail})
        lambda_.invoke(FunctionName="bake", InvocationType="Event", Payload=payload)
    cloud.wait(600)
    assert metric("AsyncEventsReceived", FunctionName="bake") == 2
    assert metric("AsyncEventsDropped", FunctionName="bake") == 1
    assert metric("Invocations", FunctionName="bake") == 4
    assert metric("AsyncEventAge", "SampleCount", FunctionName="bake") == 4
    queue_ms = cloud.facts.value("latency.derived.async_invoke_queue")["p50"]
    assert metric("AsyncEventAge", "Minimum", FunctionName="bake") == pytest.approx(queue_ms)
    waits_s = sum(cloud.facts.value("quota.lambda.async.retries")["wait_s"])
    assert metric("AsyncEventAge", "Maximum", FunctionName="bake") >= waits_s * 1_000


def test_an_error_rate_by_metric_math(function, invoke, ask):
    function("bake", UNEVEN)
    for fail in (False, True):
        invoke("bake", {"seconds": 0, "fail": fail})
    dimensions = [{"Name": "FunctionName", "Value": "bake"}]
    (rate,) = ask(
        {"Id": "rate", "Expression": "100 * errors / invocations", "Label": "error rate"},
        stat("errors", "Errors", "Sum", 60, dimensions, "AWS/Lambda", ReturnData=False),
        stat("invocations", "Invocations", "Sum", 60, dimensions, "AWS/Lambda", ReturnData=False),
    )
    assert (rate["Label"], rate["Values"]) == ("error rate", [50])
