"""The Model Context Protocol over streamable HTTP: one JSON-RPC message in a POST, its answer as JSON.

Both eras are spoken: up to 2025-11-25 a client starts with `initialize`; from 2026-07-28 on there is no handshake,
each request names its version and `server/discover` says what the server can do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.net import HttpRequest, HttpResponse

STATELESS_VERSION = "2026-07-28"
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
UNAUTHORIZED = -32001
UNSUPPORTED_VERSION = -32022
_JSON = {"content-type": "application/json"}
_MOST_CACHED_MS = 0  # nothing may be cached: a gateway's targets change at any time


class RpcError(Exception):
    """What a JSON-RPC server answers instead of a result."""

    def __init__(self, code: int, message: str, data: Any = None, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.data, self.status = code, message, data, status

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, **({"data": self.data} if self.data is not None else {})}


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON-RPC request, or a notification when `id` is None. `version` is the protocol version it is sent at."""

    id: str | int | None
    method: str
    params: Mapping[str, Any]
    version: str

    @property
    def stateless(self) -> bool:
        return self.version >= STATELESS_VERSION


Answerer = Callable[[Message], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers. `versions` are the protocol versions, oldest first; `answer` may raise RpcError."""

    name: str
    versions: Sequence[str]
    instructions: str
    answer: Answerer

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The HTTP response to one request of an MCP client."""
        if request.method != "POST":  # no stream of server messages, and no session to end
            return HttpResponse(405, {**_JSON, "allow": "POST"}, b"")
        found: str | int | None = None
        try:
            body = _parse(request.body)
            found = body.get("id")
            message = self._message(body, request.headers)
            if message.id is None:
                return HttpResponse(202, {}, b"")
            result = self._result(message)
        except RpcError as exc:
            return _reply(exc.status, {"jsonrpc": "2.0", "id": found, "error": exc.as_dict()})
        return _reply(200, {"jsonrpc": "2.0", "id": found, "result": result})

    def _message(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Message:
        method, params = body.get("method"), body.get("params", {})
        if body.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, dict):
            raise RpcError(INVALID_REQUEST, "Invalid Request", status=400)
        version = headers.get("mcp-protocol-version") or self.versions[0]
        if method != "initialize" and version not in self.versions:
            supported = {"supported": list(self.versions), "requested": version}
            raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", supported, 400)
        return Message(body.get("id"), method, params, version)

    def _result(self, message: Message) -> dict[str, Any]:
        if message.method == "initialize":
            return self._initialize(message)
        if message.method == "server/discover" and message.stateless:
            result: dict[str, Any] = {"supportedVersions": list(self.versions), **self._description()}
        else:
            result = dict(self.answer(message))
        if message.stateless:
            result["resultType"] = "complete"
            if message.method in ("server/discover", "tools/list"):
                result |= {"ttlMs": _MOST_CACHED_MS, "cacheScope": "private"}
        return result

    def _initialize(self, message: Message) -> dict[str, Any]:
        """The client's version when the server speaks it with a handshake, else the newest of these."""
        handshakes = [version for version in self.versions if version < STATELESS_VERSION]
        if not handshakes:
            supported = {"supported": list(self.versions), "requested": message.params.get("protocolVersion")}
            raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", supported, 400)
        wanted = message.params.get("protocolVersion")
        server = {"serverInfo": {"name": self.name, "version": "1.0.0"}}
        return {"protocolVersion": wanted if wanted in handshakes else handshakes[-1], **self._description(), **server}

    def _description(self) -> dict[str, Any]:
        described: dict[str, Any] = {"capabilities": {"tools": {"listChanged": False}}}
        return {**described, "instructions": self.instructions} if self.instructions else described


def unauthorized(message: str) -> HttpResponse:
    """The answer to a request without the credentials that it needs."""
    error = RpcError(UNAUTHORIZED, message)
    made = _reply(401, {"jsonrpc": "2.0", "id": None, "error": error.as_dict()})
    return HttpResponse(made.status, {**made.headers, "www-authenticate": "Bearer"}, made.body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        raise RpcError(PARSE_ERROR, "Parse error", status=400) from None
    if not isinstance(parsed, dict):
        raise RpcError(INVALID_REQUEST, "Invalid Request", status=400)
    return parsed


def _reply(status: int, body: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(status, _JSON, json.dumps(body, ensure_ascii=False).encode())
