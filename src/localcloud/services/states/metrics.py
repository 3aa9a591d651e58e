"""What Step Functions publishes of executions and tasks, in the namespace AWS/States."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.services.cloudwatch.store import Series, minute_s
from localcloud.services.states.executions import ABORTED, FAILED, SUCCEEDED, TIMED_OUT, Execution
from localcloud.services.states.memory import Billed

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/States"
_ENDS = {SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", ABORTED: "Aborted"}
# by kind of task: how its metrics begin (plural, singular) and the dimension that they have
ACTIVITY = ("Activities", "Activity", "ActivityArn")
FUNCTION = ("LambdaFunctions", "LambdaFunction", "LambdaFunctionArn")
SERVICE = ("ServiceIntegrations", "ServiceIntegration", "ServiceIntegrationResourceArn")
Family = tuple[str, str, str]


class Metrics:
    """Writes them. Series are looked up once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._series: dict[tuple[str, str, str], Series] = {}

    def execution(self, execution: Execution, name: str, value: float, unit: str = "Count") -> None:
        """One value for the state machine, and for the version and the alias that were asked for."""
        self._add(name, "StateMachineArn", execution.machine_arn, value, unit)
        for dimension, arn in (("Version", execution.version_arn), ("Alias", execution.alias_arn)):
            if arn is not None:
                own = {"StateMachineArn": execution.machine_arn, dimension: arn.rsplit(":", 1)[-1]}
                self._cloud.cloudwatch.record(_NAMESPACE, name, value, own, unit)

    def started(self, execution: Execution) -> None:
        """An execution has begun, or goes on after a redrive."""
        self.execution(execution, "ExecutionsRedriven" if execution.redrives else "ExecutionsStarted", 1)

    def ended(self, execution: Execution, taken_us: int) -> None:
        """An execution has ended."""
        self.execution(execution, f"Executions{_ENDS[execution.status]}", 1)
        if execution.redrives:
            self.execution(execution, f"RedrivenExecutions{_ENDS[execution.status]}", 1)
        self.execution(execution, "ExecutionTime", taken_us / 1_000, "Milliseconds")

    def express(self, execution: Execution, billed: Billed) -> None:
        """What an Express execution is billed for."""
        self.execution(execution, "ExpressExecutionMemory", billed.used_bytes, "Bytes")
        self.execution(execution, "ExpressExecutionBilledMemory", billed.memory_mb * 1_048_576, "Bytes")
        self.execution(execution, "ExpressExecutionBilledDuration", billed.duration_ms, "Milliseconds")

    def task(self, family: Family, arn: str, what: str) -> None:
        """A task was Scheduled or Started, has Succeeded, Failed, TimedOut or HeartbeatTimedOut."""
        plural, _, dimension = family
        self._add(f"{plural}{what}", dimension, arn, 1, "Count")

    def task_times(self, family: Family, arn: str, scheduled_us: int, started_us: int, ended_us: int) -> None:
        """How long a task waited and ran; times are Unix microseconds."""
        _, single, dimension = family
        for name, taken_us in (
            ("ScheduleTime", started_us - scheduled_us), ("RunTime", ended_us - started_us),
            ("Time", ended_us - scheduled_us),
        ):  # fmt: skip
            self._add(f"{single}{name}", dimension, arn, taken_us / 1_000, "Milliseconds")

    def _add(self, name: str, dimension: str, arn: str, value: float, unit: str) -> None:
        key = (name, dimension, arn)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._cloud.cloudwatch.series(_NAMESPACE, name, {dimension: arn}, unit)
        series.add(minute_s(self._cloud.kernel.unix_us), value)
