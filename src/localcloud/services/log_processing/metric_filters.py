"""Metric filters: numbers counted in log lines, or taken out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localcloud.services.cloudwatch.store import MINUTE_S
from localcloud.services.log_processing.filter_patterns import Fields, compile_pattern, select
from localcloud.services.logs.emf import Datum

Publish = Callable[[Datum], None]


class MetricFilter:
    """One filter of one log group; `settings` are those of PutMetricFilter."""

    def __init__(self, settings: Mapping[str, Any], publish: Publish) -> None:
        self._pattern = compile_pattern(settings["filterPattern"])
        self._transformations = settings["metricTransformations"]
        self._publish_datum = publish
        self._minute_s: int | None = None  # the minute that lines arrive in
        self._matched = False

    def take(self, events: Iterable[tuple[int, str]], now_s: int) -> None:
        """Look at (unix milliseconds, message)."""
        self.settle(now_s)
        self._minute_s = now_s - now_s % MINUTE_S
        for unix_ms, message in events:
            fields = self._pattern.match(message)
            if fields is not None:
                self._matched = True
                for transformation in self._transformations:
                    self._publish(transformation, fields, unix_ms * 1_000)

    def settle(self, now_s: int) -> None:
        """A minute in which lines came and none matched has the default value, if there is one."""
        if self._minute_s is None or now_s < self._minute_s + MINUTE_S:
            return
        if not self._matched:
            for each in self._transformations:
                if each.get("defaultValue") is not None and not each.get("dimensions"):
                    self._send(each, float(each["defaultValue"]), {}, self._minute_s * 1_000_000)
        self._minute_s, self._matched = None, False

    def _publish(self, transformation: Mapping[str, Any], fields: Fields, unix_us: int) -> None:
        try:
            value = float(_resolve(transformation["metricValue"], fields))
        except (TypeError, ValueError):
            return  # no number there: no data point
        dimensions: dict[str, str] = {}
        for name, source in (transformation.get("dimensions") or {}).items():
            found = _resolve(source, fields)
            if found is None:
                return
            dimensions[name] = str(found)
        self._send(transformation, value, dimensions, unix_us)

    def _send(self, transformation: Mapping[str, Any], value: float, dimensions: dict[str, str], unix_us: int) -> None:
        unit, unix_ms = transformation.get("unit") or "None", unix_us // 1_000
        namespace, name = transformation["metricNamespace"], transformation["metricName"]
        self._publish_datum(Datum(namespace, name, dimensions, (value,), unit, unix_ms, MINUTE_S))


def _resolve(text: str, fields: Fields) -> Any:
    """A number as it is, "$.member" out of JSON, "$field" out of space-delimited fields."""
    if text.startswith(("$.", "$[")):
        return select(fields, text)
    return fields.get(text[1:]) if text.startswith("$") else text
