"""The shape of definitions in the Amazon States Language: which fields a state has, and of what type.

Source: the Amazon States Language specification and the Step Functions developer guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.services.states.choices import timestamp
from localcloud.services.states.errors import InvalidDefinition
from localcloud.services.states.map_schema import check_map
from localcloud.services.states.queries import is_expression

TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
TERMINAL = ("Succeed", "Fail")
JSONPATH, JSONATA = "JSONPath", "JSONata"

_LONGEST_NAME = 80
_LONGEST_DELAY_S = 31_622_399
_MOST_ATTEMPTS = 99_999_999

_MACHINE = {"Comment", "StartAt", "States", "QueryLanguage"}
_OUTERMOST = _MACHINE | {"TimeoutSeconds", "Version"}
_PROCESSOR = _MACHINE | {"ProcessorConfig"}
_GOES_ON = {"Next", "End"}
_FAILS = {"Retry", "Catch"}
_BRANCHES = _GOES_ON | _FAILS
_TIMED = {"TimeoutSeconds", "HeartbeatSeconds"}
_MAP = {"ItemProcessor", "Iterator", "ItemSelector", "MaxConcurrency", "ToleratedFailureCount",
        "ToleratedFailurePercentage", "Label", "ItemReader", "ItemBatcher", "ResultWriter"}  # fmt: skip
_IN_BOTH: Mapping[str, set[str]] = {
    "Task": _BRANCHES | _TIMED | {"Resource", "Assign", "Credentials"},
    "Pass": _GOES_ON | {"Assign"},
    "Choice": {"Choices", "Default", "Assign"},
    "Wait": _GOES_ON | {"Seconds", "Timestamp", "Assign"},
    "Succeed": set(),
    "Fail": {"Error", "Cause"},
    "Parallel": _BRANCHES | {"Branches", "Assign"},
    "Map": _BRANCHES | _MAP | {"Assign"},
}
_PATHS = {"InputPath", "OutputPath"}
_RESULT = {"ResultPath", "ResultSelector"}
_ONLY_JSONPATH: Mapping[str, set[str]] = {
    "Task": _PATHS | _RESULT | {"Parameters", "TimeoutSecondsPath", "HeartbeatSecondsPath"},
    "Pass": _PATHS | {"Parameters", "Result", "ResultPath"},
    "Choice": _PATHS,
    "Wait": _PATHS | {"SecondsPath", "TimestampPath"},
    "Succeed": _PATHS,
    "Fail": {"ErrorPath", "CausePath"},
    "Parallel": _PATHS | _RESULT | {"Parameters"},
    "Map": _PATHS | _RESULT | {"Parameters", "ItemsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath",
                               "ToleratedFailurePercentagePath"},
}  # fmt: skip
_ONLY_JSONATA: Mapping[str, set[str]] = {
    "Task": {"Arguments", "Output"},
    "Pass": {"Output"},
    "Choice": {"Output"},
    "Wait": {"Output"},
    "Succeed": {"Output"},
    "Fail": set(),
    "Parallel": {"Arguments", "Output"},
    "Map": {"Items", "Output"},
}
_EVERYWHERE = {"Type", "Comment", "QueryLanguage"}
_RETRIER = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy",
            "Comment"}  # fmt: skip
_CATCHER = {"ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"}


def invalid(message: str, where: str) -> InvalidDefinition:
    """What is wrong, and at which place of the definition."""
    told = message.startswith(("MISSING_TRANSITION_TARGET", "DUPLICATE_STATE_NAME"))
    return InvalidDefinition(f"{'' if told else 'SCHEMA_VALIDATION_FAILED: '}{message} at {where or '/'}")


def _need(fits: bool, message: str, where: str) -> None:
    if not fits:
        raise invalid(message, where)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _path(value: Any, where: str) -> None:
    _need(value is None or isinstance(value, str), "Expected value of type String or null", where)


def _string(value: Any, where: str) -> None:
    _need(isinstance(value, str), "Expected value of type String", where)


def _boolean(value: Any, where: str) -> None:
    _need(isinstance(value, bool), "Expected value of type Boolean", where)


def _object(value: Any, where: str) -> None:
    _need(isinstance(value, dict), "Expected value of type Object", where)


def _time(value: Any, where: str) -> None:
    _need(timestamp(value) is not None, "Expected value of type Timestamp", where)


def _integer(least: int, most: int | None = None) -> Callable[[Any, str], None]:
    def check(value: Any, where: str) -> None:
        _need(_is_integer(value), "Expected value of type Integer", where)
        _need(value >= least, f"Value must be at least {least}", where)
        _need(most is None or value <= most, f"Value must be at most {most}", where)

    return check


def _number(least: float, most: float | None = None) -> Callable[[Any, str], None]:
    def check(value: Any, where: str) -> None:
        _need(_is_number(value), "Expected value of type Numeric", where)
        _need(value >= least, f"Value must be at least {least}", where)
        _need(most is None or value <= most, f"Value must be at most {most}", where)

    return check


_VALUES: Mapping[str, Callable[[Any, str], None]] = {
    "Comment": _string, "Next": _string, "Default": _string, "Label": _string, "Resource": _string, "Error": _string,
    "Cause": _string, "End": _boolean, "InputPath": _path, "OutputPath": _path, "ResultPath": _path,
    "ItemsPath": _string, "SecondsPath": _string, "TimestampPath": _string, "ErrorPath": _string, "CausePath": _string,
    "TimeoutSecondsPath": _string, "HeartbeatSecondsPath": _string, "MaxConcurrencyPath": _string,
    "ToleratedFailureCountPath": _string, "ToleratedFailurePercentagePath": _string, "Assign": _object,
    "Timestamp": _time, "Seconds": _integer(0), "TimeoutSeconds": _integer(1), "HeartbeatSeconds": _integer(1),
    "MaxConcurrency": _integer(0), "ToleratedFailureCount": _integer(0), "ToleratedFailurePercentage": _number(0, 100),
    "IntervalSeconds": _integer(1), "MaxAttempts": _integer(0, _MOST_ATTEMPTS), "BackoffRate": _number(1),
    "MaxDelaySeconds": _integer(1, _LONGEST_DELAY_S),
}  # fmt: skip
_MAY_BE_EXPRESSIONS = {"Seconds", "Timestamp", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "Error",
                       "Cause", "ToleratedFailureCount", "ToleratedFailurePercentage"}  # fmt: skip


def check_machine(parsed: Any, where: str, inner: str = "") -> None:
    """A machine, a branch or (inner="ItemProcessor") what a Map runs. Raises InvalidDefinition."""
    _need(isinstance(parsed, dict), "Expected value of type Object", where)
    allowed = _OUTERMOST if not where else _PROCESSOR if inner else _MACHINE
    for name in ("StartAt", "States"):
        _need(name in parsed, f"Field {name} is required", f"{where}/{name}")
    _check_fields(parsed, allowed, where, jsonata=False)
    _string(parsed["StartAt"], f"{where}/StartAt")
    _language(parsed, where)
    described = parsed["States"]
    _need(
        isinstance(described, dict) and bool(described),
        "States must be an object with at least one state",
        f"{where}/States",
    )
    for name in described:
        _need(len(name) <= _LONGEST_NAME, f"A state's name has at most {_LONGEST_NAME} characters", f"{where}/States")


def check_state(raw: Any, where: str, language: str) -> None:
    """One state, without the machines inside it. Raises InvalidDefinition."""
    kind = raw.get("Type") if isinstance(raw, dict) else raw
    if not isinstance(raw, dict) or kind not in TYPES:
        raise invalid(f"The state's Type must be one of {', '.join(TYPES)}; found {kind!r}", f"{where}/Type")
    _language(raw, where)
    jsonata = raw.get("QueryLanguage", language) == JSONATA
    own, other = (_ONLY_JSONATA, _ONLY_JSONPATH) if jsonata else (_ONLY_JSONPATH, _ONLY_JSONATA)
    for name in raw:
        if name in other[kind] and name not in own[kind]:
            used = JSONATA if jsonata else JSONPATH
            raise invalid(f"The field '{name}' is not supported when QueryLanguage is {used}", f"{where}/{name}")
    _check_fields(raw, _EVERYWHERE | _IN_BOTH[kind] | own[kind], where, jsonata)
    if kind == "Map":
        check_map(raw, where, jsonata)
    _check_order(raw, "HeartbeatSeconds", "TimeoutSeconds", where)
    _check_errors(raw, "Retry", _RETRIER, where, jsonata)
    _check_errors(raw, "Catch", _CATCHER, where, jsonata)
    if kind in TERMINAL or kind == "Choice":
        return
    _need(bool(raw.get("Next")) != bool(raw.get("End")), "A state needs either Next or End", where)


def _language(raw: Mapping[str, Any], where: str) -> None:
    found = raw.get("QueryLanguage", JSONPATH)
    _need(found in (JSONPATH, JSONATA), f"QueryLanguage must be {JSONPATH} or {JSONATA}", f"{where}/QueryLanguage")


def _check_fields(raw: Mapping[str, Any], allowed: set[str], where: str, jsonata: bool) -> None:
    for name, value in raw.items():
        _need(name in allowed, "Field is not supported", f"{where}/{name}")
        if jsonata and name in _MAY_BE_EXPRESSIONS and is_expression(value):
            continue
        check = _VALUES.get(name)
        if check is not None:
            check(value, f"{where}/{name}")


def _check_errors(raw: Mapping[str, Any], name: str, allowed: set[str], where: str, jsonata: bool) -> None:
    given = raw.get(name, [])
    _need(
        isinstance(given, list) and all(isinstance(one, dict) for one in given),
        f"{name} must be a list of objects",
        f"{where}/{name}",
    )
    for number, one in enumerate(given):
        place = f"{where}/{name}[{number}]"
        _check_fields(one, allowed - ({"ResultPath"} if jsonata else {"Output"}), place, jsonata)
        _check_order(one, "IntervalSeconds", "MaxDelaySeconds", place)
        jitter = one.get("JitterStrategy", "NONE")
        _need(jitter in ("FULL", "NONE"), "JitterStrategy must be FULL or NONE", f"{place}/JitterStrategy")


def _check_order(raw: Mapping[str, Any], smaller: str, larger: str, where: str) -> None:
    low, high = raw.get(smaller), raw.get(larger)
    if _is_integer(low) and _is_integer(high) and low is not None and high is not None:
        _need(low < high, f"{smaller} must be smaller than {larger}", f"{where}/{smaller}")
