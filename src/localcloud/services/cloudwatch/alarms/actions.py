"""What an alarm does when its state changes: messages, invocations, an event on the default bus."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.cloudwatch.alarms.alarm import Alarm
from localcloud.services.policies import allows

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
_TRIGGER = (
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Unit", "Period", "EvaluationPeriods",
    "DatapointsToAlarm", "ComparisonOperator", "Threshold", "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)  # fmt: skip


class Actions:
    """Tells whoever is to be told. `scale(alarm, action)` carries out a scaling policy, and says why when it cannot."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.scale: Callable[[Alarm, str], str] = lambda alarm, action: f"There is no scaling policy {action}."

    def announce(self, alarm: Alarm, before: dict[str, Any]) -> None:
        """Put the "CloudWatch Alarm State Change" event on the default bus. `before` is the previous state."""
        settings = alarm.settings
        configuration: dict[str, Any] = {"description": settings.get("AlarmDescription", "")}
        if alarm.composite:
            configuration["alarmRule"] = settings["AlarmRule"]
        else:
            configuration["metrics"] = [_event_metric(query) for query in queries(settings)]
        detail = {
            "alarmName": alarm.name,
            "state": state_of(alarm),
            "previousState": before,
            "configuration": configuration,
        }
        entry = {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Detail": json.dumps(detail),
            "Resources": [alarm.arn],
        }
        self._cloud.events.publish(entry)

    def run(self, alarm: Alarm, action: str, before: dict[str, Any]) -> str:
        """Carry out one action; "" when it succeeded, otherwise why it failed."""
        service = action.split(":")[2] if action.count(":") >= 5 else ""
        try:
            if service == "sns":
                self._publish(alarm, action, before["value"])
            elif service == "lambda":
                self._invoke(alarm, action, before)
            elif service == "autoscaling":
                return self.scale(alarm, action)
            else:
                return f"The local cloud cannot carry out {action}."
        except ApiError as exc:
            return f"{exc.code}: {exc.message}"
        return ""

    def repeat(self, alarm: Alarm) -> None:
        """Scaling policies are told again after every period for which an alarm stays on."""
        for action in alarm.actions():
            if action.split(":")[2:3] == ["autoscaling"]:
                self.scale(alarm, action)

    def _publish(self, alarm: Alarm, topic_arn: str, before: str) -> None:
        settings = alarm.settings
        message: dict[str, Any] = {
            "AlarmName": alarm.name,
            "AlarmDescription": settings.get("AlarmDescription"),
            "AWSAccountId": self._cloud.account_id,
            "AlarmConfigurationUpdatedTimestamp": _stamp(alarm.configured_at),
            "NewStateValue": alarm.state,
            "NewStateReason": alarm.reason,
            "StateChangeTime": _stamp(alarm.updated_at),
            "Region": self._cloud.region,
            "AlarmArn": alarm.arn,
            "OldStateValue": before,
            "OKActions": settings.get("OKActions") or [],
            "AlarmActions": settings.get("AlarmActions") or [],
            "InsufficientDataActions": settings.get("InsufficientDataActions") or [],
        }
        if alarm.composite:
            message["AlarmRule"] = settings["AlarmRule"]
        else:
            trigger = {name: settings[name] for name in _TRIGGER if name in settings}
            trigger["Dimensions"] = [
                {"value": each["Value"], "name": each["Name"]} for each in settings.get("Dimensions") or ()
            ]
            if "Statistic" in trigger:
                trigger["StatisticType"], trigger["Statistic"] = "Statistic", trigger["Statistic"].upper()
            if "Metrics" in settings:
                trigger["Metrics"] = settings["Metrics"]
            message["Trigger"] = trigger
        params = {
            "TopicArn": topic_arn,
            "Subject": f'{alarm.state}: "{alarm.name}" in {self._cloud.region}'[:100],
            "Message": json.dumps(message),
        }
        self._cloud.api.direct("sns", "Publish", params)

    def _invoke(self, alarm: Alarm, function_arn: str, before: dict[str, Any]) -> None:
        lambda_ = self._cloud.lambda_
        statements = lambda_.functions.statements(function_arn)
        if not allows(statements, _PRINCIPAL, "lambda:InvokeFunction", alarm.arn, self._cloud.account_id):
            message = f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on {function_arn}."
            raise ApiError("AccessDenied", message)
        payload = {
            "source": "aws.cloudwatch",
            "alarmArn": alarm.arn,
            "accountId": self._cloud.account_id,
            "time": _stamp(alarm.updated_at),
            "region": self._cloud.region,
            "alarmData": {
                "alarmName": alarm.name,
                "state": state_of(alarm),
                "previousState": before,
                "configuration": {
                    "description": alarm.settings.get("AlarmDescription", ""),
                    **(
                        {"alarmRule": alarm.settings["AlarmRule"]}
                        if alarm.composite
                        else {"metrics": [_event_metric(query) for query in queries(alarm.settings)]}
                    ),
                },
            },
        }
        lambda_.asynchronous.accept(function_arn, json.dumps(payload).encode())


def state_of(alarm: Alarm) -> dict[str, Any]:
    """The present state as events tell it."""
    state = {
        "value": alarm.state,
        "reason": alarm.reason,
        "timestamp": _stamp(alarm.updated_at or alarm.configured_at),
    }
    if alarm.reason_data:
        state["reasonData"] = alarm.reason_data
    return state


def queries(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The metric data queries of a metric alarm; those of one metric are spelled out as one query."""
    if settings.get("Metrics"):
        return list(settings["Metrics"])
    stat: dict[str, Any] = {
        "Metric": {
            "Namespace": settings["Namespace"],
            "MetricName": settings["MetricName"],
            "Dimensions": settings.get("Dimensions") or [],
        },
        "Period": settings["Period"],
        "Stat": settings.get("Statistic") or settings.get("ExtendedStatistic"),
    }
    if settings.get("Unit"):
        stat["Unit"] = settings["Unit"]
    return [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]


def _event_metric(query: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if query.get("Expression"):
        found["expression"] = query["Expression"]
    else:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        found["metricStat"] = {
            "metric": {
                "namespace": metric["Namespace"],
                "name": metric["MetricName"],
                "dimensions": {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()},
            },
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    return found


def _stamp(moment: Any) -> str:
    """2025-01-06T08:05:00.000+0000"""
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{moment.microsecond // 1000:03d}+0000"
