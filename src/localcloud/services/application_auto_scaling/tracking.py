"""Target tracking: the alarms that watch a metric, and the capacity that brings it back to its target.

Sources: the user guide on target tracking, the guides of DynamoDB and Lambda on auto scaling. AWS documents when
the alarms go off, not from which data points it computes the new capacity: here it is the latest one for scaling
out and the highest of the fifteen for scaling in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.facts import Facts

HIGH, LOW = "AlarmHigh", "AlarmLow"
PROVISIONED_HIGH, PROVISIONED_LOW = "ProvisionedCapacityHigh", "ProvisionedCapacityLow"
_MINUTE_S = 60
_ROUNDING = 1e-9  # the last bit of a quotient is no reason for one more unit

PREDEFINED: Mapping[str, tuple[str, ...]] = {
    "LambdaProvisionedConcurrencyUtilization": ("lambda:function:ProvisionedConcurrency",),
    "DynamoDBReadCapacityUtilization": ("dynamodb:table:ReadCapacityUnits", "dynamodb:index:ReadCapacityUnits"),
    "DynamoDBWriteCapacityUtilization": ("dynamodb:table:WriteCapacityUnits", "dynamodb:index:WriteCapacityUnits"),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """How many minutes an alarm waits, and how far below the target a metric must be before capacity is taken away."""

    out_minutes: int
    in_minutes: int
    in_share: float
    in_points: float

    @classmethod
    def of(cls, facts: Facts, dimension: str) -> Rules:
        found = facts.value("quota.application_auto_scaling.target_tracking")
        service = "dynamodb" if dimension.startswith("dynamodb") else "lambda"
        return cls(
            int(found[service]["out_minutes"]),
            int(found["in_minutes"]),
            float(found["in_share"]),
            float(found["dynamodb"]["in_points"]),
        )


@dataclass(frozen=True, slots=True)
class Tracking:
    """One policy: what it tracks on which resource."""

    resource_id: str
    dimension: str
    configuration: Mapping[str, Any]
    rules: Rules

    @property
    def target(self) -> float:
        return float(self.configuration["TargetValue"])

    @property
    def predefined(self) -> str:
        return str((self.configuration.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType", ""))

    @property
    def scales_in(self) -> bool:
        return not self.configuration.get("DisableScaleIn", False)

    @property
    def _consumed(self) -> bool:
        """Whether the metric is consumed capacity: its alarms depend on what is provisioned."""
        return self.predefined.startswith("DynamoDB")

    # -- alarms --------------------------------------------------------------------------------

    def alarms(self, capacity: int) -> dict[str, dict[str, Any]]:
        """The settings of the policy's alarms by kind, without names and actions; `capacity` is the present one."""
        rules = self.rules
        if not self._consumed:
            found = {HIGH: self._alarm(">", self.target, rules.out_minutes)}
            if self.scales_in:
                found[LOW] = self._alarm("<", self.target * rules.in_share, rules.in_minutes)
            return found
        second = capacity * _MINUTE_S / 100
        found = {HIGH: self._alarm(">", self.target * second, rules.out_minutes)}
        if self.scales_in:
            found[LOW] = self._alarm("<", max(0.0, self.target - rules.in_points) * second, rules.in_minutes)
        unit = self.dimension.rpartition(":")[2]
        for kind, comparison in ((PROVISIONED_HIGH, ">"), (PROVISIONED_LOW, "<")):
            stat = self._dynamodb(f"Provisioned{unit}", "Average")
            found[kind] = {**_criterion(comparison, float(capacity), 3), **stat, "Period": 300}
        return found

    def _alarm(self, comparison: str, threshold: float, minutes: int) -> dict[str, Any]:
        return {**_criterion(comparison, threshold, minutes), **self._metric()}

    def _metric(self) -> dict[str, Any]:
        if self._consumed:
            return {**self._dynamodb(f"Consumed{self.dimension.rpartition(':')[2]}", "Sum"), "Period": _MINUTE_S}
        if self.predefined:
            _, name, qualifier = self.resource_id.split(":", 2)
            return {
                "Namespace": "AWS/Lambda",
                "MetricName": "ProvisionedConcurrencyUtilization",
                "Dimensions": [
                    {"Name": "FunctionName", "Value": name},
                    {"Name": "Resource", "Value": f"{name}:{qualifier}"},
                ],
                "Statistic": "Average",
                "Period": _MINUTE_S,
            }
        given = self.configuration["CustomizedMetricSpecification"]
        if given.get("Metrics"):
            return {"Metrics": [_query(one) for one in given["Metrics"]]}
        names = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
        return {**{name: given[name] for name in names if name in given}, "Period": _MINUTE_S}

    def _dynamodb(self, metric: str, statistic: str) -> dict[str, Any]:
        _, table, *index = self.resource_id.split("/")
        dimensions = [{"Name": "TableName", "Value": table}]
        if index:
            dimensions.append({"Name": "GlobalSecondaryIndexName", "Value": index[1]})
        return {
            "Namespace": "AWS/DynamoDB",
            "MetricName": metric,
            "Dimensions": dimensions,
            "Statistic": statistic,
        }

    # -- capacity ------------------------------------------------------------------------------

    def wanted(self, capacity: int, values: Sequence[float]) -> int:
        """The capacity at which the metric is at its target; `values` are the minutes that count, oldest first."""
        if self._consumed:
            return math.ceil(max(values) / _MINUTE_S / (self.target / 100) - _ROUNDING)
        return math.ceil(capacity * max(values) / self.target - _ROUNDING)


def _criterion(comparison: str, threshold: float, periods: int) -> dict[str, Any]:
    operators = {">": "GreaterThanThreshold", "<": "LessThanThreshold"}
    return {"ComparisonOperator": operators[comparison], "Threshold": threshold, "EvaluationPeriods": periods}


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    """A query of a customized metric as alarms take it: by the minute."""
    if "MetricStat" in given:
        return {**given, "MetricStat": {**given["MetricStat"], "Period": _MINUTE_S}}
    return dict(given)
