"""What services refuse of parameters by their models: enumerations, patterns, lengths and ranges.

botocore checks types and minima before it sends anything. The rest is the service's answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.api.calls import ApiCall, ApiError

_ENUM, _PATTERN, _LENGTH, _RANGE = "enum", "pattern", "length", "range"
_ALL = frozenset({_ENUM, _PATTERN, _LENGTH, _RANGE})
# which constraints a service answers for with one error of this form; others have errors of their own
_CHECKED: Mapping[str, tuple[str, frozenset[str]]] = {
    "lambda": ("ValidationException", _ALL),
    "events": ("ValidationException", _ALL),
    "scheduler": ("ValidationException", _ALL),
    "pipes": ("ValidationException", _ALL),
    "stepfunctions": ("ValidationException", frozenset({_ENUM})),
    "kinesis": ("ValidationException", frozenset({_ENUM})),
    "logs": ("InvalidParameterException", frozenset({_ENUM})),
}
# runs make these by the thousand, and what is wrong with them is said elsewhere
_OWN_CHECKS = frozenset(
    {
        ("lambda", "Invoke"), ("lambda", "InvokeAsync"), ("lambda", "InvokeWithResponseStream"),
        ("events", "PutEvents"), ("kinesis", "PutRecord"), ("kinesis", "PutRecords"), ("kinesis", "GetRecords"),
        ("logs", "PutLogEvents"), ("stepfunctions", "StartExecution"),
        ("stepfunctions", "StartSyncExecution"), ("lambda", "CheckpointDurableExecution"),
        ("lambda", "GetDurableExecutionState"), ("lambda", "CreateEventSourceMapping"),
        ("lambda", "UpdateEventSourceMapping"),
    }
)  # fmt: skip
_OWN_LIMITS = frozenset(
    {
        "MemorySize", "Timeout", "ExecutionTimeout", "ExecutionEnvironmentMemoryGiBPerVCpu",
        "PerExecutionEnvironmentMaxConcurrency",
    }
)  # fmt: skip

Fault = tuple[str, str, str]  # the value as it is shown ("" for what is secret), its place, the constraint
Check = Callable[[Any, str], Iterator[Fault]]


class Constraints:
    """Checks the calls of services that answer all faults of a request in one sentence."""

    services = tuple(_CHECKED)

    def __init__(self) -> None:
        self._checks: dict[tuple[str, str], Check] = {}

    def __call__(self, call: ApiCall) -> None:
        """Before a call's attempt. Raises ApiError."""
        found = _CHECKED[call.service]
        if (call.service, call.operation) in _OWN_CHECKS or call.client is None:
            return
        code, kinds = found
        key = (call.service, call.operation)
        check = self._checks.get(key)
        if check is None:
            shape = call.client.meta.service_model.operation_model(call.operation).input_shape
            check = self._checks[key] = _nothing if shape is None else _checker(shape, kinds, {})
        faults = list(check(call.params, ""))
        if faults:
            raise ApiError(code, _told(faults), 400)


def _told(faults: list[Fault]) -> str:
    parts = [
        f"Value{_quoted(shown)} at '{place}' failed to satisfy constraint: {constraint}"
        for shown, place, constraint in faults
    ]
    return f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: {'; '.join(parts)}"


def _quoted(shown: str) -> str:
    return f" '{shown}'" if shown else ""


def _nothing(value: Any, place: str) -> Iterator[Fault]:
    return iter(())


def _checker(shape: Any, kinds: frozenset[str], made: dict[str, Check]) -> Check:
    """The check of a shape; `made` has those of the containers around it, which may refer to each other."""
    if shape.type_name not in ("structure", "list", "map"):
        return _scalar(shape, kinds)
    if shape.name not in made:
        made[shape.name] = lambda value, place: made[shape.name](value, place)  # until the real one stands
        made[shape.name] = _container(shape, kinds, made)
    return made[shape.name]


def _container(shape: Any, kinds: frozenset[str], made: dict[str, Check]) -> Check:
    most = shape.metadata.get("max") if _LENGTH in kinds else None
    if shape.type_name == "structure":
        members = {name: _checker(member, kinds, made) for name, member in shape.members.items()}

        def structure(value: Any, place: str) -> Iterator[Fault]:
            for name, inner in value.items() if isinstance(value, dict) else ():
                if name in members and name not in _OWN_LIMITS and inner is not None:
                    yield from members[name](inner, f"{place}.{_camel(name)}" if place else _camel(name))

        return structure
    if shape.type_name == "list":
        element = _checker(shape.member, kinds, made)

        def sequence(value: Any, place: str) -> Iterator[Fault]:
            if most is not None and len(value) > most:
                yield f"[{', '.join(map(str, value))}]", place, f"Member must have length less than or equal to {most}"
            for number, inner in enumerate(value, 1):
                yield from element(inner, f"{place}.{number}.member")

        return sequence
    content = _checker(shape.value, kinds, made)

    def mapping(value: Any, place: str) -> Iterator[Fault]:
        for name, inner in value.items():
            yield from content(inner, f"{place}.{name}.member")

    return mapping


def _scalar(shape: Any, kinds: frozenset[str]) -> Check:
    metadata = shape.metadata
    allowed = metadata.get("enum") if _ENUM in kinds else None
    most = metadata.get("max")
    pattern = _compiled(metadata.get("pattern")) if _PATTERN in kinds else None
    secret = bool(metadata.get("sensitive"))
    text = shape.type_name == "string"
    if not (allowed or pattern or most is not None):
        return _nothing

    def scalar(value: Any, place: str) -> Iterator[Fault]:
        shown = "" if secret else str(value)
        if text and isinstance(value, str):
            if allowed and value not in allowed:
                yield shown, place, f"Member must satisfy enum value set: [{', '.join(allowed)}]"
            if most is not None and _LENGTH in kinds and len(value) > most:
                yield shown, place, f"Member must have length less than or equal to {most}"
            if pattern is not None and not pattern.fullmatch(value):
                yield shown, place, f"Member must satisfy regular expression pattern: {metadata['pattern']}"
        elif most is not None and _RANGE in kinds and isinstance(value, int | float) and value > most:
            yield shown, place, f"Member must have value less than or equal to {most}"

    return scalar


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """None for what Python's regular expressions do not know: they are Java's."""
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
