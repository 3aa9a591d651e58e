"""What functions are made of and run on: layers and capacity providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names


class LayerVersion(ResourceType):
    name = "AWS::Lambda::LayerVersion"
    properties = names("CompatibleArchitectures CompatibleRuntimes Content Description LayerName LicenseInfo")
    required = names("Content")
    attributes = names("LayerVersionArn")

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
    attributes = names("Arn State")
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
