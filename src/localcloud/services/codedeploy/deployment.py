"""One deployment: moto's record of it, and what moto does not know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.kernel import Event
from localcloud.services.codedeploy.configurations import Routing
from localcloud.services.codedeploy.revisions import AFTER, ALLOW, BEFORE, Change

CREATED, IN_PROGRESS, SUCCEEDED, FAILED, STOPPED = "Created", "InProgress", "Succeeded", "Failed", "Stopped"
ENDS = (SUCCEEDED, FAILED, STOPPED)
SKIPPED, PENDING = "Skipped", "Pending"


class Ended(Exception):
    """A deployment does not go on: `status` is Failed or Stopped, `code` one of the API's error codes."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(slots=True)
class LifecycleEvent:
    """One of the three parts of a deployment. `execution_id` names the run of its hook, when it has one."""

    name: str
    status: str = PENDING
    execution_id: str | None = None
    started: datetime | None = None
    ended: datetime | None = None

    def described(self) -> dict[str, Any]:
        found = {
            "lifecycleEventName": self.name, "status": self.status, "startTime": self.started, "endTime": self.ended,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}


@dataclass(slots=True)
class Deployment:
    """`info` is moto's record, `rollback_events` what makes it roll back. `interruption` ends it from outside."""

    info: Any
    change: Change
    routing: Routing
    alarms: tuple[str, ...]
    rollback_events: tuple[str, ...]
    woken: Event  # something has happened: a hook's answer, an alarm, a stop
    weight: float = 0.0
    interruption: Ended | None = None
    failure: Ended | None = None
    rollback: dict[str, str] = field(default_factory=dict)
    events: dict[str, LifecycleEvent] = field(
        default_factory=lambda: {name: LifecycleEvent(name) for name in (BEFORE, ALLOW, AFTER)}
    )
    updated: datetime | None = None

    @property
    def id(self) -> str:
        return str(self.info.deployment_id)

    @property
    def over(self) -> bool:
        return self.info.status in ENDS

    @property
    def target_id(self) -> str:
        """Of its only target."""
        return f"{self.change.function}:{self.change.alias}"

    def interrupt(self, reason: Ended) -> None:
        """End it as soon as it waits for something; one that has ended stays as it is."""
        if not self.over and self.interruption is None:
            self.interruption = reason
            self.woken.set()

    def described(self) -> dict[str, Any]:
        """As GetDeployment gives it."""
        info, group = self.info, self.info.deployment_group
        counts = dict.fromkeys(("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready"), 0)
        counts[{CREATED: "Pending", STOPPED: "Failed"}.get(info.status, info.status)] = 1
        failure = self.failure
        found = {
            "applicationName": info.application_name,
            "deploymentGroupName": info.deployment_group_name,
            "deploymentConfigName": str(info.deployment_config_name),
            "deploymentId": self.id,
            "revision": info.revision,
            "status": info.status,
            "errorInformation": {"code": failure.code, "message": failure.message} if failure else None,
            "createTime": info.create_time,
            "startTime": info.start_time,
            "completeTime": info.complete_time,
            "deploymentOverview": counts,
            "description": info.description,
            "creator": info.creator,
            "ignoreApplicationStopFailures": False,
            "autoRollbackConfiguration": info.auto_rollback_configuration or group.auto_rollback_configuration or None,
            "updateOutdatedInstancesOnly": False,
            "rollbackInfo": self.rollback or None,
            "deploymentStyle": group.deployment_style or None,
            "instanceTerminationWaitTimeStarted": False,
            "computePlatform": "Lambda",
        }
        return {name: value for name, value in found.items() if value is not None}

    def target(self, region: str, account_id: str) -> dict[str, Any]:
        """As GetDeploymentTarget gives its only target."""
        change = self.change
        found = {
            "deploymentId": self.id,
            "targetId": self.target_id,
            "targetArn": f"arn:aws:lambda:{region}:{account_id}:function:{self.target_id}",
            "status": {CREATED: PENDING, STOPPED: FAILED}.get(self.info.status, self.info.status),
            "lastUpdatedAt": self.updated or self.info.create_time,
            "lifecycleEvents": [event.described() for event in self.events.values()],
            "lambdaFunctionInfo": {
                "functionName": change.function,
                "functionAlias": change.alias,
                "currentVersion": change.current,
                "targetVersion": change.target,
                "targetVersionWeight": self.weight,
            },
        }
        return {"deploymentTargetType": "LambdaTarget", "lambdaTarget": found}
