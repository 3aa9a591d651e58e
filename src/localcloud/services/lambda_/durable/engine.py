"""Drives executions: invokes the function, ends its waits, and invokes it again when there is something new."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.lambda_.durable import executions as states
from localcloud.services.lambda_.durable.executions import Execution
from localcloud.services.lambda_.durable.operations import (
    CALLBACK,
    CHAINED_INVOKE,
    FAILED,
    PENDING,
    READY,
    STEP,
    SUCCEEDED,
    TIMED_OUT,
    WAIT,
    Error,
    InvalidUpdate,
    Operation,
    apply_update,
    millis,
)
from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.results import InvokeResult, Throttled

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_GB = 1024**3
Invoke = Callable[[Function, str, bytes], InvokeResult]  # one invocation, of a version by a qualifier


class Engine:
    """Runs executions. `invoke` makes one invocation; `chained(execution, operation)` one of another function."""

    def __init__(self, cloud: Cloud, invoke: Invoke, chained: Callable[[Execution, Operation], None]) -> None:
        self._cloud = cloud
        self._invoke = invoke
        self._chained = chained
        self._callbacks: dict[str, tuple[Execution, Operation]] = {}
        self._heartbeats: dict[str, Any] = {}
        self._ids = cloud.kernel.streams["lambda/durable/callbacks"]
        facts = cloud.facts
        self._most_operations = int(facts.value("quota.lambda.durable.max_operations"))
        self._most_written = int(facts.value("quota.lambda.durable.max_storage_written")) * 1024**2
        retry = facts.value("model.lambda.durable_invocation_retry")
        self._first_wait_us, self._longest_wait_us = round(retry["first_s"] * 1e6), round(retry["max_s"] * 1e6)
        self._most_crashes = int(retry["max_attempts"])

    # -- an execution's life -------------------------------------------------------------------

    def begin(self, execution: Execution) -> None:
        """Start it: the first invocation, and the clock of its timeout."""
        kernel = self._cloud.kernel
        execution.history.add(
            "ExecutionStarted", kernel.unix_us,
            {"Input": {"Payload": execution.payload, "Truncated": False},
             "ExecutionTimeout": execution.settings.timeout_s},
            Id=execution.id, Name=execution.name,
        )  # fmt: skip
        self._cloud.meter.add("lambda.durable_operations", 1, execution.config.name)
        execution.timer = kernel.call_later(execution.settings.timeout_s * 1_000_000, self._time_out, execution)
        self.wake(execution, delay_us=0)

    def _time_out(self, execution: Execution) -> None:
        self.finish(execution, states.TIMED_OUT, error={"ErrorMessage": "Execution timed out"})

    def finish(
        self, execution: Execution, status: str, result: str | None = None, error: Error | None = None
    ) -> None:
        """It is over, however it ended; nothing is invoked for it any more."""
        if execution.over:
            return
        now_us = self._cloud.kernel.unix_us
        execution.status, execution.ended_us = status, now_us
        execution.result, execution.error = result, error
        kind = {states.SUCCEEDED: "Succeeded", states.FAILED: "Failed", states.TIMED_OUT: "TimedOut",
                states.STOPPED: "Stopped"}[status]  # fmt: skip
        told = {"Error": {"Payload": dict(error or {})}} if result is None else {"Result": {"Payload": result}}
        execution.history.add(f"Execution{kind}", now_us, told, Id=execution.id, Name=execution.name)
        if execution.timer is not None:
            execution.timer.cancel()
        execution.finished.set()

    # -- invocations ---------------------------------------------------------------------------

    def wake(self, execution: Execution, delay_us: int | None = None) -> None:
        """Something has happened: invoke the function, unless it runs and will hear of it by itself."""
        execution.woken = True
        if execution.invoking or execution.status != states.RUNNING:
            return
        execution.invoking = True
        if delay_us is None:
            delay_us = self._cloud.latency.fact_us("model.api.durable.resume_reinvoke")
        self._cloud.kernel.spawn(
            self._drive, execution, name=f"durable {execution.config.name}", delay_us=delay_us, critical=True
        )

    def _drive(self, execution: Execution) -> None:
        """Invoke as long as there is something to do at once."""
        try:
            while execution.status == states.RUNNING and execution.woken:
                execution.woken = False
                self._one(execution)
        finally:
            execution.invoking = False

    def _one(self, execution: Execution) -> None:
        kernel = self._cloud.kernel
        execution.token += 1
        updated = [key for key in execution.changed if key != execution.id]
        execution.changed.clear()
        event = {
            "DurableExecutionArn": execution.arn,
            "CheckpointToken": execution.token_text,
            "InitialExecutionState": {
                "Operations": [one.described(millis) for one in execution.operations.values()], "NextMarker": "",
            },
            "UpdatedOperationIds": updated,
        }  # fmt: skip
        started_us = kernel.unix_us
        try:
            result = self._invoke(execution.config, execution.qualifier, json.dumps(event).encode())
        except (Throttled, ApiError):
            self._again(execution)
            return
        answer = json.loads(result.payload or b"null")
        failure = answer if result.function_error is not None else None
        told = _error(failure) if failure is not None else None
        execution.history.invocation(started_us, kernel.unix_us, result.request_id, told)
        if execution.over:
            return
        if failure is not None:
            self._crashed(execution, told or {})
            return
        execution.crashes = 0
        status = answer.get("Status") if isinstance(answer, dict) else None
        if status == "SUCCEEDED":
            done = execution.operations[execution.id]
            self.finish(execution, states.SUCCEEDED, result=answer.get("Result") or done.result or "null")
        elif status == "FAILED":
            self.finish(execution, states.FAILED, error=answer.get("Error") or {})
        elif status == "PENDING":
            self._suspended(execution)
        else:
            self.finish(execution, states.FAILED, error={
                "ErrorType": "InvalidParameterValueException",
                "ErrorMessage": "The function did not answer as a durable function does: its handler needs the durable "
                "execution SDK.",
            })  # fmt: skip

    def _suspended(self, execution: Execution) -> None:
        if not execution.woken and not any(_may_change(one) for one in execution.operations.values()):
            self.finish(execution, states.FAILED, error={
                "ErrorType": "InvalidParameterValueException",
                "ErrorMessage": "Cannot return PENDING status with no pending operations.",
            })  # fmt: skip

    def _crashed(self, execution: Execution, error: Error) -> None:
        """An invocation that dies is tried again: the handler starts from the top."""
        execution.crashes += 1
        if execution.crashes >= self._most_crashes:
            self.finish(execution, states.FAILED, error=error)
            return
        self._cloud.meter.add("lambda.durable_operations", 1, execution.config.name)
        self._again(execution)

    def _again(self, execution: Execution) -> None:
        wait_us = min(self._first_wait_us * 2 ** max(0, execution.crashes - 1), self._longest_wait_us)
        self._cloud.kernel.sleep(wait_us)
        execution.woken = True

    # -- checkpoints ---------------------------------------------------------------------------

    def checkpoint(self, execution: Execution, updates: list[dict[str, Any]]) -> list[Operation]:
        """Apply updates; every operation that has changed since the last look. Raises InvalidUpdate."""
        now_us = self._cloud.kernel.unix_us
        for update in updates:
            known = execution.operations.get(update["Id"])
            if known is None and len(execution.operations) > self._most_operations:
                raise InvalidUpdate(f"An execution has at most {self._most_operations} operations.")
            operation = apply_update(known, update, now_us)
            execution.operations[operation.id] = operation
            execution.changed[operation.id] = None
            self._meter(execution, known, update)
            self._after(execution, operation, update["Action"], now_us)
        if execution.written_bytes > self._most_written:
            raise InvalidUpdate(f"An execution writes at most {self._most_written // 1024**2} MB.")
        execution.token += 1
        changed = [execution.operations[key] for key in execution.changed]
        execution.changed.clear()
        execution.woken = False  # what has happened up to now is told with this answer
        return changed

    def _meter(self, execution: Execution, known: Operation | None, update: dict[str, Any]) -> None:
        size = len((update.get("Payload") or "").encode()) + len(json.dumps(update.get("Error") or ""))
        execution.written_bytes += size
        name = execution.config.name
        self._cloud.meter.add("lambda.durable_written_gb", size / _GB, name)
        if known is None or update["Action"] == "RETRY":
            self._cloud.meter.add("lambda.durable_operations", 1, name)

    def _after(self, execution: Execution, operation: Operation, action: str, now_us: int) -> None:
        """History, timers and calls that follow from an update."""
        kernel = self._cloud.kernel
        if operation.kind == "EXECUTION":
            status = states.SUCCEEDED if operation.status == SUCCEEDED else states.FAILED
            self.finish(execution, status, result=operation.result, error=operation.error)
            return
        if action != "START":
            execution.history.ended(operation, now_us)
            if operation.status == PENDING and operation.next_attempt_us is not None:
                kernel.call_later(operation.next_attempt_us - now_us, self._retry_due, execution, operation)
            return
        if operation.kind == CALLBACK:
            self._open_callback(execution, operation)
        execution.history.started(operation, now_us)
        if operation.kind == WAIT and operation.due_us is not None:
            kernel.call_later(operation.due_us - now_us, self._wait_over, execution, operation)
        elif operation.kind == CHAINED_INVOKE:
            self._chained(execution, operation)

    def _wait_over(self, execution: Execution, operation: Operation) -> None:
        self.end(execution, operation, SUCCEEDED)

    def _retry_due(self, execution: Execution, operation: Operation) -> None:
        if execution.over or operation.status != PENDING:
            return
        operation.status = READY
        self._changed(execution, operation)

    def end(
        self, execution: Execution, operation: Operation, status: str, result: str | None = None,
        error: Error | None = None,
    ) -> None:  # fmt: skip
        """An operation ends by itself, outside of any invocation: the function is told."""
        if execution.over or operation.over:
            return
        operation.end(status, self._cloud.kernel.unix_us, result, error)
        execution.history.ended(operation, self._cloud.kernel.unix_us)
        self._changed(execution, operation)

    def _changed(self, execution: Execution, operation: Operation) -> None:
        execution.changed[operation.id] = None
        self.wake(execution)

    # -- callbacks -----------------------------------------------------------------------------

    def _open_callback(self, execution: Execution, operation: Operation) -> None:
        operation.callback_id = f"{self._ids.getrandbits(256):064x}"
        self._callbacks[operation.callback_id] = (execution, operation)
        timeout_s = int(operation.options.get("TimeoutSeconds") or 0)
        if timeout_s:
            self._cloud.kernel.call_later(
                timeout_s * 1_000_000, self._callback_late, execution, operation, "Callback.Timeout"
            )
        self.beat(operation.callback_id)

    def _callback_late(self, execution: Execution, operation: Operation, kind: str) -> None:
        error = {"ErrorType": kind, "ErrorMessage": f"The callback was not answered in time ({kind})."}
        self.end(execution, operation, TIMED_OUT, error=error)

    def callback(self, callback_id: str) -> tuple[Execution, Operation]:
        """The callback with this id. Raises ApiError when there is none, or it is not open any more."""
        found = self._callbacks.get(callback_id)
        if found is None:
            raise ApiError("ResourceNotFoundException", f"Callback {callback_id} does not exist.", 404, Type="User")
        execution, operation = found
        if execution.over or operation.over:
            raise ApiError("CallbackTimeoutException", f"Callback {callback_id} is not open any more.", 410)
        return found

    def beat(self, callback_id: str) -> None:
        """Start the time to the next heartbeat anew, where there is one."""
        execution, operation = self._callbacks[callback_id]
        seconds = int(operation.options.get("HeartbeatTimeoutSeconds") or 0)
        if not seconds:
            return
        earlier = self._heartbeats.pop(callback_id, None)
        if earlier is not None:
            earlier.cancel()
        self._heartbeats[callback_id] = self._cloud.kernel.call_later(
            seconds * 1_000_000, self._callback_late, execution, operation, "Callback.Heartbeat"
        )


def _may_change(operation: Operation) -> bool:
    """Whether something will happen to it without the function."""
    if operation.kind == STEP:
        return operation.status in (PENDING, READY)
    return operation.kind in (WAIT, CALLBACK, CHAINED_INVOKE) and not operation.over


def _error(failure: Any) -> dict[str, Any]:
    """A function's error as an error object."""
    if not isinstance(failure, dict):
        return {"ErrorMessage": str(failure)}
    return {"ErrorType": failure.get("errorType", ""), "ErrorMessage": failure.get("errorMessage", "")}


__all__ = ["FAILED", "Engine"]
