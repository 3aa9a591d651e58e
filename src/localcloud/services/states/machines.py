"""State machines, their versions and aliases: moto's, and which of them an ARN is about."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.models import stepfunctions_backends

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Target:
    """What an execution is to run: moto's state machine or version, and how it was asked for."""

    machine: Any
    machine_arn: str
    version_arn: str | None = None
    alias_arn: str | None = None

    @property
    def express(self) -> bool:
        return bool(self.machine.type == "EXPRESS")


class Machines:
    """Finds them, and publishes versions."""

    def __init__(self, cloud: Cloud, stream: random.Random) -> None:
        self._cloud = cloud
        self._stream = stream

    def install(self) -> None:
        """Answer what moto has no operation for."""
        register = self._cloud.api.register
        register("stepfunctions", "PublishStateMachineVersion", self._publish)
        register("stepfunctions", "ListStateMachineVersions", self._list_versions)
        register("stepfunctions", "DeleteStateMachineVersion", self._delete_version)

    @property
    def _all(self) -> list[Any]:
        found: list[Any] = stepfunctions_backends[self._cloud.account_id][self._cloud.region].state_machines
        return found

    def named(self, name: str) -> Any:
        """moto's state machine of this name, or None."""
        return next((machine for machine in self._all if machine.name == name), None)

    def find(self, arn: str) -> Target:
        """By the ARN of a state machine, a version or an alias; an alias draws. Raises ApiError."""
        for machine in self._all:
            if machine.arn == arn:
                return Target(machine, arn)
            if arn.startswith(f"{machine.arn}:"):
                return self._qualified(machine, arn)
        raise _unknown(arn)

    def _qualified(self, machine: Any, arn: str) -> Target:
        rest = arn.removeprefix(f"{machine.arn}:")
        alias_arn = None
        if rest in machine.aliases:
            alias_arn, arn = arn, self._routed(machine.aliases[rest])
            rest = arn.removeprefix(f"{machine.arn}:")
        if not rest.isdigit() or int(rest) not in machine.versions:
            raise _unknown(arn)
        return Target(machine.versions[int(rest)], machine.arn, arn, alias_arn)

    def _routed(self, alias: Any) -> str:
        """The version that an alias sends this execution to, by weight."""
        routes = alias.routing_configuration
        drawn = self._stream.uniform(0, sum(route["weight"] for route in routes))
        for route in routes:
            drawn -= route["weight"]
            if drawn <= 0:
                break
        found: str = route["stateMachineVersionArn"]
        return found

    # -- versions --------------------------------------------------------------------------------

    def _plain(self, arn: str) -> Any:
        found = next((machine for machine in self._all if machine.arn == arn), None)
        if found is None:
            raise _unknown(arn)
        return found

    def _publish(self, call: ApiCall) -> dict[str, Any]:
        """A version that is the same as the latest one is not made again."""
        machine = self._plain(call.params["stateMachineArn"])
        latest = machine.latest_version
        if latest is None or _revision(latest) != _revision(machine):
            machine.publish(call.params.get("description"))
            latest = machine.latest_version
        return {"stateMachineVersionArn": latest.arn, "creationDate": latest.creation_date}

    def _list_versions(self, call: ApiCall) -> dict[str, Any]:
        machine = self._plain(call.params["stateMachineArn"])
        found = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for _, version in sorted(machine.versions.items(), reverse=True)
        ]
        return page(call.params, "stateMachineVersions", found)

    def _delete_version(self, call: ApiCall) -> dict[str, Any]:
        arn = call.params["stateMachineVersionArn"]
        for machine in self._all:
            for number, version in list(machine.versions.items()):
                if version.arn != arn:
                    continue
                used = [alias.name for alias in machine.aliases.values() if _routes_to(alias, arn)]
                if used:
                    named = ", ".join(used)
                    raise ApiError("ConflictException", f"Version to be deleted must not be referenced by: [{named}]")
                del machine.versions[number]
                if machine.latest_version is version:
                    machine.latest_version = None
        return {}


def page(params: Any, member: str, items: list[Any], size: int = 100) -> dict[str, Any]:
    """One page of a listing, by maxResults and nextToken. Raises ApiError for a token that is none of ours."""
    token = params.get("nextToken") or "0"
    if not token.isdigit():
        raise ApiError("InvalidToken", f"Invalid Token: '{token}'")
    first, size = int(token), int(params.get("maxResults") or size)
    answer: dict[str, Any] = {member: items[first : first + size]}
    if len(items) > first + size:
        answer["nextToken"] = str(first + size)
    return answer


def _routes_to(alias: Any, arn: str) -> bool:
    return any(route["stateMachineVersionArn"] == arn for route in alias.routing_configuration)


def _revision(machine: Any) -> str:
    """What makes a version: definition, role and settings."""
    settings = [machine.loggingConfiguration, machine.tracingConfiguration, machine.encryptionConfiguration]
    return json.dumps([machine.definition, machine.roleArn, settings], sort_keys=True, default=str)


def _unknown(arn: str) -> ApiError:
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")



