"""AWS::ApplicationAutoScaling::*."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localcloud.stacks.types.base import Made, Making, Updatable, as_bool, chosen, names

_PLACE = "ResourceId ScalableDimension ServiceNamespace"


class ScalableTarget(Updatable):
    """Ref is "resource id|scalable dimension|service namespace", which ScalingTargetId takes."""

    name = "AWS::ApplicationAutoScaling::ScalableTarget"
    validated_early = False
    properties = names(f"{_PLACE} MaxCapacity MinCapacity RoleARN ScheduledActions SuspendedState")
    required = names(f"{_PLACE} MaxCapacity MinCapacity")
    attributes = names("Id")
    replacing = names(_PLACE)

    def _register(self, making: Making, old: Mapping[str, Any]) -> None:
        given, client = making.properties, making.client("application-autoscaling")
        place = chosen(given, _PLACE)
        settings: dict[str, Any] = {name: int(given[name]) for name in ("MinCapacity", "MaxCapacity")}
        if "SuspendedState" in given:
            settings["SuspendedState"] = {name: as_bool(value) for name, value in given["SuspendedState"].items()}
        client.register_scalable_target(**place, **settings, **chosen(given, "RoleARN"))
        wanted = {action["ScheduledActionName"]: action for action in given.get("ScheduledActions") or []}
        for action in old.get("ScheduledActions") or []:
            if action["ScheduledActionName"] not in wanted:
                client.delete_scheduled_action(**place, ScheduledActionName=action["ScheduledActionName"])
        for name, action in wanted.items():
            client.put_scheduled_action(**place, ScheduledActionName=name, **_action(action))

    def create(self, making: Making) -> Made:
        self._register(making, {})
        given = making.properties
        made = f"{given['ResourceId']}|{given['ScalableDimension']}|{given['ServiceNamespace']}"
        return Made(made, {"Id": made})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._register(making, old)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("application-autoscaling").deregister_scalable_target(**_place(made.physical_id))


class ScalingPolicy(Updatable):
    name = "AWS::ApplicationAutoScaling::ScalingPolicy"
    _configurations = "StepScalingPolicyConfiguration TargetTrackingScalingPolicyConfiguration"
    properties = names(
        f"{_PLACE} {_configurations} PolicyName PolicyType PredictiveScalingPolicyConfiguration ScalingTargetId"
    )
    required = names("PolicyName PolicyType")
    attributes = names("Arn")
    replacing = names(f"{_PLACE} PolicyName ScalingTargetId")

    def _put(self, making: Making) -> str:
        given = making.properties
        place = _place(given["ScalingTargetId"]) if "ScalingTargetId" in given else chosen(given, _PLACE)
        configurations = {name: _numbers(value) for name, value in chosen(given, self._configurations).items()}
        answer = making.client("application-autoscaling").put_scaling_policy(
            **place, **chosen(given, "PolicyName PolicyType"), **configurations
        )
        return str(answer["PolicyARN"])

    def create(self, making: Making) -> Made:
        arn = self._put(making)
        return Made(arn, {"Arn": arn})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        """Nothing is left to delete when the target went first: it takes its policies along."""
        client, given = making.client("application-autoscaling"), making.properties
        place = _place(given["ScalingTargetId"]) if "ScalingTargetId" in given else chosen(given, _PLACE)
        try:
            client.delete_scaling_policy(**place, PolicyName=given["PolicyName"])
        except client.exceptions.ObjectNotFoundException:
            return


def _place(target_id: str) -> dict[str, str]:
    resource_id, dimension, namespace = target_id.split("|")
    return {"ResourceId": resource_id, "ScalableDimension": dimension, "ServiceNamespace": namespace}


def _action(given: Mapping[str, Any]) -> dict[str, Any]:
    found = chosen(given, "Schedule Timezone")
    for name in ("StartTime", "EndTime"):
        if name in given:
            found[name] = datetime.fromisoformat(str(given[name]))
    bounds = given.get("ScalableTargetAction") or {}
    return {**found, "ScalableTargetAction": {name: int(value) for name, value in bounds.items()}}


def _numbers(value: Any) -> Any:
    """Templates may give numbers and truth values as text."""
    if isinstance(value, Mapping):
        return {key: _number(key, inner) for key, inner in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, list) else value


def _number(key: str, value: Any) -> Any:
    if key == "TargetValue":
        return float(value)
    if key.endswith("Cooldown"):
        return int(value)
    return as_bool(value) if key in ("DisableScaleIn", "ReturnData") else _numbers(value)


ALL = (ScalableTarget(), ScalingPolicy())
