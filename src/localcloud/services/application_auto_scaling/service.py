"""The operations of Application Auto Scaling. Targets of services that are not simulated here stay with moto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.models import FakeApplicationAutoscalingPolicy, applicationautoscaling_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.application_auto_scaling.policies import Policies
from localcloud.services.application_auto_scaling.resources import LAMBDA, Resources
from localcloud.services.application_auto_scaling.scaling import Scaling
from localcloud.services.application_auto_scaling.schedules import Schedules
from localcloud.services.application_auto_scaling.tracking import PREDEFINED

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_OURS = ("dynamodb", "lambda")
_ROLES = {"dynamodb": "DynamoDBTable", "lambda": "LambdaConcurrency"}
_TRACKING = "TargetTrackingScaling"
_SWITCHES = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


class ApplicationAutoScaling:
    """Scales provisioned concurrency of Lambda and capacity units of DynamoDB."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._backend: Any = applicationautoscaling_backends[cloud.account_id][cloud.region]
        resources = Resources(cloud)
        self._resources = resources
        self._scaling = Scaling(cloud, resources)
        self._schedules = Schedules(cloud, self._scaling)
        self._policies = Policies(cloud, self._backend, resources, self._scaling)

    def install(self) -> None:
        """Answer the operations; the alarms of policies are CloudWatch's own."""
        for operation, handler in (
            ("RegisterScalableTarget", self._register),
            ("DeregisterScalableTarget", self._deregister),
            ("PutScalingPolicy", self._put_policy),
            ("DeleteScalingPolicy", self._delete_policy),
            ("PutScheduledAction", self._put_action),
            ("DeleteScheduledAction", self._delete_action),
            ("DescribeScalingActivities", lambda call: self._scaling.activities.describe(call.params)),
        ):
            self._cloud.api.register("application-autoscaling", operation, handler)
        self._cloud.cloudwatch.alarms.scale_by(self._policies.alarmed)
        for name in ("create_alarms", "delete_alarms"):
            stock = getattr(FakeApplicationAutoscalingPolicy, name)

            def unless_ours(policy: Any, *args: Any, _stock: Any = stock) -> None:
                if policy.service_namespace not in _OURS:
                    _stock(policy, *args)

            self._cloud.patches.set(FakeApplicationAutoscalingPolicy, name, unless_ours)

    # -- targets -------------------------------------------------------------------------------

    def _register(self, call: ApiCall) -> Any:
        params = call.params
        if params["ServiceNamespace"] not in _OURS:
            return self._cloud.api.stock(call)
        _check_id(params)
        known = self._find(params)
        low = params.get("MinCapacity", known.min_capacity if known is not None else None)
        high = params.get("MaxCapacity", known.max_capacity if known is not None else None)
        if low is None or high is None:
            raise _invalid("Both MinCapacity and MaxCapacity must be specified when registering a scalable target.")
        _check_bounds(low, high, 0 if params["ScalableDimension"] == LAMBDA else 1)
        missing = self._resources.find(params["ResourceId"], params["ScalableDimension"]).missing()
        if missing:
            raise _invalid(missing)
        answer = self._cloud.api.stock(call)
        target = self._find(params)
        if not target.role_arn:
            namespace = params["ServiceNamespace"]
            target.role_arn = (
                f"arn:aws:iam::{self._cloud.account_id}:role/aws-service-role/{namespace}.application-autoscaling."
                f"amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{_ROLES[namespace]}"
            )
        target.suspended_state = {**dict.fromkeys(_SWITCHES, False), **(target.suspended_state or {})}
        cause = f"minimum capacity was set to {low} and maximum capacity was set to {high}"
        name = f"bounds of {target.resource_id}"
        self._cloud.kernel.spawn(self._scaling.enforce, target, cause, name=name, critical=True)
        return answer

    def _deregister(self, call: ApiCall) -> Any:
        params = call.params
        if params["ServiceNamespace"] not in _OURS:
            return self._cloud.api.stock(call)
        target = self._registered(params)
        for policy in self._policies.of(target):
            self._policies.delete_alarms(policy)
            self._backend.delete_scaling_policy(policy.policy_name, *_place(params))
        for name in self._schedules.forget_target(target.resource_id, target.scalable_dimension):
            self._backend.delete_scheduled_action(params["ServiceNamespace"], name, *_place(params)[1:])
        return self._cloud.api.stock(call)

    def _find(self, params: Mapping[str, Any]) -> Any:
        return self._backend.targets.get(params["ScalableDimension"], {}).get(params["ResourceId"])

    def _registered(self, params: Mapping[str, Any]) -> Any:
        found = self._find(params)
        if found is None:
            raise _not_found("No scalable target registered for service namespace", params)
        return found

    # -- policies ------------------------------------------------------------------------------

    def _put_policy(self, call: ApiCall) -> Any:
        params = call.params
        if params["ServiceNamespace"] not in _OURS:
            return self._cloud.api.stock(call)
        self._registered(params)
        kind = params.get("PolicyType") or _TRACKING
        if kind != _TRACKING:
            raise _invalid(f"Policy type {kind} is not supported for {params['ScalableDimension']}")
        self._check_tracking(params)
        key = FakeApplicationAutoscalingPolicy.formulate_key(*_place(params), params["PolicyName"])
        before = self._backend.policies.get(key)
        params.setdefault("PolicyType", _TRACKING)
        answer = self._cloud.api.stock(call)
        policy = self._backend.policies[key]
        if before is not None:  # moto makes a new one
            policy.policy_arn, policy.creation_time = before.policy_arn, before.creation_time
            policy.alarms = before.alarms
        self._policies.put_alarms(policy)
        alarms = [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in policy.alarms]
        return {**answer, "PolicyARN": policy.policy_arn, "Alarms": alarms}

    @staticmethod
    def _check_tracking(params: Mapping[str, Any]) -> None:
        given = params.get("TargetTrackingScalingPolicyConfiguration")
        if not given:
            raise _invalid("TargetTrackingScalingPolicyConfiguration must be specified.")
        predefined, customized = given.get("PredefinedMetricSpecification"), given.get("CustomizedMetricSpecification")
        if bool(predefined) == bool(customized):
            raise _invalid("You must specify exactly one of predefined or customized metric specification.")
        if given["TargetValue"] <= 0:
            raise _invalid("TargetValue must be greater than 0.")
        if predefined:
            kind = predefined["PredefinedMetricType"]
            if params["ScalableDimension"] not in PREDEFINED.get(kind, ()):
                raise _invalid(f"Predefined metric type {kind} is not supported for {params['ScalableDimension']}")
            if kind.startswith("DynamoDB") and not 20 <= given["TargetValue"] <= 90:
                raise _invalid("Target utilization must be between 20 and 90 percent.")

    def _delete_policy(self, call: ApiCall) -> Any:
        params = call.params
        if params["ServiceNamespace"] not in _OURS:
            return self._cloud.api.stock(call)
        key = FakeApplicationAutoscalingPolicy.formulate_key(*_place(params), params["PolicyName"])
        policy = self._backend.policies.get(key)
        if policy is None:
            raise _not_found(f"No scaling policy {params['PolicyName']} found for service namespace", params)
        self._policies.delete_alarms(policy)
        return self._cloud.api.stock(call)

    # -- scheduled actions ---------------------------------------------------------------------

    def _put_action(self, call: ApiCall) -> Any:
        params = call.params
        if params["ServiceNamespace"] not in _OURS:
            return self._cloud.api.stock(call)
        target, known = self._registered(params), self._action(params)
        if known is None:
            missing = [name for name in ("Schedule", "ScalableTargetAction") if not params.get(name)]
            if missing:
                raise _invalid(f"{missing[0]} must be specified when creating a scheduled action.")
        if params.get("Schedule"):
            self._schedules.check(params["Schedule"], params.get("Timezone"), params.get("StartTime"))
        bounds = params.get("ScalableTargetAction") or {}
        _check_bounds(bounds.get("MinCapacity", 0), bounds.get("MaxCapacity", bounds.get("MinCapacity", 0)), 0)
        answer = self._cloud.api.stock(call)
        self._schedules.put(self._action(params), target)
        return answer

    def _delete_action(self, call: ApiCall) -> Any:
        params = call.params
        if params["ServiceNamespace"] in _OURS:
            if self._action(params) is None:
                name = params["ScheduledActionName"]
                raise _not_found(f"No scheduled action {name} found for service namespace", params)
            self._schedules.forget((params["ResourceId"], params["ScalableDimension"], params["ScheduledActionName"]))
        return self._cloud.api.stock(call)

    def _action(self, params: Mapping[str, Any]) -> Any:
        wanted = (params["ScheduledActionName"], params["ResourceId"], params["ScalableDimension"])
        for one in self._backend.scheduled_actions:
            if (one.scheduled_action_name, one.resource_id, one.scalable_dimension) == wanted:
                return one
        return None


