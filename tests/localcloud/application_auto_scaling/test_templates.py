"""Scalable targets and policies in templates."""

from __future__ import annotations

import json

import pytest

SHOP = {
    "Type": "AWS::Serverless::Function",
    "Properties": {
        "FunctionName": "shop", "InlineCode": "def handler(event, context): return 1", "Handler": "index.handler",
        "Runtime": "python3.13", "AutoPublishAlias": "live",
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
    },
}  # fmt: skip
TARGET = {
    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
    "DependsOn": "ShopAliaslive",
    "Properties": {
        "MinCapacity": 2, "MaxCapacity": "10", "ServiceNamespace": "lambda",
        "ResourceId": {"Fn::Sub": "function:${Shop}:live"},
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
        "ScheduledActions": [
            {
                "ScheduledActionName": "rush", "Schedule": "cron(0 9 * * ? *)",
                "ScalableTargetAction": {"MinCapacity": 4, "MaxCapacity": 10},
            }
        ],
    },
}  # fmt: skip
POLICY = {
    "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
    "Properties": {
        "PolicyName": "track", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"},
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": "0.7",
            "PredefinedMetricSpecification": {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"},
        },
    },
}  # fmt: skip


@pytest.fixture
def stack(cloud):
    """Create or update the stack from these resources; None deletes it."""
    client = cloud.client("cloudformation")

    def deploy(verb, resources=None):
        params = {"StackName": "shop"}
        if resources is not None:
            body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
            capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
            params |= {"TemplateBody": json.dumps(body), "Capabilities": capabilities}
        getattr(client, f"{verb}_stack")(**params)
        client.get_waiter(f"stack_{verb}_complete").wait(StackName="shop")
        return client

    return deploy


def test_a_sam_template_scales_an_alias_by_schedule_and_by_its_utilization(cloud, stack, scaling):
    client = stack("create", {"Shop": SHOP, "Target": TARGET, "Policy": POLICY})
    found = client.describe_stack_resources(StackName="shop")["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
    assert ids["Target"] == "function:shop:live|lambda:function:ProvisionedConcurrency|lambda"
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"]
    assert ids["Policy"] == policy["PolicyARN"]
    cloud.wait(300)
    lambda_ = cloud.client("lambda")

    def provisioned():
        found = lambda_.get_provisioned_concurrency_config(FunctionName="shop", Qualifier="live")
        return found["RequestedProvisionedConcurrentExecutions"]

    assert provisioned() == 2
    cloud.wait(3_600)
    assert provisioned() == 4

    later = {**TARGET, "Properties": {**TARGET["Properties"], "MinCapacity": 6, "ScheduledActions": []}}
    stack("update", {"Shop": SHOP, "Target": later, "Policy": POLICY})
    cloud.wait(300)
    assert provisioned() == 6
    assert scaling.describe_scheduled_actions(ServiceNamespace="lambda")["ScheduledActions"] == []

    stack("delete")
    assert scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"] == []
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
