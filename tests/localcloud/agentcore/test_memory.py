"""Short-term memory of agents."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report


@pytest.fixture
def memory(cloud):
    made = cloud.client("bedrock-agentcore-control").create_memory(name="talks", eventExpiryDuration=7)["memory"]
    return made["id"]


@pytest.fixture
def client(cloud):
    return cloud.client("bedrock-agentcore")


@pytest.fixture
def say(cloud, client, memory):
    """Store one sentence: say("hello", actor="anne", session="s1") -> the event."""

    def call(text, actor="anne", session="s1", **more):
        payload = [{"conversational": {"content": {"text": text}, "role": "USER"}}]
        return client.create_event(
            memoryId=memory, actorId=actor, sessionId=session, eventTimestamp=cloud.now, payload=payload, **more
        )["event"]

    return call


def texts(events):
    return [event["payload"][0]["conversational"]["content"]["text"] for event in events]


def test_a_sessions_events_come_newest_first_and_in_pages(cloud, client, memory, say):
    for number in range(5):
        say(f"sentence {number}")
        cloud.wait(1)
    say("of another session", session="s2")
    say("of another actor", actor="ben")
    where = {"memoryId": memory, "actorId": "anne", "sessionId": "s1"}
    first = client.list_events(**where, maxResults=3)
    rest = client.list_events(**where, maxResults=3, nextToken=first["nextToken"])
    assert texts(first["events"]) == ["sentence 4", "sentence 3", "sentence 2"]
    assert texts(rest["events"]) == ["sentence 1", "sentence 0"]
    assert "nextToken" not in rest
    assert client.list_events(**where, includePayloads=False)["events"][0]["payload"] == []


def test_sessions_and_actors_are_known_by_their_events(client, memory, say):
    say("a")
    say("b", session="s2")
    say("c", actor="ben")
    sessions = client.list_sessions(memoryId=memory, actorId="anne")["sessionSummaries"]
    assert [found["sessionId"] for found in sessions] == ["s1", "s2"]
    assert [found["actorId"] for found in client.list_actors(memoryId=memory)["actorSummaries"]] == ["anne", "ben"]


def test_an_event_can_be_read_and_deleted(client, memory, say):
    event = say("a")
    where = {"memoryId": memory, "actorId": "anne", "sessionId": "s1", "eventId": event["eventId"]}
    assert client.get_event(**where)["event"] == event
    client.delete_event(**where)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_event(**where)


def test_events_expire_after_the_memorys_days(cloud, client, memory, say):
    say("old")
    cloud.wait(6 * 86_400)
    say("new")
    cloud.wait(2 * 86_400)
    found = client.list_events(memoryId=memory, actorId="anne", sessionId="s1")["events"]
    assert texts(found) == ["new"]


def test_branches_and_metadata_filter_events(client, memory, say):
    root = say("main")
    branch = {"name": "what-if", "rootEventId": root["eventId"]}
    say("branched", branch=branch, metadata={"mood": {"stringValue": "good"}})
    where = {"memoryId": memory, "actorId": "anne", "sessionId": "s1"}
    assert texts(client.list_events(**where, filter={"branch": {"name": "what-if"}})["events"]) == ["branched"]
    mood = {"left": {"metadataKey": "mood"}, "operator": "EQUALS_TO"}
    good = {**mood, "right": {"metadataValue": {"stringValue": "good"}}}
    assert texts(client.list_events(**where, filter={"eventMetadata": [good]})["events"]) == ["branched"]
    none = {"left": {"metadataKey": "mood"}, "operator": "NOT_EXISTS"}
    assert texts(client.list_events(**where, filter={"eventMetadata": [none]})["events"]) == ["main"]
    with pytest.raises(ClientError, match="root event"):
        say("x", branch={"name": "other", "rootEventId": "0000000000000001#abcd"})


def test_a_repeated_request_is_stored_once(client, memory, say):
    assert say("a", clientToken="same")["eventId"] == say("a", clientToken="same")["eventId"]
    assert len(client.list_events(memoryId=memory, actorId="anne", sessionId="s1")["events"]) == 1


def test_each_event_is_billed_and_reading_is_free(cloud, client, memory, say):
    before = cloud.meter.snapshot()
    for _ in range(4):
        say("a")
    client.list_events(memoryId=memory, actorId="anne", sessionId="s1")
    report = cost_report(cloud.meter.since(before), cloud.facts)
    assert report.of("agentcore.") == pytest.approx(4 * 0.25 / 1_000)


def test_an_unknown_memory_and_long_term_memory_are_refused(cloud, client, memory):
    with pytest.raises(ClientError, match="Memory not found"):
        client.list_events(memoryId="nothing-0123456789", actorId="anne", sessionId="s1")
    with pytest.raises(ClientError, match="short-term memory only"):
        cloud.client("bedrock-agentcore-control").create_memory(
            name="long",
            eventExpiryDuration=7,
            memoryStrategies=[{"semanticMemoryStrategy": {"name": "facts"}}],
        )
    with pytest.raises(NotImplementedError, match="retrieve_memory_records"):
        client.retrieve_memory_records(memoryId=memory, namespace="x", searchCriteria={"searchQuery": "q"})
