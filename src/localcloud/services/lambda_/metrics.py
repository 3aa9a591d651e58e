"""The AWS/Lambda metrics of invocations.

Every value is published once for each set of dimensions: none (all functions), FunctionName,
FunctionName + Resource (the function, or function:qualifier), and for an alias also
FunctionName + Resource + ExecutedVersion. Values carry the time at which the invocation started, as
AWS documents; they can be read when it has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.results import InvokeResult, Throttled

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.cloudwatch.store import Series

NAMESPACE = "AWS/Lambda"
_LATEST = "$LATEST"
_REPORT_DIGITS = 2  # a Duration has as many as in the REPORT line
_INVOCATION = ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")
_REFUSALS = ("ConcurrencyThrottles", "CPUThrottles", "MemoryThrottles", "DiskThrottles")
_UNITS = {"Duration": "Milliseconds", "AsyncEventAge": "Milliseconds", "IteratorAge": "Milliseconds"}


class _Target:
    """One set of dimensions: the series of its metrics, and how many invocations run under it."""

    __slots__ = ("_at_s", "_cloud", "_dimensions", "_failed", "_invocations", "_like_it", "_series", "running")

    def __init__(self, cloud: Cloud, dimensions: Mapping[str, str]) -> None:
        self._cloud = cloud
        self._dimensions = dimensions
        self._series: dict[str, Series] = {}
        self._invocations: tuple[Series, ...] = ()
        # invocations of one minute that ended alike, one after the other: they are counted, and published together
        self._at_s, self._failed, self._like_it = 0, False, 0
        self.running = 0

    def add(self, name: str, value: float, unix_us: int) -> None:
        self.settle()
        self._of(name).add(minute_s(unix_us), value)

    def invoked(self, failed: bool, duration_ms: float, concurrent: int, at_s: int) -> None:
        """An invocation that was not throttled, as it is published in the minute `at_s`."""
        if not self._invocations:
            self._invocations = tuple(map(self._of, _INVOCATION))
        if at_s != self._at_s or failed is not self._failed:
            self.settle()
            self._at_s, self._failed = at_s, failed
        self._like_it += 1
        _, _, _, durations, concurrency = self._invocations
        durations.add(at_s, duration_ms)
        concurrency.add(at_s, concurrent)

    def settle(self) -> None:
        """Publish what has been counted; called before anybody looks."""
        count, self._like_it = self._like_it, 0
        if count:
            invocations, errors, throttles, _, _ = self._invocations
            invocations.add(self._at_s, 1, count)
            errors.add(self._at_s, 1 if self._failed else 0, count)
            throttles.add(self._at_s, 0, count)

    def _of(self, name: str) -> Series:
        series = self._series.get(name)
        if series is None:
            unit = _UNITS.get(name, "Count")
            series = self._series[name] = self._cloud.cloudwatch.series(NAMESPACE, name, self._dimensions, unit)
        return series


class LambdaMetrics:
    """Publishes what invocations and queued events amount to."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._by_dimensions: dict[tuple[tuple[str, str], ...], _Target] = {}
        self._by_reference: dict[tuple[str, str | None, str | None], tuple[_Target, ...]] = {}
        cloud.cloudwatch.before_reading.append(self._settle)

    def _settle(self) -> None:
        for target in self._by_dimensions.values():
            target.settle()

    def measure(self, config: Function, qualifier: str | None, run: Callable[[], InvokeResult]) -> InvokeResult:
        """Run an invocation and publish its metrics. A throttled one counts as Throttles only."""
        started_us = self._cloud.kernel.unix_us
        targets = self._of_invocation(config, qualifier)
        for target in targets:
            target.running += 1
        running = [target.running for target in targets]
        try:
            result = run()
        except Throttled:
            for target in targets:
                target.add("Throttles", 1, started_us)
            raise
        finally:
            for target in targets:
                target.running -= 1
        duration_ms = round(result.duration_ms, _REPORT_DIGITS)
        failed, at_s = result.function_error is not None, minute_s(started_us)
        for target, concurrent in zip(targets, running, strict=True):
            target.invoked(failed, duration_ms, concurrent, at_s)
        return result

    def refused(self, config: Function, qualifier: str | None, reason: str) -> None:
        """Managed instances had no room for a request: one of the reasons counts 1, the others 0."""
        for target in self._of_invocation(config, qualifier):
            for metric in _REFUSALS:
                target.add(metric, 1 if metric == reason else 0, self._cloud.kernel.unix_us)

    def _of_invocation(self, config: Function, qualifier: str | None) -> tuple[_Target, ...]:
        alias = qualifier not in (None, _LATEST, config.version)
        return self._targets(config.name, qualifier, config.version if alias else None)

    def iterator_age(self, name: str, qualifier: str | None, age_us: int) -> None:
        """The last record of a stream's batch is `age_us` old when its function is invoked."""
        self._publish(name, qualifier, "IteratorAge", age_us / 1_000)

    def received(self, name: str, qualifier: str | None) -> None:
        """An event was queued for asynchronous invocation."""
        self._publish(name, qualifier, "AsyncEventsReceived", 1)

    def invoked_after(self, name: str, qualifier: str | None, age_us: int) -> None:
        """A queued event is handed to its function `age_us` after it was queued, for the first time or again."""
        self._publish(name, qualifier, "AsyncEventAge", age_us / 1_000)

    def recursion_dropped(self, name: str) -> None:
        """An invocation was stopped, since it was one of a recursive loop."""
        self._publish(name, None, "RecursiveInvocationsDropped", 1)

    def dropped(self, name: str, qualifier: str | None) -> None:
        """A queued event was given up without a successful invocation; a destination may still get it."""
        self._publish(name, qualifier, "AsyncEventsDropped", 1)

    def destination_failed(self, name: str, qualifier: str | None) -> None:
        """A record could not be sent to its destination."""
        self._publish(name, qualifier, "DestinationDeliveryFailures", 1)

    def dead_letter_failed(self, name: str, qualifier: str | None) -> None:
        """An event that was given up could not be sent to the dead-letter queue or topic."""
        self._publish(name, qualifier, "DeadLetterErrors", 1)

    def _publish(self, name: str, qualifier: str | None, metric: str, value: float) -> None:
        for target in self._targets(name, qualifier, None):
            target.add(metric, value, self._cloud.kernel.unix_us)

    def _targets(self, name: str, qualifier: str | None, executed_version: str | None) -> tuple[_Target, ...]:
        key = (name, qualifier, executed_version)
        found = self._by_reference.get(key)
        if found is None:
            resource = {"FunctionName": name, "Resource": name if qualifier is None else f"{name}:{qualifier}"}
            wanted: list[dict[str, str]] = [{}, {"FunctionName": name}, resource]
            if executed_version is not None:
                wanted.append({**resource, "ExecutedVersion": executed_version})
            found = self._by_reference[key] = tuple(self._target(dimensions) for dimensions in wanted)
        return found

    def _target(self, dimensions: dict[str, str]) -> _Target:
        key = tuple(dimensions.items())
        found = self._by_dimensions.get(key)
        if found is None:
            found = self._by_dimensions[key] = _Target(self._cloud, dimensions)
        return found
