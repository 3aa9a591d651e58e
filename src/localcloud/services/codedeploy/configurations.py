"""Deployment configurations: how much traffic shifts, and when. AWS has some of its own; others can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

ALL_AT_ONCE, CANARY, LINEAR = "AllAtOnce", "TimeBasedCanary", "TimeBasedLinear"
_PREFIX = "CodeDeployDefault."
_MINUTE_US = 60_000_000
_MEMBERS = {CANARY: ("timeBasedCanary", "canary"), LINEAR: ("timeBasedLinear", "linear")}


@dataclass(frozen=True, slots=True)
class Routing:
    """One of the three ways: `percent` of the traffic at first (or at each step), every so many minutes."""

    kind: str
    percent: int = 100
    minutes: int = 0

    def steps(self) -> list[tuple[float, int]]:
        """The new version's share of the traffic and the microseconds before the next step, up to 1.0 and 0."""
        if self.kind == ALL_AT_ONCE:
            return [(1.0, 0)]
        shares = [self.percent] if self.kind == CANARY else list(range(self.percent, 100, self.percent))
        return [*((share / 100, self.minutes * _MINUTE_US) for share in shares), (1.0, 0)]

    def described(self) -> dict[str, Any]:
        """The trafficRoutingConfig of the API."""
        if self.kind == ALL_AT_ONCE:
            return {"type": self.kind}
        member, prefix = _MEMBERS[self.kind]
        return {"type": self.kind, member: {f"{prefix}Percentage": self.percent, f"{prefix}Interval": self.minutes}}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A deployment configuration for Lambda."""

    id: str
    name: str
    routing: Routing
    created: datetime


class Configurations:
    """Those of one account, and the operations on them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["codedeploy/configurations"]
        self._known: dict[str, Configuration] = {}
        own = cloud.facts.value("quota.codedeploy.lambda_configurations")
        self._add(f"{_PREFIX}LambdaAllAtOnce", Routing(ALL_AT_ONCE))
        for minutes in own["canary_minutes"]:
            name = f"LambdaCanary{own['percent']}Percent{minutes}Minutes"
            self._add(_PREFIX + name, Routing(CANARY, own["percent"], minutes))
        for minutes in own["linear_minutes"]:
            name = f"LambdaLinear{own['percent']}PercentEvery{minutes}Minute{'s' if minutes > 1 else ''}"
            self._add(_PREFIX + name, Routing(LINEAR, own["percent"], minutes))

    def _add(self, name: str, routing: Routing) -> Configuration:
        made = self._known[name] = Configuration(uuid4_text(self._ids), name, routing, self._cloud.now)
        return made

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("codedeploy", "CreateDeploymentConfig", self._create)
        register("codedeploy", "GetDeploymentConfig", self._get)
        register("codedeploy", "ListDeploymentConfigs", lambda call: {"deploymentConfigsList": list(self._known)})
        register("codedeploy", "DeleteDeploymentConfig", self._delete)

    def find(self, name: str) -> Configuration:
        """Raises ApiError."""
        found = self._known.get(name)
        if found is None:
            message = f"No Deployment Configuration found for name: {name}"
            raise ApiError("DeploymentConfigDoesNotExistException", message)
        return found

    def _create(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["deploymentConfigName"]
        if name in self._known:
            message = f"Deployment Configuration {name} already exists."
            raise ApiError("DeploymentConfigAlreadyExistsException", message)
        if call.params.get("computePlatform", "Server") != "Lambda":
            message = "The local cloud deploys to the compute platform Lambda only."
            raise ApiError("InvalidComputePlatformException", message)
        return {"deploymentConfigId": self._add(name, _routing(call.params.get("trafficRoutingConfig") or {})).id}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        found = self.find(call.params["deploymentConfigName"])
        described = {
            "deploymentConfigId": found.id,
            "deploymentConfigName": found.name,
            "createTime": found.created,
            "computePlatform": "Lambda",
            "trafficRoutingConfig": found.routing.described(),
        }
        return {"deploymentConfigInfo": described}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["deploymentConfigName"]
        if name.startswith(_PREFIX):
            raise ApiError("InvalidOperationException", f"{name} is a default deployment configuration.")
        self._known.pop(name, None)
        return {}


def _routing(given: Mapping[str, Any]) -> Routing:
    kind = given.get("type", ALL_AT_ONCE)
    if kind == ALL_AT_ONCE:
        return Routing(ALL_AT_ONCE)
    member, prefix = _MEMBERS.get(kind, ("", ""))
    shape = given.get(member) or {}
    percent, minutes = shape.get(f"{prefix}Percentage", 0), shape.get(f"{prefix}Interval", 0)
    if not 1 <= percent <= 99 or minutes < 1:
        message = f"The traffic routing configuration is not valid: {dict(given)}"
        raise ApiError("InvalidTrafficRoutingConfigurationException", message)
    return Routing(kind, percent, minutes)
