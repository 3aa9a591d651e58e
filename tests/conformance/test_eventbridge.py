"""EventBridge buses and rules, as AWS documents them."""

from __future__ import annotations

import itertools
import json

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "arn:aws:{}:us-east-1:123456789012:"


@pytest.fixture
def events(cloud):
    return cloud.client("events")


@pytest.fixture
def queue(cloud):
    """Create a queue that lets EventBridge in (or not): queue("audit") -> (URL, ARN)."""

    def create(name, open_to_events=True):
        sqs, arn = cloud.client("sqs"), ACCOUNT.format("sqs") + name
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        if open_to_events:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
        return url, arn

    return create


@pytest.fixture
def rule(events):
    """Create a rule with targets: rule("audit", {"source": ["shop"]}, {"Id": "1", "Arn": ...})."""

    def create(name, pattern, *targets, bus="default"):
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, EventBusName=bus, Targets=list(targets))

    return create


@pytest.fixture
def put(events):
    """Put one event; returns the answer."""

    def call(detail=None, source="shop", detail_type="OrderPlaced", **entry):
        body = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail or {"id": 1}), **entry}
        return events.put_events(Entries=[body])

    return call


@pytest.fixture
def messages(cloud):
    """Everything that is in a queue after some time."""

    def read(url, after_s=5):
        cloud.wait(after_s)
        found = cloud.sqs.receive(url, 10)
        cloud.sqs.delete(url, [message.receipt_handle for message in found])
        return found

    return read


@pytest.mark.behaviour("EVB-01")
def test_put_events_reports_failures_entry_by_entry(events):
    fine = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": "{}"}
    entries = [fine, *({key: value for key, value in fine.items() if key != missing} for missing in fine)]
    answer = events.put_events(Entries=[*entries, {**fine, "Detail": "no JSON"}])
    assert answer["FailedEntryCount"] == 4
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [None, "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail"]
    assert "EventId" in answer["Entries"][0]


@pytest.mark.behaviour("EVB-01", "EVB-11")
def test_a_request_with_too_many_entries_or_too_many_bytes_is_refused(events):
    entry = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": json.dumps({"x": "y" * 200_000})}
    with pytest.raises(ClientError, match="over the limit"):
        events.put_events(Entries=[entry] * 6)
    with pytest.raises(ClientError, match="less than or equal to 10"):
        events.put_events(Entries=[{**entry, "Detail": "{}"}] * 11)


@pytest.mark.behaviour("EVB-02")
def test_an_event_that_matches_no_rule_is_accepted_and_dropped(put, queue, rule, messages):
    url, arn = queue("audit")
    rule("audit", {"detail-type": ["OrderCancelled"]}, {"Id": "1", "Arn": arn})
    assert put()["FailedEntryCount"] == 0
    assert messages(url, 60) == []


@pytest.mark.behaviour("EVB-03")
def test_every_matching_rule_delivers_to_each_of_its_targets(cloud, put, queue, rule, messages):
    queues = [queue(f"q{n}") for n in range(6)]
    rule("one", {"source": ["shop"]}, *({"Id": str(n), "Arn": arn} for n, (_, arn) in enumerate(queues[:5])))
    rule("two", {"detail": {"id": [1]}}, {"Id": "1", "Arn": queues[5][1]})
    put()
    cloud.wait(5)
    assert [cloud.sqs.counts(url).visible for url, _ in queues] == [1] * 6
    (message,) = messages(queues[0][0])
    event = json.loads(message.body)
    assert (event["source"], event["detail-type"], event["detail"]) == ("shop", "OrderPlaced", {"id": 1})
    assert (event["account"], event["region"], event["version"]) == ("123456789012", "us-east-1", "0")


@pytest.mark.behaviour("EVB-03")
def test_a_rule_has_at_most_five_targets_and_deliveries_keep_no_order(events, put, queue, rule, messages):
    url, arn = queue("audit")
    rule("audit", {"source": ["shop"]}, {"Id": "1", "Arn": arn})
    with pytest.raises(ClientError, match="5 targets"):
        events.put_targets(Rule="audit", Targets=[{"Id": str(n), "Arn": arn} for n in range(6)])
    for number in range(10):
        put({"id": number})
    order = [json.loads(message.body)["detail"]["id"] for message in messages(url)]
    assert sorted(order) == list(range(10))
    assert order != sorted(order)


@pytest.mark.behaviour("EVB-05")
def test_a_target_that_lets_nobody_in_sends_the_event_to_the_dlq_at_once(cloud, put, queue, rule, messages):
    _, closed = queue("closed", open_to_events=False)
    dead_url, dead = queue("dead")
    missing = ACCOUNT.format("lambda") + "function:nobody"
    rule(
        "one",
        {"source": ["shop"]},
        {"Id": "1", "Arn": closed, "DeadLetterConfig": {"Arn": dead}},
        {"Id": "2", "Arn": missing, "DeadLetterConfig": {"Arn": dead}},
    )
    put()
    found = messages(dead_url, after_s=1)
    attributes = {m.attributes["TARGET_ARN"]["StringValue"]: m.attributes for m in found}
    assert attributes[closed]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert attributes[missing]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
    assert attributes[closed]["RETRY_ATTEMPTS"]["StringValue"] == "0"
    assert json.loads(found[0].body)["detail"] == {"id": 1}


