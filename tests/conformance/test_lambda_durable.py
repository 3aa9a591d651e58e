"""Durable functions with the official Python SDK, as AWS documents them."""

from __future__ import annotations

import json
import textwrap
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "arn:aws:{}:us-east-1:123456789012:"
HEAD = """
import json, os, time, uuid, boto3
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import (
    CallbackConfig, Duration, ParallelConfig, MapConfig, StepConfig, StepSemantics, WaitForCallbackConfig)
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy, RetryPresets

def say(*words):
    print("said", json.dumps(words))
"""


@pytest.fixture
def lambda_(cloud):
    return cloud.client("lambda")


@pytest.fixture
def durable(function):
    """Create a durable function: durable("order", SOURCE, ExecutionTimeout=600)."""

    def create(name, source, timeout_s=600, **settings):
        config = {"ExecutionTimeout": timeout_s, "RetentionPeriodInDays": 7}
        return function(name, HEAD + textwrap.dedent(source), DurableConfig=config, **{"Timeout": 30, **settings})

    return create


@pytest.fixture
def run(lambda_):
    """Invoke and wait for the end: run("order", {"n": 1}) -> (answer, response)."""

    def call(name, event=None, **params):
        response = lambda_.invoke(FunctionName=name, Payload=json.dumps(event), **{"Qualifier": "$LATEST", **params})
        return json.loads(response["Payload"].read() or b"null"), response

    return call


@pytest.fixture
def said(log_lines):
    """What a function said, in order."""

    def read(name):
        return [json.loads(line.removeprefix("said ")) for line in log_lines(name) if line.startswith("said ")]

    return read


ORDER = """
    @durable_execution
    def handler(event, context: DurableContext):
        say("top")
        order = context.step(
            lambda step: say("reserve") or {"id": event["id"], "at": str(uuid.uuid4())}, name="reserve"
        )
        context.wait(Duration.from_minutes(5))
        paid = context.step(lambda step: say("charge") or "paid", name="charge")
        return {**order, "paid": paid}
"""


@pytest.mark.behaviour("DUR-01", "DUR-05")
def test_a_replay_starts_at_the_top_and_does_not_repeat_completed_steps(cloud, durable, run, said, log_lines):
    durable("order", ORDER)
    began = cloud.now
    answer, response = run("order", {"id": 7})
    assert (answer["id"], answer["paid"], response["ExecutedVersion"]) == (7, "paid", "$LATEST")
    assert said("order") == [["top"], ["reserve"], ["top"], ["charge"]]
    assert 300 <= (cloud.now - began).total_seconds() < 310
    reports = [line for line in log_lines("order") if line.startswith("REPORT")]
    billed_ms = sum(int(line.split("Billed Duration: ")[1].split(" ms")[0]) for line in reports)
    assert len(reports) == 2
    assert billed_ms < 5_000  # the wait of five minutes is not billed


UNSAFE = """
    @durable_execution
    def handler(event, context: DurableContext):
        def charge(step):
            say("charging")
            boto3.client("sqs").send_message(QueueUrl=event["url"], MessageBody="charged")
            time.sleep(20 if event.pop("die", False) and marker() else 0)
            return "paid"
        return context.step(charge, name="charge", config=StepConfig({config}))

    def marker():
        client = boto3.client("sqs")
        url = client.get_queue_url(QueueName="first")["QueueUrl"]
        found = client.receive_message(QueueUrl=url, WaitTimeSeconds=1)
        return bool(found.get("Messages"))
"""