def _place(params: Mapping[str, Any]) -> tuple[str, str, str]:
    """Service namespace, resource id and scalable dimension."""
    return params["ServiceNamespace"], params["ResourceId"], params["ScalableDimension"]


def _check_id(params: Mapping[str, Any]) -> None:
    """The resource id must be one of the dimension's, the dimension one of the namespace's."""
    namespace, resource_id, dimension = _place(params)
    parts = resource_id.split("/")
    fits = {
        "lambda:function": resource_id.startswith("function:") and resource_id.count(":") == 2,
        "dynamodb:table": len(parts) == 2 and parts[0] == "table",
        "dynamodb:index": len(parts) == 4 and parts[::2] == ["table", "index"],
    }
    kind = dimension.rpartition(":")[0]
    if not dimension.startswith(f"{namespace}:") or not fits.get(kind, False):
        raise _invalid("Unsupported service namespace, resource type or scalable dimension")


def _check_bounds(low: int, high: int, least: int) -> None:
    if low < least:
        raise _invalid(f"Minimum capacity must be greater than or equal to {least}")
    if low > high:
        raise _invalid("Maximum capacity cannot be less than minimum capacity")


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)


def _not_found(what: str, params: Mapping[str, Any]) -> ApiError:
    namespace, resource_id, dimension = _place(params)
    message = f"{what}: {namespace}, resource ID: {resource_id}, scalable dimension: {dimension}"
    return ApiError("ObjectNotFoundException", message, 400)
