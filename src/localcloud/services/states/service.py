"""The Step Functions service: state machines are moto's, their executions are ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.states.activities import Activities
from localcloud.services.states.definition import compile_definition
from localcloud.services.states.errors import InvalidDefinition
from localcloud.services.states.executions import RUNNING, Execution, moment
from localcloud.services.states.express_rules import check_express
from localcloud.services.states.integrations import Integrations
from localcloud.services.states.machines import Machines, Target, page
from localcloud.services.states.map_runs import MapRuns
from localcloud.services.states.metrics import Metrics
from localcloud.services.states.redrives import Redrives
from localcloud.services.states.resource_rules import check_resources
from localcloud.services.states.running import Executions
from localcloud.services.states.single_states import SingleStates
from localcloud.services.states.status_events import StatusEvents
from localcloud.services.states.throttle import Throttle
from localcloud.services.states.tokens import TaskTokens
from localcloud.services.states.tools import Tools

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CHANGEABLE = {"definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"}
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_METADATA = "METADATA_ONLY"


class StepFunctions:
    """Executions of one account."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["states/ids"]
        self._longest_input = int(cloud.facts.value("quota.sfn.payload"))
        metrics = Metrics(cloud)
        self._machines = Machines(cloud, self._ids)
        self._executions = Executions(cloud, metrics, self._ids)
        self._redrives = Redrives(cloud, self._executions)
        self._executions.on_status = StatusEvents(cloud, self._redrives.told).changed
        redrivable = self._may_be_redriven
        self._tools = self._executions.tools = Tools(
            tokens=TaskTokens(cloud),
            metrics=metrics,
            throttle=Throttle(cloud),
            activities=Activities(cloud),
            integrations=Integrations(cloud, self._start_nested, self._executions.stop),
            executions=self._executions,
            map_runs=MapRuns(cloud, self._ids, redrivable),
            redrivable=redrivable,
        )

    def install(self) -> None:
        """Answer the operations on executions, and check definitions."""
        operations: dict[str, Callable[[ApiCall], dict[str, Any]]] = {
            "CreateStateMachine": self._create,
            "UpdateStateMachine": self._update,
            "ValidateStateMachineDefinition": self._validate,
            "StartExecution": self._start_api,
            "StartSyncExecution": self._start_sync,
            "StopExecution": self._stop,
            "RedriveExecution": self._redrives.answer,
            "DescribeExecution": self._describe,
            "DescribeStateMachineForExecution": self._describe_machine_for,
            "ListExecutions": self._list,
            "GetExecutionHistory": self._history,
            "SendTaskSuccess": self._send_success,
            "SendTaskFailure": self._send_failure,
            "SendTaskHeartbeat": self._send_heartbeat,
        }
        for name, operation in operations.items():
            self._cloud.api.register("stepfunctions", name, operation)
        self._machines.install()
        self._tools.activities.install()
        self._tools.map_runs.install()
        SingleStates(self._cloud, self._tools).install()
        self._cloud.events.targets.register("states", self._from_rule)

    # -- definitions ---------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        """The same state machine is not made twice; another one needs another name."""
        params = call.params
        earlier = self._machines.named(params["name"])
        if earlier is not None:
            same = (
                earlier.definition == params["definition"]
                and (earlier.type or "STANDARD") == params.get("type", "STANDARD")
                and _plain(earlier.loggingConfiguration) == _plain(params.get("loggingConfiguration"))
                and _plain(earlier.tracingConfiguration) == _plain(params.get("tracingConfiguration"))
            )
            if not same:
                raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{earlier.arn}'")
        return self._checked(call)

    def _update(self, call: ApiCall) -> dict[str, Any]:
        if not _CHANGEABLE & set(call.params):
            message = (
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
                "specified"
            )
            raise ApiError("MissingRequiredParameter", message)
        return self._checked(call)

    def _checked(self, call: ApiCall) -> dict[str, Any]:
        definition = call.params.get("definition")
        if definition is not None:
            try:
                self._check(call, definition)
            except InvalidDefinition as exc:
                raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{exc}'") from None
        return self._cloud.api.stock(call)

    def _check(self, call: ApiCall, definition: str) -> None:
        """Raises InvalidDefinition."""
        machine = compile_definition(definition)
        check_resources(machine, self._tools.integrations.has_action)
        if self._is_for_express(call):
            check_express(machine)

    def _is_for_express(self, call: ApiCall) -> bool:
        if "stateMachineArn" in call.params:
            return self._machines.find(call.params["stateMachineArn"]).express
        return bool(call.params.get("type") == "EXPRESS")

    def _validate(self, call: ApiCall) -> dict[str, Any]:
        try:
            self._check(call, call.params["definition"])
        except InvalidDefinition as exc:
            code, _, message = str(exc).partition(": ")
            text, _, where = message.rpartition(" at ")
            found = {"severity": "ERROR", "code": code, "message": text or message, "location": where}
            return {"result": "FAIL", "diagnostics": [found], "truncated": False}
        return {"result": "OK", "diagnostics": [], "truncated": False}

    # -- starting ------------------------------------------------------------------------------

    def _start_api(self, call: ApiCall) -> dict[str, Any]:
        execution = self._start(call.params)
        return {"executionArn": execution.arn, "startDate": moment(execution.started_us)}

    def _start(self, params: Mapping[str, Any]) -> Execution:
        """Begin an execution, or find the one that is meant. Raises ApiError."""
        target = self._machines.find(params["stateMachineArn"])
        self._tools.throttle.start(target.express)
        text = self._input(params)
        name = params.get("name") or uuid4_text(self._ids)
        if not _NAME.fullmatch(name):
            raise ApiError("InvalidName", f"Invalid Name: '{name}'")
        if not target.express:
            earlier = self._executions.named(target, name)
            if earlier is not None and earlier.status == RUNNING and earlier.input_text == text:
                return earlier
            if earlier is not None:
                raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{earlier.arn}'")
        return self._executions.start(target, name, text, params.get("traceHeader"))

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

    def _start_sync(self, call: ApiCall) -> dict[str, Any]:
        """Express, waiting for the end."""
        if not self._machines.find(call.params["stateMachineArn"]).express:
            raise _unsupported()
        execution = self._start(call.params)
        execution.finished.wait()
        billed = execution.billed
        assert billed is not None
        details = {"billedMemoryUsedInMB": billed.memory_mb, "billedDurationInMilliseconds": billed.duration_ms}
        answer = {**execution.description(call.params.get("includedData") != _METADATA), "billingDetails": details}
        for name in ("redriveCount", "stateMachineVersionArn", "stateMachineAliasArn"):
            answer.pop(name, None)
        return answer

    def is_standard(self, arn: str) -> bool:
        """Whether there is such a state machine, and it is no express one."""
        try:
            return not self._machines.find(arn).express
        except ApiError:
            return False

    # -- looking and stopping --------------------------------------------------------------------

    def _may_be_redriven(self, execution: Execution) -> bool:
        return self._redrives.reason(execution) is None

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        execution = self._executions.find(call.params["executionArn"])
        told = execution.description(call.params.get("includedData") != _METADATA)
        return {**told, **self._redrives.told(execution)}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        """Of a state machine, a version, an alias or a Map Run; those that run or ended last come first."""
        map_run_arn, machine_arn = call.params.get("mapRunArn"), call.params.get("stateMachineArn")
        if (map_run_arn is None) == (machine_arn is None):
            raise ApiError("ValidationException", "You must provide either a stateMachineArn or a mapRunArn")
        if map_run_arn is not None:
            self._tools.map_runs.find(map_run_arn)
        elif self._target_of(machine_arn).express:
            raise _unsupported()
        wanted, redriven = call.params.get("statusFilter"), call.params.get("redriveFilter")
        found = [
            execution.summary()
            for execution in self._executions.latest_first()
            if wanted in (None, execution.status)
            and (redriven is None or (redriven == "REDRIVEN") == bool(execution.redrives))
            and (
                execution.map_run_arn == map_run_arn
                if map_run_arn is not None
                else machine_arn in (execution.machine_arn, execution.version_arn, execution.alias_arn)
            )
        ]
        return page(call.params, "executions", found)

    def _target_of(self, arn: str | None) -> Target:
        return self._machines.find(arn or "")

    def _history(self, call: ApiCall) -> dict[str, Any]:
        execution = self._executions.find(call.params["executionArn"])
        if execution.express:
            raise _unsupported()
        with_data = call.params.get("includeExecutionData", True)
        recorded = execution.history.events
        found = page(call.params, "events", recorded[::-1] if call.params.get("reverseOrder") else recorded)
        return {**found, "events": [event.answer(with_data) for event in found["events"]]}

    def _describe_machine_for(self, call: ApiCall) -> dict[str, Any]:
        execution = self._executions.find(call.params["executionArn"])
        found = {
            "stateMachineArn": execution.machine_arn,
            "name": execution.machine_name,
            "definition": execution.definition,
            "roleArn": execution.role_arn,
            "updateDate": moment(execution.started_us),
        }
        if execution.map_run_arn is not None:
            found |= {"mapRunArn": execution.map_run_arn, "label": execution.machine_arn.rsplit("/", 1)[-1]}
        return found

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        execution = self._executions.find(call.params["executionArn"])
        if execution.express:
            raise _unsupported()
        self._executions.stop(execution, call.params.get("error"), call.params.get("cause"))
        return {"stopDate": moment(execution.stopped_us or 0)}

    # -- tokens ----------------------------------------------------------------------------------

    def _send_success(self, call: ApiCall) -> dict[str, Any]:
        self._tools.tokens.succeed(call.params["taskToken"], call.params["output"])
        return {}

    def _send_failure(self, call: ApiCall) -> dict[str, Any]:
        self._tools.tokens.fail(call.params["taskToken"], call.params.get("error", ""), call.params.get("cause", ""))
        return {}

    def _send_heartbeat(self, call: ApiCall) -> dict[str, Any]:
        self._tools.tokens.beat(call.params["taskToken"])
        return {}


def _unsupported() -> ApiError:
    message = "This operation is not supported by this type of state machine"
    return ApiError("StateMachineTypeNotSupported", message)


def _plain(configuration: Any) -> str:
    """Settings in a form that compares; without any, what they are by default."""
    found = configuration or {}
    off = not found or found.get("level") == "OFF" or found.get("enabled") is False
    return "" if off else json.dumps(found, sort_keys=True)
