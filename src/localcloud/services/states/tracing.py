"""X-Ray's view of an execution: one segment, under which its tasks stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.services.states.executions import SUCCEEDED, Execution
from localcloud.trace_header import parse

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Tracing:
    """Traces the executions of machines that ask for it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def arrive(self, execution: Execution, machine: Any, given: str | None) -> None:
        """Decide whether it is traced. `given` is the header in the parameters; that of the request goes before it."""
        if not (machine.tracingConfiguration or {}).get("enabled"):
            return
        incoming = self._cloud.tracer.header() or parse(given)
        execution.trace = self._cloud.xray.sampler.arrive(machine.arn, incoming, active=True)
        execution.segment_id = self._cloud.xray.sampler.new_id()

    def run(self, execution: Execution, body: Callable[[Execution], None]) -> None:
        """Run the execution within its segment."""
        if execution.trace is None:
            body(execution)
            return
        with self._cloud.tracer.span("execution", "stepfunctions", execution.machine_name) as span:
            span.carry(execution.trace._replace(parent=execution.segment_id, links=()))
            body(execution)

    def ended(self, execution: Execution) -> None:
        """Record the segment."""
        if execution.trace is None:
            return
        self._cloud.xray.record(
            execution.trace, execution.segment_id, execution.machine_name, "AWS::StepFunctions::StateMachine",
            execution.started_us, 200 if execution.status == SUCCEEDED else 500,
            resource_arn=execution.machine_arn, aws={"execution_arn": execution.arn},
        )  # fmt: skip
