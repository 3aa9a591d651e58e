"""Runs the states of one execution, in virtual time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.principals import Principal
from localcloud.services.states import errors
from localcloud.services.states.branching import run_map, run_parallel
from localcloud.services.states.data_flow import assign, put
from localcloud.services.states.definition import Catcher, Machine, Retrier, State
from localcloud.services.states.errors import StateFailed, matches
from localcloud.services.states.executions import Execution, iso
from localcloud.services.states.plain_states import run_choice, run_fail, run_pass, run_succeed, run_wait
from localcloud.services.states.progress import Progress
from localcloud.services.states.tasks import run_task
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.states.integrations import Resource
    from localcloud.services.states.tools import Tools

Variables = dict[str, Any]
Runner = Callable[["Interpreter", State, View, Progress], tuple[Any, str | None]]
_MOST_BYTES = 4  # of a character in UTF-8
# what goes wrong with the data of a state, rather than with what it calls: the cause says where
_OF_THE_LANGUAGE = (errors.RUNTIME, errors.PARAMETER_PATH, errors.RESULT_PATH, errors.INTRINSIC, errors.QUERY)
_WHERE = "An error occurred while executing the state"


class Interpreter:
    """One execution's run. What its states raise is StateFailed."""

    def __init__(self, cloud: Cloud, execution: Execution, tools: Tools) -> None:
        self.cloud = cloud
        self.execution = execution
        self.tools = tools
        self.stream = cloud.kernel.streams["states/random"]
        self.longest_bytes = int(cloud.facts.value("quota.sfn.payload"))
        self.most_iterations = int(cloud.facts.value("quota.sfn.inline_map_concurrency"))
        self._most_events = int(cloud.facts.value("quota.sfn.history"))
        # a session of one's own for each execution
        session = hashlib.sha256(execution.arn.encode()).hexdigest()[:32]
        self._principal = Principal(execution.role_arn, session)
        kind = "express" if execution.express else "standard"
        self._transition = f"model.api.sfn.{kind}.transition"

    def run(
        self, machine: Machine, data: Any, variables: Variables, context: Mapping[str, Any], progress: Progress
    ) -> Any:
        """The output of the machine (or of one branch) for an input; goes on where `progress` stands."""
        name: str | None = machine.start_at
        again = progress.at is not None
        if again:  # a redrive: the state that did not end well, with what it was given
            name, data, variables = progress.at, progress.data, progress.variables
        progress.variables = variables
        text = self.text(data)
        self._hold(progress, text)
        while name is not None:
            progress.at, progress.data = name, data
            data, text, name = self._state(machine.states[name], data, text, variables, context, progress, again)
            again = False
            self._over(progress)
            self._hold(progress, text)
        progress.done, progress.output = True, data
        return data

    def call(self, resource: Resource, arguments: Any, submitted: Callable[[Any], None] = lambda answer: None) -> Any:
        """What a service answers to the state machine's role. Raises StateFailed; see Integrations.call."""
        return self.tools.integrations.call(self._principal, resource, arguments, submitted)

    def _hold(self, progress: Progress, text: str) -> None:
        if self.execution.express:
            self.execution.memory.hold(progress, text)

    def _over(self, progress: Progress) -> None:
        """Forget the branches, iterations and Map Run of a state that has ended, or begins anew."""
        if self.execution.express:
            self.execution.memory.let_go(progress)
        progress.inner, progress.map_run = None, None

    # -- one state -----------------------------------------------------------------------------

    def _state(
        self,
        state: State,
        data: Any,
        text: str,
        variables: Variables,
        context: Mapping[str, Any],
        progress: Progress,
        again: bool,
    ) -> tuple[Any, str, str | None]:
        """Its output, that as JSON and the name of the next state (None at the end), after retries and catchers.

        `text` is the input as JSON. `again`: an earlier attempt of the execution has entered it.
        """
        kernel = self.cloud.kernel
        kernel.sleep(self.cloud.latency.fact_us(self._transition) + self._held_back_us())
        self.execution.transitions += 1
        entered_us = kernel.unix_us
        if not again or state.type == "Fail":
            self.note(_ENTERED[state.type], "stateEnteredEventDetails", name=state.name, input=text)
        entered = self.execution.history.count
        attempts = [0] * len(state.retry)
        while True:
            retries = sum(attempts)
            inner = {
                **context,
                "State": {"Name": state.name, "EnteredTime": iso(entered_us), "RetryCount": retries},
            }
            view = View(data, inner, variables, self.stream, state_input=data)
            try:
                output, following = RUNNERS[state.type](self, state, view, progress)
            except StateFailed as failure:
                if failure.error in _OF_THE_LANGUAGE and state.type != "Fail" and not failure.cause.startswith(_WHERE):
                    failure.cause = f"{_WHERE} '{state.name}' (entered at the event id #{entered}). {failure.cause}"
                if failure.error == errors.QUERY:
                    self.note(
                        "EvaluationFailed", "evaluationFailedEventDetails",
                        error=failure.error, cause=failure.cause, state=state.name,
                    )  # fmt: skip
                number = next((n for n, one in enumerate(state.retry) if matches(one.errors, failure)), None)
                if number is not None and attempts[number] < state.retry[number].max_attempts:
                    self._pause(state.retry[number], attempts[number])
                    attempts[number] += 1
                    self.execution.transitions += 1  # a retry is a transition too
                    self._over(progress)  # and begins anew
                    continue
                output, following = self.caught(state, failure, view)
            text = self.text(output)
            if state.type != "Fail":
                self.note(_EXITED[state.type], "stateExitedEventDetails", name=state.name, output=text)
            return output, text, following

    def _held_back_us(self) -> int:
        """How long the transition has to wait for the account's rate of transitions."""
        if self.execution.express:
            return 0
        wait_us = self.tools.throttle.transition_us()
        if wait_us:
            self.tools.metrics.execution(self.execution, "ExecutionThrottled", 1)
        return wait_us

    def _pause(self, retrier: Retrier, attempt: int) -> None:
        delay_s = retrier.delay_s(attempt)
        self.cloud.kernel.sleep(round((self.stream.uniform(0, delay_s) if retrier.jitter else delay_s) * 1e6))

    def caught(self, state: State, failure: StateFailed, view: View) -> tuple[Any, str]:
        """The output and the next state by the first catcher for a failure. Raises it when there is none."""
        catcher = next((one for one in state.catch if matches(one.errors, failure)), None)
        if catcher is None:
            raise failure
        view = replace(view, error_output=failure.output)
        if state.jsonata:
            output = catcher.output(view) if catcher.output is not None else failure.output
        else:
            output = _placed(catcher, view, failure)
            view.data = failure.output
        assign(catcher.assign, view)
        return output, catcher.next

    # -- history -------------------------------------------------------------------------------

    def text(self, value: Any) -> str:
        """Data as JSON. Raises StateFailed above the limit on payloads."""
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        if len(text) * _MOST_BYTES > self.longest_bytes and len(text.encode()) > self.longest_bytes:
            raise StateFailed(
                errors.DATA_LIMIT,
                "The state/task returned a result with a size exceeding the maximum number of bytes service limit.",
            )
        return text

    def note(self, kind: str, key: str = "", **details: Any) -> None:
        """An event of the execution's history. Raises StateFailed when there are too many."""
        history = self.execution.history
        if not self.execution.express and history.count >= self._most_events - 1:
            raise StateFailed(
                errors.RUNTIME,
                f"The execution reached the maximum number of history events ({self._most_events}).",
            )
        history.add(self.cloud.kernel.unix_us, kind, key, **details)


def _placed(catcher: Catcher, view: View, failure: StateFailed) -> Any:
    if catcher.result_path is None:
        return view.state_input
    return put(catcher.result_path, view.state_input, failure.output)


RUNNERS: Mapping[str, Runner] = {
    "Choice": run_choice,
    "Fail": run_fail,
    "Map": run_map,
    "Parallel": run_parallel,
    "Pass": run_pass,
    "Succeed": run_succeed,
    "Task": run_task,
    "Wait": run_wait,
}
_ENTERED = {kind: f"{kind}StateEntered" for kind in RUNNERS}
_EXITED = {kind: f"{kind}StateExited" for kind in RUNNERS}
