"""How data pass through a state: what a field sees, and what becomes of a state's input and result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from localcloud.services.states import errors
from localcloud.services.states.definition import State
from localcloud.services.states.errors import StateFailed
from localcloud.services.states.paths import NoSuchPath
from localcloud.services.states.templates import View


def field(state: State, view: View, name: str) -> Any:
    """What a field comes to; None where the state does not have it."""
    template = state.fields.get(name)
    return None if template is None else template(view)


def effective(state: State, view: View) -> Any:
    """The data that a state works with: filtered by InputPath, shaped by Parameters or Arguments."""
    if state.jsonata:
        return state.arguments(view) if state.arguments is not None else view.state_input
    found = filtered(state.input_path, view, "InputPath")
    if state.parameters is None or state.type == "Map":
        return found
    return state.parameters(replace(view, data=found))


def map_items(state: State, view: View, data: Any) -> list[Any]:
    """The items of a Map state that stand in its input. Raises StateFailed when they are no list."""
    given = view.state_input if state.jsonata else data
    items = field(state, view, "Items") if "Items" in state.fields else given
    if not isinstance(items, list):
        raise StateFailed(errors.RUNTIME, f"The items of the Map state {state.name!r} must be a list, found {items!r}.")
    return items


def filtered(path: Any, view: View, name: str) -> Any:
    """The part of the data that a path points at. Raises StateFailed, naming the field `name`."""
    if path is None:
        return {}
    try:
        return path.get(view.scope)
    except NoSuchPath as exc:
        raise StateFailed(errors.RUNTIME, f"Invalid path '{exc}' in {name}: nothing is there.") from None


def put(path: Any, data: Any, value: Any) -> Any:
    """`data` with `value` where ResultPath says. Raises StateFailed."""
    try:
        return path.put(data, value)
    except NoSuchPath:
        raise StateFailed(
            errors.RESULT_PATH, f"Unable to apply ReferencePath {path.text} to the input of the state."
        ) from None


def assign(chosen: Callable[[View], Any] | None, view: View) -> None:
    """Variables get their values all at once, and are seen from the next state on."""
    if chosen is not None:
        view.variables.update(chosen(view))  # type: ignore[attr-defined]


def finish(state: State, view: View, result: Any) -> tuple[Any, str | None]:
    """The output of a state that has a result, and the name of the next state."""
    if state.jsonata:
        seen = replace(view, result=result)
        output = state.output(seen) if state.output is not None else result
        assign(state.assign, seen)
        return output, state.next
    if state.result_selector is not None:
        result = state.result_selector(replace(view, data=result))
    assign(state.assign, replace(view, data=result))
    raw = view.state_input
    output = raw if state.result_path is None else put(state.result_path, raw, result)
    return filtered(state.output_path, replace(view, data=output), "OutputPath"), state.next
