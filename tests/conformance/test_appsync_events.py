"""AppSync Events: publishing, subscribing, and the life of a connection."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest
from localcloud.services.appsync_events import ConnectionRefused


@pytest.fixture
def api(cloud):
    """An Events API with the namespace "orders": its hosts and its key."""
    modes = [{"authType": "API_KEY"}]
    client = cloud.client("appsync")
    made = client.create_api(
        name="progress",
        eventConfig={
            "authProviders": modes,
            "connectionAuthModes": modes,
            "defaultPublishAuthModes": modes,
            "defaultSubscribeAuthModes": modes,
        },
    )["api"]
    client.create_channel_namespace(apiId=made["apiId"], name="orders")
    key = client.create_api_key(apiId=made["apiId"])["apiKey"]["id"]
    return {"http": made["dns"]["HTTP"], "realtime": made["dns"]["REALTIME"], "key": key}


@pytest.fixture
def publish(cloud, api):
    """Publish values on a channel; returns (status, parsed answer)."""

    def send(channel, *values, key=None, events=None):
        body = {"channel": channel, "events": [json.dumps(v) for v in values] if events is None else events}
        headers = {"x-api-key": key or api["key"], "content-type": "application/json"}
        request = HttpRequest("POST", f"https://{api['http']}/event", headers, json.dumps(body).encode())
        answer = cloud.kernel.call(cloud.http.request, request)
        return answer.status, json.loads(answer.body)

    return send


@pytest.fixture
def connect(cloud, api):
    """Open a connection, subscribed to the given channels."""

    def opened(*channels):
        authorization = {"host": api["http"], "x-api-key": api["key"]}
        connection = cloud.appsync_events.connect(api["realtime"], authorization)
        connection.send({"type": "connection_init"})
        assert connection.receive(1)["type"] == "connection_ack"
        for number, channel in enumerate(channels):
            connection.send(
                {"type": "subscribe", "id": str(number), "channel": channel, "authorization": authorization}
            )
            answer = connection.receive(1)
            assert answer == {"id": str(number), "type": "subscribe_success"}
        return connection

    return opened


def data(connection, timeout_s=2):
    found = []
    while (frame := connection.receive(timeout_s)) is not None:
        if frame["type"] == "data":
            found.append(json.loads(frame["event"]))
    return found


def test_subscribers_get_what_is_published_on_their_channel_in_order(publish, connect):
    one, other, all_orders = connect("/orders/7"), connect("/orders/8"), connect("/orders/*")
    for step in ("paid", "baking", "ready"):
        status, answer = publish("/orders/7", {"step": step})
        assert (status, answer["failed"], len(answer["successful"])) == (200, [], 1)
    assert data(one) == data(all_orders) == [{"step": step} for step in ("paid", "baking", "ready")]
    assert data(other) == []


def test_delivery_takes_virtual_time(cloud, publish, connect):
    connection = connect("/orders/7")
    publish("/orders/7", 1)
    before = cloud.now
    assert connection.receive(5)["event"] == "1"
    assert 0.01 < (cloud.now - before).total_seconds() < 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ({"channel": "/orders/7", "key": "wrong"}, 401, "not authorized"),
        ({"channel": "/cakes/7"}, 400, "namespace 'cakes' does not exist"),
        ({"channel": "/orders/a/b/c/d/e"}, 400, "1 to 5 segments"),
        ({"channel": "/orders/not ok"}, 400, "letters, digits"),
        ({"channel": "/orders/*"}, 400, "letters, digits"),
        ({"channel": "/orders/7", "events": []}, 400, "1 to 5 events"),
        ({"channel": "/orders/7", "events": ["1"] * 6}, 400, "1 to 5 events"),
    ],
)
def test_a_wrong_publish_is_refused(publish, arguments, status, message):
    found, answer = publish(**{"events": ["1"], **arguments})
    assert found == status
    assert message in answer["errors"][0]["message"]


def test_failures_are_reported_event_by_event(publish):
    status, answer = publish("/orders/7", events=["1", "no JSON"])
    assert status == 200
    assert [entry["index"] for entry in answer["successful"]] == [0]
    assert [entry["index"] for entry in answer["failed"]] == [1]


def test_a_wrong_subscription_gets_an_error_frame(connect, api):
    connection = connect("/orders/7")
    authorization = {"host": api["http"], "x-api-key": api["key"]}
    for channel, rights, error in [
        ("/cakes/*", authorization, "BadRequestException"),
        ("/orders/7", {"x-api-key": "wrong"}, "UnauthorizedException"),
    ]:
        connection.send({"type": "subscribe", "id": "x", "channel": channel, "authorization": rights})
        frame = connection.receive(1)
        assert (frame["type"], frame["errors"][0]["errorType"]) == ("subscribe_error", error)
    connection.send({"type": "subscribe", "id": "0", "channel": "/orders/8", "authorization": authorization})
    assert connection.receive(1)["errors"][0]["errorType"] == "DuplicatedOperationError"


def test_a_connection_needs_a_known_host_and_a_valid_key(cloud, api):
    with pytest.raises(ConnectionRefused, match="no such API key"):
        cloud.appsync_events.connect(api["realtime"], {"x-api-key": "wrong"})
    with pytest.raises(ConnectionRefused, match="not the host"):
        cloud.appsync_events.connect("nowhere.example", {"x-api-key": api["key"]})


def test_after_unsubscribing_or_closing_nothing_comes_any_more(publish, connect):
    connection, closed = connect("/orders/7"), connect("/orders/7")
    connection.send({"type": "unsubscribe", "id": "0"})
    assert connection.receive(1)["type"] == "unsubscribe_success"
    closed.close()
    publish("/orders/7", 1)
    assert data(connection) == []
    assert closed.receive(1) is None


def test_events_can_be_published_over_the_connection_too(connect, api):
    listener, speaker = connect("/orders/7"), connect()
    authorization = {"host": api["http"], "x-api-key": api["key"]}
    speaker.send(
        {"type": "publish", "id": "p", "channel": "/orders/7", "events": ["1"], "authorization": authorization}
    )
    assert speaker.receive(1)["type"] == "publish_success"
    assert data(listener) == [1]


@pytest.mark.behaviour("APS-02")
def test_keep_alives_come_within_the_timeout_and_a_connection_ends_after_a_day(cloud, connect):
    connection = connect()
    timeout_s = 300
    frames = []
    while (frame := connection.receive(timeout_s)) is not None:
        frames.append(frame["type"])
    assert set(frames) == {"ka"}
    assert len(frames) == 24 * 60 - 1
    assert not connection.open
    assert connection.close_reason == "the connection lived for 24 hours"


def test_operations_and_connection_minutes_are_metered(cloud, publish, connect):
    before = cloud.meter.snapshot()
    connection = connect("/orders/7")
    publish("/orders/7", "x" * 6_000)
    data(connection)
    cloud.wait(61)
    connection.close()
    used = cloud.meter.since(before).totals()
    # connect 1, subscribe 1, publish 2 (6 KB in units of 5), deliver 2, keep-alive 1
    assert used["appsync.operations"] == 7
    assert used["appsync.connection_minutes"] == 2


def test_a_function_publishes_with_plain_http(cloud, api, connect, function, invoke):
    connection = connect("/orders/7")
    function(
        "kitchen",
        f"""
        import json, urllib.request
        def handler(event, context):
            body = json.dumps({{"channel": "/orders/7", "events": [json.dumps({{"step": "baking"}})]}}).encode()
            request = urllib.request.Request("https://{api["http"]}/event", body,
                {{"x-api-key": "{api["key"]}", "content-type": "application/json"}})
            return json.load(urllib.request.urlopen(request))
        """,
    )
    assert len(invoke("kitchen")[0]["successful"]) == 1
    assert data(connection) == [{"step": "baking"}]
