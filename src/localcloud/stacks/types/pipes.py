"""AWS::Pipes::*, and the API destinations that pipes and rules call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names

_NUMBERS = frozenset(
    names(
        "BatchSize MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds MaximumRetryAttempts ParallelizationFactor"
    )
)


def _numbers(value: Any) -> Any:
    """Settings whose numbers may be text in a template."""
    if isinstance(value, Mapping):
        return {key: int(inner) if key in _NUMBERS else _numbers(inner) for key, inner in value.items()}
    return value


class Pipe(Updatable):
    name = "AWS::Pipes::Pipe"
    custom_name = "Name"
    _arguments = (
        "Description DesiredState Enrichment EnrichmentParameters KmsKeyIdentifier LogConfiguration RoleArn "
        "SourceParameters Target TargetParameters"
    )
    properties = names(_arguments + " Name Source Tags")
    required = names("RoleArn Source Target")
    replacing = names("Name Source")

    def _given(self, making: Making) -> dict[str, Any]:
        given = chosen(making.properties, self._arguments)
        if "SourceParameters" in given:
            given["SourceParameters"] = _numbers(given["SourceParameters"])
        return given

    def create(self, making: Making) -> Made:
        name = making.name("Name")
        answer = making.client("pipes").create_pipe(
            Name=name, Source=making.properties["Source"], Tags=making.all_tags(), **self._given(making)
        )
        return Made(name, {"Arn": answer["Arn"], "CurrentState": answer["CurrentState"]})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        given = self._given(making)
        for part in (given.get("SourceParameters") or {}).values():
            if isinstance(part, dict):  # a source keeps where it began
                part.pop("StartingPosition", None)
                part.pop("StartingPositionTimestamp", None)
        making.client("pipes").update_pipe(Name=made.physical_id, **given)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("pipes").delete_pipe(Name=made.physical_id)


class Connection(ResourceType):
    name = "AWS::Events::Connection"
    custom_name = "Name"
    _arguments = "AuthorizationType AuthParameters Description"
    properties = names(_arguments + " InvocationConnectivityParameters KmsKeyIdentifier Name")

    def create(self, making: Making) -> Made:
        name = making.name("Name")
        given = chosen(making.properties, self._arguments)
        answer = making.client("events").create_connection(Name=name, **given)
        described = making.client("events").describe_connection(Name=name)
        return Made(name, {"Arn": answer["ConnectionArn"], "SecretArn": described.get("SecretArn", "")})

    def delete(self, making: Making, made: Made) -> None:
        making.client("events").delete_connection(Name=made.physical_id)


class ApiDestination(ResourceType):
    name = "AWS::Events::ApiDestination"
    custom_name = "Name"
    _arguments = "ConnectionArn Description HttpMethod InvocationEndpoint InvocationRateLimitPerSecond"
    properties = names(_arguments + " Name")
    required = names("ConnectionArn HttpMethod InvocationEndpoint")

    def create(self, making: Making) -> Made:
        given = chosen(making.properties, self._arguments)
        if "InvocationRateLimitPerSecond" in given:
            given["InvocationRateLimitPerSecond"] = int(given["InvocationRateLimitPerSecond"])
        name = making.name("Name")
        answer = making.client("events").create_api_destination(Name=name, **given)
        return Made(name, {"Arn": answer["ApiDestinationArn"]})

    def delete(self, making: Making, made: Made) -> None:
        making.client("events").delete_api_destination(Name=made.physical_id)


ALL = (Pipe(), Connection(), ApiDestination())
