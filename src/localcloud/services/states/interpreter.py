"""Runs the states of one execution, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from localcloud.services.states import errors
from localcloud.services.states.choices import timestamp
from localcloud.services.states.definition import Catcher, Machine, Retrier, State
from localcloud.services.states.errors import StateFailed, matches
from localcloud.services.states.executions import Execution, iso
from localcloud.services.states.integrations import TOKEN, Integrations, Resource, parse_resource
from localcloud.services.states.paths import NoSuchPath
from localcloud.services.states.templates import View
from localcloud.services.states.tokens import TaskTokens

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

Variables = dict[str, Any]
_MOST_BYTES = 4  # of a character in UTF-8


class Interpreter:
    """One execution's run. What its states raise is StateFailed."""

    def __init__(self, cloud: Cloud, execution: Execution, integrations: Integrations, tokens: TaskTokens) -> None:
        self._cloud = cloud
        self._execution = execution
        self._integrations = integrations
        self._tokens = tokens
        self._stream = cloud.kernel.streams["states/random"]
        self._longest = int(cloud.facts.value("quota.sfn.payload"))
        self._most_events = int(cloud.facts.value("quota.sfn.history"))
        kind = "express" if execution.express else "standard"
        self._transition = f"model.api.sfn.{kind}.transition"

    def run(self, machine: Machine, data: Any, variables: Variables, context: Mapping[str, Any]) -> Any:
        """The output of the machine (or of one branch) for an input."""
        name: str | None = machine.start_at
        while name is not None:
            data, name = self._state(machine.states[name], data, variables, context)
        return data

    # -- one state -----------------------------------------------------------------------------

    def _state(
        self, state: State, data: Any, variables: Variables, context: Mapping[str, Any]
    ) -> tuple[Any, str | None]:
        """Its output and the name of the next state (None at the end), after retries and catchers."""
        kernel = self._cloud.kernel
        kernel.sleep(self._cloud.latency.fact_us(self._transition))
        self._execution.transitions += 1
        entered_us = kernel.unix_us
        self._note(f"{state.type}StateEntered", "stateEnteredEventDetails", name=state.name, input=self._text(data))
        attempts = [0] * len(state.retry)
        while True:
            retries = sum(attempts)
            inner = {
                **context,
                "State": {"Name": state.name, "EnteredTime": iso(entered_us), "RetryCount": retries},
            }
            view = View(data, inner, variables, self._stream, state_input=data)
            try:
                output, following = _RUNS[state.type](self, state, view)
            except StateFailed as failure:
                number = next((n for n, one in enumerate(state.retry) if matches(one.errors, failure)), None)
                if number is not None and attempts[number] < state.retry[number].max_attempts:
                    self._pause(state.retry[number], attempts[number])
                    attempts[number] += 1
                    self._execution.transitions += 1  # a retry is a transition too
                    continue
                output, following = self._caught(state, failure, view)
            text = self._text(output)
            if state.type != "Fail":
                self._note(f"{state.type}StateExited", "stateExitedEventDetails", name=state.name, output=text)
            return output, following

    def _pause(self, retrier: Retrier, attempt: int) -> None:
        delay_s = retrier.delay_s(attempt)
        self._cloud.kernel.sleep(round((self._stream.uniform(0, delay_s) if retrier.jitter else delay_s) * 1e6))

    def _caught(self, state: State, failure: StateFailed, view: View) -> tuple[Any, str]:
        catcher = next((one for one in state.catch if matches(one.errors, failure)), None)
        if catcher is None:
            raise failure
        view = replace(view, error_output=failure.output)
        if state.jsonata:
            output = catcher.output(view) if catcher.output is not None else failure.output
        else:
            output = self._placed(catcher, view, failure)
            view.data = failure.output
        self._assign(catcher.assign, view)
        return output, catcher.next

    def _placed(self, catcher: Catcher, view: View, failure: StateFailed) -> Any:
        if catcher.result_path is None:
            return view.state_input
        return self._put(catcher.result_path, view.state_input, failure.output)

    # -- fields --------------------------------------------------------------------------------

    def _effective(self, state: State, view: View) -> Any:
        """The data that a state works with: filtered by InputPath, shaped by Parameters or Arguments."""
        if state.jsonata:
            return state.arguments(view) if state.arguments is not None else view.state_input
        filtered = self._filtered(state.input_path, view, "InputPath")
        if state.parameters is None or state.type == "Map":
            return filtered
        return state.parameters(replace(view, data=filtered))

    def _filtered(self, path: Any, view: View, name: str) -> Any:
        if path is None:
            return {}
        try:
            return path.get(view.scope)
        except NoSuchPath as exc:
            raise StateFailed(errors.RUNTIME, f"Invalid path '{exc}' in {name}: nothing is there.") from None

    def _put(self, path: Any, data: Any, value: Any) -> Any:
        try:
            return path.put(data, value)
        except NoSuchPath:
            raise StateFailed(
                errors.RESULT_PATH, f"Unable to apply ReferencePath {path.text} to the input of the state."
            ) from None

    def _finish(self, state: State, view: View, result: Any) -> tuple[Any, str | None]:
        """The output of a state that has a result."""
        if state.jsonata:
            seen = replace(view, result=result)
            output = state.output(seen) if state.output is not None else result
            self._assign(state.assign, seen)
            return output, state.next
        if state.result_selector is not None:
            result = state.result_selector(replace(view, data=result))
        self._assign(state.assign, replace(view, data=result))
        raw = view.state_input
        output = raw if state.result_path is None else self._put(state.result_path, raw, result)
        return self._filtered(state.output_path, replace(view, data=output), "OutputPath"), state.next

    @staticmethod
    def _assign(assign: Callable[[View], Any] | None, view: View) -> None:
        """Variables get their values all at once, and are seen from the next state on."""
        if assign is not None:
            view.variables.update(assign(view))  # type: ignore[attr-defined]

    def _field(self, state: State, view: View, name: str) -> Any:
        template = state.fields.get(name)
        return None if template is None else template(view)

    # -- the types -----------------------------------------------------------------------------

    def _pass(self, state: State, view: View) -> tuple[Any, str | None]:
        if state.jsonata:
            output = state.output(view) if state.output is not None else view.state_input
            self._assign(state.assign, view)
            return output, state.next
        result = state.raw["Result"] if "Result" in state.raw else self._effective(state, view)
        return self._finish(state, view, result)

    def _succeed(self, state: State, view: View) -> tuple[Any, str | None]:
        if state.jsonata:
            return (state.output(view) if state.output is not None else view.state_input), None
        filtered = replace(view, data=self._filtered(state.input_path, view, "InputPath"))
        return self._filtered(state.output_path, filtered, "OutputPath"), None

    def _fail(self, state: State, view: View) -> tuple[Any, str | None]:
        raise StateFailed(self._field(state, view, "Error") or "", self._field(state, view, "Cause") or "")

    def _choice(self, state: State, view: View) -> tuple[Any, str | None]:
        if not state.jsonata:
            view = replace(view, data=self._filtered(state.input_path, view, "InputPath"))
        for choice in state.choices:
            met = choice.condition(view) is True if choice.condition is not None else choice.rule(view.scope)  # type: ignore[misc]
            if met:
                output = choice.output(view) if choice.output is not None else self._chosen(state, view)
                self._assign(choice.assign, view)
                return output, choice.next
        if state.default is None:
            raise StateFailed(errors.NO_CHOICE, f"No choice of {state.name!r} matched, and there is no Default.")
        output = self._chosen(state, view)
        self._assign(state.assign, view)
        return output, state.default

    def _chosen(self, state: State, view: View) -> Any:
        if state.jsonata:
            return state.output(view) if state.output is not None else view.state_input
        return self._filtered(state.output_path, view, "OutputPath")

    def _wait(self, state: State, view: View) -> tuple[Any, str | None]:
        kernel = self._cloud.kernel
        if not state.jsonata:
            view = replace(view, data=self._filtered(state.input_path, view, "InputPath"))
        seconds = self._field(state, view, "Seconds")
        if seconds is None:
            given = self._field(state, view, "Timestamp")
            until = timestamp(given)
            if until is None:
                raise StateFailed(errors.RUNTIME, f"A Wait state needs an RFC 3339 timestamp, found {given!r}.")
            seconds = until.astimezone(UTC).timestamp() - kernel.unix_us / 1e6
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise StateFailed(errors.RUNTIME, f"A Wait state needs a number of seconds, found {seconds!r}.")
        kernel.sleep(max(0, round(seconds * 1e6)))
        if state.jsonata:
            output = state.output(view) if state.output is not None else view.state_input
            self._assign(state.assign, view)
            return output, state.next
        self._assign(state.assign, view)
        return self._filtered(state.output_path, view, "OutputPath"), state.next

    def _task(self, state: State, view: View) -> tuple[Any, str | None]:
        resource = parse_resource(state.raw["Resource"])
        token = self._tokens.new() if resource.pattern == TOKEN else None
        if token is not None:
            view = replace(view, context={**view.context, "Task": {"Token": token}})
        arguments = self._effective(state, view)
        timeout_s = self._field(state, view, "TimeoutSeconds")
        heartbeat_s = self._field(state, view, "HeartbeatSeconds")
        self._scheduled(resource, arguments, timeout_s, heartbeat_s)
        try:
            if token is not None:
                result = self._tokens.wait(
                    token, lambda: self._integrations.call(resource, arguments), timeout_s, heartbeat_s
                )
            elif timeout_s is not None:
                result = self._within(timeout_s, lambda: self._integrations.call(resource, arguments))
            else:
                result = self._integrations.call(resource, arguments)
        except StateFailed as failure:
            self._failed(resource, failure)
            raise
        self._succeeded(resource, result)
        return self._finish(state, view, result)

    def _within(self, timeout_s: float, call: Callable[[], Any]) -> Any:
        kernel = self._cloud.kernel
        task = kernel.spawn(call, name="task")
        self._execution.tasks.append(task)
        try:
            if not task.join(round(timeout_s * 1e6)):
                raise StateFailed(errors.TIMEOUT, "", by_task=True)
            return task.result()
        finally:
            if not task.done:
                kernel.kill(task)

    def _parallel(self, state: State, view: View) -> tuple[Any, str | None]:
        data = self._effective(state, view)
        self._note("ParallelStateStarted")
        jobs = [
            lambda branch=branch: self.run(branch, data, dict(view.variables), view.context)
            for branch in state.branches
        ]
        results, failures = self._together(jobs, len(jobs), 0)
        if failures:
            self._note("ParallelStateFailed")
            raise failures[0]
        self._note("ParallelStateSucceeded")
        return self._finish(state, view, results)

    def _map(self, state: State, view: View) -> tuple[Any, str | None]:
        data = self._effective(state, view)
        seen = replace(view, data=data) if not state.jsonata else view
        items = (
            self._field(state, seen, "Items")
            if "Items" in state.fields
            else (data if not state.jsonata else view.state_input)
        )
        if not isinstance(items, list):
            raise StateFailed(
                errors.RUNTIME, f"The items of the Map state {state.name!r} must be a list, found {items!r}."
            )
        most = int(self._field(state, seen, "MaxConcurrency") or 0) or len(items)
        tolerated = self._tolerated(state, seen, len(items))
        self._note("MapStateStarted", "mapStateStartedEventDetails", length=len(items))
        jobs = [lambda n=n, item=item: self._iteration(state, seen, n, item) for n, item in enumerate(items)]
        results, failures = self._together(jobs, most, tolerated)
        if len(failures) > tolerated:
            self._note("MapStateFailed")
            raise (
                failures[0]
                if not tolerated
                else StateFailed(errors.TOLERATED_EXCEEDED, "The specified tolerated failure threshold was exceeded")
            )
        self._note("MapStateSucceeded")
        return self._finish(state, view, [result for result in results if result is not _NOTHING])

    def _tolerated(self, state: State, view: View, count: int) -> int:
        share = self._field(state, view, "ToleratedFailurePercentage")
        number = self._field(state, view, "ToleratedFailureCount")
        allowed = [int(number)] if number is not None else []
        if share is not None:
            allowed.append(int(count * share // 100))
        return min(allowed, default=0)

    def _iteration(self, state: State, view: View, index: int, item: Any) -> Any:
        context = {**view.context, "Map": {"Item": {"Index": index, "Value": item}}}
        details = {"name": state.name, "index": index}
        self._note("MapIterationStarted", "mapIterationStartedEventDetails", **details)
        given = item
        if state.parameters is not None:
            given = state.parameters(replace(view, context=context))
        try:
            output = self.run(state.branches[0], given, dict(view.variables), context)
        except StateFailed:
            self._note("MapIterationFailed", "mapIterationFailedEventDetails", **details)
            raise
        self._note("MapIterationSucceeded", "mapIterationSucceededEventDetails", **details)
        return output

    def _together(
        self, jobs: Sequence[Callable[[], Any]], most: int, tolerated: int
    ) -> tuple[list[Any], list[StateFailed]]:
        """Run jobs side by side, at most `most` at once. When more than `tolerated` fail, the others are stopped."""
        kernel = self._cloud.kernel
        results: list[Any] = [_NOTHING] * len(jobs)
        failures: list[StateFailed] = []
        other: list[BaseException] = []
        woken, waiting = kernel.event(), list(range(len(jobs)))
        running: dict[int, Any] = {}

        def work(number: int) -> None:
            try:
                results[number] = jobs[number]()
            except StateFailed as failure:
                failures.append(failure)
            except Exception as exc:  # noqa: BLE001 - a fault of ours: it is raised where somebody waits
                other.append(exc)
            finally:
                running.pop(number, None)
                woken.set()

        try:
            while (waiting or running) and len(failures) <= tolerated and not other:
                while waiting and len(running) < most:
                    number = waiting.pop(0)
                    running[number] = kernel.spawn(work, number, name=f"branch {number}")
                    self._execution.tasks.append(running[number])
                woken.wait()
                woken.clear()
        finally:  # also when this branch is itself stopped from outside
            for task in list(running.values()):
                kernel.kill(task)
        if other:
            raise other[0]
        return results, failures

    # -- history -------------------------------------------------------------------------------

    def _text(self, value: Any) -> str:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        if len(text) * _MOST_BYTES > self._longest and len(text.encode()) > self._longest:
            raise StateFailed(
                errors.DATA_LIMIT,
                "The state/task returned a result with a size exceeding the maximum number of bytes service limit.",
            )
        return text

    def _note(self, kind: str, key: str = "", **details: Any) -> None:
        history = self._execution.history
        if not self._execution.express and len(history.events) >= self._most_events - 1:
            raise StateFailed(
                errors.RUNTIME,
                f"The execution reached the maximum number of history events ({self._most_events}).",
            )
        history.add(self._cloud.kernel.unix_us, kind, key, **details)

    def _scheduled(self, resource: Resource, arguments: Any, timeout_s: Any, heartbeat_s: Any) -> None:
        if resource.kind == "function":
            self._note(
                "LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", resource=resource.action,
                input=self._text(arguments), timeoutInSeconds=timeout_s,
            )  # fmt: skip
            self._note("LambdaFunctionStarted")
            return
        place = _place(resource)
        self._note(
            "TaskScheduled", "taskScheduledEventDetails", **place, region=self._cloud.region,
            parameters=self._text(arguments), timeoutInSeconds=timeout_s, heartbeatInSeconds=heartbeat_s,
        )  # fmt: skip
        self._note("TaskStarted", "taskStartedEventDetails", **place)

    def _succeeded(self, resource: Resource, result: Any) -> None:
        text = self._text(result)
        if resource.kind == "function":
            self._note("LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails", output=text)
        else:
            self._note("TaskSucceeded", "taskSucceededEventDetails", **_place(resource), output=text)

    def _failed(self, resource: Resource, failure: StateFailed) -> None:
        told = {"error": failure.error, "cause": failure.cause}
        how = "TimedOut" if failure.error in (errors.TIMEOUT, errors.HEARTBEAT_TIMEOUT) else "Failed"
        if resource.kind == "function":
            self._note(f"LambdaFunction{how}", f"lambdaFunction{how}EventDetails", **told)
        else:
            self._note(f"Task{how}", f"task{how}EventDetails", **_place(resource), **told)


class _Nothing:
    """The place of a result that did not come."""


_NOTHING = _Nothing()


def _place(resource: Resource) -> dict[str, str]:
    service = f"aws-sdk:{resource.service}" if resource.kind == "sdk" else resource.service
    return {"resourceType": service, "resource": f"{resource.action}{resource.pattern}"}


_RUNS: Mapping[str, Callable[[Interpreter, State, View], tuple[Any, str | None]]] = {
    "Choice": Interpreter._choice,
    "Fail": Interpreter._fail,
    "Map": Interpreter._map,
    "Parallel": Interpreter._parallel,
    "Pass": Interpreter._pass,
    "Succeed": Interpreter._succeed,
    "Task": Interpreter._task,
    "Wait": Interpreter._wait,
}
