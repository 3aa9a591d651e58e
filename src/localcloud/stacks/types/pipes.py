"""AWS::Pipes::*, and the API destinations that pipes and rules call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names, timestamp

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
    attributes = names("Arn CreationTime CurrentState LastModifiedTime StateReason")
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
        found = making.client("pipes").describe_pipe(Name=name)
        attributes = {
            "Arn": answer["Arn"],
            "CreationTime": timestamp(found["CreationTime"]),
            "CurrentState": found["CurrentState"],
            "LastModifiedTime": timestamp(found["LastModifiedTime"]),
            "StateReason": found.get("StateReason", ""),
        }
        return Made(name, attributes)

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
    attributes = names("Arn ArnForPolicy SecretArn")

    def create(self, making: Making) -> Made:
        name = making.name("Name")
        given = chosen(making.properties, self._arguments)
        answer = making.client("events").create_connection(Name=name, **given)
        described = making.client("events").describe_connection(Name=name)
        attributes = {
            "Arn": answer["ConnectionArn"],
            "ArnForPolicy": _for_policy(answer["ConnectionArn"]),
            "SecretArn": described.get("SecretArn", ""),
        }
        return Made(name, attributes)

    def delete(self, making: Making, made: Made) -> None:
        making.client("events").delete_connection(Name=made.physical_id)


class ApiDestination(ResourceType):
    name = "AWS::Events::ApiDestination"
    custom_name = "Name"
    _arguments = "ConnectionArn Description HttpMethod InvocationEndpoint InvocationRateLimitPerSecond"
    properties = names(_arguments + " Name")
    required = names("ConnectionArn HttpMethod InvocationEndpoint")
    attributes = names("Arn ArnForPolicy")

    def create(self, making: Making) -> Made:
        given = chosen(making.properties, self._arguments)
        if "InvocationRateLimitPerSecond" in given:
            given["InvocationRateLimitPerSecond"] = int(given["InvocationRateLimitPerSecond"])
        name = making.name("Name")
        answer = making.client("events").create_api_destination(Name=name, **given)
        arn = answer["ApiDestinationArn"]
        return Made(name, {"Arn": arn, "ArnForPolicy": _for_policy(arn)})

    def delete(self, making: Making, made: Made) -> None:
        making.client("events").delete_api_destination(Name=made.physical_id)


def _for_policy(arn: str) -> str:
    """The ARN without the id at its end, which policies leave out."""
    return arn.rpartition("/")[0]


ALL = (Pipe(), Connection(), ApiDestination())
