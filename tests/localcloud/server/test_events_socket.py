"""AppSync Events over a WebSocket, from another process: the protocol as its clients speak it."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

_PROTOCOL = "aws-appsync-event-ws"
_PATIENCE_S = 20


@pytest.fixture(scope="module")
def paced(serving_at):
    """The address of a server in which a minute takes a second."""
    with serving_at("60") as address:
        yield address


@pytest.fixture(scope="module")
def api(paced, client_at):
    """An Events API with the namespace "orders": its id, its key, its hosts."""
    appsync = client_at(paced, "appsync")
    modes = [{"authType": "API_KEY"}]
    config = dict.fromkeys(("authProviders", "connectionAuthModes", "defaultPublishAuthModes"), modes)
    made = appsync.create_api(name="progress", eventConfig={**config, "defaultSubscribeAuthModes": modes})["api"]
    appsync.create_channel_namespace(apiId=made["apiId"], name="orders")
    key = appsync.create_api_key(apiId=made["apiId"])["apiKey"]["id"]
    http, realtime = made["dns"]["HTTP"], made["dns"]["REALTIME"]
    return {"key": {"x-api-key": key}, "http": http, "realtime": realtime, "name": realtime.split(".")[0]}


class Socket:
    """A client's side of one connection."""

    def __init__(self, connection):
        self._connection = connection

    async def send(self, **frame):
        await self._connection.write_message(json.dumps(frame))

    async def send_text(self, text):
        await self._connection.write_message(text)

    async def receive(self, but="ka"):
        """The next frame that is not a keep-alive."""
        while True:
            text = await asyncio.wait_for(self._connection.read_message(), _PATIENCE_S)
            assert text is not None, "the server closed the connection"
            frame = json.loads(text)
            if frame["type"] != but:
                return frame

    async def subscribe(self, identifier, channel, authorization):
        await self.send(type="subscribe", id=identifier, channel=channel, authorization=authorization)
        return await self.receive()

    def close(self):
        self._connection.close()


@pytest.fixture
def connect(paced, api):
    """connect(): a connection by the path of the realtime endpoint; or by its host."""

    async def opened(authorization=None, by_host=False, url=None):
        header = json.dumps(authorization or {"host": api["http"], **api["key"]}).encode()
        encoded = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
        path = "" if by_host else f"/_aws/appsync-realtime-api/{api['name']}"
        headers = {"Host": api["realtime"]} if by_host else {}
        address = paced.replace("http://", "ws://")
        request = HTTPRequest(url or f"{address}{path}/event/realtime", headers=headers)
        connection = await websocket_connect(request, subprotocols=[_PROTOCOL, f"header-{encoded}"])
        assert connection.selected_subprotocol == _PROTOCOL
        return Socket(connection)

    return opened


@pytest.fixture
def publish(paced, api):
    """Publish values over HTTP; the status and the parsed answer."""

    async def send(channel, *values, key=None):
        body = json.dumps({"channel": channel, "events": [json.dumps(value) for value in values]})
        request = HTTPRequest(
            f"{paced}/_aws/appsync-api/{api['name']}/event", method="POST", body=body,
            headers={"content-type": "application/json", **(key or api["key"])},
        )  # fmt: skip
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        return answer.code, json.loads(answer.body)

    return send


def test_subscribers_of_every_process_see_what_is_published_over_http(connect, publish, api):
    async def run():
        one, other = await connect(), await connect(by_host=True)
        await one.send(type="connection_init")
        assert await one.receive() == {"type": "connection_ack", "connectionTimeoutMs": 300_000}
        assert await one.subscribe("s", "/orders/7", api["key"]) == {"id": "s", "type": "subscribe_success"}
        assert (await other.subscribe("t", "/orders/*", api["key"]))["type"] == "subscribe_success"
        status, answer = await publish("/orders/7", {"step": "baking"}, {"step": "ready"})
        assert (status, answer["failed"], len(answer["successful"])) == (200, [], 2)
        for socket, identifier in ((one, "s"), (other, "t")):
            for step in ("baking", "ready"):
                frame = await socket.receive()
                assert (frame["id"], frame["type"]) == (identifier, "data")
                assert json.loads(frame["event"]) == {"step": step}
            socket.close()

    asyncio.run(run())


