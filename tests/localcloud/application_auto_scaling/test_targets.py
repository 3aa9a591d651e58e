"""Scalable targets: what can be registered, and that the capacity is brought between the bounds."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.application_auto_scaling.conftest import ALIAS, TABLE, tracking

INDEX = {**TABLE, "ResourceId": "table/orders/index/by-state", "ScalableDimension": "dynamodb:index:WriteCapacityUnits"}


def test_registering_brings_the_capacity_between_the_bounds(cloud, scaling, units, activities):
    answer = scaling.register_scalable_target(**TABLE, MinCapacity=8, MaxCapacity=20)
    assert ":scalable-target/" in answer["ScalableTargetARN"]
    cloud.wait(120)
    assert units() == (8, 5)
    assert activities(TABLE) == [("Setting write capacity units to 8.", "Successful")]
    scaling.register_scalable_target(**TABLE, MinCapacity=1, MaxCapacity=3)
    cloud.wait(120)
    assert units() == (3, 5)
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 3)
    assert found["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_DynamoDBTable")


def test_an_index_is_scaled_on_its_own(cloud, scaling, units):
    scaling.register_scalable_target(**INDEX, MinCapacity=9, MaxCapacity=20)
    cloud.wait(120)
    assert units() == (5, 9)


def test_reads_and_writes_of_a_table_are_scaled_one_after_the_other(cloud, scaling, units, activities):
    reads = {**TABLE, "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}
    for target in (TABLE, reads, INDEX):
        scaling.register_scalable_target(**target, MinCapacity=9, MaxCapacity=20)
    cloud.wait(300)
    assert units() == (9, 9)
    assert [activities(target)[0][1] for target in (TABLE, reads, INDEX)] == ["Successful"] * 3


def test_an_on_demand_table_has_no_capacity_to_change(cloud, scaling, units, activities):
    cloud.client("dynamodb").update_table(TableName="orders", BillingMode="PAY_PER_REQUEST")
    cloud.wait(60)
    scaling.register_scalable_target(**TABLE, MinCapacity=8, MaxCapacity=20)
    cloud.wait(120)
    assert activities(TABLE) == []


def test_an_alias_gets_its_provisioned_concurrency(cloud, scaling, provisioned, activities):
    scaling.register_scalable_target(**ALIAS, MinCapacity=2, MaxCapacity=5)
    cloud.wait(300)
    assert provisioned() == 2
    assert activities(ALIAS) == [("Setting provisioned concurrency to 2.", "Successful")]
    scaling.register_scalable_target(**ALIAS, MinCapacity=0, MaxCapacity=0)
    cloud.wait(300)
    assert provisioned() is None


def test_a_change_that_the_service_refuses_is_a_failed_activity(cloud, scaling, provisioned):
    scaling.register_scalable_target(**ALIAS, MinCapacity=950, MaxCapacity=960)
    cloud.wait(60)
    (found,) = scaling.describe_scaling_activities(ServiceNamespace="lambda")["ScalingActivities"]
    assert found["StatusCode"] == "Failed"
    assert "unreserved concurrency" in found["StatusMessage"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ResourceId": "table/none"}, "DynamoDB table does not exist: table/none"),
        ({"ResourceId": "orders"}, "Unsupported service namespace, resource type or scalable dimension"),
        ({"ScalableDimension": "lambda:function:ProvisionedConcurrency"}, "Unsupported service namespace"),
        ({"MinCapacity": 30}, "Maximum capacity cannot be less than minimum capacity"),
        ({"MinCapacity": 0}, "must be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_registered_is_refused(scaling, units, changes, message):
    with pytest.raises(ClientError, match=message):
        scaling.register_scalable_target(**{**TABLE, "MinCapacity": 1, "MaxCapacity": 20, **changes})


def test_nothing_can_be_put_on_a_target_that_is_not_registered(scaling, units):
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.put_scaling_policy(PolicyName="p", **TABLE, **tracking("DynamoDBWriteCapacityUtilization", 70))
    with pytest.raises(ClientError, match="No scalable target registered"):
        scaling.put_scheduled_action(ScheduledActionName="a", Schedule="rate(1 day)", **TABLE)
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(**TABLE)


def test_deregistering_takes_policies_alarms_and_scheduled_actions_along(cloud, scaling, units):
    scaling.register_scalable_target(**TABLE, MinCapacity=1, MaxCapacity=20)
    scaling.put_scaling_policy(PolicyName="p", **TABLE, **tracking("DynamoDBWriteCapacityUtilization", 70))
    scaling.put_scheduled_action(
        ScheduledActionName="a", Schedule="rate(5 minutes)", ScalableTargetAction={"MinCapacity": 10}, **TABLE
    )
    assert len(cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]) == 4
    scaling.deregister_scalable_target(**TABLE)
    assert scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"] == []
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    cloud.wait(600)
    assert units() == (5, 5)


def test_targets_of_other_services_are_kept(scaling):
    place = {
        "ServiceNamespace": "rds", "ResourceId": "cluster:orders", "ScalableDimension": "rds:cluster:ReadReplicaCount",
    }  # fmt: skip
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=3)
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"]
    assert found["ResourceId"] == "cluster:orders"
