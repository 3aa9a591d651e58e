"""Publishing and delivering events. APIs, namespaces and keys are moto's, read at the moment of use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.appsync.models import appsync_backends

from localcloud.ids import uuid4_text
from localcloud.metering import chunks
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.appsync_events.channels import InvalidChannel, Subscriptions, segments
from localcloud.services.appsync_events.connection import Connection, ConnectionRefused

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CHUNK_KB = 5
_KB = 1_024
Subscriber = Callable[[str], None]


class AppSyncEvents:
    """Namespace handlers (JavaScript) are not run; an API whose namespace has some refuses to publish."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.kernel = cloud.kernel
        quota = cloud.facts.value("quota.appsync_events")
        self._most_events = int(quota["events_per_publish"])
        self._event_limit = int(quota["delivered_payload_kb"]) * _KB
        self._most_segments, self._longest = int(quota["segments"]), int(quota["segment_chars"])
        self._most_subscriptions = int(quota["subscriptions_per_connection"])
        self.keep_alive_us = int(quota["keepalive_s"]) * 1_000_000
        self.connection_timeout_ms = int(quota["connection_timeout_ms"])
        self.longest_us = int(quota["max_connection_h"]) * 3_600_000_000
        self._ids = cloud.kernel.streams["appsync/ids"]
        self._subscriptions: dict[str, Subscriptions[tuple[Connection | None, str, Subscriber]]] = {}
        self._subscribers: dict[tuple[Connection, str], tuple[Connection | None, str, Subscriber]] = {}
        self._last_us: dict[tuple[str, ...], int] = {}

    def install(self) -> None:
        """Serve every Events API's HTTP host."""
        self._cloud.http.serve_suffix(f".appsync-api.{self._cloud.region}.amazonaws.com", self._serve)

    # -- finding ---------------------------------------------------------------------------------

    def _api(self, host: str) -> Any:
        """moto's Events API by its HTTP or realtime host; None when there is none."""
        prefix = host.split(".")[0].lower()
        apis = appsync_backends[self._cloud.account_id][self._cloud.region].events_apis
        return next((api for api in apis.values() if api.dns["HTTP"].split(".")[0].lower() == prefix), None)

    def _authorized(self, api: Any, authorization: Mapping[str, Any]) -> bool:
        """An API key of the API, or a signature, which is taken as valid."""
        headers = {str(name).lower(): value for name, value in authorization.items()}
        return headers.get("x-api-key") in api.api_keys or "authorization" in headers

    # -- publishing ------------------------------------------------------------------------------

    def _serve(self, request: HttpRequest) -> HttpResponse:
        api = self._api(request.host)
        if api is None or request.path != "/event" or request.method != "POST":
            return _refusal(404, "NotFoundException", "There is nothing here.")
        with self._cloud.tracer.span("publish", "appsync", api.name):
            self.kernel.sleep(self._cloud.latency.fact_us("model.api.default", "appsync/publish"))
            try:
                body = json.loads(request.body)
                answer = self.publish(api, body["channel"], body["events"], request.headers)
            except PermissionError as exc:
                return _refusal(401, "UnauthorizedException", str(exc))
            except (KeyError, TypeError, ValueError) as exc:
                return _refusal(400, "BadRequestException", f"{exc}")
        return HttpResponse(200, {"content-type": "application/json"}, json.dumps(answer).encode())

    def publish(
        self, api: Any, channel: str, events: Sequence[str], authorization: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Publish 1 to 5 events, each a JSON text.

        Raises PermissionError, and ValueError (InvalidChannel) for what the service refuses.
        """
        if not self._authorized(api, authorization):
            raise PermissionError("You are not authorized to make this call.")
        path = segments(channel, self._most_segments, self._longest, wildcard=False)
        namespace = next((n for n in api.channel_namespaces if n.name == path[0]), None)
        if namespace is None:
            raise InvalidChannel(f"Channel namespace {path[0]!r} does not exist.")
        if "x-api-key" not in {name.lower() for name in authorization}:
            arn = f"arn:aws:appsync:{self._cloud.region}:{self._cloud.account_id}:apis/{api.api_id}"
            refusal = self._cloud.iam.refusal_of_caller("appsync:EventPublish", f"{arn}/channelNamespace/{path[0]}")
            if refusal is not None:
                raise PermissionError(refusal)
        if namespace.code_handlers:
            raise ValueError(f"Namespace {path[0]!r} has code handlers, which the local cloud does not run.")
        if not 1 <= len(events) <= self._most_events:
            raise ValueError(f"1 to {self._most_events} events can be published at once; found {len(events)}.")
        failed, successful = [], []
        for index, event in enumerate(events):
            problem = self._problem(event)
            identifier = uuid4_text(self._ids)
            if problem:
                error = {"errorType": "BadRequestException", "message": problem}
                failed.append({"identifier": identifier, "index": index, **error})
                continue
            successful.append({"identifier": identifier, "index": index})
            self.count(api, chunks(len(event.encode()), _CHUNK_KB))
            self._fan_out(api, path, event)
        return {"failed": failed, "successful": successful}

    def _problem(self, event: Any) -> str:
        if not isinstance(event, str):
            return "An event must be a JSON text."
        if len(event.encode()) > self._event_limit:
            return f"An event must not be longer than {self._event_limit // _KB} KB."
        try:
            json.loads(event)
        except ValueError:
            return "An event must be valid JSON."
        return ""

    def _fan_out(self, api: Any, path: tuple[str, ...], event: str) -> None:
        """Deliver to every subscription after the measured delay; events of one channel stay in order."""
        table = self._subscriptions.get(api.api_id)
        reached = table.reached(path) if table is not None else []
        if not reached:
            return
        delay_us = self._cloud.latency.fact_us("model.api.appsync_events.publish_to_subscriber")
        key = (api.api_id, *path)
        at_us = max(self.kernel.now_us + delay_us, self._last_us.get(key, 0))
        self._last_us[key] = at_us
        self.kernel.call_at(at_us, self._deliver, api, reached, event)

    def _deliver(self, api: Any, reached: list[tuple[Connection | None, str, Subscriber]], event: str) -> None:
        size = chunks(len(event.encode()), _CHUNK_KB)
        for connection, _, on_event in reached:
            if connection is None or connection.open:
                self.count(api, size)
                on_event(event)

    # -- subscribing -----------------------------------------------------------------------------

    def connect(self, host: str, authorization: Mapping[str, Any]) -> Connection:
        """Open a connection to a realtime host. Raises ConnectionRefused."""
        api = self._api(host)
        if api is None:
            raise ConnectionRefused(f"{host} is not the host of an Events API.")
        if not self._authorized(api, authorization):
            raise ConnectionRefused("The API does not accept this authorization: no such API key.")
        self.count(api, 1)
        return Connection(self, api)

    def subscribe(
        self, connection: Connection, subscription_id: str, channel: str, authorization: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """Add a subscription; (error type, message) when it is refused."""
        api = connection.api
        if not self._authorized(api, authorization):
            return "UnauthorizedException", "You are not authorized to make this call."
        try:
            path = segments(channel, self._most_segments, self._longest, wildcard=True)
        except InvalidChannel as exc:
            return "BadRequestException", str(exc)
        if not any(namespace.name == path[0] for namespace in api.channel_namespaces):
            return "BadRequestException", f"Channel namespace {path[0]!r} does not exist."
        if not subscription_id or subscription_id in connection.subscriptions:
            return "DuplicatedOperationError", f"Operation id {subscription_id!r} is missing or in use."
        if len(connection.subscriptions) >= self._most_subscriptions:
            return "MaxSubscriptionsReachedError", f"A connection has at most {self._most_subscriptions} subscriptions."

        def on_event(event: str) -> None:
            connection.deliver({"id": subscription_id, "type": "data", "event": event})

        entry = (connection, subscription_id, on_event)
        connection.subscriptions[subscription_id] = path
        self._subscribers[connection, subscription_id] = entry
        self._table(api).add(path, entry)
        self.count(api, 1)
        return None

    def unsubscribe(self, connection: Connection, subscription_id: str) -> None:
        """Take a subscription away."""
        path = connection.subscriptions.pop(subscription_id)
        self._table(connection.api).remove(path, self._subscribers.pop((connection, subscription_id)))

    def _table(self, api: Any) -> Subscriptions[tuple[Connection | None, str, Subscriber]]:
        return self._subscriptions.setdefault(api.api_id, Subscriptions())

    # -- metering --------------------------------------------------------------------------------

    def count(self, api: Any, operations: int) -> None:
        """Meter operations: connecting, subscribing, publishing, delivering, pinging."""
        self._cloud.meter.add("appsync.operations", operations, api.api_id)

    def count_minutes(self, api: Any, duration_us: int) -> None:
        """Meter begun minutes of a connection."""
        self._cloud.meter.add("appsync.connection_minutes", max(1, -(-duration_us // 60_000_000)), api.api_id)


def _refusal(status: int, error_type: str, message: str) -> HttpResponse:
    body = json.dumps({"errors": [{"errorType": error_type, "message": message}]})
    return HttpResponse(status, {"content-type": "application/json"}, body.encode())
