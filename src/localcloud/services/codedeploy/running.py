"""Deployments at work: a hook, the traffic in steps, another hook; and back again when something is wrong."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localcloud.api import ApiError
from localcloud.services.cloudwatch.alarms.alarm import ALARM, Alarm
from localcloud.services.codedeploy.deployment import (
    FAILED,
    IN_PROGRESS,
    SKIPPED,
    STOPPED,
    SUCCEEDED,
    Deployment,
    Ended,
)
from localcloud.services.codedeploy.notices import FAILURE, ROLLBACK, START, STOP, SUCCESS, Notices
from localcloud.services.codedeploy.revisions import AFTER, ALLOW, BEFORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.cloud import Cloud

_WHY = {"ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM", "MANUAL_STOP": "DEPLOYMENT_STOP_ON_REQUEST"}
_HOOK_ID_BITS = 512


class Runner:
    """Runs deployments in tasks. `make_rollback(deployment)` gives the new deployment that takes one back."""

    def __init__(self, cloud: Cloud, make_rollback: Callable[[Deployment], Deployment]) -> None:
        self._cloud = cloud
        self._make_rollback = make_rollback
        self._notices = Notices(cloud)
        self._active: list[Deployment] = []
        self._ids = cloud.kernel.streams["codedeploy/hooks"]
        self._step_us = round(cloud.facts.value("model.codedeploy.step") * 1e6)
        self._patience_us = int(cloud.facts.value("quota.codedeploy.hook_timeout_s")) * 1_000_000

    def install(self) -> None:
        """Hear of alarms."""
        self._cloud.cloudwatch.alarms.on_change.append(self._alarm_changed)

    def start(self, deployment: Deployment) -> None:
        """Run it in a task of its own."""
        self._active.append(deployment)
        self._cloud.kernel.spawn(self._run, deployment, name=f"deployment {deployment.id}", critical=True)

    def active(self, application: str, group: str) -> Deployment | None:
        """The deployment of a group that is under way."""
        for found in self._active:
            if (found.info.application_name, found.info.deployment_group_name) == (application, group):
                return found
        return None

    def _alarm_changed(self, alarm: Alarm) -> None:
        if alarm.state == ALARM:
            for deployment in self._active:
                if alarm.name in deployment.alarms:
                    deployment.interrupt(_alarmed(alarm.name))

    # -- one deployment ------------------------------------------------------------------------

    def _run(self, deployment: Deployment) -> None:
        info = deployment.info
        self._cloud.kernel.sleep(self._step_us)
        self._notices.tell(deployment, START)
        info.status, info.start_time = IN_PROGRESS, self._cloud.now
        try:
            self._check(deployment)
            self._hook(deployment, BEFORE)
            self._shift(deployment)
            self._hook(deployment, AFTER)
        except Ended as exc:
            self._fail(deployment, exc)
        except (ApiError, ClientError) as exc:
            self._fail(deployment, Ended(FAILED, "INVALID_LAMBDA_FUNCTION", str(exc)))
        else:
            self._end(deployment, SUCCEEDED, SUCCESS)

    def _check(self, deployment: Deployment) -> None:
        """Raises Ended when it cannot even begin."""
        change = deployment.change
        functions = self._cloud.lambda_.functions
        alias = functions.aliases(change.function).get(change.alias)
        if alias is None or str(alias.function_version) != change.current:
            message = f"The alias {deployment.target_id} does not point at version {change.current}."
            raise Ended(FAILED, "INVALID_LAMBDA_CONFIGURATION", message)
        functions.resource(change.function, change.target)
        for name in deployment.alarms:
            found = self._cloud.cloudwatch.alarms.find(name)
            if found is not None and found.state == ALARM:
                raise _alarmed(name)

    def _shift(self, deployment: Deployment) -> None:
        event = deployment.events[ALLOW]
        event.status, event.started = IN_PROGRESS, self._cloud.now
        for weight, pause_us in deployment.routing.steps():
            self._route(deployment, weight)
            if weight < 1:
                self._wait(deployment, pause_us, lambda: False)
        event.status, event.ended = SUCCEEDED, self._cloud.now

    def _route(self, deployment: Deployment, weight: float) -> None:
        """Give the target version this share of the alias's requests."""
        change = deployment.change
        weights = {change.target: weight} if weight < 1 else {}
        self._cloud.client("lambda").update_alias(
            FunctionName=change.function,
            Name=change.alias,
            FunctionVersion=change.current if weight < 1 else change.target,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )
        deployment.weight, deployment.updated = weight, self._cloud.now

    def _wait(self, deployment: Deployment, longest_us: int, done: Callable[[], bool]) -> bool:
        """Let time pass until `done` or for so long; whether it is done. Raises Ended when somebody interrupts."""
        kernel = self._cloud.kernel
        until_us = kernel.now_us + longest_us
        while deployment.interruption is None and not done() and kernel.now_us < until_us:
            deployment.woken.clear()
            deployment.woken.wait(until_us - kernel.now_us)
        if deployment.interruption is not None:
            raise deployment.interruption
        return done()

    # -- hooks ---------------------------------------------------------------------------------

    def _hook(self, deployment: Deployment, name: str) -> None:
        """Ask the event's function, and wait for what it says with PutLifecycleEventHookExecutionStatus."""
        function, event = deployment.change.hooks.get(name), deployment.events[name]
        if function is None:
            event.status = SKIPPED
            return
        drawn = self._ids.getrandbits(_HOOK_ID_BITS).to_bytes(_HOOK_ID_BITS // 8, "big")
        event.execution_id = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
        event.status, event.started = IN_PROGRESS, self._cloud.now
        payload = {"DeploymentId": deployment.id, "LifecycleEventHookExecutionId": event.execution_id}
        self._cloud.lambda_.asynchronous.accept(function, json.dumps(payload).encode())
        answered = self._wait(deployment, self._patience_us, lambda: event.status != IN_PROGRESS)
        event.ended = self._cloud.now
        if not answered:
            event.status = FAILED
            message = f"The {name} hook {function} did not report a status within {self._patience_us // 1_000_000} s."
            raise Ended(FAILED, "TIMEOUT", message)
        if event.status == FAILED:
            raise Ended(FAILED, "HOOK_EXECUTION_FAILURE", f"The {name} hook {function} reported Failed.")

    def answer(self, deployment: Deployment, execution_id: str, status: str) -> None:
        """What a hook says. Raises ApiError."""
        if status not in (SUCCEEDED, FAILED):
            message = f"The lifecycle event hook execution status {status} is not valid: Succeeded or Failed."
            raise ApiError("InvalidLifecycleEventHookExecutionStatusException", message)
        event = next((e for e in deployment.events.values() if e.execution_id == execution_id), None)
        if event is None:
            message = f"There is no lifecycle event hook execution {execution_id} in deployment {deployment.id}."
            raise ApiError("InvalidLifecycleEventHookExecutionIdException", message)
        if event.status != IN_PROGRESS:
            message = f"The lifecycle event {event.name} of deployment {deployment.id} has completed already."
            raise ApiError("LifecycleEventAlreadyCompletedException", message)
        event.status = status
        deployment.woken.set()

    # -- the end -------------------------------------------------------------------------------

    def _fail(self, deployment: Deployment, why: Ended) -> None:
        deployment.failure = why
        for event in deployment.events.values():
            if event.status == IN_PROGRESS:
                event.status, event.ended = FAILED, self._cloud.now
        self._end(deployment, why.status, STOP if why.status == STOPPED else FAILURE)
        if _WHY.get(why.code, "DEPLOYMENT_FAILURE") in deployment.rollback_events:
            self._roll_back(deployment)

    def _roll_back(self, deployment: Deployment) -> None:
        """A new deployment brings all traffic back to the version before, at once."""
        back = self._make_rollback(deployment)
        back.rollback = {"rollbackTriggeringDeploymentId": deployment.id}
        deployment.rollback = {"rollbackDeploymentId": back.id, "rollbackMessage": f"Rolled back by {back.id}"}
        self._notices.tell(deployment, ROLLBACK)
        self._active.append(back)
        self._notices.tell(back, START)
        back.info.status, back.info.start_time = IN_PROGRESS, self._cloud.now
        self._cloud.kernel.sleep(self._step_us)
        try:
            self._route(back, 1.0)
        except ClientError as exc:
            back.failure = Ended(FAILED, "INVALID_LAMBDA_FUNCTION", str(exc))
            self._end(back, FAILED, FAILURE)
            return
        for name, event in back.events.items():
            event.status = SUCCEEDED if name == ALLOW else SKIPPED
        self._end(back, SUCCEEDED, SUCCESS)

    def _end(self, deployment: Deployment, status: str, what: str) -> None:
        deployment.info.status, deployment.info.complete_time = status, self._cloud.now
        self._active.remove(deployment)
        self._notices.tell(deployment, what)


def _alarmed(name: str) -> Ended:
    message = (
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
        f"affected deployments have been stopped. Activated alarms: {name}"
    )
    return Ended(STOPPED, "ALARM_ACTIVE", message)
