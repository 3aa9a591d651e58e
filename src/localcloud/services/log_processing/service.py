"""Looks at log lines when they arrive, and answers the operations that say what to look for.

Filters are moto's state; what they make of a line is ours. A log group without filters costs one look-up.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.logs.models import logs_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.log_processing.filter_patterns import InvalidPattern, compile_pattern
from localcloud.services.log_processing.metric_filters import MetricFilter
from localcloud.services.log_processing.searches import LogSearches

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class LogProcessing:
    """Metric filters and subscription filters."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._metric_filters: dict[str, list[MetricFilter]] = {}
        self._subscriptions: dict[str, list[Any]] = {}
        self._watch = cloud.logs.watchers

    def install(self) -> None:
        """Watch all lines and answer the operations."""
        register = self._cloud.api.register
        LogSearches(self._cloud, self._cloud.logs.read).install()
        self._cloud.cloudwatch.before_reading.append(self._settle)
        register("logs", "PutMetricFilter", self._put_metric_filter)
        register("logs", "PutSubscriptionFilter", self._put_subscription_filter)
        register("logs", "TestMetricFilter", self._test_metric_filter)
        register("logs", "DeleteLogGroup", self._delete_log_group)
        for operation in ("DeleteMetricFilter", "DeleteSubscriptionFilter"):
            register("logs", operation, self._changed)

    @cached_property
    def _backend(self) -> Any:
        return logs_backends[self._cloud.account_id][self._cloud.region]

    @property
    def _now_s(self) -> int:
        return self._cloud.kernel.unix_us // 1_000_000

    # -- lines -------------------------------------------------------------------------------

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
        elif ":kinesis:" in arn:
            record = {"StreamARN": arn, "StreamName": arn.rsplit("/", 1)[-1], "Data": data, "PartitionKey": stream}
            self._cloud.api.direct("kinesis", "PutRecord", record)
        elif ":firehose:" in arn:
            self._cloud.kernel.spawn(self._to_firehose, arn, data, name=f"subscription of {group}")

    def _to_firehose(self, arn: str, data: bytes) -> None:
        """Delivery streams are moto's. One that is gone takes nothing, and nobody hears of it."""
        with suppress(ClientError):
            name = arn.rsplit("/", 1)[-1]
            self._cloud.client("firehose").put_record(DeliveryStreamName=name, Record={"Data": data})

    # -- filters -----------------------------------------------------------------------------

    def _refresh(self, group: str) -> None:
        """Read the filters of a group again."""
        self._settle()
        found = [each for each in self._backend.filters.metric_filters if each["logGroupName"] == group]
        self._metric_filters[group] = [MetricFilter(each, self._cloud.cloudwatch.publish) for each in found]
        known = self._backend.groups.get(group)
        self._subscriptions[group] = [] if known is None else list(known.subscription_filters.values())
        if self._metric_filters[group] or self._subscriptions[group]:
            self._watch[group] = self._watched
        else:
            self._watch.pop(group, None)

    def _checked(self, call: ApiCall) -> None:
        self._cloud.logs.check_class(call)
        try:
            compile_pattern(call.params["filterPattern"])
        except InvalidPattern as exc:
            raise ApiError("InvalidParameterException", f"Invalid filter pattern: {exc}", 400) from None

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

    def _delete_log_group(self, call: ApiCall) -> dict[str, Any]:
        answer, name = self._cloud.logs.delete(call), call.params["logGroupName"]
        filters = self._backend.filters.metric_filters
        filters[:] = [each for each in filters if each["logGroupName"] != name]
        self._refresh(name)
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
