"""One execution of a state machine, and what can be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from localcloud.kernel.sync import Event
from localcloud.kernel.task import Task
from localcloud.services.states.definition import Machine
from localcloud.services.states.history import History
from localcloud.services.states.memory import Billed, Memory
from localcloud.services.states.progress import Progress
from localcloud.trace_header import TraceHeader

RUNNING, SUCCEEDED, FAILED = "RUNNING", "SUCCEEDED", "FAILED"
TIMED_OUT, ABORTED = "TIMED_OUT", "ABORTED"


@dataclass(slots=True)
class Execution:
    """`input_text` and `output_text` are JSON; times are Unix microseconds. `express` has no history that is kept.

    `machine_arn` has no version or alias; `version_arn` and `alias_arn` are those that it was started with.
    A child of a Map Run has `map_run_arn` and so many items.
    """

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    definition: str
    machine: Machine
    express: bool
    input_text: str
    started_us: int
    finished: Event
    history: History
    version_arn: str | None = None
    alias_arn: str | None = None
    map_run_arn: str | None = None
    item_count: int | None = None
    status: str = RUNNING
    stopped_us: int | None = None
    output_text: str | None = None
    error: str | None = None
    cause: str | None = None
    transitions: int = 0
    redrives: int = 0
    redriven_us: int | None = None
    progress: Progress = field(default_factory=Progress)
    memory: Memory = field(default_factory=Memory)  # of Express executions
    billed: Billed | None = None  # an Express execution that has ended
    trace: TraceHeader | None = None  # when its machine traces
    segment_id: str = ""
    tasks: list[Task] = field(default_factory=list)  # the main one and those of branches and timed tasks
    on_end: Callable[[Execution], None] | None = None

    @property
    def context(self) -> dict[str, Any]:
        """The parts of the context object that stay the same."""
        found: dict[str, Any] = {
            "Execution": {
                "Id": self.arn,
                "Name": self.name,
                "RoleArn": self.role_arn,
                "StartTime": iso(self.started_us),
                "RedriveCount": self.redrives,
            },
            "StateMachine": {"Id": self.machine_arn, "Name": self.machine_name},
        }
        if self.redriven_us is not None:
            found["Execution"]["RedriveTime"] = iso(self.redriven_us)
        return found

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
        for name, value in (
            ("mapRunArn", self.map_run_arn), ("itemCount", self.item_count),
            ("stateMachineVersionArn", self.version_arn), ("stateMachineAliasArn", self.alias_arn),
        ):  # fmt: skip
            if value is not None:
                found[name] = value
        if self.redriven_us is not None:
            found |= {"redriveCount": self.redrives, "redriveDate": moment(self.redriven_us)}
        return found

    def description(self, with_data: bool = True) -> dict[str, Any]:
        """As DescribeExecution has it, with the data that went in and came out or without."""
        found = self.summary()
        found.pop("itemCount", None)
        found["redriveCount"] = self.redrives
        if not with_data:
            return found
        found |= {"input": self.input_text, "inputDetails": {"included": True}}
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
    return f"{_second(unix_us // 1_000_000)}.{unix_us // 1_000 % 1_000:03}Z"


@lru_cache(maxsize=256)
def _second(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
