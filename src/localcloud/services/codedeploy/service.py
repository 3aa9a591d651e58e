"""CodeDeploy's operations on deployments. Applications, groups and records of deployments are moto's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.codedeploy.models import DeploymentInfo

from localcloud.api import ApiCall, ApiError
from localcloud.services.codedeploy.configurations import ALL_AT_ONCE, Configurations, Routing
from localcloud.services.codedeploy.deployment import STOPPED, Deployment, Ended
from localcloud.services.codedeploy.groups import Groups
from localcloud.services.codedeploy.revisions import Change, parse
from localcloud.services.codedeploy.running import Runner

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ID_LENGTH = 9
_ON_REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"


class CodeDeploy:
    """Deployments of Lambda aliases; those to other platforms are recorded by moto and never begin."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._configurations = Configurations(cloud)
        self._groups = Groups(cloud, self._configurations)
        self._runner = Runner(cloud, self._rollback_of)
        self._deployments: dict[str, Deployment] = {}
        self._ids = cloud.kernel.streams["codedeploy/ids"]

    def install(self) -> None:
        """Answer the operations, and hear of alarms."""
        self._configurations.install()
        self._groups.install()
        self._runner.install()
        for operation, handler in (
            ("CreateDeployment", self._create),
            ("GetDeployment", self._get),
            ("BatchGetDeployments", self._batch),
            ("StopDeployment", self._stop),
            ("PutLifecycleEventHookExecutionStatus", self._answer),
            ("ListDeploymentTargets", self._targets),
            ("GetDeploymentTarget", self._target),
            ("BatchGetDeploymentTargets", self._batch_targets),
        ):
            self._cloud.api.register("codedeploy", operation, handler)

    # -- making them ---------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        application, name = self._groups.application(params["applicationName"]), params.get("deploymentGroupName")
        if application.compute_platform != "Lambda":
            answer: dict[str, Any] = self._cloud.api.stock(call)
            return answer
        if not name:
            raise ApiError("DeploymentGroupNameRequiredException", "Deployment Group name is missing")
        group = self._groups.group(application.application_name, name)
        change = parse(params.get("revision") or {}, self._fetch)
        wanted = params.get("deploymentConfigName") or group.deployment_config_name
        configuration = self._configurations.find(str(wanted))
        active = self._runner.active(application.application_name, name)
        if active is not None:
            message = f"The Deployment Group '{name}' already has an active Deployment '{active.id}'"
            raise ApiError("DeploymentLimitExceededException", message)
        made = self._made(group, change, configuration.name, configuration.routing, params)
        self._runner.start(made)
        return {"deploymentId": made.id}

    def _made(
        self, group: Any, change: Change, configuration: str, routing: Routing, params: Mapping[str, Any],
        creator: str = "user",
    ) -> Deployment:  # fmt: skip
        info = DeploymentInfo(
            group.application, group, params.get("revision") or change.revision(), configuration,
            params.get("description"), None, None, params.get("autoRollbackConfiguration"), None, None,
            params.get("overrideAlarmConfiguration"), creator,
        )  # fmt: skip
        info.deployment_id = "d-" + "".join(self._ids.choice(_LETTERS) for _ in range(_ID_LENGTH))
        info.create_time = self._cloud.now
        alarms = params.get("overrideAlarmConfiguration") or group.alarm_configuration or {}
        rollback = params.get("autoRollbackConfiguration") or group.auto_rollback_configuration or {}
        made = Deployment(
            info, change, routing,
            alarms=tuple(alarm["name"] for alarm in alarms.get("alarms") or ()) if alarms.get("enabled") else (),
            rollback_events=tuple(rollback.get("events") or ()) if rollback.get("enabled") else (),
            woken=self._cloud.kernel.event(),
        )  # fmt: skip
        self._deployments[made.id], self._groups.backend.deployments[made.id] = made, info
        return made

    def _rollback_of(self, deployment: Deployment) -> Deployment:
        group, configuration = deployment.info.deployment_group, str(deployment.info.deployment_config_name)
        routing, back = Routing(ALL_AT_ONCE), deployment.change.back()
        return self._made(group, back, configuration, routing, {}, creator="codeDeployRollback")

    def _fetch(self, bucket: str, key: str) -> str:
        try:
            body: bytes = self._cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as exc:
            raise ApiError("RevisionDoesNotExistException", f"s3://{bucket}/{key}: {exc}") from None
        return body.decode()

    # -- asking for them -----------------------------------------------------------------------

    def _find(self, params: Mapping[str, Any]) -> Deployment:
        identifier = params.get("deploymentId")
        if not identifier:
            raise ApiError("DeploymentIdRequiredException", "Deployment ID is missing")
        found = self._deployments.get(identifier)
        if found is None:
            message = f"The deployment {identifier} could not be found"
            raise ApiError("DeploymentDoesNotExistException", message)
        return found

    def _get(self, call: ApiCall) -> dict[str, Any]:
        if call.params.get("deploymentId") in self._deployments:
            return {"deploymentInfo": self._find(call.params).described()}
        if call.params.get("deploymentId") in self._groups.backend.deployments:  # of another platform
            answer: dict[str, Any] = self._cloud.api.stock(call)
            return answer
        return {"deploymentInfo": self._find(call.params).described()}

    def _batch(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params["deploymentIds"]
        return {"deploymentsInfo": [self._deployments[id].described() for id in wanted if id in self._deployments]}

    def _targets(self, call: ApiCall) -> dict[str, Any]:
        return {"targetIds": [self._find(call.params).target_id]}

    def _target(self, call: ApiCall) -> dict[str, Any]:
        found = self._find(call.params)
        if call.params.get("targetId") != found.target_id:
            message = f"The deployment {found.id} has no target {call.params.get('targetId')}"
            raise ApiError("DeploymentTargetDoesNotExistException", message)
        return {"deploymentTarget": found.target(self._cloud.region, self._cloud.account_id)}

    def _batch_targets(self, call: ApiCall) -> dict[str, Any]:
        found, wanted = self._find(call.params), call.params.get("targetIds")
        if wanted is not None and found.target_id not in wanted:
            return {"deploymentTargets": []}
        return {"deploymentTargets": [found.target(self._cloud.region, self._cloud.account_id)]}

    # -- what others do with them ----------------------------------------------------------------

    def _answer(self, call: ApiCall) -> dict[str, Any]:
        execution_id = call.params.get("lifecycleEventHookExecutionId", "")
        self._runner.answer(self._find(call.params), execution_id, call.params.get("status", ""))
        return {"lifecycleEventHookExecutionId": execution_id}

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        found = self._find(call.params)
        if found.over:
            message = f"The deployment {found.id} is already completed"
            raise ApiError("DeploymentAlreadyCompletedException", message)
        wanted = call.params.get("autoRollbackEnabled")
        if wanted is not None:
            others = tuple(event for event in found.rollback_events if event != _ON_REQUEST)
            found.rollback_events = (*others, _ON_REQUEST) if wanted else others
        found.interrupt(Ended(STOPPED, "MANUAL_STOP", "The deployment was stopped by a user."))
        return {"status": "Pending", "statusMessage": "The deployment is being stopped."}
