"""Filter criteria of an event source mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.events.patterns import InvalidPattern, Pattern, compile_pattern, loads

Filter = Callable[[Mapping[str, Any]], bool]


def compile_filters(criteria: Mapping[str, Any] | None, most: int, content: str = "body") -> Filter | None:
    """A predicate on records, or None when everything passes. Filters are ORed.

    `content` is the member with the data: "body" of an SQS message, "data" of a Kinesis record (parsed already).

    Raises ApiError InvalidParameterValueException.
    """
    filters = (criteria or {}).get("Filters") or []
    if not filters:
        return None
    if len(filters) > most:
        raise ApiError(
            "InvalidParameterValueException",
            f"Maximum number of filters exceeded: expected at most {most}, found {len(filters)}.",
            400,
            Type="User",
        )
    compiled = [_compile(entry.get("Pattern", ""), content) for entry in filters]
    return lambda record: any(one(record) for one in compiled)


def _compile(text: str, content: str) -> Filter:
    try:
        pattern = loads(text)
        matches = compile_pattern(pattern)
    except (ValueError, InvalidPattern) as exc:
        raise ApiError(
            "InvalidParameterValueException", f"Invalid filter pattern definition. {exc}", 400, Type="User"
        ) from None
    return _filter(pattern, matches) if content == "body" else matches


def _filter(pattern: Mapping[str, Any], matches: Pattern) -> Filter:
    """The body is compared as JSON when the pattern describes an object, as text when it lists values."""
    wants_object = isinstance(pattern.get("body"), Mapping)

    def accepts(record: Mapping[str, Any]) -> bool:
        if "body" not in pattern:
            return matches(record)
        parsed = _object(record["body"])
        if wants_object:
            return parsed is not None and matches({**record, "body": parsed})
        return parsed is None and matches(record)

    return accepts


def _object(body: str) -> Mapping[str, Any] | None:
    try:
        parsed = loads(body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, Mapping) else None
