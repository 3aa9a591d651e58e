"""Tornado's handlers: every HTTP request goes to the gateway, WebSockets to AppSync Events."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.routing import Matcher, Rule
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from localcloud.net import HttpRequest, HttpResponse
from localcloud.server.addressing import data_plane
from localcloud.server.gateway import Gateway, too_large
from localcloud.server.pacing import Pacer
from localcloud.services.appsync_events.connection import Connection, ConnectionRefused

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

LARGEST_BODY = 512 * 1024 * 1024  # bytes
_PROTOCOL = "aws-appsync-event-ws"
_HEADER = "header-"
_COOKIES = re.compile(r", (?=[^;,=\s]+=)")  # between cookies, not in their dates


def application(cloud: Cloud, gateway: Gateway, pacer: Pacer) -> Application:
    """The web application of a cloud."""
    parts: dict[str, Any] = {"cloud": cloud, "pacer": pacer}
    rules: list[Any] = [
        Rule(_Upgrade(), EventsSocket, parts),
        (r".*", Requests, {"gateway": gateway, "pacer": pacer}),
    ]
    return _Bounded(rules, log_function=lambda handler: None)


class _Bounded(Application):
    """Refuses a body that is too large before it comes, with an answer."""

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Bouncer(super().start_request(server_conn, request_conn), request_conn)


class _Bouncer(HTTPMessageDelegate):
    """Passes everything on to the request's own delegate, but for requests that are too large."""

    def __init__(self, inner: HTTPMessageDelegate, connection: HTTPConnection) -> None:
        self._inner, self._connection = inner, connection

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        length = headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > LARGEST_BODY:
            response = too_large(int(length), LARGEST_BODY)
            names = HTTPHeaders({**response.headers, "Content-Length": str(len(response.body)), "Connection": "close"})
            self._connection.write_headers(
                ResponseStartLine("HTTP/1.1", response.status, "Request Entity Too Large"), names, response.body
            )
            self._connection.finish()
            return None
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()


class _Upgrade(Matcher):
    """Requests that ask for a WebSocket."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if request.headers.get("Upgrade", "").lower() == "websocket" else None


def plane_request(request: HTTPServerRequest) -> HttpRequest:
    """Tornado's request as the simulation's own."""
    headers: dict[str, str] = {}
    for name, value in request.headers.get_all():
        name = name.lower()
        headers[name] = f"{headers[name]}{'; ' if name == 'cookie' else ','}{value}" if name in headers else value
    url = f"http://{request.host}{request.path}" + (f"?{request.query}" if request.query else "")
    return HttpRequest(request.method or "GET", url, headers, request.body)


class Requests(RequestHandler):
    """Any method, any path."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")

    def initialize(self, gateway: Gateway, pacer: Pacer) -> None:
        self._gateway, self._pacer = gateway, pacer

    async def _answer(self) -> None:
        request = plane_request(self.request)
        response = await self._pacer.submit(lambda: self._gateway.answer(request), f"{request.method} {request.path}")
        self._write(response)

    get = head = post = delete = patch = put = options = _answer

    def _write(self, response: HttpResponse) -> None:
        self.clear()
        self.clear_header("Content-Type")
        self.clear_header("Server")
        self.set_status(response.status)
        self._headers = _AsGiven(self._headers)
        for name, value in response.headers.items():
            if name == "set-cookie":  # the one header that cannot be given as a list
                for cookie in _COOKIES.split(value):
                    self.add_header(name, cookie)
            elif name != "content-length" or self.request.method == "HEAD":
                self.set_header(name, value)
        if self.request.method == "HEAD" or response.status in (204, 304):
            self.finish()
        else:
            self.finish(response.body)

    def compute_etag(self) -> str | None:
        """None: entity tags are the services' own."""


class _AsGiven(HTTPHeaders):
    """Sends AWS's own headers in lower case, as S3 does: clients take the names of metadata from them."""

    def get_all(self) -> Iterable[tuple[str, str]]:
        return ((name.lower() if name.startswith("X-Am") else name, value) for name, value in super().get_all())


class EventsSocket(WebSocketHandler):
    """A subscriber of an AppSync Events API."""

    def initialize(self, cloud: Cloud, pacer: Pacer) -> None:
        self._cloud, self._pacer = cloud, pacer
        self._connection: Connection | None = None
        self._pump: asyncio.Task[None] | None = None

    def check_origin(self, origin: str) -> bool:
        """As AppSync: any page may connect that has the key."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return _PROTOCOL if _PROTOCOL in subprotocols else None

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Authorize by the subprotocol that carries the headers, then upgrade."""
        request = data_plane(plane_request(self.request), self._cloud.region)
        if request is None or request.path != "/event/realtime":
            self.send_error(404)
            return
        authorization = _authorization(self.request.headers.get("Sec-WebSocket-Protocol", ""))
        host = request.host
        try:
            connect = self._cloud.appsync_events.connect
            self._connection = await self._pacer.submit(lambda: connect(host, authorization), "connect")
        except ConnectionRefused:
            self.send_error(401)
            return
        await super().get(*args, **kwargs)

    def open(self, *args: str, **kwargs: str) -> None:
        self._pump = asyncio.ensure_future(self._deliver())

    async def _deliver(self) -> None:
        """Frames of the service, as they come."""
        connection = self._connection
        assert connection is not None
        while connection.open:
            frame = await self._pacer.submit(connection.receive, "frames")
            if frame is None:
                self.close(1000, connection.close_reason[:100])
                return
            try:
                await self.write_message(json.dumps(frame))
            except WebSocketClosedError:
                return

    async def on_message(self, message: str | bytes) -> None:
        connection = self._connection
        assert connection is not None
        try:
            frame = json.loads(message)
        except ValueError:
            frame = {}
        if connection.open:
            await self._pacer.submit(lambda: connection.send(frame if isinstance(frame, dict) else {}), "frame")

    def on_close(self) -> None:
        connection = self._connection
        if connection is not None:
            connection.close()


def _authorization(subprotocols: str) -> dict[str, Any]:
    """The headers in the subprotocol `header-...`, which are JSON in base64url without padding."""
    for part in (text.strip() for text in subprotocols.split(",")):
        if part.startswith(_HEADER):
            text = part.removeprefix(_HEADER)
            try:
                found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            except ValueError:
                return {}
            return found if isinstance(found, dict) else {}
    return {}
