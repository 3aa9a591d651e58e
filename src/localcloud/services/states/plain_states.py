"""The states that call nobody: Pass, Succeed, Fail, Choice and Wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from localcloud.services.states import errors
from localcloud.services.states.choices import timestamp
from localcloud.services.states.data_flow import assign, effective, field, filtered, finish
from localcloud.services.states.definition import State
from localcloud.services.states.errors import StateFailed
from localcloud.services.states.progress import Progress
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.services.states.interpreter import Interpreter

Outcome = tuple[Any, str | None]


def run_pass(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """Hands on its input, or what it is told to say."""
    if state.jsonata:
        output = state.output(view) if state.output is not None else view.state_input
        assign(state.assign, view)
        return output, state.next
    result = state.raw["Result"] if "Result" in state.raw else effective(state, view)
    return finish(state, view, result)


def run_succeed(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """The end, and a good one."""
    if state.jsonata:
        return (state.output(view) if state.output is not None else view.state_input), None
    seen = replace(view, data=filtered(state.input_path, view, "InputPath"))
    return filtered(state.output_path, seen, "OutputPath"), None


def run_fail(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """The end, and a bad one. Raises StateFailed."""
    raise StateFailed(field(state, view, "Error") or "", field(state, view, "Cause") or "")


def run_choice(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """Goes where the first rule that holds points."""
    if not state.jsonata:
        view = replace(view, data=filtered(state.input_path, view, "InputPath"))
    for choice in state.choices:
        met = _condition(choice.condition(view)) if choice.condition is not None else choice.rule(view.scope)  # type: ignore[misc]
        if met:
            output = choice.output(view) if choice.output is not None else _chosen(state, view)
            assign(choice.assign, view)
            return output, choice.next
    if state.default is None:
        raise StateFailed(errors.NO_CHOICE, f"No choice of {state.name!r} matched, and there is no Default.")
    output = _chosen(state, view)
    assign(state.assign, view)
    return output, state.default


def _condition(value: Any) -> bool:
    if not isinstance(value, bool):
        raise StateFailed(errors.QUERY, f"The Condition of a choice must come to true or false, found: {value!r}.")
    return value


def _chosen(state: State, view: View) -> Any:
    if state.jsonata:
        return state.output(view) if state.output is not None else view.state_input
    return filtered(state.output_path, view, "OutputPath")


def run_wait(run: Interpreter, state: State, view: View, progress: Progress) -> Outcome:
    """Lets time pass, for so long or until then."""
    kernel = run.cloud.kernel
    if not state.jsonata:
        view = replace(view, data=filtered(state.input_path, view, "InputPath"))
    seconds = field(state, view, "Seconds")
    if seconds is None:
        given = field(state, view, "Timestamp")
        until = timestamp(given)
        if until is None:
            raise StateFailed(errors.RUNTIME, f"A Wait state needs an RFC 3339 timestamp, found {given!r}.")
        seconds = until.astimezone(UTC).timestamp() - kernel.unix_us / 1e6
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise StateFailed(errors.RUNTIME, f"A Wait state needs a number of seconds, found {seconds!r}.")
    kernel.sleep(max(0, round(seconds * 1e6)))
    output = _chosen(state, view)
    assign(state.assign, view)
    return output, state.next