def test_events_are_published_over_the_socket_and_unsubscribing_ends_them(connect, api):
    async def run():
        listener, speaker = await connect(), await connect()
        await listener.subscribe("a", "/orders/1", api["key"])
        await listener.subscribe("b", "/orders/2", api["key"])
        await listener.send(type="unsubscribe", id="a")
        assert await listener.receive() == {"id": "a", "type": "unsubscribe_success"}
        for channel in ("/orders/1", "/orders/2"):
            await speaker.send(type="publish", id=channel, channel=channel, events=["1"], authorization=api["key"])
            answer = await speaker.receive()
            assert (answer["id"], answer["type"], len(answer["successful"])) == (channel, "publish_success", 1)
        assert await listener.receive() == {"id": "b", "type": "data", "event": "1"}
        listener.close(), speaker.close()

    asyncio.run(run())


def test_keep_alives_come_by_the_clock(connect):
    async def run():
        socket = await connect()
        await socket.send(type="connection_init")
        assert (await socket.receive())["type"] == "connection_ack"
        assert await socket.receive(but=None) == {"type": "ka"}
        socket.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("frame", "kind", "error"),
    [
        ({"type": "subscribe", "id": "x", "channel": "/cakes/1"}, "subscribe_error", "BadRequestException"),
        ({"type": "subscribe", "id": "x", "channel": "/orders/1", "authorization": {"x-api-key": "no"}},
         "subscribe_error", "UnauthorizedException"),
        ({"type": "subscribe", "id": "x", "channel": 7}, "subscribe_error", "BadRequestException"),
        ({"type": "unsubscribe", "id": "x"}, "unsubscribe_error", "UnknownOperationError"),
        ({"type": "publish", "id": "x", "channel": "/orders/1", "events": ["{"] * 6}, "publish_error",
         "BadRequestException"),
        ({"type": "publish", "id": "x", "channel": "/orders/1", "events": 7}, "publish_error", "BadRequestException"),
        ({"type": "publish", "id": "x", "channel": "/orders/1", "events": ["1"], "authorization": "no"},
         "publish_error", "UnauthorizedException"),
        ({"type": "bake"}, "error", "UnsupportedOperation"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_frame_and_the_connection_goes_on(connect, api, frame, kind, error):
    async def run():
        socket = await connect()
        await socket.send(**{"authorization": api["key"], **frame})
        answer = await socket.receive()
        assert (answer["type"], answer["errors"][0]["errorType"]) == (kind, error)
        assert answer.get("id") == frame.get("id")
        assert (await socket.subscribe("y", "/orders/1", api["key"]))["type"] == "subscribe_success"
        socket.close()

    asyncio.run(run())


@pytest.mark.parametrize("text", ["{", "[]", "7"])
def test_a_message_that_is_no_frame_gets_an_error(connect, text):
    async def run():
        socket = await connect()
        await socket.send_text(text)
        assert (await socket.receive())["type"] == "error"
        socket.close()

    asyncio.run(run())


def test_a_wrong_key_or_a_wrong_address_opens_no_connection(connect, paced, api, publish):
    async def run():
        with pytest.raises(HTTPClientError) as caught:
            await connect({"host": api["http"], "x-api-key": "wrong"})
        assert caught.value.code == 401
        with pytest.raises(HTTPClientError) as caught:
            await connect(url=f"{paced.replace('http', 'ws')}/somewhere")
        assert caught.value.code == 404
        assert (await publish("/orders/7", 1, key={"x-api-key": "wrong"}))[0] == 401

    asyncio.run(run())
