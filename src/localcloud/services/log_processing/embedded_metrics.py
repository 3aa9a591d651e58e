"""The embedded metric format: log lines that are metrics.

Source: "Specification: Embedded metric format" in the CloudWatch user guide. A line that carries "_aws" but breaks
the specification gives no metric; it counts as EMFParsingErrors or EMFValidationErrors in AWS/Logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


class NotValid(ValueError):
    """The document does not follow the specification."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Per directive: metric definitions, keys of a dimension set, values of a metric."""

    metrics: int
    dimensions: int
    values: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """Data of one namespace, as PutMetricData takes them."""

    namespace: str
    data: list[dict[str, Any]]


def extract(line: str, limits: Limits) -> Iterator[Embedded]:
    """The metrics of a line. Raises NotValid, and ValueError when the line is not JSON."""
    document = json.loads(line)
    metadata = document.get("_aws") if isinstance(document, dict) else None
    if not isinstance(metadata, dict):
        return
    directives, timestamp = metadata.get("CloudWatchMetrics"), metadata.get("Timestamp")
    if directives is None:
        return  # another use of "_aws"
    if not isinstance(directives, list) or type(timestamp) is not int:
        raise NotValid("_aws needs a list CloudWatchMetrics and a Timestamp in milliseconds")
    at = datetime.fromtimestamp(timestamp / 1_000, UTC)
    for directive in directives:
        yield _directive(directive, document, at, limits)


def _directive(directive: Any, document: Mapping[str, Any], at: datetime, limits: Limits) -> Embedded:
    if not isinstance(directive, dict) or not isinstance(directive.get("Namespace"), str):
        raise NotValid("a metric directive needs a Namespace")
    sets, metrics = directive.get("Dimensions", [[]]), directive.get("Metrics", [])
    if not isinstance(sets, list) or not isinstance(metrics, list):
        raise NotValid("Dimensions and Metrics are lists")
    if len(metrics) > limits.metrics:
        raise NotValid(f"a metric directive has at most {limits.metrics} metrics")
    dimension_sets = [_dimensions(keys, document, limits) for keys in sets]
    data: list[dict[str, Any]] = []
    for metric in metrics:
        values = _values(metric, document, limits)
        if values:
            data += [_datum(metric, values, dimensions, at) for dimensions in dimension_sets]
    return Embedded(directive["Namespace"], data)


def _dimensions(keys: Any, document: Mapping[str, Any], limits: Limits) -> list[dict[str, str]]:
    if not isinstance(keys, list) or len(keys) > limits.dimensions:
        raise NotValid(f"a dimension set is a list of at most {limits.dimensions} keys")
    found = []
    for key in keys:
        value = document.get(key) if isinstance(key, str) else None
        if not isinstance(value, str):
            raise NotValid(f"dimension {key!r} must name a string at the root of the document")
        found.append({"Name": key, "Value": value})
    return found


def _values(metric: Any, document: Mapping[str, Any], limits: Limits) -> list[float]:
    """The values that a metric definition points to; none when the member is missing."""
    if not isinstance(metric, dict) or not isinstance(metric.get("Name"), str):
        raise NotValid("a metric definition needs a Name")
    found = document.get(metric["Name"])
    if found is None:
        return []
    values = found if isinstance(found, list) else [found]
    if len(values) > limits.values:
        raise NotValid(f"a metric has at most {limits.values} values")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise NotValid(f"metric {metric['Name']!r} must be a number or a list of numbers")
    return [float(value) for value in values]


def _datum(
    metric: Mapping[str, Any], values: list[float], dimensions: list[dict[str, str]], at: datetime
) -> dict[str, Any]:
    return {
        "MetricName": metric["Name"],
        "Dimensions": dimensions,
        "Timestamp": at,
        "Unit": metric.get("Unit", "None"),
        "StorageResolution": metric.get("StorageResolution", 60),
        "Values": values,
    }
