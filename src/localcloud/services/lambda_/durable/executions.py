"""One durable execution: its operations, its history, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.kernel import Event, Timer
from localcloud.services.lambda_.durable.history import History
from localcloud.services.lambda_.durable.operations import EXECUTION, Error, Operation, moment
from localcloud.services.lambda_.functions import DurableSettings, Function

RUNNING, PAUSED, SUCCEEDED, FAILED = "RUNNING", "PAUSED", "SUCCEEDED", "FAILED"
TIMED_OUT, STOPPED = "TIMED_OUT", "STOPPED"


@dataclass(eq=False, slots=True)
class Execution:
    """`config` is the version that it runs from its beginning to its end. Times are Unix microseconds."""

    arn: str
    id: str
    name: str
    config: Function
    settings: DurableSettings
    qualifier: str
    payload: str
    started_us: int
    finished: Event
    status: str = RUNNING
    ended_us: int | None = None
    result: str | None = None
    error: Error | None = None
    token: int = 0  # the number of the checkpoint token that is valid
    operations: dict[str, Operation] = field(default_factory=dict)
    history: History = field(default_factory=History)
    changed: dict[str, None] = field(default_factory=dict)  # operations since the last checkpoint or invocation
    invoking: bool = False
    woken: bool = False  # something has happened that the function has not seen
    crashes: int = 0  # invocations in a row that failed
    written_bytes: int = 0
    timer: Timer | None = None
    pause: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        self.operations[self.id] = Operation(self.id, EXECUTION, self.started_us, input=self.payload)

    @property
    def over(self) -> bool:
        return self.status not in (RUNNING, PAUSED)

    @property
    def token_text(self) -> str:
        return f"{self.id}.{self.token}"

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "DurableExecutionArn": self.arn, "DurableExecutionName": self.name, "FunctionArn": self.config.arn,
            "Status": self.status, "StartTimestamp": moment(self.started_us),
        }  # fmt: skip
        if self.ended_us is not None:
            found["EndTimestamp"] = moment(self.ended_us)
        return found

    def described(self) -> dict[str, Any]:
        found = {**self.summary(), "InputPayload": self.payload, "Version": self.config.version,
                 "ExecutionDataIncluded": True}  # fmt: skip
        found["DurableConfig"] = {
            "ExecutionTimeout": self.settings.timeout_s, "RetentionPeriodInDays": self.settings.retention_days,
        }  # fmt: skip
        if self.result is not None:
            found["Result"] = self.result
        if self.error is not None:
            found["Error"] = dict(self.error)
        if self.pause is not None:
            found["PauseDetails"] = dict(self.pause)
        return found
