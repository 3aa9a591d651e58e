"""The rules of a Choice state in the JSONPath language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from localcloud.services.states.errors import RUNTIME, InvalidDefinition, StateFailed
from localcloud.services.states.paths import NoSuchPath, Scope, compile_path

Rule = Callable[[Scope], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda found, wanted: found == wanted,
    "LessThan": lambda found, wanted: found < wanted,
    "GreaterThan": lambda found, wanted: found > wanted,
    "LessThanEquals": lambda found, wanted: found <= wanted,
    "GreaterThanEquals": lambda found, wanted: found >= wanted,
}
_COMPARED = re.compile(
    r"^(?P<kind>String|Numeric|Timestamp|Boolean)(?P<how>Equals|LessThanEquals|GreaterThanEquals|LessThan|GreaterThan)"
    r"(?P<path>Path)?$"
)
_IS = ("IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp")


def compile_rule(rule: Mapping[str, Any]) -> Rule:
    """Raises InvalidDefinition."""
    if not isinstance(rule, Mapping):
        raise InvalidDefinition(f"A choice rule must be an object, found {rule!r}")
    for name, combine in (("And", all), ("Or", any)):
        if name in rule:
            if not isinstance(rule[name], list) or not rule[name]:
                raise InvalidDefinition(f"{name} must be a list of choice rules")
            inner = [compile_rule(one) for one in rule[name]]
            return lambda scope, inner=inner, combine=combine: combine(one(scope) for one in inner)  # type: ignore[misc]
    if "Not" in rule:
        negated = compile_rule(rule["Not"])
        return lambda scope: not negated(scope)
    if "Variable" not in rule:
        raise InvalidDefinition("A choice rule needs Variable, And, Or or Not")
    operators = [name for name in rule if name in _IS or name == "StringMatches" or _COMPARED.match(name)]
    if len(operators) != 1 or not set(rule) <= {"Variable", "Next", "Assign", "Comment", operators[0]}:
        raise InvalidDefinition(f"A choice rule needs exactly one comparison, found {sorted(rule)}")
    if not isinstance(rule["Variable"], str):
        raise InvalidDefinition("Variable must be a path")
    return _comparison(rule["Variable"], operators[0], rule[operators[0]])


def _comparison(variable: str, operator: str, wanted: Any) -> Rule:
    path = compile_path(variable)
    _check_operand(operator, wanted)

    def value(scope: Scope) -> Any:
        try:
            return path.get(scope)
        except NoSuchPath:
            raise StateFailed(
                RUNTIME, f"Invalid path '{variable}': The choice state's condition path references an invalid value."
            ) from None

    if operator == "IsPresent":
        return lambda scope: _present(path, scope) == wanted
    if operator in _IS:
        return lambda scope: _IS_KIND[operator](value(scope)) == wanted
    if operator == "StringMatches":
        pattern = _wildcards(wanted)
        return lambda scope: isinstance(found := value(scope), str) and bool(pattern.fullmatch(found))
    match = _COMPARED.match(operator)
    assert match is not None
    kind, compare = match["kind"], _COMPARISONS[match["how"]]
    if match["path"]:
        other = compile_path(wanted)
        return lambda scope: _compared(kind, compare, value(scope), other.get(scope))
    return lambda scope: _compared(kind, compare, value(scope), wanted)


def _check_operand(operator: str, wanted: Any) -> None:
    match = _COMPARED.match(operator)
    if match is None:
        kind = "String" if operator == "StringMatches" else "Boolean"
    else:
        kind = "String" if match["path"] else match["kind"]
    fits = timestamp(wanted) is not None if kind == "Timestamp" else _KINDS[kind](wanted)
    if not fits:
        raise InvalidDefinition(f"Expected value of type {kind} for {operator}, found {wanted!r}")


def _present(path: Any, scope: Scope) -> bool:
    try:
        path.get(scope)
    except NoSuchPath:
        return False
    return True


def _compared(kind: str, compare: Callable[[Any, Any], bool], found: Any, wanted: Any) -> bool:
    if kind == "Timestamp":
        first, second = timestamp(found), timestamp(wanted)
        return first is not None and second is not None and compare(first, second)
    fits = _KINDS[kind]
    return fits(found) and fits(wanted) and compare(found, wanted)


def timestamp(value: Any) -> datetime | None:
    """An RFC 3339 time with its zone; None when it is none."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Numeric": _is_number,
    "Boolean": lambda value: isinstance(value, bool),
}
_IS_KIND: dict[str, Callable[[Any], bool]] = {
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNull": lambda value: value is None,
    "IsNumeric": _is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}


def _wildcards(text: str) -> re.Pattern[str]:
    """`*` stands for any text; `\\*` for a star."""
    pieces = re.split(r"(?<!\\)\*", text)
    return re.compile(".*".join(re.escape(piece.replace("\\*", "*").replace("\\\\", "\\")) for piece in pieces), re.S)
