"""Capacity providers: what they are, and the operations on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.functions import MANAGED_KEY, ManagedSettings
from localcloud.services.lambda_.managed.instances import Instances, instance_types, permitted
from localcloud.services.lambda_.managed.settings import invalid

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

PENDING, ACTIVE, DELETING = "Pending", "Active", "Deleting"
_CPU = "LambdaCapacityProviderAverageCPUUtilization"
_PAGE = 50


@dataclass(eq=False)
class CapacityProvider:
    """One of them, with its instances. The configurations are as they are shown."""

    name: str
    arn: str
    architecture: str
    vpc: dict[str, Any]
    permissions: dict[str, Any]
    requirements: dict[str, Any]
    scaling: dict[str, Any]
    modified: str
    instances: Instances
    state: str = PENDING
    more: dict[str, Any] = field(default_factory=dict)

    def cpu_target(self, default: float) -> float:
        """The share of CPU that is aimed at: `default` unless its scaling is manual."""
        for policy in self.scaling.get("ScalingPolicies") or ():
            if self.scaling.get("ScalingMode") == "Manual" and policy["PredefinedMetricType"] == _CPU:
                return max(0.01, float(policy["TargetValue"]) / 100)
        return default

    def described(self) -> dict[str, Any]:
        """A CapacityProvider of the API."""
        return {
            "CapacityProviderArn": self.arn,
            "State": self.state,
            "VpcConfig": self.vpc,
            "PermissionsConfig": self.permissions,
            "InstanceRequirements": self.requirements,
            "CapacityProviderScalingConfig": self.scaling,
            "LastModified": self.modified,
            **self.more,
        }


class CapacityProviders:
    """Answers the operations. Waits on nothing: a provider gets Active, and is gone, after some seconds."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._by_name: dict[str, CapacityProvider] = {}
        limits = cloud.facts.value("quota.lambda.lmi.providers")
        self._most, self.versions_each = int(limits["per_account"]), int(limits["versions_each"])
        self._max_vcpus = int(limits["max_vcpus_default"])
        times = cloud.facts.value("model.lambda.lmi.start")
        self._ready_us = round(times["provider_s"] * 1e6)
        self._launch_us, self._release_us = round(times["instance_s"] * 1e6), round(times["release_s"] * 1e6)
        cloud.meter.before_reading.append(self.settle)

    def install(self) -> None:
        """Answer the operations, which moto has not."""
        register = self._cloud.api.register
        register("lambda", "CreateCapacityProvider", self._create)
        register("lambda", "GetCapacityProvider", self._get)
        register("lambda", "ListCapacityProviders", self._list)
        register("lambda", "UpdateCapacityProvider", self._update)
        register("lambda", "DeleteCapacityProvider", self._delete)
        register("lambda", "ListFunctionVersionsByCapacityProvider", self._list_versions)

    def get(self, reference: str) -> CapacityProvider:
        """By name or ARN. Raises ApiError ResourceNotFoundException."""
        found = self._by_name.get(reference.rpartition(":")[2])
        if found is None or (":" in reference and reference != found.arn):
            raise ApiError(
                "ResourceNotFoundException", f"Capacity provider not found: {self._arn(reference)}", 404, Type="User"
            )
        return found

    def all(self) -> list[CapacityProvider]:
        return list(self._by_name.values())

    def settle(self) -> None:
        """Meter the time that instances have run."""
        for provider in self._by_name.values():
            provider.instances.settle()

    def _arn(self, reference: str) -> str:
        if ":" in reference:
            return reference
        return f"arn:aws:lambda:{self._cloud.region}:{self._cloud.account_id}:capacity-provider:{reference}"

    # -- operations ------------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        name = params["CapacityProviderName"].rpartition(":")[2]
        if name in self._by_name:
            raise ApiError("ResourceConflictException", f"Capacity provider already exists: {name}", 409, Type="User")
        if len(self._by_name) >= self._most:
            message = f"The maximum number of capacity providers for your account, {self._most}, has been exceeded."
            raise ApiError("CapacityProviderLimitExceededException", message, 400, Type="User")
        if not params["VpcConfig"].get("SubnetIds"):
            raise invalid("VpcConfig needs at least one subnet in SubnetIds.")
        requirements = dict(params.get("InstanceRequirements") or {})
        if requirements.get("AllowedInstanceTypes") and requirements.get("ExcludedInstanceTypes"):
            raise invalid("Only one of AllowedInstanceTypes and ExcludedInstanceTypes can be specified.")
        architecture = (requirements.setdefault("Architectures", ["x86_64"]))[0]
        types = permitted(instance_types(self._cloud.facts, architecture), requirements)
        if not types:
            raise invalid(f"InstanceRequirements leave no supported instance type of architecture {architecture}.")
        scaling = self._scaling(params.get("CapacityProviderScalingConfig") or {})
        provider = CapacityProvider(
            name, self._arn(name), architecture, {"SecurityGroupIds": [], **params["VpcConfig"]},
            params["PermissionsConfig"], requirements, scaling, self._now(),
            Instances(self._cloud, name, types, lambda: int(provider.scaling["MaxVCpuCount"]), self._launch_us,
                      self._release_us),
        )  # fmt: skip
        provider.more = _kept(params, "KmsKeyArn PropagateTags TelemetryConfig")
        self._by_name[name] = provider
        self._cloud.kernel.call_later(self._ready_us, self._activate, provider)
        return {"CapacityProvider": provider.described()}

    def _scaling(self, given: Mapping[str, Any]) -> dict[str, Any]:
        scaling = {"MaxVCpuCount": self._max_vcpus, "ScalingMode": "Auto", **given}
        manual, policies = scaling["ScalingMode"] == "Manual", scaling.get("ScalingPolicies")
        if manual and not policies:
            raise invalid("ScalingPolicies are required when ScalingMode is Manual.")
        if not manual and policies:
            raise invalid("ScalingPolicies can only be specified when ScalingMode is Manual.")
        return scaling

    def _activate(self, provider: CapacityProvider) -> None:
        if provider.state == PENDING:
            provider.state = ACTIVE

    def _get(self, call: ApiCall) -> dict[str, Any]:
        return {"CapacityProvider": self.get(call.params["CapacityProviderName"]).described()}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        state = call.params.get("State")
        found = [one for one in self._by_name.values() if state in (None, one.state)]
        return _page([one.described() for one in found], call.params, "CapacityProviders")

    def _update(self, call: ApiCall) -> dict[str, Any]:
        provider = self.get(call.params["CapacityProviderName"])
        if "CapacityProviderScalingConfig" in call.params:
            given = call.params["CapacityProviderScalingConfig"]
            before = {"MaxVCpuCount": provider.scaling["MaxVCpuCount"]}
            provider.scaling = self._scaling({**before, **given})
        provider.more |= _kept(call.params, "PropagateTags TelemetryConfig")
        provider.modified = self._now()
        return {"CapacityProvider": provider.described()}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        provider = self.get(call.params["CapacityProviderName"])
        if self._users(provider):
            raise ApiError(
                "ResourceConflictException",
                f"Capacity provider {provider.arn} cannot be deleted because function versions are attached to it.",
                409,
                Type="User",
            )
        provider.state = DELETING
        for instance in list(provider.instances.running):
            provider.instances.end(instance)
        self._cloud.kernel.call_later(self._ready_us, self._by_name.pop, provider.name, None)
        return {"CapacityProvider": provider.described()}

    def _list_versions(self, call: ApiCall) -> dict[str, Any]:
        provider = self.get(call.params["CapacityProviderName"])
        versions = [
            {"FunctionArn": _version_arn(model), "State": model.__dict__.get("_localcloud_managed_state", "Active")}
            for model in self.versions(provider)
        ]
        return {"CapacityProviderArn": provider.arn, **_page(versions, call.params, "FunctionVersions")}

    def versions(self, provider: CapacityProvider) -> list[Any]:
        """moto's published versions that run on this provider."""
        stored = self._cloud.lambda_.functions.backend._lambdas._functions
        return [
            model for versions in stored.values() for model in versions["versions"] if _runs_on(model, provider.arn)
        ]

    def _users(self, provider: CapacityProvider) -> bool:
        stored = self._cloud.lambda_.functions.backend._lambdas._functions
        latest = any(_runs_on(versions["latest"], provider.arn) for versions in stored.values())
        return latest or bool(self.versions(provider))

    def _now(self) -> str:
        return self._cloud.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _runs_on(model: Any, provider_arn: str) -> bool:
    settings: ManagedSettings | None = model.__dict__.get(MANAGED_KEY)
    return settings is not None and settings.provider_arn == provider_arn


def _version_arn(model: Any) -> str:
    unqualified = ":".join(str(model.function_arn).split(":")[:7])
    return f"{unqualified}:{model.version}"


def _kept(params: Mapping[str, Any], members: str) -> dict[str, Any]:
    return {member: params[member] for member in members.split() if member in params}


def _page(found: list[dict[str, Any]], params: Mapping[str, Any], member: str) -> dict[str, Any]:
    first, count = int(params.get("Marker") or 0), int(params.get("MaxItems") or _PAGE)
    answer: dict[str, Any] = {member: found[first : first + count]}
    if first + count < len(found):
        answer["NextMarker"] = str(first + count)
    return answer
