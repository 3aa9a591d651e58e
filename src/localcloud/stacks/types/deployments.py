"""AWS::CodeDeploy::*, and the deployments that updates of Lambda aliases make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import (
    Made,
    Making,
    ResourceFailed,
    ResourceType,
    Updatable,
    as_bool,
    chosen,
    lower_first,
    names,
)

_SETTINGS = "AlarmConfiguration AutoRollbackConfiguration DeploymentStyle TriggerConfigurations"


class Application(Updatable):
    name = "AWS::CodeDeploy::Application"
    custom_name = "ApplicationName"
    properties = names("ApplicationName ComputePlatform Tags")
    replacing = names("ApplicationName ComputePlatform")

    def create(self, making: Making) -> Made:
        name = making.name("ApplicationName", 100)
        making.client("codedeploy").create_application(
            applicationName=name, computePlatform=making.properties.get("ComputePlatform", "Server"),
            tags=making.tag_list(),
        )  # fmt: skip
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("codedeploy").delete_application(applicationName=made.physical_id)


class DeploymentConfig(ResourceType):
    name = "AWS::CodeDeploy::DeploymentConfig"
    custom_name = "DeploymentConfigName"
    properties = names("ComputePlatform DeploymentConfigName MinimumHealthyHosts TrafficRoutingConfig ZonalConfig")

    def create(self, making: Making) -> Made:
        name = making.name("DeploymentConfigName", 100)
        given = lower_first(chosen(making.properties, "ComputePlatform TrafficRoutingConfig"))
        for shape in ("timeBasedCanary", "timeBasedLinear"):
            if shape in given.get("trafficRoutingConfig", {}):
                routing = given["trafficRoutingConfig"]
                routing[shape] = {member: int(value) for member, value in routing[shape].items()}
        making.client("codedeploy").create_deployment_config(deploymentConfigName=name, **given)
        return Made(name)

    def delete(self, making: Making, made: Made) -> None:
        making.client("codedeploy").delete_deployment_config(deploymentConfigName=made.physical_id)


class DeploymentGroup(Updatable):
    name = "AWS::CodeDeploy::DeploymentGroup"
    validated_early = False
    custom_name = "DeploymentGroupName"
    properties = names(
        "ApplicationName AutoScalingGroups BlueGreenDeploymentConfiguration Deployment DeploymentConfigName "
        "DeploymentGroupName ECSServices Ec2TagFilters Ec2TagSet LoadBalancerInfo OnPremisesInstanceTagFilters "
        "OnPremisesTagSet OutdatedInstancesStrategy ServiceRoleArn Tags TerminationHookEnabled " + _SETTINGS
    )
    required = names("ApplicationName ServiceRoleArn")
    replacing = names("ApplicationName DeploymentGroupName")

    @staticmethod
    def _settings(making: Making) -> dict[str, Any]:
        found = lower_first(chosen(making.properties, f"DeploymentConfigName ServiceRoleArn {_SETTINGS}"))
        for name in ("alarmConfiguration", "autoRollbackConfiguration"):
            for member in ("enabled", "ignorePollAlarmFailure"):
                if member in found.get(name, {}):
                    found[name][member] = as_bool(found[name][member])
        return dict(found)

    def create(self, making: Making) -> Made:
        name = making.name("DeploymentGroupName", 100)
        making.client("codedeploy").create_deployment_group(
            applicationName=making.properties["ApplicationName"], deploymentGroupName=name, tags=making.tag_list(),
            **self._settings(making),
        )  # fmt: skip
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        gone: dict[str, Any] = {name: {} for name in lower_first(chosen(old, _SETTINGS))}
        if "triggerConfigurations" in gone:
            gone["triggerConfigurations"] = []
        making.client("codedeploy").update_deployment_group(
            applicationName=making.properties["ApplicationName"], currentDeploymentGroupName=made.physical_id,
            **{**gone, **self._settings(making)},
        )  # fmt: skip
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("codedeploy").delete_deployment_group(
            applicationName=making.properties["ApplicationName"], deploymentGroupName=made.physical_id
        )


def deploy_alias(making: Making, old: Mapping[str, Any]) -> None:
    """Let CodeDeploy bring an alias to another version, when its UpdatePolicy asks for that.

    Raises ResourceFailed when the deployment fails or is stopped.
    """
    from localcloud.services.codedeploy.deployment import ENDS, SUCCEEDED  # with moto's part, only when it is needed
    from localcloud.services.codedeploy.revisions import AFTER, BEFORE, Change

    policy, new = making.update_policy.get("CodeDeployLambdaAliasUpdate"), making.properties
    current, target = str(old.get("FunctionVersion")), str(new["FunctionVersion"])
    if policy is None or current == target:
        return
    hooks = {BEFORE: policy.get("BeforeAllowTrafficHook"), AFTER: policy.get("AfterAllowTrafficHook")}
    function = str(new["FunctionName"]).split(":function:")[-1]
    change = Change(function, new["Name"], current, target, {event: hook for event, hook in hooks.items() if hook})
    client = making.client("codedeploy")
    deployment = client.create_deployment(
        applicationName=policy["ApplicationName"], deploymentGroupName=policy["DeploymentGroupName"],
        revision=change.revision(),
    )["deploymentId"]  # fmt: skip

    def info() -> Mapping[str, Any]:
        found: Mapping[str, Any] = client.get_deployment(deploymentId=deployment)["deploymentInfo"]
        return found

    making.wait_until(lambda: info()["status"] in ENDS)
    ended = info()
    if ended["status"] != SUCCEEDED:
        rollback = ended.get("rollbackInfo", {}).get("rollbackDeploymentId")
        if rollback is not None:
            making.wait_until(lambda: client.get_deployment(deploymentId=rollback)["deploymentInfo"]["status"] in ENDS)
        error = ended.get("errorInformation", {})
        raise ResourceFailed(
            f"CodeDeploy deployment {deployment} {ended['status'].lower()}: {error.get('message', '')} "
            f"(Code: {error.get('code', '')})"
        )


ALL = (Application(), DeploymentConfig(), DeploymentGroup())
