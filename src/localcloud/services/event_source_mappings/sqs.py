"""Pollers of one SQS queue: batches, invocations, and what happens to the messages afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import QueueDoesNotExist

from localcloud.api import ApiError
from localcloud.metering import chunks
from localcloud.services.event_source_mappings.filters import Filter, compile_filters
from localcloud.services.event_source_mappings.pollers import EventPollers
from localcloud.services.event_source_mappings.records import failed_messages, record
from localcloud.services.event_source_mappings.running import batch_runner
from localcloud.services.event_source_mappings.scaling import Bounds, Concurrency, bounds
from localcloud.services.lambda_ import InvokeResult, Throttled
from localcloud.services.lambda_.payloads import JsonPayload, Payload
from localcloud.services.lambda_.recursion import Lineage, merged
from localcloud.spans import SpanContext
from localcloud.stores.sqs import Message
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_RECEIVE = 10
_PAYLOAD_LIMIT = 6 * 1024 * 1024
_LONG_POLL_US = 20_000_000
_CHUNK_KB = 64
_MOST_LINKS = 20  # of one segment


class SqsPoller:
    """Serves one event source mapping from its creation to its end. `mapping` is moto's, read when used."""

    def __init__(self, cloud: Cloud, mapping: Any) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._run = batch_runner(cloud, mapping)
        self._fifo = mapping.event_source_arn.endswith(".fifo")
        self._known: tuple[Any, Bounds] | None = None
        self._pollers: EventPollers | None = None  # in provisioned mode
        pause_us = round(cloud.facts.value("model.lambda.esm_error_pause") * 1e6)
        self._concurrency = Concurrency(self._bounds(), cloud.kernel.now_us, pause_us)
        self._running = 0
        self._unreceived = 0  # batches that have started and will take what is visible now
        self._attach()
        cloud.sqs.on_created.append(self._created)
        self._stopped = False
        self._alarm: Any = None
        self._scale_alarm: Any = None
        self._last_arrival_us = -_LONG_POLL_US
        self._idle_since_us: int | None = cloud.kernel.now_us
        facts = cloud.facts
        self._send_us = round(facts.value("model.api.sqs.send_message")["p50"] * 1_000)
        self._hop = "sqs_fifo_esm" if self._fifo else "sqs_standard_esm"
        self._idle_pollers = int(facts.value("quota.lambda.esm.sqs.start_concurrency"))
        self._low_traffic_us = round(facts.value("quota.lambda.esm.sqs.low_traffic_wait") * 1e6)
        self._most_filters = int(facts.value("quota.lambda.esm.filters")["default"])
        retry = facts.value("model.lambda.esm_throttle_retry")
        self._first_wait_us, self._longest_wait_us = round(retry["first_s"] * 1e6), round(retry["max_s"] * 1e6)
        self.look()

    def _attach(self) -> None:
        """Poll the queue that has the mapping's ARN now."""
        self._queue = self._cloud.sqs.queues.get(self._mapping.event_source_arn)
        self._messages = self._cloud.sqs.queues.messages(self._queue)
        self._messages.on_visible.append(self.look)

    def _created(self, arn: str) -> None:
        """A queue was created: it may take the place of one that was deleted."""
        if arn == self._mapping.event_source_arn and not self._queue_exists:
            self._messages.on_visible.remove(self.look)
            self._attach()
            self.look()

    @property
    def _queue_exists(self) -> bool:
        return self._cloud.sqs.queues.backend.queues.get(self._queue.name) is self._queue

    def _bounds(self) -> Bounds:
        """As the mapping is configured now; it is asked at every message, and seldom changes."""
        configured = (self._mapping.poller_config, self._mapping.scaling_config)
        if self._known is None or self._known[0] != configured:
            self._known = configured, bounds(self._cloud.facts, self._mapping, self._fifo)
        return self._known[1]

    def stop(self) -> None:
        """Poll no more; batches under way are finished."""
        self._stopped = True
        self.settle()
        self._messages.on_visible.remove(self.look)
        self._cloud.sqs.on_created.remove(self._created)
        for alarm in (self._alarm, self._scale_alarm):
            if alarm is not None:
                alarm.cancel()

    # -- when to start a batch -----------------------------------------------------------------

    def look(self) -> None:
        """Something may have changed: start batches as far as concurrency allows."""
        limits = self._bounds()
        self._provision(limits)
        if self._stopped or not self._mapping.enabled or not self._queue_exists:
            return
        kernel = self._cloud.kernel
        receivable = self._messages.receivable(kernel.unix_us)
        self._concurrency.reconfigure(limits)
        # a FIFO queue hands out one group at a time
        wanted = receivable if self._fifo else -(-receivable // self._mapping.batch_size)
        backlog = wanted > self._unreceived and self._running >= self._concurrency.allowed
        self._concurrency.observe(backlog, kernel.now_us)
        while wanted > self._unreceived and self._running < self._concurrency.allowed:
            self._start()
        self._provision(limits)
        self._set_alarms(receivable, backlog)

    def _provision(self, bounds_now: Bounds) -> None:
        """In provisioned mode: as many event pollers as concurrency takes. Those there were until now are billed."""
        limits, now_us = bounds_now.pollers, self._cloud.kernel.now_us
        if limits is None and self._pollers is None:
            return
        if self._pollers is not None:
            self._cloud.meter.add("lambda.sqs_poller_hours", self._pollers.hours(now_us), self._mapping.function_name)
        if limits is None or self._stopped or not self._mapping.enabled:
            self._pollers = None
            return
        if self._pollers is None:
            self._pollers = EventPollers(limits, now_us)
        self._pollers.count = self._pollers.for_concurrency(self._concurrency.allowed)

    def _start(self) -> None:
        self.settle()
        self._running += 1
        self._unreceived += 1
        delay_us = max(1_000, self._cloud.latency.hop_us(self._hop) - self._send_us)
        self._cloud.kernel.spawn(
            self._work, name=f"poller of {self._mapping.function_name}", delay_us=delay_us, critical=True
        )

    def _set_alarms(self, receivable: int, backlog: bool) -> None:
        """Look again when a message becomes visible by itself, and when concurrency has grown by one."""
        kernel = self._cloud.kernel
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if receivable == 0:
            self._watch()
        if backlog and (self._scale_alarm is None or self._scale_alarm.fn is None):
            pause_us = round(60e6 / self._bounds().per_minute)
            self._scale_alarm = kernel.call_later(pause_us, self._scaled)

    def _watch(self) -> None:
        """Look again when a message becomes visible by itself: also one of a batch that is still waiting or running."""
        kernel, change_us = self._cloud.kernel, self._messages.next_change_us()
        if change_us is not None and (self._alarm is None or self._alarm.fn is None):
            self._alarm = kernel.call_later(max(0, change_us - kernel.unix_us), self.look)

    def _scaled(self) -> None:
        self._scale_alarm = None
        self.look()

    # -- one batch after the other ---------------------------------------------------------------

    def _work(self) -> None:
        """A poller's turn: receive, invoke, settle; again at once while messages wait."""
        try:
            while not self._stopped and self._mapping.enabled:
                handles: dict[str, str] = {}
                batch = self._receive(handles)
                if not batch:
                    break
                self._watch()
                for part in _cut(batch):
                    self._process(part, handles)
                if self._running > self._concurrency.allowed:
                    break
                self._unreceived += 1
                self._cloud.kernel.sleep(self._cloud.latency.api_us("sqs", "ReceiveMessage"))
        finally:
            self._running -= 1
            if self._running == 0:
                self._idle_since_us = self._cloud.kernel.now_us
                if self._messages.visible(self._cloud.kernel.unix_us) == 0:
                    self._concurrency.rest()
            self.look()

    def _receive(self, handles: dict[str, str]) -> list[Message]:
        """A batch: full, or what has come when its window has passed. What no filter takes is deleted.

        `handles` is filled with the receipt handle of each message by its id: a message that is received again while
        the batch waits or runs has another one then, and this batch can no longer delete it.
        """
        kernel, mapping = self._cloud.kernel, self._mapping
        window_us = int(mapping.max_batch_window or 0) * 1_000_000
        batch: list[Message] = []
        deadline_us = kernel.now_us + window_us
        first = True
        while True:
            try:
                while self._pollers is not None and (wait_us := self._pollers.wait_us(kernel.now_us)):
                    kernel.sleep(wait_us)
                found = self._cloud.sqs.receive(
                    mapping.event_source_arn, min(_RECEIVE, mapping.batch_size - len(batch))
                )
            except QueueDoesNotExist:
                found = []
            finally:
                if first:
                    self._unreceived -= 1
                    first = False
            if found:
                size = sum(message.size for message in found)
                self._count_request(size)
                if self._pollers is not None:
                    self._pollers.took(size, kernel.now_us)
                if not batch and window_us:
                    deadline_us = self._deadline(window_us, len(found))
                self._last_arrival_us = kernel.now_us
                handles.update((message.id, message.receipt_handle) for message in found)
            batch += self._filtered(found)
            if len(batch) >= mapping.batch_size or sum(map(_record_size, batch)) >= _PAYLOAD_LIMIT:
                return batch
            if not found and (not batch or kernel.now_us >= deadline_us):
                return batch
            if not found:
                self._wait_for_more(deadline_us - kernel.now_us)

    def _deadline(self, window_us: int, found: int) -> int:
        """With very little traffic a batch may wait for a whole long poll, however short its window."""
        now_us = self._cloud.kernel.now_us
        quiet = found == 1 and now_us - self._last_arrival_us >= _LONG_POLL_US
        return now_us + (max(window_us, self._low_traffic_us) if quiet else window_us)

    def _wait_for_more(self, longest_us: int) -> None:
        woken = self._cloud.kernel.event()
        self._messages.on_visible.append(woken.set)
        try:
            woken.wait(longest_us)
        finally:
            self._messages.on_visible.remove(woken.set)

    def _filtered(self, found: list[Message]) -> list[Message]:
        accepts = self._filter()
        if accepts is None or not found:
            return found
        kept = [m for m in found if accepts(self._record(m))]
        dropped = [m for m in found if m not in kept]
        if dropped:
            self._delete([message.receipt_handle for message in dropped])
        return kept

    def _filter(self) -> Filter | None:
        return compile_filters(self._mapping.filter_criteria, self._most_filters)

    def _record(self, message: Message) -> dict[str, Any]:
        return record(message, self._mapping.event_source_arn, self._cloud.region)

    def _process(self, batch: list[Message], handles: Mapping[str, str]) -> None:
        """Invoke the function with the batch and do with its messages what the answer says."""
        received_us = self._cloud.kernel.now_us
        parent = self._waited(batch, received_us)
        event = {"Records": [self._record(message) for message in batch]}
        name = self._mapping.function_name
        with self._cloud.tracer.span("batch", "esm", name, parent=parent, size=len(batch)) as span:
            span.carry(_linked(batch))
            result = self._invoke(JsonPayload(event), merged(m.lineage for m in batch), received_us)
        if result is None:
            return  # throttled until the messages became visible again
        partial = "ReportBatchItemFailures" in (self._mapping.function_response_types or ())
        if result.function_error is not None:
            failed = batch
            if not partial:
                self._concurrency.back_off(self._cloud.kernel.now_us)
        else:
            failed = failed_messages(result.payload, batch) if partial else []
        done = [handles[message.id] for message in batch if message not in failed]
        if done:
            self._delete(done)

    def _invoke(self, payload: Payload, lineage: Lineage, received_us: int) -> InvokeResult | None:
        """Throttled invocations are tried again with back-off until the visibility timeout has passed."""
        kernel = self._cloud.kernel
        until_us = received_us + self._queue.visibility_timeout * 1_000_000
        wait_us = self._first_wait_us
        while True:
            try:
                return self._run(payload, lineage)
            except Throttled:
                if kernel.now_us + wait_us >= until_us:
                    kernel.sleep(max(0, until_us - kernel.now_us))
                    return None
                kernel.sleep(wait_us)
                wait_us = min(wait_us * 2, self._longest_wait_us)
            except ApiError:  # no function, a recursive loop, or a fault: the messages come again
                kernel.sleep(max(0, until_us - kernel.now_us))
                return None

    def _waited(self, batch: list[Message], received_us: int) -> SpanContext | None:
        """Note each message's time in the queue in its trace; the batch goes on in the first one's."""
        kernel, name = self._cloud.kernel, self._mapping.event_source_arn.rsplit(":", 1)[-1]
        contexts = [
            self._cloud.tracer.record(
                "wait", "sqs", name,
                start_us=max(0, message.sent_us - kernel.epoch_us), end_us=received_us, parent=message.trace,
            )
            for message in batch
            if message.trace is not None
        ]  # fmt: skip
        return contexts[0] if contexts else None

    # -- bookkeeping -----------------------------------------------------------------------------

    def _delete(self, handles: list[str]) -> None:
        if not self._queue_exists:
            return  # its messages are gone with it
        self._cloud.sqs.delete(self._mapping.event_source_arn, handles)
        for _ in range(0, len(handles), _RECEIVE):
            self._count_request(0)

    def _count_request(self, size: int, times: int = 1) -> None:
        item = "sqs.fifo_requests" if self._fifo else "sqs.requests"
        name = self._mapping.event_source_arn.rsplit(":", 1)[-1]
        self._cloud.meter.add(item, chunks(size, _CHUNK_KB) * times, name)

    def settle(self) -> None:
        """Count the empty receives of a time without messages: idle pollers go on polling, and that is billed."""
        self._provision(self._bounds())
        if self._idle_since_us is None:
            return
        now_us = self._cloud.kernel.now_us
        polls = (now_us - self._idle_since_us) // _LONG_POLL_US
        if polls:
            self._count_request(0, (self._pollers.count if self._pollers else self._idle_pollers) * polls)
        self._idle_since_us = None if self._running else self._idle_since_us + polls * _LONG_POLL_US


def _linked(batch: list[Message]) -> TraceHeader:
    """A batch starts a trace of its own, linked to those of its messages; it is sampled when one of them is."""
    headers = [header for message in batch if (header := message.trace_header) is not None]
    links = dict.fromkeys((header.root, header.parent) for header in headers if header.sampled and header.parent)
    sampled = True if any(header.sampled for header in headers) else None
    return TraceHeader("", sampled=sampled, links=tuple(links)[:_MOST_LINKS])


def _record_size(message: Message) -> int:
    """A message as a record: its own members count too."""
    return message.size + 1_024


def _cut(batch: list[Message]) -> list[list[Message]]:
    """Batches that fit into one invocation's payload."""
    parts: list[list[Message]] = [[]]
    size = 0
    for message in batch:
        if parts[-1] and size + _record_size(message) > _PAYLOAD_LIMIT:
            parts.append([])
            size = 0
        parts[-1].append(message)
        size += _record_size(message)
    return parts
