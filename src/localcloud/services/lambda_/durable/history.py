"""The history of a durable execution, as GetDurableExecutionHistory tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localcloud.services.lambda_.durable.operations import (
    CALLBACK,
    CANCELLED,
    CHAINED_INVOKE,
    CONTEXT,
    FAILED,
    PENDING,
    STEP,
    STOPPED,
    SUCCEEDED,
    TIMED_OUT,
    WAIT,
    Error,
    Operation,
    moment,
)

_WORDS = {CONTEXT: "Context", STEP: "Step", WAIT: "Wait", CALLBACK: "Callback", CHAINED_INVOKE: "ChainedInvoke"}
_ENDS = {SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", CANCELLED: "Cancelled", STOPPED: "Stopped"}


@dataclass(slots=True)
class History:
    """Events in the order in which they happened, numbered from 1."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, at_us: int, details: dict[str, Any] | None = None, **members: Any) -> None:
        event = {"EventType": kind, "EventId": len(self.events) + 1, "EventTimestamp": moment(at_us)}
        event |= {name: value for name, value in members.items() if value is not None}
        self.events.append({**event, f"{kind}Details": details or {}})

    def started(self, operation: Operation, at_us: int) -> None:
        """An operation has begun."""
        details: dict[str, Any] = {}
        if operation.kind == WAIT and operation.due_us is not None:
            seconds = (operation.due_us - operation.started_us) // 1_000_000
            details = {"Duration": seconds, "ScheduledEndTimestamp": moment(operation.due_us)}
        elif operation.kind == CALLBACK:
            details = {"CallbackId": operation.callback_id}
            for name, option in (("Timeout", "TimeoutSeconds"), ("HeartbeatTimeout", "HeartbeatTimeoutSeconds")):
                if operation.options.get(option):
                    details[name] = operation.options[option]
        elif operation.kind == CHAINED_INVOKE:
            details = {"FunctionName": operation.options["FunctionName"], "Input": {"Payload": operation.input or ""}}
        self._operation(f"{_WORDS[operation.kind]}Started", operation, at_us, details)

    def ended(self, operation: Operation, at_us: int) -> None:
        """An operation is over, or an attempt of a step has failed and another one will follow."""
        if operation.status == PENDING:
            delay_s = ((operation.next_attempt_us or at_us) - at_us) // 1_000_000
            retry = {"CurrentAttempt": operation.attempt, "NextAttemptDelaySeconds": delay_s}
            self._operation("StepFailed", operation, at_us, {**_outcome(operation), "RetryDetails": retry})
            return
        details = _outcome(operation)
        if operation.kind == STEP:
            details["RetryDetails"] = {"CurrentAttempt": operation.attempt}
        if operation.kind == WAIT and operation.due_us is not None:
            details = {"Duration": (operation.due_us - operation.started_us) // 1_000_000}
        self._operation(f"{_WORDS[operation.kind]}{_ENDS[operation.status]}", operation, at_us, details)

    def _operation(self, kind: str, operation: Operation, at_us: int, details: dict[str, Any]) -> None:
        self.add(
            kind, at_us, details, Id=operation.id, Name=operation.name, ParentId=operation.parent_id,
            SubType=operation.sub_type,
        )  # fmt: skip

    def invocation(self, started_us: int, ended_us: int, request_id: str, error: Error | None) -> None:
        """One invocation of the function is over."""
        details: dict[str, Any] = {
            "StartTimestamp": moment(started_us), "EndTimestamp": moment(ended_us), "RequestId": request_id,
        }  # fmt: skip
        if error is not None:
            details["Error"] = {"Payload": dict(error), "Truncated": False}
        self.add("InvocationCompleted", ended_us, details)


def _outcome(operation: Operation) -> dict[str, Any]:
    if operation.error is not None:
        return {"Error": {"Payload": dict(operation.error), "Truncated": False}}
    return {"Result": {"Payload": operation.result or "", "Truncated": False}}
