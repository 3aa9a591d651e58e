"""EventBridge Scheduler and scheduled rules, as AWS documents them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.faults import Fault

ACCOUNT = "arn:aws:{}:us-east-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
OFF = {"Mode": "OFF"}


@pytest.fixture
def scheduler(cloud):
    return cloud.client("scheduler")


@pytest.fixture
def queue(cloud):
    """Create a queue: queue("morning") -> (its ARN, a function that empties it: [(second, body, attributes)])."""
    sqs = cloud.client("sqs")

    def create(name):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]

        def received():
            found, asked = [], {"AttributeNames": ["All"], "MessageAttributeNames": ["All"], "WaitTimeSeconds": 1}
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **asked).get("Messages"):
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    told = {key: value["StringValue"] for key, value in message.get("MessageAttributes", {}).items()}
                    found.append((int(message["Attributes"]["SentTimestamp"]) / 1_000, message["Body"], told))
            return sorted(found, key=lambda one: one[0])

        return ACCOUNT.format("sqs") + name, received

    return create


@pytest.fixture
def schedule(scheduler):
    """Create a schedule: schedule("bake", "rate(1 hour)", target ARN, Input="...") -> its ARN."""

    def create(name, expression, arn, window=OFF, settings=None, **target):
        return scheduler.create_schedule(
            Name=name, ScheduleExpression=expression, FlexibleTimeWindow=window,
            Target={"Arn": arn, "RoleArn": ROLE, **target}, **(settings or {}),
        )["ScheduleArn"]  # fmt: skip

    return create


def at(moment):
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


@pytest.mark.parametrize("start_h", [None, -2, 2])
def test_a_rate_invokes_at_once_or_from_its_start_date_and_again_and_again_within_a_minute_of_its_time(
    cloud, schedule, queue, start_h
):
    arn, received = queue("morning")
    began = cloud.now
    dates = {} if start_h is None else {"StartDate": began + timedelta(hours=start_h, minutes=30)}
    schedule("bake", "rate(1 hour)", arn, Input="bake", settings=dates)
    cloud.wait(3 * 3_600 + 61)
    times = [second - began.timestamp() for second, body, _ in received() if body == "bake"]
    first = {None: 0, -2: 1_800, 2: 2 * 3_600 + 1_800}[start_h]
    assert all(0 <= time - first - 3_600 * hour <= 61 for hour, time in enumerate(times))
    assert len(times) == {None: 4, -2: 3, 2: 1}[start_h]


def test_one_time_in_a_time_zone_then_the_schedule_deletes_itself(cloud, scheduler, schedule, queue):
    arn, received = queue("morning")
    due = cloud.now + timedelta(hours=5)
    schedule(
        "once", at(due + timedelta(hours=9)), arn, Input="now",
        settings={"ScheduleExpressionTimezone": "Asia/Tokyo", "ActionAfterCompletion": "DELETE"},
    )  # fmt: skip
    cloud.wait(24 * 3_600)
    ((second, _, _),) = received()
    assert 0 <= second - due.timestamp() <= 61
    assert scheduler.list_schedules()["Schedules"] == []


def test_the_input_may_name_the_context_and_without_one_a_notification_is_sent(cloud, schedule, queue):
    arn, received = queue("morning")
    due = (cloud.now + timedelta(minutes=5)).replace(microsecond=0)
    text = "<aws.scheduler.scheduled-time> <aws.scheduler.attempt-number> <aws.scheduler.schedule-arn>"
    told = schedule("told", at(due), arn, Input=text)
    plain = schedule("plain", at(due), arn)
    cloud.wait(600)
    bodies = [body for _, body, _ in received()]
    assert f"{due:%Y-%m-%dT%H:%M:%SZ} 1 {told}" in bodies
    (event,) = [json.loads(body) for body in bodies if body.startswith("{")]
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.scheduler", "Scheduled Event", [plain])


@pytest.mark.behaviour("SCH-01")
def test_a_flexible_window_spreads_invocations(cloud, schedule, queue):
    arn, received = queue("morning")
    due = cloud.now + timedelta(hours=1)
    for number in range(20):
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
        schedule(f"s{number}", at(due), arn, window=window, Input=str(number))
    cloud.wait(2 * 3_600)
    late = [second - due.timestamp() for second, _, _ in received()]
    assert len(late) == 20
    assert all(-1 <= delay <= 1_801 for delay in late)
    assert max(late) - min(late) > 600


@pytest.mark.behaviour("SCH-01")
@pytest.mark.parametrize("minutes", [0, 1_441, None])
def test_a_flexible_window_has_1_to_1440_minutes(cloud, schedule, queue, minutes):
    arn, _ = queue("morning")
    window = {"Mode": "FLEXIBLE"} | ({"MaximumWindowInMinutes": minutes} if minutes is not None else {})
    with pytest.raises((ClientError, Exception), match="aximumWindowInMinutes"):
        schedule("bake", "rate(1 hour)", arn, window=window)


@pytest.mark.behaviour("SCH-01")
def test_it_tries_again_up_to_185_times_for_a_day_and_then_leaves_a_dead_letter(cloud, scheduler, schedule, queue):
    arn, _ = queue("morning")
    dead, received = queue("dead")
    schedule("bake", at(cloud.now + timedelta(minutes=1)), arn, Input="bake", DeadLetterConfig={"Arn": dead})
    policy = scheduler.get_schedule(Name="bake")["Target"]["RetryPolicy"]
    assert policy == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    cloud.faults.during(40 * 3_600, Fault("outage", service="sqs", resource="morning"))
    cloud.wait(20 * 3_600)
    assert received() == []
    cloud.wait(8 * 3_600)
    ((_, body, told),) = received()
    assert body == "bake"
    assert told["EXHAUSTED_RETRY_CONDITION"] in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
    assert 50 < int(told["RETRY_ATTEMPTS"]) <= 185
    assert told["TARGET_ARN"] == arn


@pytest.mark.behaviour("SCH-01")
def test_a_retry_policy_of_its_own_and_an_error_that_does_not_pass(cloud, schedule, queue):
    dead, received = queue("dead")
    gone = ACCOUNT.format("sqs") + "gone"
    schedule("bake", at(cloud.now + timedelta(minutes=1)), gone, Input="bake", DeadLetterConfig={"Arn": dead})
    cloud.wait(600)
    ((_, _, told),) = received()
    assert told["RETRY_ATTEMPTS"] == "0"
    assert "NonExistentQueue" in told["ERROR_CODE"]


def test_every_kind_of_target(cloud, schedule, queue, function, log_lines):
    _, received = queue("morning")
    function("baker", "def handler(event, context): print('baking', event)")
    due = at(cloud.now + timedelta(minutes=1))
    sns, kinesis = cloud.client("sns"), cloud.client("kinesis")
    topic = sns.create_topic(Name="news")["TopicArn"]
    kinesis.create_stream(StreamName="till", ShardCount=1)
    url = cloud.client("sqs").get_queue_url(QueueName="morning")["QueueUrl"]
    schedule("function", due, ACCOUNT.format("lambda") + "function:baker", Input='{"n": 1}')
    schedule("topic", due, topic, Input="news")
    till = ACCOUNT.format("kinesis") + "stream/till"
    schedule("stream", due, till, Input="sold", KinesisParameters={"PartitionKey": "a"})
    schedule("any", due, "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
             Input=json.dumps({"QueueUrl": url, "MessageBody": "by the SDK"}))  # fmt: skip
    schedule("bus", due, ACCOUNT.format("events") + "event-bus/default", Input='{"id": 7}',
             EventBridgeParameters={"Source": "bakery", "DetailType": "Opened"})  # fmt: skip
    seen = []
    cloud.events.on_event.append(lambda bus, matching: seen.append(bus))
    cloud.wait(300)
    assert any("baking {'n': 1}" in line for line in log_lines("baker"))
    assert [body for _, body, _ in received()] == ["by the SDK"]
    assert seen == ["default"]
    assert cloud.meter.snapshot().total("scheduler.invocations") == 5
    assert cloud.meter.snapshot().total("kinesis.put_units") == 1


def test_a_disabled_or_deleted_schedule_invokes_no_more(cloud, scheduler, schedule, queue):
    arn, received = queue("morning")
    schedule("a", "rate(1 minute)", arn, Input="a")
    schedule("b", "rate(1 minute)", arn, Input="b", settings={"State": "DISABLED"})
    cloud.wait(150)
    assert {body for _, body, _ in received()} == {"a"}
    scheduler.delete_schedule(Name="a")
    cloud.wait(120)
    received()
    cloud.wait(300)
    assert received() == []


@pytest.mark.parametrize("expression", ["rate(0 minutes)", "rate(1 minutes)", "soon", "cron(0 0 * * * *)"])
def test_what_is_no_schedule_is_refused(schedule, queue, expression):
    arn, _ = queue("morning")
    with pytest.raises(ClientError, match="Invalid Schedule Expression") as caught:
        schedule("bake", expression, arn)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_rule_runs_on_a_schedule_until_it_is_disabled(cloud, function, log_lines):
    function("baker", "def handler(event, context): print(event['detail-type'], event['source'], event['resources'])")
    events = cloud.client("events")
    arn = events.put_rule(Name="morning", ScheduleExpression="rate(30 minutes)")["RuleArn"]
    events.put_rule(Name="all", EventPattern='{"source": ["aws.events"]}')
    target = {"Id": "1", "Arn": ACCOUNT.format("lambda") + "function:baker"}
    for rule in ("morning", "all"):
        events.put_targets(Rule=rule, Targets=[target])
    cloud.client("lambda").add_permission(
        FunctionName="baker", StatementId="events", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    cloud.wait(3_700)
    printed = [line for line in log_lines("baker") if line.startswith("Scheduled Event")]
    assert printed == [f"Scheduled Event aws.events ['{arn}']"] * 2
    events.disable_rule(Name="morning")
    cloud.wait(7_200)
    assert sum(line.startswith("Scheduled Event") for line in log_lines("baker")) == 2
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        events.put_rule(Name="bad", ScheduleExpression="rate(1 minutes)")


def test_a_template_makes_a_schedule(cloud, queue):
    arn, received = queue("morning")
    target = {"Arn": arn, "RoleArn": ROLE, "Input": "bake", "RetryPolicy": {"MaximumRetryAttempts": "3"}}
    resources = {
        "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "ovens"}},
        "Bake": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "FlexibleTimeWindow": OFF, "ScheduleExpression": "rate(1 hour)", "Target": target,
                "GroupName": {"Ref": "Group"},
            },
        },
    }  # fmt: skip
    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName="ovens", TemplateBody=json.dumps({"Resources": resources}))
    stacks.get_waiter("stack_create_complete").wait(StackName="ovens")
    cloud.wait(3_700)
    assert [body for _, body, _ in received()] == ["bake", "bake"]  # at once, and an hour later
    stacks.delete_stack(StackName="ovens")
    cloud.wait(7_200)
    assert received() == []


def test_a_target_that_is_no_arn_is_refused(scheduler):
    with pytest.raises(ClientError, match="Provided Arn is not in correct format"):
        scheduler.create_schedule(
            Name="bake", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow=OFF,
            Target={"Arn": "oven", "RoleArn": ROLE},
        )  # fmt: skip
