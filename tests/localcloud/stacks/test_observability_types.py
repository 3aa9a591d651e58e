"""Alarms, dashboards and log filters in a stack."""

from __future__ import annotations

import json

TEMPLATE = {
    "Resources": {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/shop", "RetentionInDays": 7}},
        "Stream": {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "Group"}}},
        "Errors": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Group"},
                "FilterPattern": "ERROR",
                "MetricTransformations": [
                    {"MetricNamespace": "Shop", "MetricName": "Errors", "MetricValue": "1", "DefaultValue": 0}
                ],
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
                "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            },
        },
        "Any": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": "any", "AlarmRule": {"Fn::Sub": "ALARM(${Alarm})"}},
        },
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "b", "DashboardBody": "{}"}},
    }
}  # fmt: skip


def test_a_stack_that_watches_itself(cloud):
    cloudformation, cloudwatch = cloud.client("cloudformation"), cloud.client("cloudwatch")
    cloudformation.create_stack(StackName="watch", TemplateBody=json.dumps(TEMPLATE))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="watch")
    cloud.logs.put("/shop", "s", [(cloud.kernel.unix_us // 1_000, "ERROR: the oven is cold")])
    cloud.wait(60)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["any"])["CompositeAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert [board["DashboardName"] for board in cloudwatch.list_dashboards()["DashboardEntries"]] == ["b"]
    cloudformation.delete_stack(StackName="watch")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="watch")
    assert cloudwatch.describe_alarms(AlarmNames=["any"])["CompositeAlarms"] == []
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []
