"""Target tracking: its alarms, when it scales, and how far."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.application_auto_scaling.conftest import ALIAS, TABLE, tracking

WRITES, PROVISIONED = "DynamoDBWriteCapacityUtilization", "LambdaProvisionedConcurrencyUtilization"


@pytest.fixture
def track(cloud, scaling):
    """Register a target and put a policy on it: track(TABLE, WRITES, 70) -> the answer."""

    def put(target, metric, value, low=1, high=40, **more):
        scaling.register_scalable_target(**target, MinCapacity=low, MaxCapacity=high)
        cloud.wait(180)
        return scaling.put_scaling_policy(PolicyName="track", **target, **tracking(metric, value, **more))

    return put


def test_a_policy_of_a_table_makes_four_alarms_that_follow_the_capacity(cloud, scaling, units, track):
    answer = track(TABLE, WRITES, 70)
    found = {one["AlarmName"]: one for one in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert sorted(found) == sorted(alarm["AlarmName"] for alarm in answer["Alarms"])
    kinds = {name.removeprefix("TargetTracking-table/orders-")[:-37]: one for name, one in found.items()}
    seen = {kind: (round(one["Threshold"], 6), one["EvaluationPeriods"], one["Period"]) for kind, one in kinds.items()}
    assert seen == {
        "AlarmHigh": (210, 2, 60),  # 70 % of 5 units in 60 seconds
        "AlarmLow": (150, 15, 60),  # 20 percentage points less
        "ProvisionedCapacityHigh": (5, 3, 300),
        "ProvisionedCapacityLow": (5, 3, 300),
    }
    assert kinds["AlarmHigh"]["MetricName"] == "ConsumedWriteCapacityUnits"
    assert kinds["AlarmHigh"]["AlarmActions"][0].startswith(answer["PolicyARN"])
    scaling.register_scalable_target(**TABLE, MinCapacity=10)
    cloud.wait(120)
    after = {one["AlarmName"]: one["Threshold"] for one in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert sorted(round(value, 6) for value in after.values()) == [10, 10, 300, 420]


def test_a_table_scales_out_after_two_minutes_to_what_brings_it_to_the_target(cloud, units, writes, track, activities):
    track(TABLE, WRITES, 50)
    cloud.wait(300)  # there is unused capacity for the burst
    writes(8, 4)
    cloud.wait(60)
    assert units() == (16, 5)
    assert activities(TABLE) == [("Setting write capacity units to 16.", "Successful")]


def test_it_scales_in_after_fifteen_minutes_far_enough_below(cloud, units, writes, track, scaling):
    track(TABLE, WRITES, 50)
    cloud.client("dynamodb").update_table(
        TableName="orders", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 40}
    )
    cloud.wait(1_200)  # the policy notices that somebody else has changed the capacity
    writes(4, 12)
    assert units()[0] == 40
    writes(4, 6)
    assert units()[0] == 8
    found = scaling.describe_scaling_activities(**TABLE)["ScalingActivities"][0]
    assert found["Cause"].startswith("monitor alarm TargetTracking-table/orders-AlarmLow-")
    assert found["Cause"].endswith("in state ALARM triggered policy track")


def test_a_table_that_nobody_uses_keeps_its_capacity(cloud, units, track):
    track(TABLE, WRITES, 50, low=1)
    cloud.wait(3_600)  # without data points there is no alarm
    assert units()[0] == 5


def test_scaling_stays_below_the_maximum(cloud, units, writes, track):
    track(TABLE, WRITES, 20, high=12)
    cloud.wait(300)
    writes(6, 5)
    assert units()[0] == 12


def test_scaling_in_can_be_switched_off(cloud, units, writes, track, scaling):
    answer = track(TABLE, WRITES, 50, DisableScaleIn=True)
    assert not [alarm for alarm in answer["Alarms"] if "AlarmLow" in alarm["AlarmName"]]
    writes(1, 18)
    assert units()[0] == 5


def test_suspended_scaling_out_does_nothing(cloud, units, writes, track, scaling):
    track(TABLE, WRITES, 50)
    scaling.register_scalable_target(**TABLE, SuspendedState={"DynamicScalingOutSuspended": True})
    cloud.wait(300)
    writes(6, 5)
    assert units()[0] == 5


def test_provisioned_concurrency_follows_its_utilization_after_three_minutes(cloud, provisioned, busy, track):
    track(ALIAS, PROVISIONED, 0.5, low=2, high=20)
    busy(2, 2)
    assert provisioned() == 2
    busy(2, 3)
    assert provisioned() in (3, 4)


def test_provisioned_concurrency_is_taken_away_after_fifteen_minutes(cloud, provisioned, busy, track):
    track(ALIAS, PROVISIONED, 0.8, low=1, high=20)
    cloud.client("lambda").put_provisioned_concurrency_config(
        FunctionName="shop", Qualifier="live", ProvisionedConcurrentExecutions=10
    )
    cloud.wait(180)
    busy(2, 14)
    assert provisioned() == 10
    busy(2, 4)
    assert provisioned() == 3  # a fifth of ten at four fifths


def test_the_alarms_of_an_alias_watch_its_own_metric(cloud, provisioned, track):
    track(ALIAS, PROVISIONED, 0.7)
    found = {one["AlarmName"][34:-37]: one for one in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {kind: (round(one["Threshold"], 6), one["EvaluationPeriods"]) for kind, one in found.items()} == {
        "AlarmHigh": (0.7, 3),
        "AlarmLow": (0.63, 15),
    }
    assert found["AlarmHigh"]["Dimensions"] == [
        {"Name": "FunctionName", "Value": "shop"},
        {"Name": "Resource", "Value": "shop:live"},
    ]


def test_a_cooldown_lets_only_a_larger_scale_out_through(cloud, units, writes, track):
    track(TABLE, WRITES, 50, ScaleOutCooldown=3_600)
    cloud.wait(300)
    writes(6, 4)
    assert units()[0] == 12
    writes(6, 4)
    assert units()[0] == 12
    writes(12, 4)
    cloud.wait(60)
    assert units()[0] == 24


def test_a_customized_metric_can_be_tracked(cloud, scaling, provisioned, busy):
    scaling.register_scalable_target(**ALIAS, MinCapacity=2, MaxCapacity=20)
    cloud.wait(180)
    metric = {
        "MetricName": "ProvisionedConcurrencyUtilization", "Namespace": "AWS/Lambda", "Statistic": "Maximum",
        "Dimensions": [{"Name": "FunctionName", "Value": "shop"}, {"Name": "Resource", "Value": "shop:live"}],
    }  # fmt: skip
    scaling.put_scaling_policy(
        PolicyName="track", PolicyType="TargetTrackingScaling", **ALIAS,
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 0.5, "CustomizedMetricSpecification": metric},
    )  # fmt: skip
    busy(2, 6)
    assert provisioned() == 4


def test_a_policy_that_is_put_again_keeps_its_arn_and_alarms(cloud, scaling, units, track):
    first = track(TABLE, WRITES, 70)
    second = scaling.put_scaling_policy(PolicyName="track", **TABLE, **tracking(WRITES, 50))
    assert (second["PolicyARN"], second["Alarms"]) == (first["PolicyARN"], first["Alarms"])
    (found,) = scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50
    assert found["PolicyARN"] == first["PolicyARN"]
    scaling.delete_scaling_policy(PolicyName="track", **TABLE)
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"PolicyType": "StepScaling"}, "Policy type StepScaling is not supported"),
        (tracking(PROVISIONED, 0.7), "is not supported for dynamodb:table:WriteCapacityUnits"),
        (tracking(WRITES, 95), "between 20 and 90"),
        ({"PolicyType": "TargetTrackingScaling"}, "TargetTrackingScalingPolicyConfiguration must be specified"),
    ],
)
def test_what_aws_would_refuse_is_refused(scaling, units, policy, message):
    scaling.register_scalable_target(**TABLE, MinCapacity=1, MaxCapacity=20)
    with pytest.raises(ClientError, match=message):
        scaling.put_scaling_policy(PolicyName="p", **TABLE, **policy)
