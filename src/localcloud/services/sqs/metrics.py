"""The AWS/SQS metrics: counts of what happens, and the state of each queue once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.services.cloudwatch.store import Series, minute_s
from localcloud.stores.sqs.base import DELETED, RECEIVED, SENT, Messages

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/SQS"
_MINUTE_US = 60_000_000
_ACTIVE_US = 6 * 3_600_000_000  # a queue that nobody has used for six hours publishes nothing
_COUNTS = {SENT: "NumberOfMessagesSent", RECEIVED: "NumberOfMessagesReceived", DELETED: "NumberOfMessagesDeleted"}


class QueueMetrics:
    """Watches one queue from its first message on."""

    def __init__(self, cloud: Cloud, name: str, messages: Messages) -> None:
        self._cloud = cloud
        self._dimensions = {"QueueName": name}
        self._series: dict[str, Series] = {}
        self._messages = messages
        self._next_us = self._minute_after(cloud.kernel.unix_us)
        self._used_us = cloud.kernel.unix_us
        self._sampling = False
        messages.before_change = self.sample
        messages.on_event = self._happened

    def _minute_after(self, unix_us: int) -> int:
        return (unix_us // _MINUTE_US + 1) * _MINUTE_US

    def _happened(self, kind: str, size: int) -> None:
        self._used_us = self._cloud.kernel.unix_us
        self._record(_COUNTS[kind], 1, "Count", self._used_us)
        if kind == SENT:
            self._record("SentMessageSize", size, "Bytes", self._used_us)

    def sample(self, now_us: int) -> None:
        """Publish the state at every full minute that has passed; called before anything changes."""
        if now_us < self._next_us or self._sampling:
            return
        self._sampling = True
        try:
            while self._next_us <= now_us:
                if self._next_us - self._used_us <= _ACTIVE_US:
                    self._publish(self._next_us)
                self._next_us += _MINUTE_US
        finally:
            self._sampling = False

    def _publish(self, at_us: int) -> None:
        counts = self._messages.counts(at_us)
        oldest_us = self._messages.oldest_us(at_us)
        age_s = 0 if oldest_us is None else (at_us - oldest_us) // 1_000_000
        self._record("ApproximateNumberOfMessagesVisible", counts.visible, "Count", at_us)
        self._record("ApproximateNumberOfMessagesNotVisible", counts.in_flight, "Count", at_us)
        self._record("ApproximateNumberOfMessagesDelayed", counts.delayed, "Count", at_us)
        self._record("ApproximateAgeOfOldestMessage", age_s, "Seconds", at_us)

    def _record(self, name: str, value: float, unit: str, unix_us: int) -> None:
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = self._cloud.cloudwatch.series(_NAMESPACE, name, self._dimensions, unit)
        series.add(minute_s(unix_us), value)
