"""Looks at log lines when they arrive, and answers the operations that say what to look for.

Filters are moto's state; what they make of a line is ours. A log group without filters costs one look-up.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.logs.models import logs_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.log_processing.embedded_metrics import Limits, NotValid, extract
from localcloud.services.log_processing.filter_patterns import InvalidPattern, compile_pattern
from localcloud.services.log_processing.metric_filters import MetricFilter

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

INFREQUENT_ACCESS = "INFREQUENT_ACCESS"
_DAY_MS = 86_400_000


class LogProcessing:
    """Embedded metrics, metric filters, subscription filters, log classes and retention."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        limits = cloud.facts.value("quota.cloudwatch.emf")
        self._limits = Limits(limits["metric_definitions"], limits["dimension_keys"], limits["values_per_metric"])
        self._batch = cloud.facts.value("quota.logs")
        self._metric_filters: dict[str, list[MetricFilter]] = {}
        self._subscriptions: dict[str, list[Any]] = {}
        self._classes: dict[str, str] = {}
        self._watch = cloud.logs.watchers

    def install(self) -> None:
        """Watch all lines and answer the operations."""
        logs, register = self._cloud.logs, self._cloud.api.register
        logs.on_embedded_metrics = self._embedded
        self._cloud.cloudwatch.before_reading.append(self._settle)
        register("logs", "PutLogEvents", self._put_log_events)
        register("logs", "CreateLogGroup", self._create_log_group)
        register("logs", "DeleteLogGroup", self._delete_log_group)
        register("logs", "DescribeLogGroups", self._describe_log_groups)
        register("logs", "PutMetricFilter", self._put_metric_filter)
        register("logs", "PutSubscriptionFilter", self._put_subscription_filter)
        register("logs", "TestMetricFilter", self._test_metric_filter)
        register("logs", "FilterLogEvents", self._filter_log_events)
        register("logs", "GetLogEvents", self._get_log_events)
        for operation in ("DeleteMetricFilter", "DeleteSubscriptionFilter"):
            register("logs", operation, self._changed)

    @cached_property
    def _backend(self) -> Any:
        return logs_backends[self._cloud.account_id][self._cloud.region]

    @property
    def _now_s(self) -> int:
        return self._cloud.kernel.unix_us // 1_000_000

    # -- lines -------------------------------------------------------------------------------

    def _embedded(self, group: str, events: Sequence[tuple[int, str]]) -> None:
        for _, message in events:
            failure = ""
            try:
                for embedded in extract(message, self._limits):
                    if embedded.data:
                        self._cloud.cloudwatch.publish(embedded.namespace, embedded.data)
            except (NotValid, ApiError):
                failure = "EMFValidationErrors"
            except ValueError:
                failure = "EMFParsingErrors"
            if failure:
                self._cloud.cloudwatch.record("AWS/Logs", failure, 1, {"LogGroupName": group}, "Count")

    def _watched(self, group: str, stream: str, first_id: int, events: Sequence[tuple[int, str]]) -> None:
        for each in self._metric_filters.get(group, ()):
            each.take(events, self._now_s)
        for subscription in self._subscriptions.get(group, ()):
            self._deliver(subscription, group, stream, first_id, events)

    def _settle(self) -> None:
        for filters in self._metric_filters.values():
            for each in filters:
                each.settle(self._now_s)

    def _deliver(
        self, subscription: Any, group: str, stream: str, first_id: int, events: Sequence[tuple[int, str]]
    ) -> None:
        pattern = compile_pattern(subscription.filter_pattern or "")
        found = [
            {"id": f"{first_id + number:056d}", "timestamp": unix_ms, "message": message}
            for number, (unix_ms, message) in enumerate(events)
            if pattern.match(message) is not None
        ]
        if not found:
            return
        payload = {
            "messageType": "DATA_MESSAGE",
            "owner": self._cloud.account_id,
            "logGroup": group,
            "logStream": stream,
            "subscriptionFilters": [subscription.name],
            "logEvents": found,
        }
        data = gzip.compress(json.dumps(payload).encode(), mtime=0)
        arn = subscription.destination_arn
        if ":lambda:" in arn:
            event = {"awslogs": {"data": base64.b64encode(data).decode()}}
            self._cloud.lambda_.asynchronous.accept(arn, json.dumps(event).encode())
        else:
            record = {"StreamARN": arn, "StreamName": arn.rsplit("/", 1)[-1], "Data": data, "PartitionKey": stream}
            self._cloud.api.direct("kinesis", "PutRecord", record)

    # -- filters -----------------------------------------------------------------------------

    def _refresh(self, group: str) -> None:
        """Read the filters of a group again."""
        self._settle()
        found = [each for each in self._backend.filters.metric_filters if each["logGroupName"] == group]
        self._metric_filters[group] = [MetricFilter(each, self._cloud.cloudwatch.record) for each in found]
        known = self._backend.groups.get(group)
        self._subscriptions[group] = [] if known is None else list(known.subscription_filters.values())
        if self._metric_filters[group] or self._subscriptions[group]:
            self._watch[group] = self._watched
        else:
            self._watch.pop(group, None)

    def _checked(self, call: ApiCall) -> None:
        self._standard_only(call)
        try:
            compile_pattern(call.params["filterPattern"])
        except InvalidPattern as exc:
            raise ApiError("InvalidParameterException", f"Invalid filter pattern: {exc}", 400) from None

    def _standard_only(self, call: ApiCall) -> None:
        group = call.params.get("logGroupName") or str(call.params.get("logGroupIdentifier", "")).split(":")[-1]
        if self._classes.get(group) == INFREQUENT_ACCESS:
            raise ApiError(
                "InvalidOperationException",
                f"The operation {call.operation} is not supported for log groups of class {INFREQUENT_ACCESS}.",
                400,
            )

    def _put_metric_filter(self, call: ApiCall) -> dict[str, Any]:
        self._checked(call)
        group, name = call.params["logGroupName"], call.params["filterName"]
        if group not in self._backend.groups:
            raise ApiError("ResourceNotFoundException", "The specified log group does not exist.", 400)
        filters = self._backend.filters.metric_filters  # moto would keep the old one beside the new
        filters[:] = [each for each in filters if (each["logGroupName"], each["filterName"]) != (group, name)]
        return self._changed(call)

    def _put_subscription_filter(self, call: ApiCall) -> dict[str, Any]:
        self._checked(call)
        return self._changed(call)

    def _changed(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        self._refresh(call.params["logGroupName"])
        return answer

    def _test_metric_filter(self, call: ApiCall) -> dict[str, Any]:
        self._checked(call)
        pattern, matches = compile_pattern(call.params["filterPattern"]), []
        for number, message in enumerate(call.params["logEventMessages"], start=1):
            fields = pattern.match(message)
            if fields is not None:
                values = {
                    f"${name}": str(value) for name, value in fields.items() if not isinstance(value, dict | list)
                }
                matches.append({"eventNumber": number, "eventMessage": message, "extractedValues": values})
        return {"matches": matches}

    # -- groups and events -------------------------------------------------------------------

    def _create_log_group(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        name, kind = call.params["logGroupName"], call.params.get("logGroupClass", "STANDARD")
        self._classes[name] = kind
        if kind == INFREQUENT_ACCESS:
            self._cloud.logs.items[name] = "logs.infrequent_access_gb"
        return answer

    def _delete_log_group(self, call: ApiCall) -> dict[str, Any]:
        answer, name = self._cloud.api.stock(call), call.params["logGroupName"]
        filters = self._backend.filters.metric_filters
        filters[:] = [each for each in filters if each["logGroupName"] != name]
        self._classes.pop(name, None)
        self._cloud.logs.items.pop(name, None)
        self._refresh(name)
        return answer

    def _describe_log_groups(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params.get("logGroupClass")
        answer = self._cloud.api.stock(call)
        for group in answer["logGroups"]:
            name = group["logGroupName"]
            group["logGroupClass"] = self._classes.get(name, "STANDARD")
            group["metricFilterCount"] = len(self._metric_filters.get(name, ()))
        if wanted:
            answer["logGroups"] = [group for group in answer["logGroups"] if group["logGroupClass"] == wanted]
        return answer

    def expire(self, group: str) -> None:
        """Drop the events of a group that are past their retention, and the days that deleting them may take."""
        found = self._backend.groups.get(group)
        if found is None or not found.retention_in_days:
            return
        kept_ms = int(found.retention_in_days) * _DAY_MS + self._batch["deletion_after_retention_h"] * 3_600_000
        for stream in found.streams.values():
            self._cloud.logs.expire(stream, self._cloud.kernel.unix_us // 1_000 - kept_ms)

    def _get_log_events(self, call: ApiCall) -> dict[str, Any]:
        self._standard_only(call)
        self.expire(call.params.get("logGroupName", ""))
        return self._cloud.api.stock(call)

    def _filter_log_events(self, call: ApiCall) -> dict[str, Any]:
        self._standard_only(call)
        self.expire(call.params.get("logGroupName", ""))
        return self._cloud.api.stock(call)

    def _put_log_events(self, call: ApiCall) -> dict[str, Any]:
        params, limits = call.params, self._batch
        group, stream, given = params["logGroupName"], params["logStreamName"], params["logEvents"]
        known = self._backend.groups.get(group)
        if known is None:
            raise ApiError("ResourceNotFoundException", "The specified log group does not exist.", 400)
        if stream not in known.streams:
            raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.", 400)
        self._check_batch(given)
        now_ms = self._cloud.kernel.unix_us // 1_000
        oldest, newest = now_ms - limits["past_days"] * _DAY_MS, now_ms + limits["future_h"] * 3_600_000
        times = [event["timestamp"] for event in given]
        rejected: dict[str, int] = {}
        if times[0] < oldest:
            rejected["tooOldLogEventEndIndex"] = sum(at < oldest for at in times)
        if times[-1] > newest:
            rejected["tooNewLogEventStartIndex"] = sum(at <= newest for at in times)
        events = [(event["timestamp"], event["message"]) for event in given if oldest <= event["timestamp"] <= newest]
        if events:
            self._cloud.logs.put(group, stream, events, item="logs.vended_gb")
        known.streams[stream].upload_sequence_token += 1
        answer: dict[str, Any] = {"nextSequenceToken": f"{known.streams[stream].upload_sequence_token:056d}"}
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        return answer

    def _check_batch(self, events: Sequence[dict[str, Any]]) -> None:
        limits = self._batch
        times = [event["timestamp"] for event in events]
        if len(events) > limits["batch_events"]:
            problem = f"The batch of log events exceeds {limits['batch_events']} events."
        elif sum(len(event["message"].encode()) + 26 for event in events) > limits["batch_bytes"]:
            problem = f"Upload too large: the batch exceeds {limits['batch_bytes']} bytes"
        elif times != sorted(times):
            problem = "Log events in a single PutLogEvents request must be in chronological order."
        elif times[-1] - times[0] > limits["span_h"] * 3_600_000:
            problem = f"The batch of log events in a single request cannot span more than {limits['span_h']} hours."
        else:
            return
        raise ApiError("InvalidParameterException", problem, 400)
