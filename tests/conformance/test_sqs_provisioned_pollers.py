"""Provisioned mode of SQS event source mappings, and concurrency that mappings share, as AWS documents them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report

ARN = "arn:aws:sqs:us-east-1:123456789012:"
SLOW = "import time\ndef handler(event, context): time.sleep(20)\n"
PRINT_TIME = """
    import json, time
    def handler(event, context):
        print(json.dumps([time.time(), len(event["Records"])]))
"""


@pytest.fixture
def queue(cloud):
    def create(name):
        attributes = {"VisibilityTimeout": "60"}
        return cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return create


@pytest.fixture
def connect(cloud, function):
    def create(source, **mapping):
        function("worker", source, Timeout=30)
        client = cloud.client("lambda")
        return client.create_event_source_mapping(FunctionName="worker", EventSourceArn=ARN + "orders", **mapping)

    return create


def send(cloud, url, count, body="x"):
    def fill():
        for _ in range(count):
            cloud.sqs.send(url, body)

    cloud.kernel.call(fill)


def pollers(least, most):
    return {"MinimumPollers": least, "MaximumPollers": most}


@pytest.mark.behaviour("ESQ-13")
@pytest.mark.parametrize(("least", "most"), [(1, 10), (201, 300), (2, 1), (2, 10_001), (50, 10)])
def test_pollers_out_of_range_are_refused(queue, connect, least, most):
    queue("orders")
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*(MinimumPollers|MaximumPollers)"):
        connect(SLOW, ProvisionedPollerConfig=pollers(least, most))


@pytest.mark.behaviour("ESQ-13")
def test_each_poller_holds_ten_invocations_from_the_start_and_more_pollers_come_within_the_maximum(
    cloud, queue, connect
):
    url = queue("orders")
    connect(SLOW, BatchSize=1, ProvisionedPollerConfig=pollers(3, 6))
    send(cloud, url, 400)
    cloud.wait(1)
    assert 30 <= cloud.lambda_.concurrency.running["worker"] <= 50  # on demand it would begin with 5
    cloud.wait(15)
    assert cloud.lambda_.concurrency.running["worker"] == 60


@pytest.mark.behaviour("ESQ-13")
def test_a_poller_makes_ten_polls_a_second(cloud, queue, connect, log_lines):
    url = queue("orders")
    connect(PRINT_TIME, BatchSize=10, ProvisionedPollerConfig=pollers(2, 2))
    send(cloud, url, 1_000)  # 100 full batches: 20 a second
    cloud.wait(60)
    printed = [json.loads(line) for line in log_lines("worker") if line.startswith("[")]
    assert sum(count for _, count in printed) == 1_000
    assert 4.5 <= printed[-1][0] - printed[0][0] <= 7


@pytest.mark.behaviour("ESQ-13")
def test_a_poller_carries_a_megabyte_a_second(cloud, queue, connect, log_lines):
    url = queue("orders")
    connect(PRINT_TIME, BatchSize=10, ProvisionedPollerConfig=pollers(2, 2))
    send(cloud, url, 40, "x" * 500_000)  # 20 MB: 2 MB a second
    cloud.wait(60)
    printed = [json.loads(line) for line in log_lines("worker") if line.startswith("[")]
    assert sum(count for _, count in printed) == 40
    assert 6 <= printed[-1][0] - printed[0][0] <= 12


@pytest.mark.behaviour("ESQ-13")
def test_pollers_are_billed_by_the_hour_for_as_long_as_the_mapping_is_enabled(cloud, queue, connect):
    queue("orders")
    mapping = connect(SLOW, ProvisionedPollerConfig=pollers(4, 10))
    cloud.wait(7_200)
    used = cloud.meter.snapshot()
    assert used.total("lambda.sqs_poller_hours") == pytest.approx(8, rel=1e-3)
    assert cost_report(used, cloud.facts).of("lambda.sqs_poller_hours") == pytest.approx(8 * 0.00925, rel=1e-3)
    cloud.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    cloud.wait(7_200)
    assert cloud.meter.snapshot().total("lambda.sqs_poller_hours") == pytest.approx(8, rel=1e-3)


@pytest.mark.behaviour("ESQ-12")
@pytest.mark.parametrize(("reserved", "throttled"), [(20, False), (12, True)])
def test_reserved_concurrency_below_the_sum_of_maximum_concurrencies_throttles(
    cloud, queue, function, reserved, throttled
):
    function("worker", SLOW, Timeout=30)
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=reserved)
    for name in ("orders", "returns"):
        url = queue(name)
        send(cloud, url, 40)
        client.create_event_source_mapping(
            FunctionName="worker", EventSourceArn=ARN + name, BatchSize=1, ScalingConfig={"MaximumConcurrency": 10}
        )
    cloud.wait(120)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": "worker"}],
        StartTime="2025-01-06T08:00:00Z",
        EndTime="2025-01-06T09:00:00Z",
        Period=3_600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert (sum(point["Sum"] for point in found) > 0) == throttled
