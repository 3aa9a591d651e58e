"""Task states: a function, a service, an activity, an HTTP API, or something that answers by a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.services.states import errors, metrics
from localcloud.services.states.data_flow import effective, field, finish
from localcloud.services.states.definition import State
from localcloud.services.states.errors import StateFailed
from localcloud.services.states.integrations import TOKEN, Resource, parse_resource
from localcloud.services.states.progress import Progress
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.services.states.interpreter import Interpreter

Outcome = tuple[Any, str | None]
_FAMILIES = {"function": metrics.FUNCTION, "activity": metrics.ACTIVITY}
_TIMED_OUT = {errors.TIMEOUT: "TimedOut", errors.HEARTBEAT_TIMEOUT: "TimedOut"}


def run_task(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """Calls, waits for what comes of it, and writes it all down."""
    resource = parse_resource(state.raw["Resource"])
    by_token = resource.pattern == TOKEN or resource.kind == "activity"
    token = run.tools.tokens.new() if by_token else None
    if token is not None and resource.kind != "activity":
        view = replace(view, context={**view.context, "Task": {"Token": token}})
    try:
        arguments = effective(state, view)
        timeout_s = field(state, view, "TimeoutSeconds")
        heartbeat_s = field(state, view, "HeartbeatSeconds")
        record = _Record(run, resource)
        record.scheduled(arguments, timeout_s, heartbeat_s)
        try:
            if resource.kind == "activity" and token is not None:
                result = _activity(run, record, token, arguments, timeout_s, heartbeat_s)
            else:
                result = _call(run, record, token, arguments, timeout_s, heartbeat_s)
        except StateFailed as failure:
            record.failed(failure)
            raise
        record.succeeded(result)
    finally:
        if token is not None:
            run.tools.tokens.forget(token)
    return finish(state, view, result)


def _call(
    run: Interpreter, record: _Record, token: str | None, arguments: Any, timeout_s: Any, heartbeat_s: Any
) -> Any:
    resource, call = record.resource, run.call
    record.started()
    if token is not None:

        def ask() -> None:
            record.submitted(call(resource, arguments))

        return run.tools.tokens.wait(token, ask, timeout_s, heartbeat_s)
    if timeout_s is not None:
        return within(run, timeout_s, lambda: call(resource, arguments, record.submitted))
    return call(resource, arguments, record.submitted)


def _activity(
    run: Interpreter, record: _Record, token: str, arguments: Any, timeout_s: Any, heartbeat_s: Any
) -> Any:
    """Time-outs and heartbeats count from when a worker has taken the task, however long that was in coming."""
    activities, arn = run.tools.activities, record.resource.action
    if not activities.exists(arn):
        raise StateFailed("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    job = activities.schedule(arn, token, run.text(arguments))
    try:
        job.taken.wait()
    finally:
        activities.withdraw(arn, job)
    record.started(job.worker)
    return run.tools.tokens.wait(token, lambda: None, timeout_s, heartbeat_s)


def within(run: Interpreter, timeout_s: float, call: Callable[[], Any]) -> Any:
    """What a call gives within so many seconds. Raises StateFailed after them, and ends the call."""
    kernel = run.cloud.kernel
    task = kernel.spawn(call, name="task")
    run.execution.tasks.append(task)
    try:
        if not task.join(round(timeout_s * 1e6)):
            raise StateFailed(errors.TIMEOUT, "")
        return task.result()
    finally:
        if not task.done:
            kernel.kill(task)


class _Record:
    """The events and metrics of one task."""

    def __init__(self, run: Interpreter, resource: Resource) -> None:
        self._run = run
        self.resource = resource
        self._kind = {"function": "LambdaFunction", "activity": "Activity"}.get(resource.kind, "Task")
        self._key = self._kind[0].lower() + self._kind[1:]
        self._place = {} if self._kind != "Task" else _place(resource)
        self._family = _FAMILIES.get(resource.kind, metrics.SERVICE)
        self._scheduled_us = run.cloud.kernel.unix_us
        self._started_us: int | None = None

    def _measure(self, what: str) -> None:
        self._run.tools.metrics.task(self._family, self.resource.arn, what)

    def _note(self, what: str, **details: Any) -> None:
        self._run.note(f"{self._kind}{what}", f"{self._key}{what}EventDetails", **self._place, **details)

    def scheduled(self, arguments: Any, timeout_s: Any, heartbeat_s: Any) -> None:
        text = self._run.text(arguments)
        if self._kind == "Task":
            self._note(
                "Scheduled", region=self._run.cloud.region, parameters=text, timeoutInSeconds=timeout_s,
                heartbeatInSeconds=heartbeat_s,
            )  # fmt: skip
        elif self._kind == "Activity":
            self._note(
                "Scheduled", resource=self.resource.action, input=text, timeoutInSeconds=timeout_s,
                heartbeatInSeconds=heartbeat_s,
            )  # fmt: skip
        else:
            self._note("Scheduled", resource=self.resource.action, input=text, timeoutInSeconds=timeout_s)
        self._measure("Scheduled")

    def started(self, worker: str | None = None) -> None:
        if self._kind == "LambdaFunction":
            self._run.note("LambdaFunctionStarted")
        elif self._kind == "Activity":
            self._note("Started", workerName=worker)
        else:
            self._note("Started")
        self._started_us = self._run.cloud.kernel.unix_us
        self._measure("Started")

    def submitted(self, result: Any) -> None:
        """A service has taken the job; what comes of it comes later."""
        self._note("Submitted", output=self._run.text(result))

    def succeeded(self, result: Any) -> None:
        self._note("Succeeded", output=self._run.text(result))
        self._measure("Succeeded")
        self._took()

    def failed(self, failure: StateFailed) -> None:
        how = _TIMED_OUT.get(failure.error, "Failed")
        self._note(how, error=failure.error, cause=failure.cause)
        beat = failure.error == errors.HEARTBEAT_TIMEOUT and self._kind == "Activity"
        self._measure("HeartbeatTimedOut" if beat else how)
        self._took()

    def _took(self) -> None:
        if self._started_us is not None:
            now_us = self._run.cloud.kernel.unix_us
            self._run.tools.metrics.task_times(
                self._family, self.resource.arn, self._scheduled_us, self._started_us, now_us
            )


def _place(resource: Resource) -> dict[str, str]:
    service = f"aws-sdk:{resource.service}" if resource.kind == "sdk" else resource.service
    return {"resourceType": service, "resource": f"{resource.action}{resource.pattern}"}
