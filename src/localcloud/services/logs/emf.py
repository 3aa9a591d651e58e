"""Metrics in log lines: CloudWatch's embedded metric format.

A line is a JSON object. Its member `_aws` says which other members are metrics, and by which of them they are told
apart (dimensions). The line itself stays in the log as it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_RESOLUTIONS_S = (1, 60)


class InvalidDocument(ValueError):
    """The line says that it holds metrics, but not in the format. It makes none of them."""


@dataclass(frozen=True, slots=True)
class Datum:
    """Values of one metric under one set of dimensions, at one time."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    values: tuple[float, ...]
    unit: str
    unix_ms: int
    resolution_s: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one document may hold."""

    definitions: int
    dimensions: int
    values: int


def may_hold_metrics(message: str) -> bool:
    """A quick look: most lines hold none."""
    return message.startswith("{") and '"_aws"' in message


def read_document(message: str, limits: Limits) -> tuple[Datum, ...]:
    """The metrics of a line; none when it is another JSON object. Raises InvalidDocument."""
    try:
        document = json.loads(message)
    except ValueError:
        raise InvalidDocument("The line is not JSON.") from None
    metadata = document.get("_aws") if isinstance(document, dict) else None
    if not isinstance(metadata, dict) or metadata.get("CloudWatchMetrics") is None:
        return ()
    directives = metadata["CloudWatchMetrics"]
    unix_ms = metadata.get("Timestamp")
    if not isinstance(unix_ms, int) or isinstance(unix_ms, bool):
        raise InvalidDocument("_aws.Timestamp must be a whole number of milliseconds since 1970.")
    if not isinstance(directives, list):
        raise InvalidDocument("_aws.CloudWatchMetrics must be a list.")
    found = tuple(datum for directive in directives for datum in _data(document, directive, unix_ms, limits))
    definitions = sum(len(directive.get("Metrics") or ()) for directive in directives)
    if definitions > limits.definitions:
        raise InvalidDocument(f"A document has at most {limits.definitions} metric definitions, found {definitions}.")
    return found


def _data(document: Mapping[str, Any], directive: Any, unix_ms: int, limits: Limits) -> Iterator[Datum]:
    if not isinstance(directive, dict) or not isinstance(directive.get("Namespace"), str):
        raise InvalidDocument("Every metric directive needs a Namespace.")
    sets = directive.get("Dimensions", [[]])
    if not isinstance(sets, list) or not all(isinstance(keys, list) for keys in sets):
        raise InvalidDocument("Dimensions must be a list of lists of member names.")
    for keys in sets:
        if len(keys) > limits.dimensions:
            raise InvalidDocument(f"A set has at most {limits.dimensions} dimensions, found {len(keys)}.")
    for definition in directive.get("Metrics") or []:
        name, values = _values(document, definition, limits)
        if values is None:
            continue
        resolution_s = definition.get("StorageResolution", 60)
        if resolution_s not in _RESOLUTIONS_S:
            raise InvalidDocument(f"The StorageResolution of {name!r} must be 1 or 60.")
        for keys in sets or [[]]:
            dimensions = {key: _dimension(document, key) for key in keys}
            yield Datum(
                directive["Namespace"], name, dimensions, values, definition.get("Unit", "None"), unix_ms, resolution_s
            )


def _values(document: Mapping[str, Any], definition: Any, limits: Limits) -> tuple[str, tuple[float, ...] | None]:
    if not isinstance(definition, dict) or not isinstance(definition.get("Name"), str):
        raise InvalidDocument("Every metric definition needs a Name.")
    name = definition["Name"]
    if name not in document:
        return name, None
    given = document[name] if isinstance(document[name], list) else [document[name]]
    if len(given) > limits.values:
        raise InvalidDocument(f"{name!r} has at most {limits.values} values, found {len(given)}.")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in given):
        raise InvalidDocument(f"The values of {name!r} must be numbers.")
    return name, tuple(float(value) for value in given)


def _dimension(document: Mapping[str, Any], key: Any) -> str:
    value = document.get(key) if isinstance(key, str) else None
    if not isinstance(value, str):
        raise InvalidDocument(f"The dimension {key!r} must be a member of the document whose value is a string.")
    return value
