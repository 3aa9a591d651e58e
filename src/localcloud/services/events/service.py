"""EventBridge buses and rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.metering import chunks
from localcloud.services.events.archives import Archives
from localcloud.services.events.checks import check_target
from localcloud.services.events.connections import Connections
from localcloud.services.events.delivery import Delivery
from localcloud.services.events.patterns import InvalidPattern, Pattern, compile_pattern, loads
from localcloud.services.events.scheduled_rules import ScheduledRules
from localcloud.services.events.targets import Targets
from localcloud.trace_header import parse

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MAX_ENTRIES = 10
_CHUNK_KB = 64


class EventBridge:
    """Buses and rules are moto's; matching and delivery are ours."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.connections = Connections(cloud)
        self.targets = Targets(cloud, self._forward, self.connections)
        self.delivery = Delivery(cloud, self.targets)
        self._size_limit = int(cloud.facts.value("quota.eventbridge.put_events_entry"))
        self._target_limit = int(cloud.facts.value("quota.eventbridge.targets_per_rule"))
        self._patterns: dict[str, Pattern] = {}
        self._ids = cloud.kernel.streams["events/ids"]
        self._scheduled = ScheduledRules(cloud, self._on_schedule)
        self._archives = Archives(cloud, self._compiled, self._replayed)
        self.on_event: list[Callable[[str, int], None]] = []  # bus name, matching rules

    def install(self) -> None:
        """Answer the operations that need more than moto does."""
        register = self._cloud.api.register
        register("events", "PutEvents", self._put_events)
        register("events", "PutRule", self._put_rule)
        register("events", "PutTargets", self._put_targets)
        register("events", "TestEventPattern", self._test_pattern)
        for operation in ("EnableRule", "DisableRule", "DeleteRule"):
            register("events", operation, self._change_rule)
        self._archives.install()

    @cached_property
    def _backend(self) -> Any:
        return events_backends[self._cloud.account_id][self._cloud.region]

    # -- control plane -------------------------------------------------------------------------

    def _put_rule(self, call: ApiCall) -> dict[str, Any]:
        pattern, expression = call.params.get("EventPattern"), call.params.get("ScheduleExpression")
        bus_name = call.params.get("EventBusName", "default").rsplit("/", 1)[-1]
        if pattern:
            self._compiled(pattern)
        if expression:
            self._scheduled.check(expression, bus_name)
        answer = self._cloud.api.stock(call)
        self._scheduled.changed(self._backend.event_buses[bus_name].rules[call.params["Name"]])
        return answer

    def _change_rule(self, call: ApiCall) -> Any:
        bus_name = call.params.get("EventBusName", "default").rsplit("/", 1)[-1]
        bus = self._backend.event_buses.get(bus_name)
        rule = bus.rules.get(call.params["Name"]) if bus is not None else None
        answer = self._cloud.api.stock(call)
        if rule is not None and call.operation == "DeleteRule":
            self._scheduled.gone(rule.arn)
        elif rule is not None:
            self._scheduled.changed(rule)
        return answer

    def _on_schedule(self, rule: Any, due: datetime) -> None:
        """A scheduled rule is due: its targets, and no other rule's, get the event."""
        event = {
            "version": "0",
            "id": self._new_id(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._cloud.account_id,
            "time": f"{due:%Y-%m-%dT%H:%M:%SZ}",
            "region": self._cloud.region,
            "resources": [rule.arn],
            "detail": {},
        }
        for target in list(rule.targets):
            self.delivery.start(rule, target, event)

    def _put_targets(self, call: ApiCall) -> dict[str, Any]:
        bus = self._backend.event_buses.get(call.params.get("EventBusName", "default").rsplit("/", 1)[-1])
        rule = bus.rules.get(call.params["Rule"]) if bus is not None else None
        known = [target["Id"] for target in rule.targets] if rule is not None else []
        if len({*known, *(target["Id"] for target in call.params["Targets"])}) > self._target_limit:
            message = f"The requested resource exceeds the maximum number allowed: {self._target_limit} targets a rule."
            raise ApiError("LimitExceededException", message, 400)
        for target in call.params["Targets"]:
            check_target(target)
        return self._cloud.api.stock(call)

    def _test_pattern(self, call: ApiCall) -> dict[str, Any]:
        try:
            event = loads(call.params["Event"])
        except ValueError as exc:
            raise ApiError("ValidationException", f"Parameter Event is not valid. Reason: {exc}", 400) from None
        return {"Result": self._compiled(call.params["EventPattern"])(event)}

    def _compiled(self, pattern: str) -> Pattern:
        found = self._patterns.get(pattern)
        if found is None:
            try:
                found = self._patterns[pattern] = compile_pattern(pattern)
            except InvalidPattern as exc:
                raise ApiError("InvalidEventPatternException", str(exc), 400) from None
        return found

    # -- data plane ----------------------------------------------------------------------------

    def _put_events(self, call: ApiCall) -> dict[str, Any]:
        entries = call.params["Entries"]
        if not 1 <= len(entries) <= _MAX_ENTRIES:
            raise ApiError(
                "ValidationException",
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length "
                f"less than or equal to {_MAX_ENTRIES} and greater than or equal to 1",
                400,
            )
        sizes = [_size(entry) for entry in entries]
        if sum(sizes) > self._size_limit:
            message = "Total size of the entries in the request is over the limit."
            raise ApiError("ValidationException", message, 400)
        results = [self._put(entry, size) for entry, size in zip(entries, sizes, strict=True)]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _put(self, entry: Mapping[str, Any], size: int) -> dict[str, Any]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
        try:
            detail = loads(entry["Detail"])
        except ValueError:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        if entry["Source"].startswith("aws."):
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
        bus_name = entry.get("EventBusName", "default").rsplit("/", 1)[-1]
        bus = self._backend.event_buses.get(bus_name)
        if bus is None:
            # AWS accepts an event for a bus that does not exist, and drops it
            return {"EventId": self._new_id()}
        event = self._event(entry, detail)
        self._cloud.meter.add("events.published", chunks(size, _CHUNK_KB), bus_name)
        with self._traced(entry):
            self._route(bus, event, forwarded=False)
        return {"EventId": event["id"]}

    def _traced(self, entry: Mapping[str, Any]) -> AbstractContextManager[Any]:
        """The entry's own tracing header, where it has one, takes the place of the request's."""
        header = parse(entry.get("TraceHeader"))
        if header is None:
            return nullcontext()
        span = self._cloud.tracer.span("event", "events", entry.get("EventBusName", "default"))
        span.carry(header)
        return span

    def publish(self, entry: Mapping[str, Any]) -> None:
        """Put an event of an AWS service on the default bus; those are free. `entry` is one of PutEvents."""
        event = self._event(entry, loads(entry["Detail"]))
        self._route(self._backend.event_buses["default"], event, forwarded=False)

    def _event(self, entry: Mapping[str, Any], detail: Any) -> dict[str, Any]:
        at = entry.get("Time")
        moment = at.astimezone(UTC) if isinstance(at, datetime) else self._cloud.now
        return {
            "version": "0",
            "id": self._new_id(),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": self._cloud.account_id,
            "time": f"{moment.isoformat()[:19]}Z",
            "region": self._cloud.region,
            "resources": list(entry.get("Resources") or []),
            "detail": detail,
        }

    def _new_id(self) -> str:
        return uuid4_text(self._ids)

    def _replayed(self, bus: Any, event: Mapping[str, Any], rules: Collection[str] | None) -> None:
        self._route(bus, event, forwarded=False, only=rules)

    def _route(self, bus: Any, event: Mapping[str, Any], forwarded: bool, only: Collection[str] | None = None) -> None:
        """Start a delivery for each target of each rule that matches (of the rules with these ARNs, when given)."""
        matching = 0
        if self._backend.archives:
            self._archives.keep(bus, event)
        for rule in list(bus.rules.values()):
            pattern = rule.event_pattern._raw_pattern
            if rule.managed_by is not None or (only is not None and rule.arn not in only):
                continue  # an archive's rule: we archive without it
            if rule.state == "DISABLED" or not pattern or not self._compiled(pattern)(event):
                continue
            matching += 1
            for target in list(rule.targets):
                if forwarded and ":event-bus/" in target["Arn"]:
                    continue  # buses cannot be chained
                self.delivery.start(rule, target, event)
        for listener in self.on_event:
            listener(bus.name, matching)

    def _forward(self, bus_name: str, event: Mapping[str, Any]) -> None:
        bus = self._backend.event_buses.get(bus_name)
        if bus is not None:
            self._route(bus, event, forwarded=True)


def _size(entry: Mapping[str, Any]) -> int:
    """The size of an entry as AWS counts it: 14 bytes for a time, the text of everything else."""
    size = 14 if entry.get("Time") is not None else 0
    for name in ("Source", "DetailType", "Detail"):
        size += len(entry.get(name, "").encode())
    for resource in entry.get("Resources") or ():
        size += len(resource.encode())
    return size
