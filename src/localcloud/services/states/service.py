"""The Step Functions service: state machines are moto's, their executions are ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.models import stepfunctions_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.states.definition import compile_definition
from localcloud.services.states.errors import TIMEOUT, InvalidDefinition, StateFailed
from localcloud.services.states.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Execution, moment
from localcloud.services.states.integrations import Integrations
from localcloud.services.states.interpreter import Interpreter
from localcloud.services.states.tokens import TaskTokens
from localcloud.trace_header import parse

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/States"
_METRICS = {
    SUCCEEDED: "ExecutionsSucceeded", FAILED: "ExecutionsFailed", TIMED_OUT: "ExecutionsTimedOut",
    ABORTED: "ExecutionsAborted",
}  # fmt: skip
_EVENTS = {
    SUCCEEDED: ("ExecutionSucceeded", "executionSucceededEventDetails"),
    FAILED: ("ExecutionFailed", "executionFailedEventDetails"),
    TIMED_OUT: ("ExecutionTimedOut", "executionTimedOutEventDetails"),
    ABORTED: ("ExecutionAborted", "executionAbortedEventDetails"),
}
_DAY_US = 86_400_000_000
_BILLED_MS, _BILLED_MB = 100, 64  # express: duration rounded up to 100 ms, memory in pieces of 64 MB
_PAGE = 100
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}")


class StepFunctions:
    """Executions of one account."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["states/ids"]
        self._tokens = TaskTokens(cloud)
        self._integrations = Integrations(cloud, self._start_nested)
        self._executions: dict[str, Execution] = {}  # standard ones, by ARN
        facts = cloud.facts
        self._longest_input = int(facts.value("quota.sfn.payload"))
        self._kept_us = int(facts.value("quota.sfn.history_retention")) * _DAY_US
        self._express_s = float(facts.value("quota.sfn.express.max_duration"))

    def install(self) -> None:
        """Answer the operations on executions, and check definitions."""
        operations: dict[str, Callable[[ApiCall], dict[str, Any]]] = {
            "CreateStateMachine": self._checked,
            "UpdateStateMachine": self._checked,
            "ValidateStateMachineDefinition": self._validate,
            "StartExecution": self._start_api,
            "StartSyncExecution": self._start_sync,
            "StopExecution": self._stop,
            "RedriveExecution": self._redrive,
            "DescribeExecution": lambda call: self._find(call.params["executionArn"]).description(),
            "DescribeStateMachineForExecution": self._describe_machine_for,
            "ListExecutions": self._list,
            "GetExecutionHistory": self._history,
            "SendTaskSuccess": self._send_success,
            "SendTaskFailure": self._send_failure,
            "SendTaskHeartbeat": self._send_heartbeat,
        }
        for name, operation in operations.items():
            self._cloud.api.register("stepfunctions", name, operation)
        self._cloud.events.targets.register("states", self._from_rule)

    # -- definitions ---------------------------------------------------------------------------

    def _checked(self, call: ApiCall) -> dict[str, Any]:
        definition = call.params.get("definition")
        if definition is not None:
            try:
                compile_definition(definition)
            except InvalidDefinition as exc:
                raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{exc}'") from None
        return self._cloud.api.stock(call)

    def _validate(self, call: ApiCall) -> dict[str, Any]:
        try:
            compile_definition(call.params["definition"])
        except InvalidDefinition as exc:
            code, _, message = str(exc).partition(": ")
            text, _, where = message.rpartition(" at ")
            found = {"severity": "ERROR", "code": code, "message": text or message, "location": where}
            return {"result": "FAIL", "diagnostics": [found], "truncated": False}
        return {"result": "OK", "diagnostics": [], "truncated": False}

    def _machine(self, arn: str) -> Any:
        backend = stepfunctions_backends[self._cloud.account_id][self._cloud.region]
        for machine in backend.state_machines:
            if machine.arn == arn:
                return machine
            if arn.startswith(f"{machine.arn}:"):
                rest = arn.removeprefix(f"{machine.arn}:")
                if rest.isdigit() and int(rest) in machine.versions:
                    return machine.versions[int(rest)]
                if rest in machine.aliases:
                    return self._machine(self._routed(machine.aliases[rest]))
        raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")

    def _routed(self, alias: Any) -> str:
        """The version that an alias sends this execution to, by weight."""
        routes = alias.routing_configuration
        drawn = self._ids.uniform(0, sum(route["weight"] for route in routes))
        for route in routes:
            drawn -= route["weight"]
            if drawn <= 0:
                break
        found: str = route["stateMachineVersionArn"]
        return found

    # -- starting ------------------------------------------------------------------------------

    def _start_api(self, call: ApiCall) -> dict[str, Any]:
        execution = self._start(call.params)
        return {"executionArn": execution.arn, "startDate": moment(execution.started_us)}

    def _start(self, params: Mapping[str, Any]) -> Execution:
        """Begin an execution, or find the one that is meant. Raises ApiError."""
        machine = self._machine(params["stateMachineArn"])
        text = self._input(params)
        name = params.get("name") or uuid4_text(self._ids)
        if not _NAME.fullmatch(name):
            raise ApiError("InvalidName", f"Invalid Name: '{name}'")
        if not _is_express(machine):
            earlier = self._executions.get(self._arn(machine, name))
            if earlier is not None and earlier.status == RUNNING and earlier.input_text == text:
                return earlier
            if earlier is not None and not self._name_is_free(earlier):
                raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{earlier.arn}'")
        execution = self._make(machine, name, text, params.get("traceHeader"))
        self._run_in_task(execution)
        return execution

    def _name_is_free(self, earlier: Execution) -> bool:
        """A name can be used again 90 days after its execution has closed."""
        return earlier.stopped_us is not None and self._cloud.kernel.unix_us - earlier.stopped_us > self._kept_us

    def _start_nested(self, arguments: Mapping[str, Any]) -> Execution:
        """As a Task state asks for it, with names in PascalCase."""
        given = arguments.get("Input", {})
        params = {
            "stateMachineArn": arguments.get("StateMachineArn", ""),
            "input": given if isinstance(given, str) else json.dumps(given),
        }
        if "Name" in arguments:
            params["name"] = arguments["Name"]
        return self._start(params)

    def _from_rule(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        """A rule of EventBridge starts an execution, named after the event."""
        self._start({"stateMachineArn": target["Arn"], "input": text})

    def _input(self, params: Mapping[str, Any]) -> str:
        text: str = params.get("input") or "{}"
        if len(text.encode()) > self._longest_input:
            raise ApiError("InvalidExecutionInput", "Invalid Execution Input: 'The input exceeds the maximum size'")
        try:
            json.loads(text)
        except ValueError as exc:
            raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{exc}'") from None
        return text

    def _arn(self, machine: Any, name: str) -> str:
        kind = "express" if _is_express(machine) else "execution"
        own = machine.arn.split(":stateMachine:")[1].split(":")[0]
        suffix = f":{uuid4_text(self._ids)}" if kind == "express" else ""
        return f"arn:aws:states:{self._cloud.region}:{self._cloud.account_id}:{kind}:{own}:{name}{suffix}"

    def _make(self, machine: Any, name: str, text: str, trace: str | None = None) -> Execution:
        """`trace` is the tracing header in the parameters; that of the request goes before it."""
        kernel = self._cloud.kernel
        execution = Execution(
            arn=self._arn(machine, name),
            name=name,
            machine_arn=machine.arn,
            machine_name=machine.name,
            role_arn=machine.roleArn,
            definition=machine.definition,
            express=_is_express(machine),
            input_text=text,
            started_us=kernel.unix_us,
            finished=kernel.event(),
        )
        if (machine.tracingConfiguration or {}).get("enabled"):
            incoming = self._cloud.tracer.header() or parse(trace)
            execution.trace = self._cloud.xray.sampler.arrive(machine.arn, incoming, active=True)
            execution.segment_id = self._cloud.xray.sampler.new_id()
        if not execution.express:
            self._executions[execution.arn] = execution
        return execution

    # -- running -------------------------------------------------------------------------------

    def _run_in_task(self, execution: Execution) -> None:
        run = self._run_traced if execution.trace is not None else self._run
        task = self._cloud.kernel.spawn(run, execution, name=f"execution {execution.name}", critical=True)
        execution.tasks.append(task)

    def _run_traced(self, execution: Execution) -> None:
        """With a segment of its own, under which its tasks stand; it is recorded at the end."""
        assert execution.trace is not None
        with self._cloud.tracer.span("execution", "stepfunctions", execution.machine_name) as span:
            span.carry(replace(execution.trace, parent=execution.segment_id, links=()))
            self._run(execution)

    def _record_trace(self, execution: Execution) -> None:
        if execution.trace is not None:
            self._cloud.xray.record(
                execution.trace, execution.segment_id, execution.machine_name, "AWS::StepFunctions::StateMachine",
                execution.started_us, 200 if execution.status == SUCCEEDED else 500,
                resource_arn=execution.machine_arn, aws={"execution_arn": execution.arn},
            )  # fmt: skip

    def _run(self, execution: Execution) -> None:
        """To the end, whatever it is. A time-out and StopExecution end it from outside."""
        kernel = self._cloud.kernel
        machine = compile_definition(execution.definition)
        self._measure(execution, "ExecutionsStarted", 1)
        execution.history.add(
            kernel.unix_us, "ExecutionStarted", "executionStartedEventDetails",
            input=execution.input_text, roleArn=execution.role_arn,
        )  # fmt: skip
        limits = [machine.timeout_s, self._express_s if execution.express else None]
        longest_s = min((limit for limit in limits if limit is not None), default=None)
        timer = None
        if longest_s is not None:
            timer = kernel.call_later(round(longest_s * 1e6), self._time_out, execution)
        interpreter = Interpreter(self._cloud, execution, self._integrations, self._tokens)
        data = json.loads(execution.input_text)
        context = execution.context
        context["Execution"]["Input"] = data
        try:
            output = interpreter.run(machine, data, {}, context)
        except StateFailed as failure:
            self._end(execution, FAILED, error=failure.error, cause=failure.cause)
        else:
            self._end(execution, SUCCEEDED, output=json.dumps(output, separators=(",", ":"), ensure_ascii=False))
        finally:
            if timer is not None:
                timer.cancel()

    def _time_out(self, execution: Execution) -> None:
        self._stop_tasks(execution)
        self._end(execution, TIMED_OUT, error=TIMEOUT)

    def _stop_tasks(self, execution: Execution) -> None:
        for task in execution.tasks:
            if not task.done:
                self._cloud.kernel.kill(task)

    def _end(
        self,
        execution: Execution,
        status: str,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        if execution.status != RUNNING:
            return
        kernel = self._cloud.kernel
        execution.status, execution.stopped_us = status, kernel.unix_us
        execution.output_text, execution.error, execution.cause = output, error, cause
        execution.tasks.clear()
        self._record_trace(execution)
        kind, key = _EVENTS[status]
        execution.history.add(kernel.unix_us, kind, key, output=output, error=error, cause=cause)
        self._measure(execution, _METRICS[status], 1)
        taken_us = execution.stopped_us - execution.started_us
        self._measure(execution, "ExecutionTime", taken_us / 1_000, "Milliseconds")
        self._bill(execution, taken_us)
        execution.finished.set()

    def _bill(self, execution: Execution, taken_us: int) -> None:
        meter, name = self._cloud.meter, execution.machine_name
        if execution.express:
            billed_ms = max(1, -(-taken_us // (_BILLED_MS * 1_000))) * _BILLED_MS
            meter.add("states.express_requests", 1, name)
            meter.add("states.express_gb_s", billed_ms / 1_000 * _BILLED_MB / 1_024, name)
        else:
            meter.add("states.transitions", execution.transitions, name)
            execution.transitions = 0

    def _measure(self, execution: Execution, metric: str, value: float, unit: str = "Count") -> None:
        dimensions = {"StateMachineArn": execution.machine_arn}
        series = self._cloud.cloudwatch.series(_NAMESPACE, metric, dimensions, unit)
        series.add(minute_s(self._cloud.kernel.unix_us), value)

    # -- express, waiting for the end ------------------------------------------------------------

    def _start_sync(self, call: ApiCall) -> dict[str, Any]:
        machine = self._machine(call.params["stateMachineArn"])
        if not _is_express(machine):
            raise _unsupported()
        execution = self._start(call.params)
        execution.finished.wait()
        assert execution.stopped_us is not None
        taken_ms = (execution.stopped_us - execution.started_us) // 1_000
        billed_ms = -(-taken_ms // _BILLED_MS) * _BILLED_MS
        details = {"billedMemoryUsedInMB": _BILLED_MB, "billedDurationInMilliseconds": billed_ms}
        answer = {**execution.description(), "billingDetails": details}
        answer.pop("redriveCount")
        return answer

    def is_standard(self, arn: str) -> bool:
        """Whether there is such a state machine, and it is no express one."""
        backend = stepfunctions_backends[self._cloud.account_id][self._cloud.region]
        machine = next((one for one in backend.state_machines if one.arn == arn), None)
        return machine is not None and not _is_express(machine)

    # -- looking and stopping --------------------------------------------------------------------

    def _find(self, arn: str) -> Execution:
        found = self._executions.get(arn)
        if found is None:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found

    def _list(self, call: ApiCall) -> dict[str, Any]:
        machine = self._machine(call.params["stateMachineArn"])
        if _is_express(machine):
            raise _unsupported()
        wanted = call.params.get("statusFilter")
        found = [
            execution.summary()
            for execution in reversed(self._executions.values())
            if execution.machine_arn == machine.arn and wanted in (None, execution.status)
        ]
        return _page(call.params, "executions", found)

    def _history(self, call: ApiCall) -> dict[str, Any]:
        events = [event.answer() for event in self._find(call.params["executionArn"]).history.events]
        if call.params.get("reverseOrder"):
            events.reverse()
        return _page(call.params, "events", events)

    def _describe_machine_for(self, call: ApiCall) -> dict[str, Any]:
        execution = self._find(call.params["executionArn"])
        return {
            "stateMachineArn": execution.machine_arn,
            "name": execution.machine_name,
            "definition": execution.definition,
            "roleArn": execution.role_arn,
            "updateDate": moment(execution.started_us),
        }

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        execution = self._find(call.params["executionArn"])
        if execution.status == RUNNING:
            self._stop_tasks(execution)
            self._end(execution, ABORTED, error=call.params.get("error"), cause=call.params.get("cause"))
        return {"stopDate": moment(execution.stopped_us or 0)}

    def _redrive(self, call: ApiCall) -> dict[str, Any]:
        execution = self._find(call.params["executionArn"])
        raise ApiError(
            "ExecutionNotRedrivable",
            f"The local cloud does not simulate redriving '{execution.arn}'; start a new execution.",
        )

    # -- tokens ----------------------------------------------------------------------------------

    def _send_success(self, call: ApiCall) -> dict[str, Any]:
        self._tokens.succeed(call.params["taskToken"], call.params["output"])
        return {}

    def _send_failure(self, call: ApiCall) -> dict[str, Any]:
        self._tokens.fail(call.params["taskToken"], call.params.get("error", ""), call.params.get("cause", ""))
        return {}

    def _send_heartbeat(self, call: ApiCall) -> dict[str, Any]:
        self._tokens.beat(call.params["taskToken"])
        return {}


def _is_express(machine: Any) -> bool:
    return bool(machine.type == "EXPRESS")


def _unsupported() -> ApiError:
    message = "This operation is not supported by this type of state machine"
    return ApiError("StateMachineTypeNotSupported", message)


def _page(params: Mapping[str, Any], member: str, items: list[Any]) -> dict[str, Any]:
    first, size = int(params.get("nextToken") or 0), int(params.get("maxResults") or _PAGE)
    answer: dict[str, Any] = {member: items[first : first + size]}
    if len(items) > first + size:
        answer["nextToken"] = str(first + size)
    return answer
