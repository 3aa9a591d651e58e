"""Archives keep what a bus has carried; a replay brings it back to the bus."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report

SECOND = timedelta(seconds=1)  # an event's time is in whole seconds
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/bakery"


@pytest.fixture
def events(cloud):
    client = cloud.client("events")
    client.create_event_bus(Name="bakery")
    return client


@pytest.fixture
def archive(events):
    """The ARN of an archive of everything on the bus that is an order."""
    return events.create_archive(
        ArchiveName="orders", EventSourceArn=BUS, EventPattern=json.dumps({"detail-type": ["OrderPlaced"]})
    )["ArchiveArn"]


def test_a_replay_needs_a_time_to_replay(cloud, events, archive):
    with pytest.raises(ClientError, match="EventStartTime must be before EventEndTime"):
        events.start_replay(
            ReplayName="again", EventSourceArn=archive, Destination={"Arn": BUS}, EventStartTime=cloud.now,
            EventEndTime=cloud.now,
        )  # fmt: skip


@pytest.fixture
def put(events):
    def call(*numbers, detail_type="OrderPlaced"):
        for number in numbers:
            entry = {"Source": "shop", "DetailType": detail_type, "Detail": json.dumps({"n": number})}
            events.put_events(Entries=[{**entry, "EventBusName": "bakery"}])

    return call


@pytest.fixture
def rule(cloud, events):
    """A rule of the bus into a queue of its own: rule("audit") -> (its ARN, what empties the queue, oldest first)."""

    def create(name):
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
        answer = events.put_rule(Name=name, EventBusName="bakery", EventPattern=json.dumps({"source": ["shop"]}))
        events.put_targets(Rule=name, EventBusName="bakery", Targets=[{"Id": "1", "Arn": arn}])

        def received():
            found = []
            asked = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["SentTimestamp"]}
            while messages := sqs.receive_message(QueueUrl=url, **asked).get("Messages"):
                found += [(int(message["Attributes"]["SentTimestamp"]), message["Body"]) for message in messages]
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return [json.loads(body) for _, body in sorted(found)]

        return answer["RuleArn"], received

    return create


@pytest.fixture
def replay(cloud, events, archive):
    """Start a replay: replay("again", first, last, FilterArns=[...])."""

    def start(name, first, last, **destination):
        return events.start_replay(
            ReplayName=name, EventSourceArn=archive, EventStartTime=first, EventEndTime=last,
            Destination={"Arn": BUS, **destination},
        )  # fmt: skip

    return start


def test_an_archive_counts_what_it_keeps(cloud, events, archive, put):
    put(1, 2)
    put(3, detail_type="Gossip")
    found = events.describe_archive(ArchiveName="orders")
    assert found["EventCount"] == 2
    assert found["SizeBytes"] > 300
    assert events.list_archives()["Archives"][0]["EventCount"] == 2
    assert [r["Name"] for r in events.list_rules(EventBusName="bakery")["Rules"]] == ["Events-Archive-orders"]


def test_an_archive_forgets_after_its_retention(cloud, events, put):
    events.create_archive(ArchiveName="short", EventSourceArn=BUS, RetentionDays=1)
    put(1)
    cloud.wait(23 * 3600)
    put(2)
    assert events.describe_archive(ArchiveName="short")["EventCount"] == 2
    cloud.wait(2 * 3600)
    assert events.describe_archive(ArchiveName="short")["EventCount"] == 1


@pytest.mark.behaviour("EVB-09")
def test_a_replay_goes_minute_by_minute_to_the_bus_and_is_not_archived_again(cloud, events, put, rule, replay):
    _, received = rule("audit")
    start = cloud.now - SECOND
    for minute in range(3):
        put(*(minute * 10 + number for number in range(8)))
        cloud.wait(60)
    first = received()
    assert all("replay-name" not in event for event in first)
    answer = replay("again", start, cloud.now + SECOND)
    assert answer["State"] == "STARTING"
    cloud.wait(60)
    again = received()
    assert {event["replay-name"] for event in again} == {"again"}
    assert sorted(event["id"] for event in again) == sorted(event["id"] for event in first)
    numbers = [event["detail"]["n"] for event in again]
    assert [number // 10 for number in numbers] == [0] * 8 + [1] * 8 + [2] * 8
    assert numbers != sorted(numbers)
    assert events.describe_replay(ReplayName="again")["State"] == "COMPLETED"
    assert events.describe_archive(ArchiveName="orders")["EventCount"] == 24


@pytest.mark.behaviour("EVB-09")
def test_a_replay_goes_to_no_other_bus(cloud, events, archive):
    events.create_event_bus(Name="other")
    with pytest.raises(ClientError, match="Cross event bus replay is not permitted"):
        events.start_replay(
            ReplayName="x", EventSourceArn=archive, EventStartTime=cloud.now, EventEndTime=cloud.now,
            Destination={"Arn": BUS.replace("bakery", "other")},
        )  # fmt: skip


def test_a_replay_can_be_for_some_rules_and_for_some_time(cloud, put, rule, replay):
    old_rule, old = rule("old")
    put(1)
    cloud.wait(120)
    between = cloud.now
    put(2)
    cloud.wait(60)
    new_rule, new = rule("new")
    old()
    replay("catch-up", between - SECOND, cloud.now, FilterArns=[new_rule])
    cloud.wait(60)
    assert ([event["detail"]["n"] for event in new()], old()) == ([2], [])
    assert old_rule != new_rule


def test_a_replay_is_cancelled_between_two_minutes(cloud, events, put, rule, replay):
    _, received = rule("audit")
    start = cloud.now
    for number in range(30):
        put(number)
        cloud.wait(60)
    received()
    replay("again", start, cloud.now)
    cloud.wait(10)
    assert events.cancel_replay(ReplayName="again")["State"] == "CANCELLING"
    cloud.wait(120)
    assert 0 < len(received()) < 30
    assert events.describe_replay(ReplayName="again")["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="not in a valid state"):
        events.cancel_replay(ReplayName="again")


def test_what_is_archived_and_replayed_costs(cloud, put, rule, replay):
    rule("audit")
    start, before = cloud.now - SECOND, cloud.meter.snapshot()
    put(*range(5))
    cloud.wait(60)
    replay("again", start, cloud.now)
    cloud.wait(60)
    quantities = {line.item: line.quantity for line in cost_report(cloud.meter.since(before), cloud.facts).lines}
    assert quantities["events.published"] == 10
    assert quantities["events.archived_gb"] > 0
