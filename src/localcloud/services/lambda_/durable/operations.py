"""The operations of a durable execution, and what a checkpoint does to them.

Times are Unix microseconds. Source: the CheckpointDurableExecution API and the official Python SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

STARTED, PENDING, READY, SUCCEEDED, FAILED = "STARTED", "PENDING", "READY", "SUCCEEDED", "FAILED"
TIMED_OUT, CANCELLED, STOPPED = "TIMED_OUT", "CANCELLED", "STOPPED"
EXECUTION, CONTEXT, STEP, WAIT = "EXECUTION", "CONTEXT", "STEP", "WAIT"
CALLBACK, CHAINED_INVOKE = "CALLBACK", "CHAINED_INVOKE"

Error = Mapping[str, Any]


class InvalidUpdate(ValueError):
    """A checkpoint asks for what cannot be. The message says why."""


@dataclass(slots=True)
class Operation:
    """One operation as it stands. `attempt` counts attempts of a step that are over."""

    id: str
    kind: str
    started_us: int
    status: str = STARTED
    parent_id: str | None = None
    name: str | None = None
    sub_type: str | None = None
    ended_us: int | None = None
    result: str | None = None
    error: Error | None = None
    input: str | None = None
    attempt: int = 0
    next_attempt_us: int | None = None
    due_us: int | None = None  # the end of a wait
    callback_id: str | None = None
    replay_children: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.status in (SUCCEEDED, FAILED, TIMED_OUT, CANCELLED, STOPPED)

    def described(self, moment: Any) -> dict[str, Any]:
        """As the API shows it; `moment(us)` makes a time of microseconds."""
        found: dict[str, Any] = {
            "Id": self.id, "Type": self.kind, "Status": self.status, "StartTimestamp": moment(self.started_us),
        }  # fmt: skip
        for name, value in (("ParentId", self.parent_id), ("Name", self.name), ("SubType", self.sub_type)):
            if value is not None:
                found[name] = value
        if self.ended_us is not None:
            found["EndTimestamp"] = moment(self.ended_us)
        outcome = {name: value for name, value in (("Result", self.result), ("Error", self.error)) if value is not None}
        if self.kind == EXECUTION:
            found["ExecutionDetails"] = {"InputPayload": self.input}
        elif self.kind == CONTEXT:
            found["ContextDetails"] = {**outcome, "ReplayChildren": self.replay_children}
        elif self.kind == STEP:
            found["StepDetails"] = {**outcome, "Attempt": self.attempt}
            if self.next_attempt_us is not None:
                found["StepDetails"]["NextAttemptTimestamp"] = moment(self.next_attempt_us)
        elif self.kind == WAIT:
            found["WaitDetails"] = {"ScheduledEndTimestamp": moment(self.due_us)}
        elif self.kind == CALLBACK:
            found["CallbackDetails"] = {**outcome, "CallbackId": self.callback_id}
        else:
            found["ChainedInvokeDetails"] = outcome
        return found

    def end(self, status: str, at_us: int, result: str | None = None, error: Error | None = None) -> None:
        """It is over."""
        self.status, self.ended_us, self.result, self.error = status, at_us, result, error


def millis(unix_us: int) -> int:
    """A time in the payload of an invocation."""
    return unix_us // 1_000


def moment(unix_us: int) -> datetime:
    """A time in an answer of the API."""
    return datetime.fromtimestamp(unix_us / 1_000_000, UTC)


def apply_update(known: Operation | None, update: Mapping[str, Any], now_us: int) -> Operation:
    """What an operation is after an update of a checkpoint. Raises InvalidUpdate."""
    kind, action = update["Type"], update["Action"]
    if known is not None and known.kind != kind:
        raise InvalidUpdate(f"Operation {known.id} is a {known.kind}, not a {kind}.")
    if known is not None and known.over:
        raise InvalidUpdate(f"Operation {known.id} has ended already.")
    operation = known or Operation(
        update["Id"], kind, now_us, parent_id=update.get("ParentId"), name=update.get("Name"),
        sub_type=update.get("SubType"),
    )  # fmt: skip
    payload, error = update.get("Payload"), update.get("Error")
    if action == "START":
        operation.status = STARTED
        operation.next_attempt_us = None
        operation.input = payload
        _start(operation, update, now_us)
    elif action == "SUCCEED":
        operation.attempt += kind == STEP
        operation.replay_children = bool((update.get("ContextOptions") or {}).get("ReplayChildren"))
        operation.end(SUCCEEDED, now_us, result=payload)
    elif action == "FAIL":
        operation.attempt += kind == STEP
        operation.end(FAILED, now_us, error=error or {})
    elif action == "RETRY" and kind == STEP:
        delay_s = int((update.get("StepOptions") or {}).get("NextAttemptDelaySeconds") or 1)
        operation.attempt += 1
        operation.status, operation.next_attempt_us = PENDING, now_us + delay_s * 1_000_000
        operation.result, operation.error = payload, error
    elif action == "CANCEL" and kind == WAIT:
        operation.end(CANCELLED, now_us)
    else:
        raise InvalidUpdate(f"A {kind} has no {action}.")
    return operation


def _start(operation: Operation, update: Mapping[str, Any], now_us: int) -> None:
    if operation.kind == WAIT:
        seconds = int((update.get("WaitOptions") or {}).get("WaitSeconds") or 1)
        operation.due_us = now_us + seconds * 1_000_000
    elif operation.kind == CALLBACK:
        operation.options = dict(update.get("CallbackOptions") or {})
    elif operation.kind == CHAINED_INVOKE:
        operation.options = dict(update.get("ChainedInvokeOptions") or {})
        if not operation.options.get("FunctionName"):
            raise InvalidUpdate("A CHAINED_INVOKE needs a FunctionName.")
