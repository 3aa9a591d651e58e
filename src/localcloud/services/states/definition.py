"""State machines, checked and compiled from their definition in the Amazon States Language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from localcloud.services.states.choices import Rule, compile_rule
from localcloud.services.states.errors import ALL, InvalidDefinition
from localcloud.services.states.map_schema import is_distributed
from localcloud.services.states.paths import InvalidPath, Path, compile_path
from localcloud.services.states.queries import is_expression
from localcloud.services.states.schema import JSONATA, JSONPATH, check_machine, check_state, invalid
from localcloud.services.states.templates import Template, payload_template, query_template

_ROOT = compile_path("$")


@dataclass(frozen=True, slots=True)
class Retrier:
    """When and how often a failed state is tried again. Times are seconds."""

    errors: tuple[str, ...]
    interval_s: float = 1.0
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_s: float | None = None
    jitter: bool = False

    def delay_s(self, attempt: int) -> float:
        """Before the attempt with this number, counted from 0, without jitter."""
        delay = self.interval_s * self.backoff_rate**attempt
        return delay if self.max_delay_s is None else min(delay, self.max_delay_s)


@dataclass(frozen=True, slots=True)
class Catcher:
    """Where a failure goes, and how its output joins the state's input."""

    errors: tuple[str, ...]
    next: str
    result_path: Path | None = _ROOT
    output: Template | None = None
    assign: Template | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One rule of a Choice state. `rule` is for JSONPath, `condition` for JSONata."""

    next: str
    rule: Rule | None = None
    condition: Template | None = None
    output: Template | None = None
    assign: Template | None = None


@dataclass(slots=True)
class State:
    """One state. Fields that it does not have are None."""

    name: str
    type: str
    raw: Mapping[str, Any]
    jsonata: bool
    next: str | None = None
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()
    input_path: Path | None = _ROOT
    output_path: Path | None = _ROOT
    result_path: Path | None = _ROOT
    parameters: Template | None = None
    result_selector: Template | None = None
    arguments: Template | None = None
    output: Template | None = None
    assign: Template | None = None
    choices: tuple[Choice, ...] = ()
    default: str | None = None
    branches: tuple[Machine, ...] = ()
    fields: dict[str, Template] = field(default_factory=dict)  # others that are worked out, by their plain name

    distributed: bool = False  # a Map whose iterations are executions of their own


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, or a branch of one."""

    start_at: str
    states: Mapping[str, State]
    timeout_s: float | None = None


@lru_cache(maxsize=256)
def compile_definition(text: str) -> Machine:
    """Raises InvalidDefinition with the place of the first fault."""
    try:
        parsed = json.loads(text)
    except ValueError as exc:
        raise InvalidDefinition(f"INVALID_JSON_DESCRIPTION: {exc}") from None
    machine = _machine(parsed, "", JSONPATH)
    _check_names(machine, "", set())
    return machine


def compile_state(text: str, name: str = "State") -> State:
    """One state by itself, wherever its Next leads. Raises InvalidDefinition."""
    try:
        parsed = json.loads(text)
    except ValueError as exc:
        raise InvalidDefinition(f"INVALID_JSON_DESCRIPTION: {exc}") from None
    return _state(name, parsed, "", JSONPATH)


