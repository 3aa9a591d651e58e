"""The CloudWatch Logs service: writing, limits, retention, log classes, and the metrics in lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.logs.models import LogGroup, LogStream, logs_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.logs.emf import InvalidDocument, Limits, may_hold_metrics, read_document
from localcloud.services.logs.lines import Lines
from localcloud.standing import Storage

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_EVENT_OVERHEAD = 26  # bytes that CloudWatch Logs counts for each event beside its message
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_INFREQUENT = "INFREQUENT_ACCESS"
_NOT_FOR_INFREQUENT = ("GetLogEvents", "FilterLogEvents", "PutMetricFilter", "PutSubscriptionFilter")
_READING = ("GetLogEvents", "FilterLogEvents", "DescribeLogStreams", "DescribeLogGroups")


class Logs:
    """The log groups of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._next_id = 10_000_000_000  # far from those that moto gives
        # who looks at the lines of a group: called with group, stream, id of the first event, events
        self.watchers: dict[str, Callable[[str, str, int, Sequence[tuple[int, str]]], None]] = {}
        self._classes: WeakKeyDictionary[LogGroup, str] = WeakKeyDictionary()  # those that are not STANDARD
        self._other_classes = False  # whether there ever was one
        quota, emf = cloud.facts.value("quota.logs"), cloud.facts.value("quota.cloudwatch.emf")
        self._most_bytes, self._span_ms = int(quota["batch_bytes"]), int(quota["span_h"]) * _HOUR_MS
        self._retention_days = tuple(int(days) for days in cloud.facts.value("quota.logs.retention_days"))
        self._grace_ms = int(quota["deletion_after_retention_h"]) * _HOUR_MS
        per_mille = round(float(cloud.facts.value("model.logs.stored_share")) * 1_000)
        self._stored = Storage(cloud.kernel, cloud.meter, "logs.stored_gb_months", per_mille)
        self._limits = Limits(emf["metric_definitions"], emf["dimension_keys"], emf["values_per_metric"])
        cloud.patches.set(LogStream, "_send_log_events", _not_by_moto)
        cloud.patches.set(LogStream, "last_ingestion_time", property(_last_ingestion, _set_last_ingestion))

    def install(self) -> None:
        """Answer what moto answers without limits, classes and retention."""
        register = self._cloud.api.register
        register("logs", "CreateLogGroup", self._create_group)
        register("logs", "PutLogEvents", self._put_events)
        for operation in ("PutRetentionPolicy", "DeleteRetentionPolicy"):
            register("logs", operation, self._set_retention)
        register("logs", "DeleteLogGroup", self.delete)
        register("logs", "DeleteLogStream", self.delete)
        for operation in dict.fromkeys((*_READING, *_NOT_FOR_INFREQUENT)):
            register("logs", operation, self.read)

    # -- writing -------------------------------------------------------------------------------

    def has_group(self, group: str) -> bool:
        """Whether a log group has been made."""
        return group in self._backend.groups

    def log_class(self, group: str) -> str:
        """STANDARD or INFREQUENT_ACCESS; the group must be there."""
        return str(self._classes.get(self._backend.groups[group], "STANDARD"))

    def put(
        self,
        group: str,
        stream: str,
        events: Sequence[tuple[int, str]],
        by_lambda: bool = False,
        vended: bool = False,
    ) -> None:
        """Append events as (unix milliseconds, message); group and stream are made when they are missing.

        `by_lambda`: Lambda delivers them, for a function; their price falls with their volume. `vended`: another
        service delivers its own logs.
        """
        target = self._stream(group, stream)
        lines: Any = target.events
        first_id = lines.write(events)
        size = 0
        documents: list[str] = []
        for _, message in events:
            size += len(message) if message.isascii() else len(message.encode())
            if message[:1] == "{" and may_hold_metrics(message):
                documents.append(message)
        target.stored_bytes += size
        target.last_ingestion_time = self._cloud.kernel.unix_us  # type: ignore[assignment]
        self._ingested(group, stream, size + _EVENT_OVERHEAD * len(events), by_lambda, vended)
        for document in documents:
            self._extract(document)
        watcher = self.watchers.get(group)
        if watcher is not None:
            watcher(group, stream, first_id, events)

    def _ingested(self, group: str, stream: str, size: int, by_lambda: bool = False, vended: bool = False) -> None:
        if self._other_classes and self._classes.get(self._backend.groups[group]) == _INFREQUENT:
            item = "logs.infrequent_access_gb"
        elif by_lambda:
            item = "logs.ingested_gb"
        else:
            item = "logs.vended_gb" if vended else "logs.standard_gb"
        # by the function's name, so that a function's cost includes its logs
        self._cloud.meter.add(item, size / 1e9, group.rsplit("/", 1)[-1])
        place = self._stored.place(group, stream)
        if place.retention_us is None:  # of a group that may have got its retention before its first line
            place.retention_us = self._retention_us(group)
        place.write(self._cloud.kernel.now_us, size)

    def _retention_us(self, group: str) -> int | None:
        days = self._backend.groups[group].retention_in_days
        return int(days) * _DAY_MS * 1_000 if days else None

    def _extract(self, message: str) -> None:
        """Publish the metrics of a line. One that breaks the format publishes nothing, and is counted."""
        try:
            data = read_document(message, self._limits)
        except InvalidDocument:
            self._cloud.cloudwatch.record("AWS/Logs", "EMFValidationErrors", 1, {}, "Count")
            return
        for datum in data:
            self._cloud.cloudwatch.publish(datum)

    def _reserve(self, count: int) -> int:
        first = self._next_id
        self._next_id += count
        return first

    @cached_property
    def _backend(self) -> Any:
        return logs_backends[self._cloud.account_id][self._cloud.region]

    def _stream(self, group: str, stream: str) -> LogStream:
        groups = self._backend.groups
        if group not in groups:
            groups[group] = LogGroup(self._cloud.account_id, self._cloud.region, group)  # type: ignore[abstract]
        found: LogGroup = groups[group]
        if stream not in found.streams:
            found.create_log_stream(stream)
        return self._ours(found.streams[stream])

    def _ours(self, stream: LogStream) -> LogStream:
        if not isinstance(stream.events, Lines):
            stream.events = Lines(self._reserve, stream.events)  # type: ignore[assignment]
        return stream

    # -- operations ----------------------------------------------------------------------------

    def _create_group(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        log_class = call.params.get("logGroupClass", "STANDARD")
        if log_class != "STANDARD":
            self._classes[self._backend.groups[call.params["logGroupName"]]] = log_class
            self._other_classes = True
        return answer

    def _put_events(self, call: ApiCall) -> dict[str, Any]:
        """moto refuses what is too old or too new; the rest is checked and metered here."""
        events = call.params["logEvents"]
        size = sum(len(event["message"].encode()) for event in events)
        total = size + _EVENT_OVERHEAD * len(events)
        if total > self._most_bytes:
            raise _invalid(f"Upload too large: {total} bytes exceeds limit of {self._most_bytes}")
        if events and events[-1]["timestamp"] - events[0]["timestamp"] > self._span_ms:
            raise _invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
        answer = self._cloud.api.stock(call)
        rejected = answer.get("rejectedLogEventsInfo") or {}
        first = rejected.get("tooOldLogEventEndIndex", -1) + 1
        taken = events[first : rejected.get("tooNewLogEventStartIndex", len(events))]
        size = sum(len(event["message"].encode()) for event in taken)
        total = size + _EVENT_OVERHEAD * len(taken)
        self._ingested(call.params["logGroupName"], call.params["logStreamName"], total)
        for event in taken:
            if may_hold_metrics(event["message"]):
                self._extract(event["message"])
        watcher = self.watchers.get(call.params["logGroupName"])
        if watcher is not None and taken:
            pairs = [(event["timestamp"], event["message"]) for event in taken]
            watcher(call.params["logGroupName"], call.params["logStreamName"], self._reserve(len(pairs)), pairs)
        return answer

    def _set_retention(self, call: ApiCall) -> dict[str, Any]:
        """What a shorter retention takes away costs nothing from now on."""
        days = call.params.get("retentionInDays")
        if days is not None and int(days) not in self._retention_days:
            listed = ", ".join(map(str, self._retention_days))
            raise _invalid(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{listed}]"
            )
        group = call.params["logGroupName"]
        places = self._stored.parts(group)
        answer = self._cloud.api.stock(call)
        for place in places:
            place.retention_us = self._retention_us(group)
        return answer

    def delete(self, call: ApiCall) -> dict[str, Any]:
        """Delete a group or a stream; from now on its lines cost nothing."""
        answer = self._cloud.api.stock(call)
        self._stored.end(call.params["logGroupName"], call.params.get("logStreamName"))
        return answer

    def check_class(self, call: ApiCall) -> Any:
        """The group that a call is about, None when it names none. Raises ApiError where its class cannot do that."""
        name = call.params.get("logGroupName") or call.params.get("logGroupIdentifier", "").split(":log-group:")[-1]
        group = self._backend.groups.get(name.removesuffix(":*"))
        if group is not None and call.operation in _NOT_FOR_INFREQUENT and self._classes.get(group) == _INFREQUENT:
            raise _invalid(
                f"{call.operation} is not supported for log groups of the {_INFREQUENT} class; use Logs Insights."
            )
        return group

    def read(self, call: ApiCall) -> dict[str, Any]:
        """Answer a call that reads log groups, without the lines that are gone by then."""
        group = self.check_class(call)
        for one in [group] if group is not None else self._backend.groups.values():
            self.sweep(one)
        answer = self._cloud.api.stock(call)
        for found in answer.get("logGroups", ()):
            found["logGroupClass"] = self._classes.get(self._backend.groups[found["logGroupName"]], "STANDARD")
        return answer

    def sweep(self, group: Any) -> None:
        """Delete what has outlived the retention and the days that AWS takes to do it. No retention: nothing ever."""
        if not group.retention_in_days:
            return
        before_ms = self._cloud.kernel.unix_us // 1_000 - int(group.retention_in_days) * _DAY_MS - self._grace_ms
        for stream in group.streams.values():
            lines: Any = self._ours(stream).events
            stream.stored_bytes -= lines.drop_before(before_ms)


def _not_by_moto(stream: Any, **delivery: Any) -> None:
    """Subscriptions are served in virtual time, not by moto."""


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message, 400)


def _last_ingestion(stream: Any) -> datetime | None:
    """moto wants a time without a zone; it is made when somebody asks."""
    found: int | datetime | None = vars(stream).get("_last_ingestion")
    return datetime.fromtimestamp(found / 1e6, UTC).replace(tzinfo=None) if isinstance(found, int) else found


def _set_last_ingestion(stream: Any, at: int | datetime | None) -> None:
    """Virtual unix microseconds from us, a time from moto."""
    vars(stream)["_last_ingestion"] = at
