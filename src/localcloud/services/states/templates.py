"""Fields of a state that are worked out when it runs: payload templates, paths and expressions."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.services.states import queries
from localcloud.services.states.errors import PARAMETER_PATH, InvalidDefinition, StateFailed
from localcloud.services.states.intrinsics import compile_intrinsic
from localcloud.services.states.paths import InvalidPath, NoSuchPath, Scope, compile_path

NOTHING = object()  # there is no result (yet)


@dataclass(slots=True)
class View:
    """What a field can see. JSONPath looks at `data`; JSONata at `$states`, which is made of all of them."""

    data: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any]
    stream: random.Random
    state_input: Any = None
    result: Any = NOTHING
    error_output: Any = None

    @property
    def scope(self) -> Scope:
        return Scope(self.data, self.context, self.variables)

    @property
    def states(self) -> dict[str, Any]:
        found = {"input": self.state_input, "context": self.context}
        if self.result is not NOTHING:  # a function's result may well be null
            found["result"] = self.result
        if self.error_output is not None:
            found["errorOutput"] = self.error_output
        return found


Template = Callable[[View], Any]


def payload_template(value: Any) -> Template:
    """A JSONPath payload template: members whose names end in `.$` are paths or intrinsic functions.

    Raises InvalidDefinition.
    """
    if isinstance(value, dict):
        members = [_member(name, inner) for name, inner in value.items()]
        return lambda view: {name: template(view) for name, template in members}
    if isinstance(value, list):
        items = [payload_template(item) for item in value]
        return lambda view: [template(view) for template in items]
    return lambda view: value


def _member(name: str, inner: Any) -> tuple[str, Template]:
    if not name.endswith(".$"):
        return name, payload_template(inner)
    return name[:-2], _dynamic(name, inner)


def _dynamic(name: str, text: Any) -> Template:
    if not isinstance(text, str):
        raise InvalidDefinition(f"The value for the field '{name}' must be a valid JSONPath expression")
    try:
        if text.lstrip().startswith("States."):
            function = compile_intrinsic(text)
            return lambda view: function(view.scope, view.stream)
        path = compile_path(text)
    except InvalidPath as exc:
        raise InvalidDefinition(f"The value for the field '{name}' is not valid: {exc}") from None

    def value(view: View) -> Any:
        try:
            return path.get(view.scope)
        except NoSuchPath:
            raise StateFailed(
                PARAMETER_PATH,
                f"The JSONPath '{text}' specified for the field '{name}' could not be found in the input "
                f"'{json.dumps(view.data, separators=(',', ':'), ensure_ascii=False)}'",
            ) from None

    return value


def query_template(value: Any, field: str = "") -> Template:
    """A JSONata field: every string between {% and %} is an expression. Raises InvalidDefinition.

    `field` is its place in the state, such as "Output/total".
    """
    if isinstance(value, dict):
        members = [(name, query_template(inner, f"{field}/{name}")) for name, inner in value.items()]
        return lambda view: {name: template(view) for name, template in members}
    if isinstance(value, list):
        items = [query_template(item, f"{field}[{number}]") for number, item in enumerate(value)]
        return lambda view: [template(view) for template in items]
    if not queries.is_expression(value):
        return lambda view: value
    try:
        queries.compile_expression(value)
    except ValueError as exc:
        raise InvalidDefinition(str(exc)) from None
    return lambda view: queries.evaluate(value, view.states, dict(view.variables), view.stream, field)
