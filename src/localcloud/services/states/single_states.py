"""TestState: one state by itself, with its real services or with a mocked result.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.states.data_flow import effective, filtered, finish, put
from localcloud.services.states.definition import Machine, State, compile_definition, compile_state
from localcloud.services.states.errors import InvalidDefinition, StateFailed, matches
from localcloud.services.states.executions import Execution, iso
from localcloud.services.states.history import History
from localcloud.services.states.integrations import parse_resource
from localcloud.services.states.interpreter import RUNNERS, Interpreter
from localcloud.services.states.progress import Progress
from localcloud.services.states.tasks import within
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.states.tools import Tools

_MOCKED = ("Task", "Parallel", "Map")


class SingleStates:
    """Answers TestState."""

    def __init__(self, cloud: Cloud, tools: Tools) -> None:
        self._cloud = cloud
        self._tools = tools
        self._longest_s = float(cloud.facts.value("quota.sfn.test_state_s"))

    def install(self) -> None:
        self._cloud.api.register("stepfunctions", "TestState", self._test)

    def _test(self, call: ApiCall) -> dict[str, Any]:
        """Raises ApiError for what cannot be tested."""
        params = call.params
        state, mock = _state(params), params.get("mock")
        if mock is None:
            _check_testable(state)
        elif state.type not in _MOCKED:
            raise _refused(f"A mock cannot be specified for a state of type {state.type}")
        data = _json(params.get("input") or "{}", "input")
        run = self._interpreter(state, params)
        context: dict[str, Any] = {
            **run.execution.context,
            **_json(params.get("context") or "{}", "context"),
            "State": {"Name": state.name, "EnteredTime": iso(self._cloud.kernel.unix_us), "RetryCount": 0},
        }
        context["Execution"] = {"Input": data, **context["Execution"]}
        variables = _json(params.get("variables") or "{}", "variables")
        view = View(data, context, variables, run.stream, state_input=data)
        told: dict[str, Any] = {"input": json.dumps(data)}
        try:
            output, following = self._run(run, state, view, mock, told)
            answer: dict[str, Any] = {"status": "SUCCEEDED", "output": run.text(output), "nextState": following}
        except StateFailed as failure:
            answer = _failed(run, state, view, failure, params.get("stateConfiguration") or {}, told)
        if params.get("inspectionLevel", "INFO") != "INFO":
            told["variables"] = json.dumps(variables)
            answer["inspectionData"] = told
        return {name: value for name, value in answer.items() if value is not None}

    def _interpreter(self, state: State, params: Mapping[str, Any]) -> Interpreter:
        kernel, region, account = self._cloud.kernel, self._cloud.region, self._cloud.account_id
        name = uuid4_text(kernel.streams["states/ids"])
        execution = Execution(
            arn=f"arn:aws:states:{region}:{account}:express:TestState:{name}:{name}", name=name,
            machine_arn=f"arn:aws:states:{region}:{account}:stateMachine:TestState", machine_name="TestState",
            role_arn=params.get("roleArn", ""), definition=params["definition"],
            machine=Machine(state.name, {state.name: state}), express=True, input_text=params.get("input") or "{}",
            started_us=kernel.unix_us, finished=kernel.event(), history=History(kept=False),
        )  # fmt: skip
        return Interpreter(self._cloud, execution, self._tools)

    def _run(
        self, run: Interpreter, state: State, view: View, mock: Mapping[str, Any] | None, told: dict[str, Any]
    ) -> tuple[Any, str | None]:
        if state.type != "Fail":
            _tell_arguments(state, view, told)
        if mock is None:
            return within(run, self._longest_s, lambda: RUNNERS[state.type](run, state, view, Progress()))  # type: ignore[no-any-return]
        if "errorOutput" in mock:
            error = mock["errorOutput"]
            raise StateFailed(error.get("error", ""), error.get("cause", ""))
        result = _json(mock.get("result", "null"), "mock.result")
        _tell_result(state, view, result, told)
        return finish(state, view, result)


def _state(params: Mapping[str, Any]) -> State:
    """The state that is meant: the definition itself, or one of a whole state machine's. Raises ApiError."""
    name = params.get("stateName")
    try:
        if name is None:
            return compile_state(params["definition"])
        found = _named(compile_definition(params["definition"]), name)
    except InvalidDefinition as exc:
        raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{exc}'") from None
    if found is None:
        raise _refused(f"State {name} does not exist in the definition")
    return found


def _named(machine: Machine, name: str) -> State | None:
    for state in machine.states.values():
        if state.name == name:
            return state
        for branch in state.branches:
            if (found := _named(branch, name)) is not None:
                return found
    return None


def _check_testable(state: State) -> None:
    """Raises ApiError for what needs a mock."""
    if state.type in ("Parallel", "Map"):
        raise _refused(f"A mock is required to test a state of type {state.type}")
    if state.type != "Task":
        return
    try:
        resource = parse_resource(state.raw["Resource"])
    except StateFailed:
        return
    if resource.kind == "activity" or resource.pattern:
        raise _refused("A mock is required to test activities and the patterns .sync and .waitForTaskToken")


def _tell_arguments(state: State, view: View, told: dict[str, Any]) -> None:
    if state.jsonata:
        if state.arguments is not None:
            told["afterArguments"] = json.dumps(effective(state, view))
        return
    told["afterInputPath"] = json.dumps(filtered(state.input_path, view, "InputPath"))
    if state.type in ("Task", "Pass", "Parallel"):
        told["afterParameters"] = json.dumps(effective(state, view))


def _tell_result(state: State, view: View, result: Any, told: dict[str, Any]) -> None:
    told["result"] = json.dumps(result)
    if state.jsonata:
        return
    if state.result_selector is not None:
        result = state.result_selector(replace(view, data=result))
    told["afterResultSelector"] = json.dumps(result)
    output = view.state_input if state.result_path is None else put(state.result_path, view.state_input, result)
    told["afterResultPath"] = json.dumps(output)


def _failed(
    run: Interpreter, state: State, view: View, failure: StateFailed, config: Mapping[str, Any], told: dict[str, Any]
) -> dict[str, Any]:
    """What becomes of a failure: a retry, a catcher, or the end. `retrierRetryCount` attempts were made before."""
    answer: dict[str, Any] = {"error": failure.error, "cause": failure.cause}
    tried = int(config.get("retrierRetryCount", 0))
    number = next((n for n, one in enumerate(state.retry) if matches(one.errors, failure)), None)
    if number is not None and tried < state.retry[number].max_attempts:
        delay_s = round(state.retry[number].delay_s(tried))
        told["errorDetails"] = {"retryIndex": number, "retryBackoffIntervalSeconds": delay_s}
        return {**answer, "status": "RETRIABLE"}
    caught = next((n for n, one in enumerate(state.catch) if matches(one.errors, failure)), None)
    if caught is None:
        return {**answer, "status": "FAILED"}
    output, following = run.caught(state, failure, view)
    told["errorDetails"] = {"catchIndex": caught}
    return {**answer, "status": "CAUGHT_ERROR", "output": run.text(output), "nextState": following}


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        code = "InvalidExecutionInput" if name == "input" else "ValidationException"
        raise ApiError(code, f"Invalid {name}: '{exc}'") from None


def _refused(message: str) -> ApiError:
    return ApiError("ValidationException", message)
