"""Applications and deployment groups: moto's, with what it leaves out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.codedeploy.models import Application, CodeDeployBackend, DeploymentGroup, codedeploy_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.codedeploy.configurations import Configurations

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_DEFAULT = "CodeDeployDefault.LambdaAllAtOnce"
_GROUP = {  # parameter -> moto's attribute
    "deploymentConfigName": "deployment_config_name",
    "serviceRoleArn": "service_role_arn",
    "triggerConfigurations": "trigger_configurations",
    "alarmConfiguration": "alarm_configuration",
    "autoRollbackConfiguration": "auto_rollback_configuration",
    "deploymentStyle": "deployment_style",
    "outdatedInstancesStrategy": "outdated_instances_strategy",
}


class Groups:
    """Answers the operations on them."""

    def __init__(self, cloud: Cloud, configurations: Configurations) -> None:
        self._cloud = cloud
        self._configurations = configurations
        self._ids = cloud.kernel.streams["codedeploy/groups"]

    def install(self) -> None:
        """Answer the operations."""
        for operation, handler in (
            ("CreateApplication", self._create_application),
            ("UpdateApplication", self._rename),
            ("DeleteApplication", self._delete_application),
            ("CreateDeploymentGroup", self._create),
            ("GetDeploymentGroup", self._get),
            ("BatchGetDeploymentGroups", self._batch),
            ("UpdateDeploymentGroup", self._update),
            ("DeleteDeploymentGroup", self._delete),
        ):
            self._cloud.api.register("codedeploy", operation, handler)

    @cached_property
    def backend(self) -> CodeDeployBackend:
        found: CodeDeployBackend = codedeploy_backends[self._cloud.account_id][self._cloud.region]
        return found

    # -- applications --------------------------------------------------------------------------

    def application(self, name: str) -> Application:
        """Raises ApiError."""
        found = self.backend.applications.get(name)
        if found is None:
            raise ApiError("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return found

    def _create_application(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["applicationName"]
        if name in self.backend.applications:
            raise ApiError("ApplicationAlreadyExistsException", f"Application {name} already exists")
        platform = call.params.get("computePlatform") or "Server"
        self.backend.create_application(name, platform, call.params.get("tags") or [])
        made = self.application(name)
        made.id, made.create_time = uuid4_text(self._ids), self._cloud.now
        return {"applicationId": made.id}

    def _rename(self, call: ApiCall) -> dict[str, Any]:
        backend, old = self.backend, call.params.get("applicationName", "")
        new = call.params.get("newApplicationName") or old
        application = self.application(old)
        if new != old and new in backend.applications:
            raise ApiError("ApplicationAlreadyExistsException", f"Application {new} already exists")
        application.application_name = new
        backend.applications[new] = backend.applications.pop(old)
        if old in backend.deployment_groups:
            backend.deployment_groups[new] = backend.deployment_groups.pop(old)
        return {}

    def _delete_application(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["applicationName"]
        self.backend.applications.pop(name, None)
        self.backend.deployment_groups.pop(name, None)
        return {}

    # -- groups --------------------------------------------------------------------------------

    def group(self, application: str, name: str) -> DeploymentGroup:
        """Raises ApiError."""
        self.application(application)
        found = self.backend.deployment_groups.get(application, {}).get(name)
        if found is None:
            message = f"No Deployment Group found for name: {name}"
            raise ApiError("DeploymentGroupDoesNotExistException", message)
        return found

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        application, name = params["applicationName"], params["deploymentGroupName"]
        if name in self.backend.deployment_groups.get(self.application(application).application_name, {}):
            raise ApiError("DeploymentGroupAlreadyExistsException", f"Deployment Group {name} already exists")
        is_lambda = self.application(application).compute_platform == "Lambda"
        configuration = params.get("deploymentConfigName") or (_DEFAULT if is_lambda else "")
        if is_lambda:
            self._configurations.find(configuration)
        settings: dict[str, Any] = {attribute: params.get(name) for name, attribute in _GROUP.items()}
        settings["deployment_config_name"] = configuration
        self.backend.create_deployment_group(
            application, name, ec2_tag_filters=None, on_premises_instance_tag_filters=None, auto_scaling_groups=None,
            tags=params.get("tags"), **settings,
        )  # fmt: skip
        made = self.group(application, name)
        made.deployment_group_id = uuid4_text(self._ids)
        return {"deploymentGroupId": made.deployment_group_id}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        found = self.group(call.params["applicationName"], call.params["deploymentGroupName"])
        return {"deploymentGroupInfo": self._described(found)}

    def _batch(self, call: ApiCall) -> dict[str, Any]:
        application = call.params["applicationName"]
        known = self.backend.deployment_groups.get(self.application(application).application_name, {})
        names = call.params["deploymentGroupNames"]
        return {"deploymentGroupsInfo": [self._described(known[name]) for name in names if name in known]}

    def _update(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        application, old = params["applicationName"], params["currentDeploymentGroupName"]
        group, new = self.group(application, old), params.get("newDeploymentGroupName") or old
        if params.get("deploymentConfigName") and group.application.compute_platform == "Lambda":
            self._configurations.find(params["deploymentConfigName"])
        for name, attribute in _GROUP.items():
            if name in params:
                setattr(group, attribute, params[name])
        groups = self.backend.deployment_groups[application]
        group.deployment_group_name = new
        groups[new] = groups.pop(old)
        return {"hooksNotCleanedUp": []}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        groups = self.backend.deployment_groups.get(call.params["applicationName"], {})
        groups.pop(call.params["deploymentGroupName"], None)
        return {"hooksNotCleanedUp": []}

    def _described(self, group: DeploymentGroup) -> dict[str, Any]:
        deployments = [d for d in self.backend.deployments.values() if d.deployment_group is group]
        good = [d for d in deployments if d.status == "Succeeded"]
        found = {
            "applicationName": group.application.application_name,
            "deploymentGroupId": group.deployment_group_id,
            "deploymentGroupName": group.deployment_group_name,
            "computePlatform": group.application.compute_platform,
            "targetRevision": deployments[-1].revision if deployments else None,
            "lastAttemptedDeployment": _last(deployments),
            "lastSuccessfulDeployment": _last(good),
            **{name: getattr(group, attribute) for name, attribute in _GROUP.items()},
        }
        found["deploymentConfigName"] = str(group.deployment_config_name)
        return {name: value for name, value in found.items() if value not in (None, {}, [])}


def _last(deployments: list[Any]) -> dict[str, Any] | None:
    if not deployments:
        return None
    last = deployments[-1]
    found = {
        "deploymentId": last.deployment_id, "status": last.status, "createTime": last.create_time,
        "endTime": last.complete_time,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}
