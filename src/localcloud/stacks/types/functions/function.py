"""AWS::Lambda::Function: its code, its configuration and its tags."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.types.base import Made, Making, Updatable, as_bool, chosen, names
from localcloud.stacks.types.functions.versions import scale

_CONFIGURATION = (
    "CapacityProviderConfig DeadLetterConfig Description DurableConfig Environment EphemeralStorage "
    "FileSystemConfigs Handler ImageConfig KmsKeyArn Layers LoggingConfig MemorySize Role Runtime SnapStart Timeout "
    "TracingConfig VpcConfig"
)


def _configuration(making: Making) -> dict[str, Any]:
    found = chosen(making.properties, _CONFIGURATION)
    if "DurableConfig" in found:
        found["DurableConfig"] = {name: int(value) for name, value in found["DurableConfig"].items()}
    for number in ("MemorySize", "Timeout"):
        if number in found:
            found[number] = int(found[number])
    if "CapacityProviderConfig" in found:
        found["CapacityProviderConfig"] = _capacity(found["CapacityProviderConfig"])
    if "EphemeralStorage" in found:
        found["EphemeralStorage"] = {"Size": int(found["EphemeralStorage"]["Size"])}
    if "Environment" in found:
        variables = found["Environment"].get("Variables", {})
        found["Environment"] = {"Variables": {key: _text(value) for key, value in variables.items()}}
    return found


def _capacity(config: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(config.get("LambdaManagedInstancesCapacityProviderConfig") or {})
    for member, number in (("PerExecutionEnvironmentMaxConcurrency", int),
                           ("ExecutionEnvironmentMemoryGiBPerVCpu", float)):  # fmt: skip
        if member in given:
            given[member] = number(given[member])
    return {"LambdaManagedInstancesCapacityProviderConfig": given}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(code: Mapping[str, Any], handler: str) -> dict[str, Any]:
    if "ZipFile" not in code:
        return chosen(code, "S3Bucket S3Key S3ObjectVersion ImageUri")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # inline source is index.py
        archive.writestr(zipfile.ZipInfo("index.py"), code["ZipFile"])
        if "cfnresponse" in code["ZipFile"]:
            module = files("localcloud.stacks.provided").joinpath("cfnresponse.py")
            archive.writestr(zipfile.ZipInfo("cfnresponse.py"), module.read_text(encoding="utf-8"))
    return {"ZipFile": buffer.getvalue()}


class Function(Updatable):
    name = "AWS::Lambda::Function"
    custom_name = "FunctionName"
    properties = names(
        _CONFIGURATION + " Architectures Code CodeSigningConfigArn FunctionName PackageType RecursiveLoop "
        "FunctionScalingConfig PublishToLatestPublished ReservedConcurrentExecutions RuntimeManagementConfig Tags"
    )
    required = names("Code Role")
    attributes = names("Arn SnapStartResponse.ApplyOn SnapStartResponse.OptimizationStatus")
    replacing = names("FunctionName PackageType")

    def create(self, making: Making) -> Made:
        client = making.client("lambda")
        name = making.name("FunctionName")
        properties = making.properties
        client.create_function(
            FunctionName=name,
            Code=_code(properties["Code"], properties.get("Handler", "")),
            Tags=making.all_tags(),
            **_configuration(making),
            **chosen(properties, "Architectures PackageType"),
        )
        self._reserve(making, name)
        try:
            _publish_latest(making, name)
        except ClientError:
            client.delete_function(FunctionName=name)
            raise
        return self._made(client, name)

    @staticmethod
    def _made(client: Any, name: str) -> Made:
        found = client.get_function_configuration(FunctionName=name)
        snapshots = found.get("SnapStart") or {"ApplyOn": "None", "OptimizationStatus": "Off"}
        attributes = {f"SnapStartResponse.{member}": value for member, value in snapshots.items()}
        return Made(name, {"Arn": found["FunctionArn"], **attributes})

    def _reserve(self, making: Making, name: str) -> None:
        client = making.client("lambda")
        reserved = making.properties.get("ReservedConcurrentExecutions")
        if reserved is None:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, properties = making.client("lambda"), making.properties
        if properties["Code"] != old.get("Code") or properties.get("Architectures") != old.get("Architectures"):
            code = _code(properties["Code"], properties.get("Handler", ""))
            client.update_function_code(FunctionName=made.physical_id, **code, **chosen(properties, "Architectures"))
        client.update_function_configuration(FunctionName=made.physical_id, **_configuration(making))
        self._reserve(making, made.physical_id)
        self._tag(making, str(made.attributes["Arn"]))
        _publish_latest(making, made.physical_id)
        return self._made(client, made.physical_id)

    def _tag(self, making: Making, arn: str) -> None:
        """The tags that it should have now, and no others."""
        client, wanted = making.client("lambda"), making.all_tags()
        gone = sorted(set(client.list_tags(Resource=arn)["Tags"]) - set(wanted))
        if gone:
            client.untag_resource(Resource=arn, TagKeys=gone)
        if wanted:
            client.tag_resource(Resource=arn, Tags=wanted)

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").delete_function(FunctionName=made.physical_id)


def _publish_latest(making: Making, name: str) -> None:
    """CloudFormation publishes $LATEST.PUBLISHED of a function on managed instances, unless it is told not to."""
    if "CapacityProviderConfig" not in making.properties:
        return
    if as_bool(making.properties.get("PublishToLatestPublished", True)):
        making.client("lambda").publish_version(FunctionName=name, PublishTo="LATEST_PUBLISHED")
        scale(making, name, "$LATEST.PUBLISHED")
