"""AWS::CloudWatch::CompositeAlarm and Dashboard, filters and streams of AWS::Logs, AWS::XRay::SamplingRule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, lower_first, names


class CompositeAlarm(Updatable):
    name = "AWS::CloudWatch::CompositeAlarm"
    validated_early = False
    custom_name = "AlarmName"
    _arguments = (
        "ActionsEnabled ActionsSuppressor ActionsSuppressorExtensionPeriod ActionsSuppressorWaitPeriod AlarmActions "
        "AlarmDescription AlarmRule InsufficientDataActions OKActions"
    )
    properties = names(_arguments + " AlarmName Tags")
    required = names("AlarmRule")
    attributes = names("Arn")
    replacing = names("AlarmName")

    def _put(self, making: Making, name: str) -> None:
        arguments = chosen(making.properties, self._arguments)
        making.client("cloudwatch").put_composite_alarm(AlarmName=name, Tags=making.tag_list(), **arguments)

    def create(self, making: Making) -> Made:
        name = making.name("AlarmName", 255)
        self._put(making, name)
        return Made(name, {"Arn": f"arn:aws:cloudwatch:{making.region}:{making.account_id}:alarm:{name}"})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making, made.physical_id)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("cloudwatch").delete_alarms(AlarmNames=[made.physical_id])


class Dashboard(Updatable):
    name = "AWS::CloudWatch::Dashboard"
    custom_name = "DashboardName"
    properties = names("DashboardBody DashboardName")
    required = names("DashboardBody")
    replacing = names("DashboardName")

    def _put(self, making: Making, name: str) -> None:
        body = making.properties["DashboardBody"]
        text = body if isinstance(body, str) else json.dumps(body)
        making.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=text)

    def create(self, making: Making) -> Made:
        name = making.name("DashboardName", 255)
        self._put(making, name)
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making, made.physical_id)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("cloudwatch").delete_dashboards(DashboardNames=[made.physical_id])


class MetricFilter(Updatable):
    name = "AWS::Logs::MetricFilter"
    custom_name = "FilterName"
    properties = names(
        "ApplyOnTransformedLogs EmitSystemFieldDimensions FieldSelectionCriteria FilterName FilterPattern LogGroupName "
        "MetricTransformations"
    )
    required = names("FilterPattern LogGroupName MetricTransformations")
    replacing = names("FilterName LogGroupName")

    def _put(self, making: Making, name: str) -> None:
        properties = making.properties
        transformations = []
        for given in properties["MetricTransformations"]:
            made = lower_first({key: value for key, value in given.items() if key != "Dimensions"})
            made["metricValue"] = str(made["metricValue"])
            if "defaultValue" in made:
                made["defaultValue"] = float(made["defaultValue"])
            if given.get("Dimensions"):
                made["dimensions"] = {each["Key"]: each["Value"] for each in given["Dimensions"]}
            transformations.append(made)
        making.client("logs").put_metric_filter(
            logGroupName=properties["LogGroupName"],
            filterName=name,
            filterPattern=properties["FilterPattern"],
            metricTransformations=transformations,
        )

    def create(self, making: Making) -> Made:
        name = making.name("FilterName", 512)
        self._put(making, name)
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making, made.physical_id)
        return made

    def delete(self, making: Making, made: Made) -> None:
        group = making.properties["LogGroupName"]
        making.client("logs").delete_metric_filter(logGroupName=group, filterName=made.physical_id)


class SubscriptionFilter(Updatable):
    name = "AWS::Logs::SubscriptionFilter"
    custom_name = "FilterName"
    _arguments = "DestinationArn Distribution FilterPattern LogGroupName RoleArn"
    properties = names(_arguments + " ApplyOnTransformedLogs EmitSystemFields FieldSelectionCriteria FilterName")
    required = names("DestinationArn FilterPattern LogGroupName")
    replacing = names("FilterName LogGroupName")

    def _put(self, making: Making, name: str) -> None:
        arguments = lower_first(chosen(making.properties, self._arguments))
        making.client("logs").put_subscription_filter(filterName=name, **arguments)

    def create(self, making: Making) -> Made:
        name = making.name("FilterName", 512)
        self._put(making, name)
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making, made.physical_id)
        return made

    def delete(self, making: Making, made: Made) -> None:
        group = making.properties["LogGroupName"]
        making.client("logs").delete_subscription_filter(logGroupName=group, filterName=made.physical_id)


class LogStream(ResourceType):
    name = "AWS::Logs::LogStream"
    custom_name = "LogStreamName"
    properties = names("LogGroupName LogStreamName")
    required = names("LogGroupName")

    def create(self, making: Making) -> Made:
        name = making.name("LogStreamName", 512)
        group = making.properties["LogGroupName"]
        making.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
        return Made(name)

    def delete(self, making: Making, made: Made) -> None:
        group = making.properties["LogGroupName"]
        making.client("logs").delete_log_stream(logGroupName=group, logStreamName=made.physical_id)


class SamplingRule(Updatable):
    """Ref is the rule's ARN."""

    name = "AWS::XRay::SamplingRule"
    properties = names("RuleName SamplingRule SamplingRuleRecord SamplingRuleUpdate Tags")
    attributes = names("RuleARN")

    @staticmethod
    def _settings(making: Making) -> dict[str, Any]:
        found = dict(making.properties["SamplingRule"])
        for number in ("Priority", "ReservoirSize", "Version"):
            if number in found:
                found[number] = int(found[number])
        if "FixedRate" in found:
            found["FixedRate"] = float(found["FixedRate"])
        return found

    def must_replace(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return bool(old["SamplingRule"].get("RuleName") != new["SamplingRule"].get("RuleName"))

    def create(self, making: Making) -> Made:
        rule = {"RuleName": making.generated_name(32), "Version": 1, **self._settings(making)}
        made = making.client("xray").create_sampling_rule(SamplingRule=rule)["SamplingRuleRecord"]["SamplingRule"]
        return Made(made["RuleARN"], {"RuleARN": made["RuleARN"]})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        changes = {name: value for name, value in self._settings(making).items() if name not in ("RuleName", "Version")}
        making.client("xray").update_sampling_rule(SamplingRuleUpdate={**changes, "RuleARN": made.physical_id})
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("xray").delete_sampling_rule(RuleARN=made.physical_id)


ALL = (CompositeAlarm(), Dashboard(), MetricFilter(), SubscriptionFilter(), LogStream(), SamplingRule())