@pytest.fixture
def payee(cloud):
    """A queue that counts charges, and one with a message that makes the first attempt die."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="payee")["QueueUrl"]
    first = sqs.create_queue(QueueName="first", Attributes={"VisibilityTimeout": "43000"})["QueueUrl"]
    sqs.send_message(QueueUrl=first, MessageBody="die")
    return url, lambda: cloud.sqs.counts(url).visible


@pytest.mark.behaviour("DUR-02")
def test_a_step_that_dies_runs_again_by_default(durable, run, payee, said):
    url, charges = payee
    durable("order", UNSAFE.replace("{config}", ""), Timeout=10)
    answer, _ = run("order", {"url": url, "die": True})
    assert answer == "paid"
    assert said("order").count(["charging"]) == 2
    assert charges() == 2


@pytest.mark.behaviour("DUR-02")
def test_at_most_once_per_retry_raises_instead_and_the_retry_strategy_decides(durable, run, payee, said):
    url, charges = payee
    config = "step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY"
    durable("order", UNSAFE.replace("{config}", config), Timeout=10)
    answer, _ = run("order", {"url": url, "die": True})
    assert answer == "paid"  # the default strategy tries once more
    assert charges() == 2


@pytest.mark.behaviour("DUR-03")
def test_charging_once_needs_at_most_once_and_no_retry(durable, run, payee):
    url, charges = payee
    config = "step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, retry_strategy=RetryPresets.none()"
    durable("order", UNSAFE.replace("{config}", config), Timeout=10)
    answer, response = run("order", {"url": url, "die": True})
    assert response["FunctionError"] == "Unhandled"
    assert "previously interrupted" in answer["errorMessage"]
    assert charges() == 1


FAILING = """
    @durable_execution
    def handler(event, context: DurableContext):
        def charge(step):
            say("attempt", round(time.time()))
            raise ValueError("no")
        return context.step(charge, name="charge")
"""


@pytest.mark.behaviour("DUR-04", "DUR-05")
def test_a_step_without_a_strategy_is_tried_six_times(cloud, durable, run, said, log_lines):
    durable("order", FAILING)
    _, response = run("order", {})
    assert response["FunctionError"] == "Unhandled"
    times = [at for _, at in said("order")]
    assert len(times) == 6
    gaps = [second - first for first, second in pairwise(times)]
    assert all(gap <= limit + 2 for gap, limit in zip(gaps, [5, 10, 20, 40, 60], strict=True))
    reports = [line for line in log_lines("order") if line.startswith("REPORT")]
    billed_ms = sum(int(line.split("Billed Duration: ")[1].split(" ms")[0]) for line in reports)
    assert billed_ms < sum(gaps) * 1_000 + 5_000
    assert len(reports) >= 2


@pytest.mark.behaviour("DUR-07")
def test_a_name_makes_a_start_idempotent(cloud, lambda_, durable, run):
    durable("order", ORDER)
    start = {"FunctionName": "order", "Qualifier": "$LATEST", "DurableExecutionName": "order-7"}
    event = json.dumps({"id": 7}).encode()
    first = lambda_.invoke(**start, InvocationType="Event", Payload=event)["DurableExecutionArn"]
    assert lambda_.invoke(**start, InvocationType="Event", Payload=b'{ "id":7 }')["DurableExecutionArn"] == first
    with pytest.raises(ClientError) as caught:
        lambda_.invoke(**start, InvocationType="Event", Payload=b'{"id": 8}')
    assert caught.value.response["Error"]["Code"] == "DurableExecutionAlreadyStartedException"
    answer, response = run("order", {"id": 7}, DurableExecutionName="order-7")  # reattaches
    assert response["DurableExecutionArn"] == first
    again, _ = run("order", {"id": 7}, DurableExecutionName="order-7")
    assert again == answer  # the stored result
    assert len(lambda_.list_durable_executions_by_function(FunctionName="order")["DurableExecutions"]) == 1


def queue_of(cloud, name, **attributes):
    made = {"VisibilityTimeout": "60", **attributes}
    return cloud.client("sqs").create_queue(QueueName=name, Attributes=made)["QueueUrl"]


@pytest.mark.behaviour("DUR-09")
def test_every_retry_of_an_event_source_mapping_is_a_new_execution(cloud, lambda_, durable):
    durable("order", """
        @durable_execution
        def handler(event, context: DurableContext):
            context.wait(Duration.from_seconds(5))
            raise ValueError("burnt")
    """)  # fmt: skip
    url = queue_of(cloud, "orders")
    arn = ACCOUNT.format("lambda") + "function:order:$LATEST"
    lambda_.create_event_source_mapping(FunctionName=arn, EventSourceArn=ACCOUNT.format("sqs") + "orders")
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    cloud.wait(150)
    found = lambda_.list_durable_executions_by_function(FunctionName="order")["DurableExecutions"]
    assert len(found) >= 2
    assert {one["Status"] for one in found} <= {"FAILED", "RUNNING"}


@pytest.mark.behaviour("DUR-10", "DUR-11")
@pytest.mark.parametrize(
    ("timeout_s", "suffix", "message"), [(901, ":$LATEST", "at most 900 seconds"), (900, "", "qualified ARN")]
)
def test_a_mapping_needs_a_qualified_arn_and_an_end_within_15_minutes(
    cloud, lambda_, durable, timeout_s, suffix, message
):
    durable("order", ORDER, timeout_s=timeout_s)
    queue_of(cloud, "orders")
    with pytest.raises(ClientError, match=message) as caught:
        lambda_.create_event_source_mapping(
            FunctionName=ACCOUNT.format("lambda") + f"function:order{suffix}",
            EventSourceArn=ACCOUNT.format("sqs") + "orders",
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"


ALL_KINDS = """
    @durable_execution
    def handler(event, context: DurableContext):
        both = context.parallel([lambda c: c.step(lambda s: 1), lambda c: c.step(lambda s: 2)], name="both")
        items = context.map([1, 2, 3], lambda c, item, index, items: c.step(lambda s: item * 10), name="items")
        context.wait(Duration.from_seconds(10))
        return [both.get_results(), items.get_results()]
