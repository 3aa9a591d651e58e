"""AWS::Lambda::*."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names
from localcloud.stacks.types.deployments import deploy_alias

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
    replacing = names("FunctionName PackageType")

    def create(self, making: Making) -> Made:
        client = making.client("lambda")
        name = making.name("FunctionName")
        properties = making.properties
        answer = client.create_function(
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
        arn = str(answer["FunctionArn"])
        return Made(name, {"Arn": arn, "SnapStartResponse.ApplyOn": "None"})

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
        return made

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
        _scale(making, name, "$LATEST.PUBLISHED")


def _scale(making: Making, name: str, version: str) -> None:
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

    def create(self, making: Making) -> Made:
        answer = making.client("lambda").publish_version(**chosen(making.properties, "FunctionName Description"))
        name, version = making.properties["FunctionName"], answer["Version"]
        if "FunctionScalingConfig" in making.properties:
            _scale(making, name, version)
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


class Permission(ResourceType):
    name = "AWS::Lambda::Permission"
    properties = names(
        "Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID "
        "SourceAccount SourceArn"
    )
    required = names("Action FunctionName Principal")

    def create(self, making: Making) -> Made:
        statement = making.generated_name(64)
        arguments = dict(making.properties)
        if "InvokedViaFunctionUrl" in arguments:
            arguments["InvokedViaFunctionUrl"] = as_bool(arguments["InvokedViaFunctionUrl"])
        making.client("lambda").add_permission(StatementId=statement, **arguments)
        return Made(statement, {"Id": statement})

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").remove_permission(
            FunctionName=making.properties["FunctionName"], StatementId=made.physical_id
        )


class EventSourceMapping(Updatable):
    name = "AWS::Lambda::EventSourceMapping"
    properties = names(
        "AmazonManagedKafkaEventSourceConfig BatchSize BisectBatchOnFunctionError DestinationConfig "
        "DocumentDBEventSourceConfig Enabled EventSourceArn FilterCriteria FunctionName FunctionResponseTypes "
        "KmsKeyArn LoggingConfig MaximumRecordAgeInSeconds MaximumRetryAttempts MetricsConfig "
        "MaximumBatchingWindowInSeconds ParallelizationFactor ProvisionedPollerConfig Queues ScalingConfig "
        "SelfManagedEventSource SelfManagedKafkaEventSourceConfig SourceAccessConfigurations StartingPosition "
        "StartingPositionTimestamp Tags Topics TumblingWindowInSeconds"
    )
    required = names("FunctionName")
    replacing = names("EventSourceArn StartingPosition StartingPositionTimestamp")
    _numbers = (
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "TumblingWindowInSeconds",
    )

    def _arguments(self, making: Making, leave_out: frozenset[str]) -> dict[str, Any]:
        found = {key: value for key, value in making.properties.items() if key not in leave_out}
        if "Enabled" in found:
            found["Enabled"] = as_bool(found["Enabled"])
        if "BisectBatchOnFunctionError" in found:
            found["BisectBatchOnFunctionError"] = as_bool(found["BisectBatchOnFunctionError"])
        for number in self._numbers:
            if number in found:
                found[number] = int(found[number])
        if "StartingPositionTimestamp" in found:
            found["StartingPositionTimestamp"] = float(found["StartingPositionTimestamp"])
        return found

    def create(self, making: Making) -> Made:
        arguments = self._arguments(making, names("Tags"))
        answer = making.client("lambda").create_event_source_mapping(**arguments)
        return Made(
            answer["UUID"], {"Id": answer["UUID"], "EventSourceMappingArn": answer.get("EventSourceMappingArn")}
        )

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        arguments = self._arguments(making, names("Tags EventSourceArn StartingPosition StartingPositionTimestamp"))
        making.client("lambda").update_event_source_mapping(UUID=made.physical_id, **arguments)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").delete_event_source_mapping(UUID=made.physical_id)


class EventInvokeConfig(Updatable):
    name = "AWS::Lambda::EventInvokeConfig"
    properties = names("DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier")
    required = names("FunctionName Qualifier")
    replacing = names("FunctionName Qualifier")

    def _put(self, making: Making) -> None:
        arguments = dict(making.properties)
        for number in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts"):
            if number in arguments:
                arguments[number] = int(arguments[number])
        making.client("lambda").put_function_event_invoke_config(**arguments)

    def create(self, making: Making) -> Made:
        self._put(making)
        return Made(making.generated_name(64))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").delete_function_event_invoke_config(
            **chosen(making.properties, "FunctionName Qualifier")
        )


class Url(Updatable):
    name = "AWS::Lambda::Url"
    properties = names("AuthType Cors InvokeMode Qualifier TargetFunctionArn")
    required = names("AuthType TargetFunctionArn")
    replacing = names("Qualifier TargetFunctionArn")

    def _arguments(self, making: Making) -> dict[str, Any]:
        arguments = chosen(making.properties, "AuthType Cors InvokeMode Qualifier")
        return {"FunctionName": making.properties["TargetFunctionArn"], **arguments}

    def create(self, making: Making) -> Made:
        answer = making.client("lambda").create_function_url_config(**self._arguments(making))
        attributes = {"FunctionUrl": answer["FunctionUrl"], "FunctionArn": answer["FunctionArn"]}
        return Made(answer["FunctionArn"], attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("lambda").update_function_url_config(**self._arguments(making))
        return made

    def delete(self, making: Making, made: Made) -> None:
        arguments = self._arguments(making)
        making.client("lambda").delete_function_url_config(**chosen(arguments, "FunctionName Qualifier"))


class LayerVersion(ResourceType):
    name = "AWS::Lambda::LayerVersion"
    properties = names("CompatibleArchitectures CompatibleRuntimes Content Description LayerName LicenseInfo")
    required = names("Content")

    def create(self, making: Making) -> Made:
        arguments = chosen(
            making.properties, "CompatibleArchitectures CompatibleRuntimes Content Description LicenseInfo"
        )
        answer = making.client("lambda").publish_layer_version(
            LayerName=making.properties.get("LayerName") or making.generated_name(64), **arguments
        )
        return Made(answer["LayerVersionArn"], {"LayerVersionArn": answer["LayerVersionArn"]})

    def delete(self, making: Making, made: Made) -> None:
        name, version = made.physical_id.split(":")[-2:]
        making.client("lambda").delete_layer_version(LayerName=name, VersionNumber=int(version))


class CapacityProvider(Updatable):
    name = "AWS::Lambda::CapacityProvider"
    custom_name = "CapacityProviderName"
    properties = names(
        "CapacityProviderName CapacityProviderScalingConfig InstanceRequirements KmsKeyArn PermissionsConfig "
        "PropagateTags Tags TelemetryConfig VpcConfig"
    )
    required = names("PermissionsConfig VpcConfig")
    replacing = names("CapacityProviderName InstanceRequirements KmsKeyArn PermissionsConfig VpcConfig")

    def _changeable(self, making: Making) -> dict[str, Any]:
        found = chosen(making.properties, "CapacityProviderScalingConfig PropagateTags TelemetryConfig")
        if "CapacityProviderScalingConfig" in found:
            scaling = dict(found["CapacityProviderScalingConfig"])
            if "MaxVCpuCount" in scaling:
                scaling["MaxVCpuCount"] = int(scaling["MaxVCpuCount"])
            if "ScalingPolicies" in scaling:
                scaling["ScalingPolicies"] = [
                    {**policy, "TargetValue": float(policy["TargetValue"])} for policy in scaling["ScalingPolicies"]
                ]
            found["CapacityProviderScalingConfig"] = scaling
        if "ExplicitTags" in found.get("PropagateTags", {}):
            tags = found["PropagateTags"]["ExplicitTags"]
            found["PropagateTags"] = {
                **found["PropagateTags"], "ExplicitTags": {tag["Key"]: tag["Value"] for tag in tags},
            }  # fmt: skip
        return found

    def create(self, making: Making) -> Made:
        client, name = making.client("lambda"), making.name("CapacityProviderName")
        vpc = making.properties["VpcConfig"]
        made = client.create_capacity_provider(
            CapacityProviderName=name,
            Tags=making.all_tags(),
            VpcConfig={**vpc, "SecurityGroupIds": vpc.get("SecurityGroupIds") or []},  # none: the VPC's default one
            **chosen(making.properties, "InstanceRequirements KmsKeyArn PermissionsConfig"),
            **self._changeable(making),
        )["CapacityProvider"]
        making.wait_until(lambda: self._state(client, name) != "Pending")
        return Made(name, {"Arn": made["CapacityProviderArn"], "State": self._state(client, name)})

    @staticmethod
    def _state(client: Any, name: str) -> str:
        return str(client.get_capacity_provider(CapacityProviderName=name)["CapacityProvider"]["State"])

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("lambda").update_capacity_provider(
            CapacityProviderName=made.physical_id, **self._changeable(making)
        )
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").delete_capacity_provider(CapacityProviderName=made.physical_id)


ALL = (
    CapacityProvider(), Function(), Version(), Alias(), Permission(), EventSourceMapping(), EventInvokeConfig(), Url(),
    LayerVersion(),
)  # fmt: skip
