"""Versions and aliases, and what is kept ready for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names
from localcloud.stacks.types.deployments import deploy_alias


def scale(making: Making, name: str, version: str) -> None:
    """Bound the environments of a version on managed instances, and wait until it has them."""
    client = making.client("lambda")
    bounds = making.properties.get("FunctionScalingConfig")
    if bounds is not None:
        client.put_function_scaling_config(
            FunctionName=name, Qualifier=version,
            FunctionScalingConfig={member: int(count) for member, count in bounds.items()},
        )  # fmt: skip
    making.wait_until(lambda: _settled(making, name, version))
    found = client.get_function_configuration(FunctionName=name, Qualifier=version)
    if "Failed" in (found["State"], found["LastUpdateStatus"]):
        reason = found.get("StateReason") or found.get("LastUpdateStatusReason")
        error = {"Code": "NotStabilized", "Message": f"Version {version} of {name} did not get Active: {reason}"}
        raise ClientError({"Error": error}, "PublishVersion")


def _settled(making: Making, name: str, version: str) -> bool:
    found = making.client("lambda").get_function_configuration(FunctionName=name, Qualifier=version)
    return found["State"] not in ("Pending", "Deactivating") and found["LastUpdateStatus"] != "InProgress"


def _provision(making: Making, name: str, qualifier: str) -> None:
    """Put, change or take away provisioned concurrency, and wait until its environments are there."""
    client, target = making.client("lambda"), {"FunctionName": name, "Qualifier": qualifier}
    wanted = (making.properties.get("ProvisionedConcurrencyConfig") or {}).get("ProvisionedConcurrentExecutions")
    if wanted is None:
        client.delete_provisioned_concurrency_config(**target)
        return
    client.put_provisioned_concurrency_config(**target, ProvisionedConcurrentExecutions=int(wanted))
    making.wait_until(lambda: client.get_provisioned_concurrency_config(**target)["Status"] != "IN_PROGRESS")


def _state(making: Making, name: str, version: str) -> str:
    configuration = making.client("lambda").get_function_configuration(FunctionName=name, Qualifier=version)
    return str(configuration["State"])


class Version(ResourceType):
    name = "AWS::Lambda::Version"
    properties = names(
        "CodeSha256 Description FunctionName FunctionScalingConfig ProvisionedConcurrencyConfig RuntimePolicy"
    )
    required = names("FunctionName")
    attributes = names("FunctionArn Version")

    def create(self, making: Making) -> Made:
        answer = making.client("lambda").publish_version(**chosen(making.properties, "FunctionName Description"))
        name, version = making.properties["FunctionName"], answer["Version"]
        if "FunctionScalingConfig" in making.properties:
            scale(making, name, version)
        making.wait_until(lambda: _state(making, name, version) != "Pending")  # snapshots and instances take their time
        _provision(making, name, version)
        return Made(
            f"{answer['FunctionArn']}",
            {"Version": answer["Version"], "FunctionArn": answer["FunctionArn"]},
        )

    def delete(self, making: Making, made: Made) -> None:
        name, version = made.physical_id.split(":")[-2:]
        making.client("lambda").delete_function(FunctionName=name, Qualifier=version)


class Alias(Updatable):
    name = "AWS::Lambda::Alias"
    custom_name = "Name"
    properties = names("Description FunctionName FunctionVersion Name ProvisionedConcurrencyConfig RoutingConfig")
    required = names("FunctionName FunctionVersion Name")
    attributes = names("AliasArn")
    replacing = names("FunctionName Name")

    def _arguments(self, making: Making) -> dict[str, Any]:
        arguments = chosen(making.properties, "FunctionName FunctionVersion Name Description")
        weights = (making.properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
        routing = {weight["FunctionVersion"]: float(weight["FunctionWeight"]) for weight in weights}
        return {**arguments, "RoutingConfig": {"AdditionalVersionWeights": routing}}

    def create(self, making: Making) -> Made:
        arn = making.client("lambda").create_alias(**self._arguments(making))["AliasArn"]
        _provision(making, making.properties["FunctionName"], making.properties["Name"])
        return Made(arn, {"AliasArn": arn})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        deploy_alias(making, old)
        making.client("lambda").update_alias(**self._arguments(making))
        _provision(making, making.properties["FunctionName"], making.properties["Name"])
        return made

    def delete(self, making: Making, made: Made) -> None:
        name, alias = made.physical_id.split(":")[-2:]
        making.client("lambda").delete_alias(FunctionName=name, Name=alias)