"""


@pytest.mark.behaviour("DUR-16")
def test_operations_are_billed_by_kind(cloud, durable, run):
    durable("order", ALL_KINDS)
    answer, _ = run("order", {})
    assert answer == [[1, 2], [10, 20, 30]]
    # execution 1, parallel 1 + 2, map 1 + 3, five steps, one wait
    assert cloud.meter.snapshot().total("lambda.durable_operations") == 1 + 3 + 4 + 5 + 1
    assert cloud.meter.snapshot().total("lambda.durable_written_gb") > 0


CALLBACK = """
    @durable_execution
    def handler(event, context: DurableContext):
        def submit(callback_id, ctx):
            say("ask", callback_id)
        return context.wait_for_callback(submit, name="baker"{config})
"""


@pytest.fixture
def waiting(cloud, lambda_, durable, said):
    """Start an execution that waits for a callback: waiting() -> (its ARN, the callback's id)."""

    def start(config="", timeout_s=600):
        durable("order", CALLBACK.replace("{config}", config), timeout_s=timeout_s)
        arn = lambda_.invoke(FunctionName="order", Qualifier="$LATEST", InvocationType="Event", Payload=b"{}")
        cloud.wait(20)
        return arn["DurableExecutionArn"], next(words[1] for words in said("order") if words[0] == "ask")

    return start


def status(lambda_, arn):
    return lambda_.get_durable_execution(DurableExecutionArn=arn)["Status"]


def test_a_callback_resumes_the_execution(cloud, lambda_, waiting):
    arn, callback = waiting()
    cloud.wait(60)
    lambda_.send_durable_execution_callback_success(CallbackId=callback, Result=b'"baked"')
    cloud.wait(5)
    found = lambda_.get_durable_execution(DurableExecutionArn=arn)
    assert (found["Status"], found["Result"]) == ("SUCCEEDED", json.dumps('"baked"'))  # the SDK passes it on as it is
    with pytest.raises(ClientError, match="not open any more"):
        lambda_.send_durable_execution_callback_success(CallbackId=callback, Result=b'"late"')


def test_a_callback_may_fail_or_come_too_late(cloud, lambda_, waiting):
    arn, _ = waiting(", config=WaitForCallbackConfig(timeout=Duration.from_seconds(60))")
    cloud.wait(120)
    found = lambda_.get_durable_execution(DurableExecutionArn=arn)
    assert found["Status"] == "FAILED"
    assert "Callback" in json.dumps(found["Error"])


@pytest.mark.behaviour("DUR-17")
def test_a_callback_without_a_timeout_waits_until_the_executions_own(cloud, lambda_, waiting):
    arn, callback = waiting(timeout_s=90 * 86_400)
    cloud.wait(89 * 86_400)
    assert status(lambda_, arn) == "RUNNING"
    cloud.wait(2 * 86_400)
    assert status(lambda_, arn) == "TIMED_OUT"
    with pytest.raises(ClientError, match="not open any more"):
        lambda_.send_durable_execution_callback_success(CallbackId=callback, Result=b"1")


@pytest.mark.behaviour("DUR-17")
def test_an_execution_lasts_366_days_at_most(durable):
    with pytest.raises(ClientError, match="ExecutionTimeout"):
        durable("order", ORDER, timeout_s=366 * 86_400 + 1)


@pytest.mark.behaviour("DUR-18")
def test_stop_is_final(cloud, lambda_, waiting, said):
    arn, callback = waiting()
    lambda_.stop_durable_execution(DurableExecutionArn=arn, Error={"ErrorMessage": "closing time"})
    with pytest.raises(ClientError):
        lambda_.send_durable_execution_callback_success(CallbackId=callback, Result=b"1")
    with pytest.raises(ClientError):
        lambda_.resume_durable_execution(DurableExecutionArn=arn)
    cloud.wait(60)
    found = lambda_.get_durable_execution(DurableExecutionArn=arn)
    assert (found["Status"], found["Error"]["ErrorMessage"]) == ("STOPPED", "closing time")


@pytest.mark.behaviour("DUR-18")
def test_a_pause_lets_callbacks_in_but_does_not_invoke(cloud, lambda_, waiting, log_lines):
    arn, callback = waiting()
    lambda_.pause_durable_execution(DurableExecutionArn=arn)
    before = len(log_lines("order"))
    lambda_.send_durable_execution_callback_success(CallbackId=callback, Result=b'"baked"')
    cloud.wait(60)
    assert (status(lambda_, arn), len(log_lines("order"))) == ("PAUSED", before)
    lambda_.resume_durable_execution(DurableExecutionArn=arn)
    cloud.wait(10)
    assert status(lambda_, arn) == "SUCCEEDED"


def test_another_function_is_invoked_and_waited_for(cloud, durable, function, run):
    function("baker", "import time\ndef handler(event, context):\n    time.sleep(2)\n    return {'baked': event['n']}")
    durable("order", """
        @durable_execution
        def handler(event, context: DurableContext):
            return context.invoke("baker", {"n": event["n"]}, name="bake")
    """)  # fmt: skip
    answer, _ = run("order", {"n": 3})
    assert answer == {"baked": 3}


def test_the_history_tells_what_happened(lambda_, durable, run):
    durable("order", ORDER)
    _, response = run("order", {"id": 7})
    events = lambda_.get_durable_execution_history(DurableExecutionArn=response["DurableExecutionArn"])["Events"]
    assert [event["EventType"] for event in events] == [
        "ExecutionStarted", "StepStarted", "StepSucceeded", "WaitStarted", "InvocationCompleted", "WaitSucceeded",
        "StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded",
    ]  # fmt: skip


def test_an_execution_stays_with_the_version_it_began_with(cloud, lambda_, durable):
    durable("order", ORDER.replace('"paid"', '"paid by 1"'))
    lambda_.publish_version(FunctionName="order")
    lambda_.create_alias(FunctionName="order", Name="live", FunctionVersion="1")
    arn = lambda_.invoke(FunctionName="order", Qualifier="live", InvocationType="Event", Payload=b'{"id": 1}')
    cloud.wait(30)
    lambda_.update_function_configuration(FunctionName="order", MemorySize=512)
    lambda_.publish_version(FunctionName="order")
    lambda_.update_alias(FunctionName="order", Name="live", FunctionVersion="2")
    cloud.wait(600)
    found = lambda_.get_durable_execution(DurableExecutionArn=arn["DurableExecutionArn"])
    assert (found["Status"], found["Version"]) == ("SUCCEEDED", "1")


@pytest.mark.parametrize(
    ("settings", "params", "message"),
    [
        ({}, {}, "unqualified"),
        ({"timeout_s": 3_600}, {"Qualifier": "$LATEST"}, "cannot be invoked synchronously"),
    ],
)
def test_what_cannot_be_invoked_is_refused(lambda_, durable, settings, params, message):
    durable("order", ORDER, **settings)
    with pytest.raises(ClientError, match=message):
        lambda_.invoke(FunctionName="order", Payload=b"{}", **params)


def test_a_plain_handler_is_no_durable_function(durable, run):
    durable("order", """
        def handler(event, context):
            return "hello"
    """)  # fmt: skip
    answer, response = run("order", {})
    assert response["FunctionError"] == "Unhandled"
    assert "durable execution SDK" in answer["errorMessage"]