def _machine(parsed: Any, where: str, language: str, inner: str = "") -> Machine:
    check_machine(parsed, where, inner)
    language = parsed.get("QueryLanguage", language)
    described = parsed["States"]
    if parsed["StartAt"] not in described:
        raise invalid(f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {parsed['StartAt']}", f"{where}/StartAt")
    states = {name: _state(name, raw, f"{where}/States/{name}", language) for name, raw in described.items()}
    for name, state in states.items():
        for target in _targets(state):
            if target not in states:
                raise invalid(f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target}", f"{where}/States/{name}")
    _check_reach(parsed["StartAt"], states, where)
    return Machine(parsed["StartAt"], states, parsed.get("TimeoutSeconds"))


def _targets(state: State) -> list[str]:
    found = [state.next, state.default, *(choice.next for choice in state.choices)]
    return [target for target in (*found, *(catcher.next for catcher in state.catch)) if target is not None]


def _check_reach(start_at: str, states: Mapping[str, State], where: str) -> None:
    reached, ahead = {start_at}, [start_at]
    while ahead:
        new = [target for target in _targets(states[ahead.pop()]) if target not in reached]
        reached.update(new)
        ahead += new
    for name in states:
        if name not in reached:
            raise invalid(f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable.', f"{where}/States/{name}")


def _check_names(machine: Machine, where: str, seen: set[str]) -> None:
    """Names are unique in the whole definition, also inside branches."""
    for name in machine.states:
        if name in seen:
            raise invalid(f"DUPLICATE_STATE_NAME: Duplicate State name: {name}", f"{where}/States/{name}")
        seen.add(name)
    for name, state in machine.states.items():
        for branch in state.branches:
            _check_names(branch, f"{where}/States/{name}", seen)


def _state(name: str, raw: Any, where: str, language: str) -> State:
    check_state(raw, where, language)
    jsonata = raw.get("QueryLanguage", language) == JSONATA
    state = State(name, raw["Type"], raw, jsonata, next=raw.get("Next"))
    try:
        _compile_fields(state, raw, where)
    except (InvalidPath, InvalidDefinition) as exc:
        text = str(exc)
        raise (exc if text.startswith(("SCHEMA", "MISSING")) else invalid(text, where)) from None
    used = JSONATA if jsonata else JSONPATH
    if state.type == "Parallel":
        branches = raw.get("Branches")
        if not isinstance(branches, list) or not branches:
            raise invalid("Field Branches is required", f"{where}/Branches")
        state.branches = tuple(_machine(branch, f"{where}/Branches[{n}]", used) for n, branch in enumerate(branches))
    if state.type == "Map":
        processor = raw.get("ItemProcessor", raw.get("Iterator"))
        if processor is None:
            raise invalid("Field ItemProcessor is required", f"{where}/ItemProcessor")
        state.branches = (_machine(processor, f"{where}/ItemProcessor", used, inner="ItemProcessor"),)
        state.distributed = is_distributed(raw)
    return state


def _compile_fields(state: State, raw: Mapping[str, Any], where: str) -> None:
    for name, attribute in (("InputPath", "input_path"), ("OutputPath", "output_path"), ("ResultPath", "result_path")):
        if name in raw:
            setattr(state, attribute, None if raw[name] is None else compile_path(raw[name]))
    for name, attribute in (
        ("Parameters", "parameters"), ("ItemSelector", "parameters"), ("ResultSelector", "result_selector"),
        ("Arguments", "arguments"), ("Output", "output"), ("Assign", "assign"),
    ):  # fmt: skip
        if name in raw and not (state.type == "Choice" and name == "Choices"):
            setattr(state, attribute, query_template(raw[name], name) if state.jsonata else payload_template(raw[name]))
    state.retry = tuple(
        _retrier(one, f"{where}/Retry[{n}]", raw["Retry"]) for n, one in enumerate(raw.get("Retry", ()))
    )
    state.catch = tuple(
        _catcher(one, f"{where}/Catch[{n}]", raw["Catch"], state.jsonata) for n, one in enumerate(raw.get("Catch", ()))
    )
    if state.type == "Choice":
        _compile_choices(state, raw, where)
    if state.type == "Task" and not isinstance(raw.get("Resource"), str):
        raise invalid("Field Resource is required", f"{where}/Resource")
    _compile_others(state, raw)


def _compile_others(state: State, raw: Mapping[str, Any]) -> None:
    """Fields that may be a constant, a path (with Path at the end of their name) or an expression."""
    for name in ("Seconds", "Timestamp", "TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause", "Items",
                 "MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):  # fmt: skip
        if name in raw:
            value = raw[name]
            if state.jsonata:
                state.fields[name] = query_template(value, name)
            else:
                state.fields[name] = payload_template(value)
        elif f"{name}Path" in raw:
            state.fields[name] = _path_template(raw[f"{name}Path"])
    if state.type == "Wait" and len({"Seconds", "Timestamp"} & set(state.fields)) != 1:
        raise InvalidDefinition("A Wait state needs exactly one of Seconds, SecondsPath, Timestamp, TimestampPath")
    if state.type == "Map":
        if "ItemsPath" in raw:
            state.fields["Items"] = _path_template(raw["ItemsPath"])
        _compile_map(state, raw)


def _compile_map(state: State, raw: Mapping[str, Any]) -> None:
    """What is inside ItemReader, ItemBatcher and ResultWriter; named "ItemReader.MaxItems" and so on."""
    template = query_template if state.jsonata else payload_template
    reader, batcher = raw.get("ItemReader", {}), raw.get("ItemBatcher", {})
    for name, inner in (("ItemReader", reader), ("ResultWriter", raw.get("ResultWriter", {}))):
        arguments = inner.get("Arguments", inner.get("Parameters"))
        if arguments is not None:
            state.fields[f"{name}.Arguments"] = template(arguments)
    if "BatchInput" in batcher:
        state.fields["ItemBatcher.BatchInput"] = template(batcher["BatchInput"])
    config = reader.get("ReaderConfig", {})
    for holder, inner, name in (
        ("ItemReader", config, "MaxItems"), ("ItemBatcher", batcher, "MaxItemsPerBatch"),
        ("ItemBatcher", batcher, "MaxInputBytesPerBatch"),
    ):  # fmt: skip
        if name in inner:
            state.fields[f"{holder}.{name}"] = template(inner[name])
        elif f"{name}Path" in inner:
            state.fields[f"{holder}.{name}"] = _path_template(inner[f"{name}Path"])


def _path_template(path: Any) -> Template:
    """What stands at a path."""
    whole = payload_template({"value.$": path})
    return lambda view: whole(view)["value"]


def _compile_choices(state: State, raw: Mapping[str, Any], where: str) -> None:
    described = raw.get("Choices")
    if not isinstance(described, list) or not described:
        raise invalid("Field Choices is required", f"{where}/Choices")
    found = []
    for number, one in enumerate(described):
        if not isinstance(one, dict) or not isinstance(one.get("Next"), str):
            raise invalid("Field Next is required", f"{where}/Choices[{number}]")
        template = query_template if state.jsonata else payload_template
        members: dict[str, Any] = {"assign": template(one["Assign"]) if "Assign" in one else None}
        if state.jsonata:
            if not is_expression(one.get("Condition")) and not isinstance(one.get("Condition"), bool):
                raise invalid("Field Condition is required", f"{where}/Choices[{number}]")
            members["condition"] = query_template(one["Condition"], f"Choices[{number}]/Condition")
            members["output"] = query_template(one["Output"], f"Choices[{number}]/Output") if "Output" in one else None
        else:
            members["rule"] = compile_rule(one)
        found.append(Choice(one["Next"], **members))
    state.choices, state.default = tuple(found), raw.get("Default")


def _errors(one: Any, where: str, all_of_them: list[Any]) -> tuple[str, ...]:
    errors = one.get("ErrorEquals")
    if not isinstance(errors, list) or not errors:
        raise invalid("Field ErrorEquals is required, with at least one error name", f"{where}/ErrorEquals")
    if ALL in errors and (len(errors) > 1 or one is not all_of_them[-1]):
        raise invalid(f"{ALL} must appear alone, and in the last retrier or catcher", f"{where}/ErrorEquals")
    return tuple(errors)


def _retrier(one: Any, where: str, all_of_them: list[Any]) -> Retrier:
    attempts = one.get("MaxAttempts", 3)
    if not isinstance(attempts, int) or attempts < 0:
        raise invalid("MaxAttempts must be a whole number of at least 0", f"{where}/MaxAttempts")
    return Retrier(
        errors=_errors(one, where, all_of_them),
        interval_s=one.get("IntervalSeconds", 1),
        max_attempts=attempts,
        backoff_rate=one.get("BackoffRate", 2.0),
        max_delay_s=one.get("MaxDelaySeconds"),
        jitter=one.get("JitterStrategy", "NONE") == "FULL",
    )


def _catcher(one: Any, where: str, all_of_them: list[Any], jsonata: bool) -> Catcher:
    if not isinstance(one.get("Next"), str):
        raise invalid("Field Next is required", f"{where}/Next")
    template = query_template if jsonata else payload_template
    path = one.get("ResultPath", "$")
    return Catcher(
        errors=_errors(one, where, all_of_them),
        next=one["Next"],
        result_path=None if path is None else compile_path(path),
        output=query_template(one["Output"], "Catch/Output") if "Output" in one else None,
        assign=template(one["Assign"]) if "Assign" in one else None,
    )
