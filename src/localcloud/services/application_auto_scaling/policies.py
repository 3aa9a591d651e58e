"""Target tracking policies: their alarms in CloudWatch, and what happens when one of them goes off."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.ids import uuid4_text
from localcloud.services.application_auto_scaling.resources import Resources
from localcloud.services.application_auto_scaling.scaling import Scaling
from localcloud.services.application_auto_scaling.tracking import HIGH, LOW, Rules, Tracking
from localcloud.services.cloudwatch.alarms.actions import queries

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.cloudwatch.alarms.alarm import Alarm

_MINUTE_S = 60


class Policies:
    """Keeps the alarms of moto's policies, and scales when they say so."""

    def __init__(self, cloud: Cloud, backend: Any, resources: Resources, scaling: Scaling) -> None:
        self._cloud = cloud
        self._backend = backend
        self._resources = resources
        self._scaling = scaling
        self._ids = cloud.kernel.streams["application-autoscaling/alarms"]
        scaling.changed = self.refresh

    def tracking(self, policy: Any) -> Tracking:
        """What moto's policy asks for."""
        return Tracking(
            policy.resource_id,
            policy.scalable_dimension,
            policy.target_tracking_scaling_policy_configuration,
            Rules.of(self._cloud.facts, policy.scalable_dimension),
        )

    # -- alarms --------------------------------------------------------------------------------

    def put_alarms(self, policy: Any) -> None:
        """Make the alarms of a policy, or set them to the present capacity; in a task."""
        capacity = self._resources.find(policy.resource_id, policy.scalable_dimension).capacity() or 0
        wanted = self.tracking(policy).alarms(capacity)
        known = {alarm.kind: alarm for alarm in policy.alarms}
        gone = [alarm.name for kind, alarm in known.items() if kind not in wanted]
        if gone:
            self._cloud.api.direct("cloudwatch", "DeleteAlarms", {"AlarmNames": gone})
        policy.alarms = []
        for kind, settings in wanted.items():
            alarm = known.get(kind) or self._new_alarm(policy, kind)
            policy.alarms.append(alarm)
            action = f"{policy.policy_arn}:createdBy/{alarm.name[-36:]}"
            common = {
                "AlarmName": alarm.name,
                "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
                "AlarmActions": [action],
                "ActionsEnabled": True,
            }
            self._cloud.api.direct("cloudwatch", "PutMetricAlarm", {**common, **settings})

    def _new_alarm(self, policy: Any, kind: str) -> Any:
        name = f"TargetTracking-{policy.resource_id}-{kind}-{uuid4_text(self._ids)}"
        arn = f"arn:aws:cloudwatch:{self._cloud.region}:{self._cloud.account_id}:alarm:{name}"
        return SimpleNamespace(name=name, alarm_arn=arn, kind=kind)

    def delete_alarms(self, policy: Any) -> None:
        """The policy is gone. Alarms that somebody has deleted already are no matter."""
        described = self._cloud.api.direct(
            "cloudwatch", "DescribeAlarms", {"AlarmNames": [alarm.name for alarm in policy.alarms]}
        )
        names = [alarm["AlarmName"] for alarm in described["MetricAlarms"]]
        if names:
            self._cloud.api.direct("cloudwatch", "DeleteAlarms", {"AlarmNames": names})
        policy.alarms = []

    def refresh(self, target: Any) -> None:
        """Set the alarms of a target's policies to its present capacity."""
        for policy in self.of(target):
            self.put_alarms(policy)

    def of(self, target: Any) -> list[Any]:
        """The target tracking policies of moto's scalable target."""
        return [
            policy
            for policy in self._backend.policies.values()
            if (policy.resource_id, policy.scalable_dimension) == (target.resource_id, target.scalable_dimension)
            and policy.target_tracking_scaling_policy_configuration
        ]

    # -- scaling -------------------------------------------------------------------------------

    def alarmed(self, alarm: Alarm, action: str) -> str:
        """An alarm goes off, or is still on after another minute; "" or why nothing can come of it."""
        arn = action.split(":createdBy/")[0]
        policy = next((one for one in self._backend.policies.values() if one.policy_arn == arn), None)
        target = self._target(policy) if policy is not None else None
        if policy is None or target is None:
            return f"There is no scaling policy {arn}."
        if not self._scaling.progress(target).busy:
            name = f"scaling {policy.resource_id}"
            self._cloud.kernel.spawn(self._track, target, policy, alarm, name=name, critical=True)
        return ""

    def _target(self, policy: Any) -> Any:
        return self._backend.targets.get(policy.scalable_dimension, {}).get(policy.resource_id)

    def _track(self, target: Any, policy: Any, alarm: Alarm) -> None:
        kind = next((one.kind for one in policy.alarms if one.name == alarm.name), "")
        try:
            now = self._resources.find(policy.resource_id, policy.scalable_dimension).capacity()
        except (ClientError, StopIteration):
            return
        if now is None or self._scaling.progress(target).busy:
            return
        if kind not in (HIGH, LOW):  # somebody else has changed the capacity
            self.put_alarms(policy)
            return
        wanted = (
            self._wanted_out(target, policy, alarm, now)
            if kind == HIGH
            else self._wanted_in(target, policy, alarm, now)
        )
        if wanted != now:
            cause = f"monitor alarm {alarm.name} in state ALARM triggered policy {policy.policy_name}"
            self._scaling.change(target, now, wanted, cause)

    def _wanted_out(self, target: Any, policy: Any, alarm: Alarm, now: int) -> int:
        if (target.suspended_state or {}).get("DynamicScalingOutSuspended"):
            return now
        tracking, progress = self.tracking(policy), self._scaling.progress(target)
        base = now
        if self._cooling(progress.out_us, tracking.configuration.get("ScaleOutCooldown")):
            base = progress.before_out  # what was added counts as part of what is wanted
        wanted = tracking.wanted(base, self._values(alarm)[-1:] or [0.0])
        return max(now, min(wanted, int(target.max_capacity)))

    def _wanted_in(self, target: Any, policy: Any, alarm: Alarm, now: int) -> int:
        tracking, progress = self.tracking(policy), self._scaling.progress(target)
        values = self._values(alarm)
        if (
            (target.suspended_state or {}).get("DynamicScalingInSuspended")
            or not values
            or self._cooling(progress.in_us, tracking.configuration.get("ScaleInCooldown"))
            or not self._all_low(target)
        ):
            return now
        return min(now, max(tracking.wanted(now, values), int(target.min_capacity)))

    def _all_low(self, target: Any) -> bool:
        """With several policies capacity is taken away only when all that scale in agree."""
        names = [alarm.name for policy in self.of(target) for alarm in policy.alarms if alarm.kind == LOW]
        found = self._cloud.api.direct("cloudwatch", "DescribeAlarms", {"AlarmNames": names})["MetricAlarms"]
        return all(alarm["StateValue"] == "ALARM" for alarm in found)

    def _cooling(self, since_us: int | None, cooldown_s: int | None) -> bool:
        return since_us is not None and self._cloud.kernel.now_us - since_us < int(cooldown_s or 0) * 1_000_000

    def _values(self, alarm: Alarm) -> list[float]:
        """The data points of the whole minutes that the alarm looks at, oldest first."""
        end_s = self._cloud.kernel.unix_us // 1_000_000 // _MINUTE_S * _MINUTE_S
        start_s = end_s - alarm.settings["EvaluationPeriods"] * _MINUTE_S
        params = {
            "MetricDataQueries": queries(alarm.settings),
            "StartTime": datetime.fromtimestamp(start_s, UTC),
            "EndTime": datetime.fromtimestamp(end_s, UTC),
            "ScanBy": "TimestampAscending",
        }
        results = self._cloud.cloudwatch.metric_data(params)["MetricDataResults"]
        return [float(value) for value in results[0]["Values"]] if results else []
