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

# what JSONata fields must come to: how it is called, its types, its least value
_KINDS: dict[str, tuple[str, tuple[type, ...], int | None]] = {
    "Seconds": ("an integer", (int,), 0),
    "TimeoutSeconds": ("an integer", (int,), 1),
    "HeartbeatSeconds": ("an integer", (int,), 1),
    "MaxConcurrency": ("an integer", (int,), 0),
    "ToleratedFailureCount": ("an integer", (int,), 0),
    "ToleratedFailurePercentage": ("a number", (int, float), 0),
    "Timestamp": ("a string", (str,), None),
    "Error": ("a string", (str,), None),
    "Cause": ("a string", (str,), None),
    "Items": ("an array or an object", (list, dict), None),
}


def field(state: State, view: View, name: str) -> Any:
    """What a field comes to; None where the state does not have it.

    Raises StateFailed when a JSONata expression gives what the field cannot be.
    """
    template = state.fields.get(name)
    value = None if template is None else template(view)
    if template is not None and state.jsonata and name in _KINDS:
        _check_kind(state, name, value)
    return value


def _check_kind(state: State, name: str, value: Any) -> None:
    expected, kinds, least = _KINDS[name]
    fits = isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)
    where = f"The JSONata expression '{_source(state.raw.get(name))}' specified for the field '{name}' returned"
    if not fits:
        raise StateFailed(errors.QUERY, f"{where} an unexpected result type. Expected {expected}, found: {value!r}.")
    if least is not None and value < least:
        raise StateFailed(errors.QUERY, f"{where} a value that is out of range: {value!r}.")


def _source(raw: Any) -> str:
    return raw.strip()[2:-2].strip() if isinstance(raw, str) else str(raw)


def effective(state: State, view: View) -> Any:
    """The data that a state works with: filtered by InputPath, shaped by Parameters or Arguments."""
    if state.jsonata:
        return state.arguments(view) if state.arguments is not None else view.state_input
    found = filtered(state.input_path, view, "InputPath")
    if state.parameters is None or state.type == "Map":
        return found
    return state.parameters(replace(view, data=found))


def map_items(state: State, view: View, data: Any) -> tuple[list[Any], bool]:
    """The items of a Map state that stand in its input: those of a list, or (True) the pairs of an object.

    Raises StateFailed when they are neither.
    """
    given = view.state_input if state.jsonata else data
    items = field(state, view, "Items") if "Items" in state.fields else given
    if isinstance(items, dict):
        return [{"Key": key, "Value": value} for key, value in items.items()], True
    if not isinstance(items, list):
        raise StateFailed(
            errors.RUNTIME, f"The items of the Map state {state.name!r} must be an array or an object, found {items!r}."
        )
    return items, False


def filtered(path: Any, view: View, name: str) -> Any:
    """The part of the data that a path points at. Raises StateFailed, naming the field `name`."""
    if path is None:
        return {}
    try:
        return path.get(view.scope)
    except NoSuchPath as exc:
        raise StateFailed(errors.RUNTIME, f"Invalid path '{exc}': No results for the path of {name}.") from None


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
