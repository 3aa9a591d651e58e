"""Alarms described: by name, by metric, and what has become of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall
from localcloud.services.cloudwatch.alarms.alarm import Alarm
from localcloud.services.cloudwatch.parameters import page_position, page_token

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Descriptions:
    """Answers the reading operations over `alarms`, by name."""

    def __init__(self, cloud: Cloud, alarms: Mapping[str, Alarm]) -> None:
        self._cloud = cloud
        self._alarms = alarms
        self._page = int(cloud.facts.value("quota.cloudwatch.describe_alarms"))

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("cloudwatch", "DescribeAlarms", self._describe)
        register("cloudwatch", "DescribeAlarmsForMetric", self._describe_for_metric)
        register("cloudwatch", "DescribeAlarmHistory", self._describe_history)

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
        kinds = params.get("AlarmTypes") or ["MetricAlarm"]
        if names:  # by name, both kinds are found
            kinds = params.get("AlarmTypes") or ["MetricAlarm", "CompositeAlarm"]
        found = [
            alarm
            for name, alarm in sorted(self._alarms.items())
            if alarm.kind in kinds
            and (not names or name in names)
            and name.startswith(prefix)
            and alarm.state == params.get("StateValue", alarm.state)
            and (
                "ActionPrefix" not in params
                or any(each.startswith(params["ActionPrefix"]) for each in alarm.settings.get("AlarmActions") or ())
            )
        ]
        (first,) = page_position(params.get("NextToken"), 1, "InvalidNextToken")
        end = first + params.get("MaxRecords", self._page)
        answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
        for alarm in found[first:end]:
            answer[f"{alarm.kind}s"].append(alarm.described())
        if end < len(found):
            answer["NextToken"] = page_token(end)
        return answer

    def _describe_for_metric(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        found = []
        for _, alarm in sorted(self._alarms.items()):
            settings = alarm.settings
            if settings.get("MetricName") != params["MetricName"] or settings.get("Namespace") != params["Namespace"]:
                continue
            if (settings.get("Dimensions") or []) != (params.get("Dimensions") or []):
                continue
            if all(settings.get(name) == params[name] for name in ("Statistic", "Period", "Unit") if name in params):
                found.append(alarm.described())
        return {"MetricAlarms": found}

    def _describe_history(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        start, end = params.get("StartDate"), params.get("EndDate")
        items: list[dict[str, Any]] = [
            {
                "AlarmName": alarm.name,
                "AlarmType": alarm.kind,
                "Timestamp": item.at,
                "HistoryItemType": item.kind,
                "HistorySummary": item.summary,
                "HistoryData": item.data,
            }
            for name, alarm in sorted(self._alarms.items())
            if name == params.get("AlarmName", name)
            for item in alarm.history
            if item.kind == params.get("HistoryItemType", item.kind)
            and (start is None or item.at >= start)
            and (end is None or item.at <= end)
        ]
        newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        items.sort(key=lambda item: item["Timestamp"])
        if newest_first:
            items.reverse()
        return {"AlarmHistoryItems": items[: params.get("MaxRecords", self._page)]}
