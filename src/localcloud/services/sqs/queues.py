"""Queues: attributes are moto's, messages are ours, both live on moto's queue."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.sqs import models
from moto.sqs.exceptions import QueueDoesNotExist

from localcloud.services.sqs.metrics import QueueMetrics
from localcloud.stores.sqs import FifoMessages, Message, Redrive, Settings, StandardMessages
from localcloud.stores.sqs.base import Messages

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_KEY = "_localcloud_messages"


class Queues:
    """Looks queues up and gives each its messages."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._metrics: list[QueueMetrics] = []
        cloud.cloudwatch.before_reading.append(self._sample)
        facts = cloud.facts
        self._deduplication_us = int(facts.value("quota.sqs.dedup_window")) * 1_000_000
        self._in_flight = {
            False: int(facts.value("quota.sqs.in_flight.standard")),
            True: int(facts.value("quota.sqs.in_flight.fifo")),
        }

    @cached_property
    def backend(self) -> Any:
        return models.sqs_backends[self._cloud.account_id][self._cloud.region]

    def _sample(self) -> None:
        """Bring every queue's metrics up to now."""
        for metrics in self._metrics:
            metrics.sample(self.now_us)

    @property
    def now_us(self) -> int:
        return self._cloud.kernel.unix_us

    def get(self, reference: str) -> Any:
        """moto's queue by URL, ARN or name. Raises QueueDoesNotExist."""
        name = reference.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        found = self.backend.queues.get(name)
        if found is None:
            raise QueueDoesNotExist
        return found

    def messages(self, queue: Any) -> Messages:
        """The messages of moto's `queue`: StandardMessages or FifoMessages."""
        found: Messages | None = queue.__dict__.get(_KEY)
        if found is None:
            settings = self._settings_of(queue)
            if queue.fifo_queue:
                found = FifoMessages(queue.queue_arn, settings, self._deduplication_us)
            else:
                found = StandardMessages(queue.queue_arn, settings)
            queue.__dict__[_KEY] = found
            self._metrics.append(QueueMetrics(self._cloud, queue.name, found))
        return found

    def _settings_of(self, queue: Any) -> Callable[[], Settings]:
        """The queue's settings at the moment of use; they are asked for at every step, and seldom change."""
        known: tuple[Any, ...] = ()
        settings: Settings | None = None

        def current() -> Settings:
            nonlocal known, settings
            now = (queue.message_retention_period, queue.dead_letter_queue, dict(queue.redrive_policy or {}))
            if settings is None or now != known:
                known, settings = now, self._settings(queue)
            return settings

        return current

    def _settings(self, queue: Any) -> Settings:
        redrive = None
        dead_letters = queue.dead_letter_queue
        if dead_letters is not None and queue.redrive_policy:
            redrive = Redrive(
                queue.redrive_policy["maxReceiveCount"], lambda message: self._move(queue, dead_letters, message)
            )
        return Settings(queue.message_retention_period * 1_000_000, self._in_flight[queue.fifo_queue], redrive)

    def _move(self, source: Any, target: Any, message: Message) -> None:
        """To a dead-letter queue. A standard queue keeps the enqueue time, a FIFO queue sets a new one."""
        sent_us = self.now_us if source.fifo_queue else message.sent_us
        moved = message.moved(sent_us=sent_us, source_arn=source.queue_arn)
        self.messages(target).add(moved, self.now_us)