def test_a_retriable_failure_is_tried_again_until_the_retry_policy_ends_it(cloud, put, queue, rule, messages):
    from localcloud.api import ApiError

    tried_at = []

    def failing(rule, target, event, text):
        tried_at.append(cloud.kernel.now_us)
        raise ApiError("InternalException", "try later", 500)

    cloud.events.targets.register("states", failing)
    dead_url, dead = queue("dead")
    machine = ACCOUNT.format("states") + "stateMachine:orders"
    rule(
        "one",
        {"source": ["shop"]},
        {
            "Id": "1",
            "Arn": machine,
            "DeadLetterConfig": {"Arn": dead},
            "RetryPolicy": {"MaximumRetryAttempts": 4},
            "RoleArn": "arn:aws:iam::1:role/x",
        },
    )
    put()
    (message,) = messages(dead_url, after_s=600)
    pauses = [after - before for before, after in itertools.pairwise(tried_at)]
    assert len(tried_at) == 5
    assert pauses == sorted(pauses)
    assert message.attributes["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumRetryAttempts"
    assert message.attributes["RETRY_ATTEMPTS"]["StringValue"] == "4"


def test_a_function_needs_a_permission_and_is_invoked_asynchronously(cloud, put, rule, function, log_lines):
    function("shop", "def handler(event, context): print('got', event['detail']['id'])")
    arn = ACCOUNT.format("lambda") + "function:shop"
    rule("one", {"source": ["shop"]}, {"Id": "1", "Arn": arn})
    put()
    cloud.wait(5)
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert groups == []
    cloud.client("lambda").add_permission(
        FunctionName="shop",
        StatementId="e",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=ACCOUNT.format("events") + "rule/one",
    )
    put()
    cloud.wait(5)
    assert any("got 1" in line for line in log_lines("shop"))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"InputPath": "$.detail"}, '{"id":7,"name":"Amélie"}'),
        ({"Input": '{"fixed": true}'}, '{"fixed": true}'),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"n": "$.detail.name", "i": "$.detail.id"},
                    "InputTemplate": '{"who": <n>, "text": "order <i> of <n>", "i": <i>}',
                }
            },
            '{"who": "Amélie", "text": "order 7 of Amélie", "i": 7}',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"d": "$.detail"},
                    "InputTemplate": '{"all": <d>, "rule": "<aws.events.rule-name>"}',
                }
            },
            '{"all": {"id":7,"name":"Amélie"}, "rule": "one"}',
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.name"}, "InputTemplate": '"Hello <n>"'}},
            '"Hello Amélie"',
        ),
    ],
)
def test_a_target_can_ask_for_a_part_a_constant_or_a_template(put, queue, rule, messages, target, expected):
    url, arn = queue("audit")
    rule("one", {"source": ["shop"]}, {"Id": "1", "Arn": arn, **target})
    put({"id": 7, "name": "Amélie"})
    (message,) = messages(url)
    assert message.body == expected


def test_a_bus_can_feed_another_bus_but_buses_are_not_chained(cloud, events, put, queue, rule, messages):
    arns = [events.create_event_bus(Name=name)["EventBusArn"] for name in ("second", "third")]
    urls = {}
    for bus in ("default", "second", "third"):
        url, arn = queue(f"audit-{bus}")
        urls[bus] = url
        rule("audit", {"source": ["shop"]}, {"Id": "1", "Arn": arn}, bus=bus)
    rule("forward", {"source": ["shop"]}, {"Id": "1", "Arn": arns[0], "RoleArn": "arn:aws:iam::1:role/x"})
    rule("on", {"source": ["shop"]}, {"Id": "1", "Arn": arns[1], "RoleArn": "arn:aws:iam::1:role/x"}, bus="second")
    put()
    cloud.wait(5)
    assert {bus: cloud.sqs.counts(url).visible for bus, url in urls.items()} == {"default": 1, "second": 1, "third": 0}


def test_a_wrong_pattern_is_refused_when_the_rule_is_put(events):
    with pytest.raises(ClientError, match="Event pattern is not valid") as caught:
        events.put_rule(Name="one", EventPattern=json.dumps({"source": [{"nearly": "shop"}]}))
    assert caught.value.response["Error"]["Code"] == "InvalidEventPatternException"
    pattern = json.dumps({"detail": {"total": [{"numeric": [">", 10]}]}})
    answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps({"detail": {"total": 11}}))
    assert answer["Result"] is True


def test_a_disabled_rule_delivers_nothing(events, put, queue, rule, messages):
    url, arn = queue("audit")
    rule("one", {"source": ["shop"]}, {"Id": "1", "Arn": arn})
    events.disable_rule(Name="one")
    put()
    assert messages(url) == []
