"""A subscriber's connection: the documented WebSocket protocol, frame by frame, in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.errors import LocalCloudError
from localcloud.services.appsync_events.channels import InvalidChannel

if TYPE_CHECKING:
    from localcloud.services.appsync_events.service import AppSyncEvents


class ConnectionRefused(LocalCloudError):
    """The API does not exist, or does not accept the authorization."""


class Connection:
    """One WebSocket connection. Frames are the protocol's JSON objects.

    `open` turns False when either side closes; `close_reason` then says why.
    """

    def __init__(self, service: AppSyncEvents, api: Any) -> None:
        self._service = service
        self._kernel = service.kernel
        self.api = api
        self.open = True
        self.close_reason = ""
        self.subscriptions: dict[str, tuple[str, ...]] = {}
        self._frames: deque[dict[str, Any]] = deque()
        self._arrived = self._kernel.event()
        self._opened_us = self._kernel.now_us
        self._keep_alive = self._kernel.call_later(service.keep_alive_us, self._send_keep_alive)
        self._end = self._kernel.call_later(service.longest_us, self.close, "the connection lived for 24 hours")

    # -- the client's side -----------------------------------------------------------------------

    def send(self, frame: Mapping[str, Any]) -> None:
        """Send one frame to the service. Raises ConnectionRefused on a closed connection."""
        if not self.open:
            raise ConnectionRefused(f"The connection is closed: {self.close_reason}.")
        kind = frame.get("type")
        if kind == "connection_init":
            timeout_ms = self._service.connection_timeout_ms
            self.deliver({"type": "connection_ack", "connectionTimeoutMs": timeout_ms})
        elif kind == "subscribe":
            self._subscribe(frame)
        elif kind == "unsubscribe":
            self._unsubscribe(frame)
        elif kind == "publish":
            self._publish(frame)
        else:
            self.deliver(_error("error", None, "UnsupportedOperation", f"Operation {kind!r} is not supported."))

    def receive(self, timeout_s: float | None = None) -> dict[str, Any] | None:
        """The next frame; None when the connection closed or `timeout_s` passed first. Takes virtual time."""
        return self._kernel.call(self._receive, None if timeout_s is None else round(timeout_s * 1e6))

    def _receive(self, timeout_us: int | None) -> dict[str, Any] | None:
        deadline_us = None if timeout_us is None else self._kernel.now_us + timeout_us
        while not self._frames and self.open:
            left_us = None if deadline_us is None else deadline_us - self._kernel.now_us
            if left_us is not None and left_us <= 0:
                return None
            self._arrived.clear()
            self._arrived.wait(left_us)
        return self._frames.popleft() if self._frames else None

    def close(self, reason: str = "closed by the client") -> None:
        """End the connection; calling it again does nothing."""
        if not self.open:
            return
        self.open, self.close_reason = False, reason
        self._keep_alive.cancel()
        self._end.cancel()
        for subscription_id in list(self.subscriptions):
            self._service.unsubscribe(self, subscription_id)
        self._service.count_minutes(self.api, self._kernel.now_us - self._opened_us)
        self._arrived.set()

    # -- the service's side ----------------------------------------------------------------------

    def deliver(self, frame: dict[str, Any]) -> None:
        """Put a frame where `receive` finds it."""
        if self.open:
            self._frames.append(frame)
            self._arrived.set()

    def _send_keep_alive(self) -> None:
        self.deliver({"type": "ka"})
        self._service.count(self.api, 1)
        self._keep_alive = self._kernel.call_later(self._service.keep_alive_us, self._send_keep_alive)

    def _subscribe(self, frame: Mapping[str, Any]) -> None:
        subscription_id = str(frame.get("id", ""))
        problem = self._service.subscribe(self, subscription_id, str(frame.get("channel", "")), _authorization(frame))
        if problem is None:
            self.deliver({"id": subscription_id, "type": "subscribe_success"})
        else:
            self.deliver(_error("subscribe_error", subscription_id, *problem))

    def _unsubscribe(self, frame: Mapping[str, Any]) -> None:
        subscription_id = str(frame.get("id", ""))
        if subscription_id not in self.subscriptions:
            message = f"Unknown operation id {subscription_id}"
            self.deliver(_error("unsubscribe_error", subscription_id, "UnknownOperationError", message))
            return
        self._service.unsubscribe(self, subscription_id)
        self.deliver({"id": subscription_id, "type": "unsubscribe_success"})

    def _publish(self, frame: Mapping[str, Any]) -> None:
        identifier = str(frame.get("id", ""))
        events = frame.get("events") or []
        try:
            if not isinstance(events, list):
                raise ValueError("Events must be a list of JSON texts.")
            answer = self._service.publish(self.api, str(frame.get("channel", "")), events, _authorization(frame))
        except PermissionError as exc:
            self.deliver(_error("publish_error", identifier, "UnauthorizedException", str(exc)))
            return
        except (InvalidChannel, ValueError) as exc:
            self.deliver(_error("publish_error", identifier, "BadRequestException", str(exc)))
            return
        self.deliver({"id": identifier, "type": "publish_success", **answer})


def _authorization(frame: Mapping[str, Any]) -> Mapping[str, Any]:
    """The headers that authorize a frame; none when they are no object."""
    found = frame.get("authorization")
    return found if isinstance(found, Mapping) else {}


def _error(kind: str, identifier: str | None, error_type: str, message: str) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": kind, "errors": [{"errorType": error_type, "message": message}]}
    return frame if identifier is None else {"id": identifier, **frame}
