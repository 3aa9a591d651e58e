"""Scheduled actions: at a time, at intervals, by cron, in a time zone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.application_auto_scaling.conftest import ALIAS, TABLE


@pytest.fixture
def action(scaling, units):
    """Register the table and put an action on it: action("at(...)", MinCapacity=10)."""
    scaling.register_scalable_target(**TABLE, MinCapacity=1, MaxCapacity=20)

    def put(schedule, name="morning", more=None, **bounds):
        scaling.put_scheduled_action(
            ScheduledActionName=name, Schedule=schedule, ScalableTargetAction=bounds, **TABLE, **(more or {})
        )

    return put


def test_an_action_at_a_time_sets_the_bounds_and_then_the_capacity(cloud, scaling, units, action, activities):
    action("at(2025-01-06T09:00:00)", MinCapacity=10, MaxCapacity=30)
    cloud.wait(3_590)  # it is 08:59:50
    assert units()[0] == 5
    cloud.wait(120)
    assert units()[0] == 10
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (10, 30)
    assert activities(TABLE) == [
        ("Setting minimum capacity to 10 and maximum capacity to 30", "Successful"),
        ("Setting write capacity units to 10.", "Successful"),
    ]


def test_the_time_is_that_of_the_zone(cloud, units, action):
    action("at(2025-01-06T10:00:00)", more={"Timezone": "Europe/Zurich"}, MinCapacity=10)  # 09:00 UTC
    cloud.wait(3_590)
    assert units()[0] == 5
    cloud.wait(120)
    assert units()[0] == 10


def test_cron_brings_capacity_for_the_rush_and_takes_it_away_every_day(cloud, units, action):
    action("cron(0 9 * * ? *)", MinCapacity=10)
    action("cron(0 10 * * ? *)", name="calm", MinCapacity=1, MaxCapacity=4)
    seen = []
    for _ in range(2):
        cloud.wait(5_400)
        seen.append(units()[0])
        cloud.wait(3_600)
        seen.append(units()[0])
        cloud.wait(86_400 - 9_000)
        action("cron(0 9 * * ? *)", MinCapacity=10, MaxCapacity=20)
    assert seen == [10, 4, 10, 4]


def test_a_rate_ends_with_its_end_time_and_a_deleted_action_at_once(cloud, scaling, action, activities):
    action("rate(10 minutes)", more={"EndTime": cloud.now + timedelta(minutes=25)}, MinCapacity=1)
    cloud.wait(3_600)
    assert len(activities(TABLE)) == 2
    action("rate(10 minutes)", name="other", MinCapacity=1)
    scaling.delete_scheduled_action(ScheduledActionName="other", **TABLE)
    cloud.wait(3_600)
    assert len(activities(TABLE)) == 2
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.delete_scheduled_action(ScheduledActionName="other", **TABLE)


def test_suspended_schedules_do_nothing(cloud, scaling, units, action):
    action("at(2025-01-06T09:00:00)", MinCapacity=10)
    scaling.register_scalable_target(**TABLE, SuspendedState={"ScheduledScalingSuspended": True})
    cloud.wait(3_800)
    assert units()[0] == 5


@pytest.mark.parametrize("schedule", ["at(tomorrow)", "rate(1 hours)", "cron(0 9 * * * *)"])
def test_what_is_no_schedule_is_refused(action, schedule):
    with pytest.raises(ClientError, match="Invalid schedule expression"):
        action(schedule, MinCapacity=1)


def test_an_action_needs_bounds_in_order(action):
    with pytest.raises(ClientError, match="ScalableTargetAction must be specified"):
        action("rate(1 day)")
    with pytest.raises(ClientError, match="Maximum capacity cannot be less"):
        action("rate(1 day)", MinCapacity=5, MaxCapacity=4)


def test_provisioned_concurrency_comes_before_the_rush(cloud, scaling, provisioned):
    scaling.register_scalable_target(**ALIAS, MinCapacity=0, MaxCapacity=10)
    for name, schedule, count in (("on", "cron(30 8 ? * MON-FRI *)", 3), ("off", "cron(30 9 ? * MON-FRI *)", 0)):
        bounds = {"MinCapacity": count, "MaxCapacity": max(count, 0)}
        scaling.put_scheduled_action(ScheduledActionName=name, Schedule=schedule, ScalableTargetAction=bounds, **ALIAS)
    cloud.wait(3_600)
    assert provisioned() == 3
    cloud.wait(3_600)
    assert provisioned() is None
