"""One execution of a state machine, and what can be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.kernel.sync import Event
from localcloud.kernel.task import Task
from localcloud.services.states.history import History
from localcloud.trace_header import TraceHeader

RUNNING, SUCCEEDED, FAILED = "RUNNING", "SUCCEEDED", "FAILED"
TIMED_OUT, ABORTED = "TIMED_OUT", "ABORTED"


@dataclass(slots=True)
class Execution:
    """`input_text` and `output_text` are JSON; times are Unix microseconds. `express` has no history that is kept."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    definition: str
    express: bool
    input_text: str
    started_us: int
    finished: Event
    status: str = RUNNING
    stopped_us: int | None = None
    output_text: str | None = None
    error: str | None = None
    cause: str | None = None
    transitions: int = 0
    redrives: int = 0
    history: History = field(default_factory=History)
    trace: TraceHeader | None = None  # when its machine traces
    segment_id: str = ""
    tasks: list[Task] = field(default_factory=list)  # the main one and those of branches and timed tasks

    @property
    def context(self) -> dict[str, Any]:
        """The parts of the context object that stay the same."""
        return {
            "Execution": {
                "Id": self.arn,
                "Name": self.name,
                "RoleArn": self.role_arn,
                "StartTime": iso(self.started_us),
                "RedriveCount": self.redrives,
            },
            "StateMachine": {"Id": self.machine_arn, "Name": self.machine_name},
        }

    def summary(self) -> dict[str, Any]:
        """As ListExecutions has it."""
        found: dict[str, Any] = {
            "executionArn": self.arn,
            "stateMachineArn": self.machine_arn,
            "name": self.name,
            "status": self.status,
            "startDate": moment(self.started_us),
        }
        if self.stopped_us is not None:
            found["stopDate"] = moment(self.stopped_us)
        if self.redrives:
            found["redriveCount"] = self.redrives
        return found

    def description(self) -> dict[str, Any]:
        """As DescribeExecution has it."""
        found = {**self.summary(), "input": self.input_text, "inputDetails": {"included": True}}
        found["redriveCount"] = self.redrives
        if self.output_text is not None:
            found |= {"output": self.output_text, "outputDetails": {"included": True}}
        if self.error is not None:
            found |= {"error": self.error, "cause": self.cause or ""}
        return found


def moment(unix_us: int) -> datetime:
    """A time as boto3 gives it."""
    return datetime.fromtimestamp(unix_us / 1_000_000, UTC)


def iso(unix_us: int) -> str:
    """A time as the context object has it."""
    return moment(unix_us).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
