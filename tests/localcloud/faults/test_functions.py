"""Faults of functions hit every invocation, whoever makes it, and behave as the real thing would."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.faults import Fault

ONCE = Config(retries={"total_max_attempts": 1})
COUNTS = """
    import time
    count = 0
    def handler(event, context):
        global count
        count += 1
        print("try", context.aws_request_id, count)
        time.sleep((event or {}).get("seconds", 0) if isinstance(event, dict) else 0)
        return count
"""


@pytest.fixture
def oven(function):
    return function("oven", COUNTS, Timeout=10)


@pytest.fixture
def tries(cloud, log_lines):
    """Request id and count of each run of the handler so far."""

    def read():
        groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/oven")["logGroups"]
        lines = log_lines("oven") if groups else []
        return [line.split()[1:] for line in lines if line.startswith("try ")]

    return read


def test_an_error_takes_the_place_of_the_handlers_answer_and_keeps_the_environment(cloud, oven, invoke, tries):
    assert invoke("oven")[0] == 1
    handle = cloud.faults.add(Fault("error", service="lambda", resource="oven", code="OvenCold", message="no gas"))
    answer, response = invoke("oven")
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("OvenCold", "no gas")
    handle.remove()
    assert invoke("oven")[0] == 2
    (hit,) = cloud.faults.log
    assert (hit.kind, hit.service, hit.operation, hit.resource) == ("error", "lambda", "Invoke", "oven")


def test_a_fault_of_one_function_leaves_the_others_alone(cloud, oven, function, invoke):
    function("fridge", COUNTS)
    cloud.faults.add(Fault("error", service="lambda", resource="oven"))
    assert invoke("fridge")[0] == 1


def test_latency_is_part_of_the_duration_and_can_run_into_the_timeout(cloud, oven, invoke, log_lines):
    handle = cloud.faults.add(Fault("latency", service="lambda", resource="oven", delay_ms=4_000))
    assert invoke("oven")[0] == 1
    (report,) = [line for line in log_lines("oven") if line.startswith("REPORT")]
    assert 4_000 <= float(report.split("Duration: ")[1].split()[0]) < 4_200
    handle.remove()
    cloud.faults.add(Fault("latency", service="lambda", resource="oven", delay_ms=11_000))
    answer, _ = invoke("oven")
    assert answer["errorType"] == "Sandbox.Timedout"


def test_a_handler_that_hangs_is_ended_by_its_timeout(cloud, oven, invoke):
    cloud.faults.add(Fault("timeout", service="lambda", resource="oven"))
    before = cloud.now
    answer, _ = invoke("oven")
    assert answer["errorType"] == "Sandbox.Timedout"
    assert 10 <= (cloud.now - before).total_seconds() < 12


@pytest.mark.parametrize("delay_ms", [0, 500])
def test_a_crash_resets_the_environment_and_init_runs_again_inside_the_next_duration(
    cloud, oven, invoke, log_lines, tries, delay_ms
):
    assert invoke("oven")[0] == 1
    handle = cloud.faults.add(Fault("crash", service="lambda", resource="oven", delay_ms=delay_ms))
    answer, response = invoke("oven", {"seconds": 3})
    assert answer["errorType"] == "Runtime.ExitError"
    assert response["FunctionError"] == "Unhandled"
    assert len(tries()) == (2 if delay_ms else 1)  # after half a second it had begun
    handle.remove()
    assert invoke("oven")[0] == 1  # module state is gone
    reports = [line for line in log_lines("oven") if line.startswith("REPORT")]
    assert "Status: error" in reports[1]
    assert "Init Duration" not in reports[2]
    assert float(reports[2].split("Duration: ")[1].split()[0]) > 50
    assert len({event["logStreamName"] for event in _events(cloud)}) == 1


def _events(cloud):
    return cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/oven")["events"]


def test_a_crash_that_comes_after_the_answer_is_none(cloud, oven, invoke):
    cloud.faults.add(Fault("crash", service="lambda", resource="oven", delay_ms=5_000))
    assert invoke("oven", {"seconds": 1})[0] == 1
    cloud.wait(10)
    assert invoke("oven", {"seconds": 1})[0] == 2
    assert cloud.faults.log == []


def test_a_throttle_is_counted_as_one_and_its_caller_gets_429(cloud, oven):
    cloud.faults.add(Fault("throttle", service="lambda", resource="oven"))
    with pytest.raises(ClientError, match="TooManyRequestsException") as caught:
        cloud.client("lambda", config=ONCE).invoke(FunctionName="oven")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"
    (found,) = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": "oven"}],
        StartTime=cloud.now.replace(second=0),
        EndTime=cloud.now.replace(hour=cloud.now.hour + 1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert found["Sum"] == 1


def test_the_sdks_retries_absorb_a_share_of_throttles(cloud, oven):
    client = cloud.client("lambda", config=Config(retries={"mode": "standard", "total_max_attempts": 8}))
    cloud.faults.add(Fault("throttle", service="lambda", resource="oven", share=0.3))
    for _ in range(30):
        client.invoke(FunctionName="oven")
    assert len(cloud.faults.log) > 3


@pytest.mark.parametrize(("kind", "code"), [("throttle", "TooManyRequests"), ("outage", "ServiceException")])
def test_events_wait_out_throttles_and_outages_without_using_up_attempts(cloud, oven, invoke, tries, kind, code):
    cloud.faults.during(1_800, Fault(kind, service="lambda", resource="oven"), after_s=0.05)
    invoke("oven", {"order": 1}, InvocationType="Event")
    cloud.wait(1_790)
    assert tries() == []
    assert len(cloud.faults.log) > 5
    cloud.wait(600)
    assert len(tries()) == 1


def test_an_outage_takes_no_events_in(cloud, oven):
    cloud.faults.add(Fault("outage", service="lambda"))
    with pytest.raises(ClientError, match="ServiceException"):
        cloud.client("lambda", config=ONCE).invoke(FunctionName="oven", InvocationType="Event")


def test_errors_of_events_are_retried_as_errors_are(cloud, oven, invoke, tries):
    cloud.faults.during(30, Fault("error", service="lambda", resource="oven"))
    invoke("oven", InvocationType="Event")
    cloud.wait(300)
    assert len(tries()) == 1
    assert len(cloud.faults.log) == 1


def test_events_are_delivered_twice_while_a_duplicate_fault_lasts(cloud, oven, invoke, tries):
    cloud.faults.during(60, Fault("duplicate", service="lambda", resource="oven"))
    invoke("oven", InvocationType="Event")
    cloud.wait(70)
    assert len(tries()) == 2
    assert len({request_id for request_id, _ in tries()}) == 1
    invoke("oven", InvocationType="Event")
    cloud.wait(10)
    assert len(tries()) == 3
    assert [hit.kind for hit in cloud.faults.log] == ["duplicate"]


def test_a_share_of_duplicates_is_drawn(cloud, oven, invoke, tries):
    cloud.faults.add(Fault("duplicate", service="lambda", resource="oven", share=0.25))
    for _ in range(60):
        invoke("oven", InvocationType="Event")
    cloud.wait(30)
    assert len(tries()) == 60 + len(cloud.faults.log)
    assert 6 < len(cloud.faults.log) < 26


def test_messages_of_a_queue_wait_out_a_crashing_function(cloud, oven, tries):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    cloud.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="oven", BatchSize=1)
    cloud.wait(10)
    cloud.faults.during(60, Fault("crash", service="lambda", resource="oven"))
    sqs.send_message(QueueUrl=url, MessageBody="1")
    cloud.wait(59)
    assert tries() == []
    assert {hit.kind for hit in cloud.faults.log} == {"crash"}
    cloud.wait(60)
    assert len(tries()) == 1
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"


@pytest.mark.parametrize("kind", ["outage", "throttle"])
def test_a_rule_tries_its_target_again_until_the_outage_is_over(cloud, kind):
    sqs, events = cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name="all", EventPattern='{"source": ["shop"]}')["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    cloud.faults.during(300, Fault(kind, service="sqs", resource="orders", operation="SendMessage"))
    events.put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": "{}"}])
    cloud.wait(290)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert {(hit.service, hit.operation, hit.resource) for hit in cloud.faults.log} == {
        ("sqs", "SendMessage", "orders")
    }
    cloud.wait(600)
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
