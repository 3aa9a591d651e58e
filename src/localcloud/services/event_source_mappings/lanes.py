"""One lane through a shard: batch after batch, in order, until each is done or given up.

A shard has as many lanes as its mapping's ParallelizationFactor; records with the same key share one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.event_source_mappings.discarded import RETRIES_EXHAUSTED, TOO_OLD, send_discarded
from localcloud.services.event_source_mappings.filters import Filter
from localcloud.services.event_source_mappings.running import batch_runner
from localcloud.services.event_source_mappings.sources import Source
from localcloud.services.event_source_mappings.windows import Window, window_number
from localcloud.services.kinesis import StreamShard
from localcloud.services.lambda_ import InvokeResult
from localcloud.services.lambda_.functions import split_reference
from localcloud.stores.shards import Entry

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PAYLOAD_LIMIT = 6 * 1024 * 1024
_ENVELOPE = 500  # bytes of a record besides its data, about


@dataclass(slots=True)
class Batch:
    """Records that are invoked together. `failures` counts invocations that failed since its first record came up."""

    entries: list[Entry]
    failures: int = 0


class Lane:
    """Works through its part of a shard from `position` on.

    `accepts()` gives the mapping's filter as it is now; `done()` is called whenever the lane comes to rest.
    """

    def __init__(
        self,
        cloud: Cloud,
        mapping: Any,
        source: Source,
        shard: StreamShard,
        part: tuple[int, int],
        position: int,
        accepts: Callable[[], Filter | None],
        done: Callable[[], None],
    ) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._run = batch_runner(cloud, mapping)
        self._source = source
        self._shard = shard
        self._index, self._of = part
        self.position = position
        self._accepts = accepts
        self._done = done
        self._window: Window | None = None
        self.stopped = False
        self.running = False
        facts = cloud.facts
        self._write_us = round(facts.value(source.write)["p50"] * 1_000)
        retry = facts.value("model.lambda.esm_stream_retry")
        self._first_wait_us, self._longest_wait_us = round(retry["first_s"] * 1e6), round(retry["max_s"] * 1e6)

    # -- when to work --------------------------------------------------------------------------

    def arrived(self, entry: Entry) -> None:
        """A record has come to the shard."""
        if not self.running and self._mine(entry):
            self.look()

    def look(self) -> None:
        """Start working, if there may be something to do."""
        if self.running or self.stopped or not self._mapping.enabled or self.position >= self._shard.log.end:
            return
        self.running = True
        delay_us = max(1_000, self._cloud.latency.hop_us(self._source.hop) - self._write_us)
        self._cloud.kernel.spawn(
            self._work, name=f"shard of {self._mapping.function_name}", delay_us=delay_us, critical=True
        )

    @property
    def finished(self) -> bool:
        """Whether the shard takes no more records and this lane has seen them all."""
        return self._shard.log.closed and not self.running and self.position >= self._shard.log.end

    @property
    def _on(self) -> bool:
        return not self.stopped and bool(self._mapping.enabled)

    def _mine(self, entry: Entry) -> bool:
        return self._of == 1 or zlib.crc32(entry.key.encode()) % self._of == self._index

    def _work(self) -> None:
        try:
            while self._on:
                entries, end = self._gather()
                self._close_window(entries[0].at_us if entries else None)
                if not entries:
                    if self._on:
                        self.position = end
                    if self._window is None or not self._on:
                        break
                    self._await_window()
                    continue
                waiting = [Batch(entries)]
                while waiting and self._on:
                    waiting[:1] = self._deliver(waiting[0])
                if self._on:
                    self.position = end
        except ApiError as exc:
            if exc.code != "ResourceNotFoundException":
                raise
            self.stopped, self._source.last_result = True, "PROBLEM: Stream not found"  # it was deleted meanwhile
        finally:
            self.running = False
            self._done()

    # -- gathering -----------------------------------------------------------------------------

    def _gather(self) -> tuple[list[Entry], int]:
        """The next batch and the position after it: full, or what has come when its batching window is over."""
        kernel, mapping = self._cloud.kernel, self._mapping
        window_us = int(mapping.max_batch_window or 0) * 1_000_000
        entries: list[Entry] = []
        size, position, deadline_us = 0, self.position, None
        accepts = self._accepts()
        while True:
            full = False
            position = max(position, self._shard.log.start)
            while (entry := self._shard.log.at(position)) is not None:
                if not self._mine(entry) or not self._passes(entry, accepts):
                    position += 1
                    continue
                size += entry.size_bytes * 4 // 3 + _ENVELOPE
                full = bool(entries) and (size > _PAYLOAD_LIMIT or not self._same_window(entries[0], entry))
                if full:
                    break
                entries.append(entry)
                position += 1
                full = len(entries) >= mapping.batch_size
                if full:
                    break
            if full or not entries or not window_us:
                return entries, position
            deadline_us = kernel.now_us + window_us if deadline_us is None else deadline_us
            if kernel.now_us >= deadline_us or not self._on:
                return entries, position
            self._await_record(deadline_us - kernel.now_us)

    def _passes(self, entry: Entry, accepts: Filter | None) -> bool:
        if accepts is None:
            return True
        described = self._source.filtered(self._source.record(entry, self._shard.id))
        return described is not None and accepts(described)

    def _await_record(self, longest_us: int) -> None:
        woken = self._cloud.kernel.event()
        told = woken.set
        self._shard.log.on_append.append(told)
        try:
            woken.wait(longest_us)
        finally:
            self._shard.log.on_append.remove(told)

    # -- tumbling windows ----------------------------------------------------------------------

    def _same_window(self, first: Entry, entry: Entry) -> bool:
        seconds = int(self._mapping.tumbling_window or 0)
        return not seconds or window_number(first.at_us, seconds) == window_number(entry.at_us, seconds)

    def _close_window(self, next_us: int | None) -> None:
        """Tell the function that a window is over, when it is; open the one of the next record."""
        seconds = int(self._mapping.tumbling_window or 0)
        window = self._window
        if window is not None:
            over = next_us >= window.end_us if next_us is not None else self._cloud.kernel.unix_us >= window.end_us
            if not over and not window.too_large and seconds:
                return
            self._window = None
            self._invoke_until_done(Batch([]), window)
        if seconds and next_us is not None and self._window is None:
            self._window = Window(window_number(next_us, seconds), seconds)

    def _await_window(self) -> None:
        """Wait for a record, or for the end of the window."""
        assert self._window is not None
        left_us = self._window.end_us - self._cloud.kernel.unix_us
        if left_us > 0 and self._shard.log.at(self.position) is None:
            self._await_record(left_us)

    def _invoke_until_done(self, batch: Batch, window: Window) -> None:
        waiting = [batch]
        while waiting and not self.stopped:
            waiting[:1] = self._deliver(waiting[0], window)

    # -- one batch -----------------------------------------------------------------------------

    def _deliver(self, batch: Batch, final: Window | None = None) -> list[Batch]:
        """Invoke until the batch is done or given up; what is to be invoked after it, when it is cut instead."""
        wait_us = self._first_wait_us
        last: InvokeResult | None = None
        payload = b""
        while not self.stopped and (final is not None or self._mapping.enabled):
            self._drop_old(batch, last, payload)
            if not batch.entries and final is None:
                return []
            payload = self._payload(batch, final)
            result = self._invoke(payload, batch)
            failed = result is None or result.function_error is not None
            self._source.last_result = "PROBLEM: Function call failed" if failed else "OK"
            if result is not None:
                last = result
                rest = self._rest(batch, result, final)
                if rest is None:
                    self._source.was_read(sum(entry.size_bytes for entry in batch.entries))
                    return []
                if len(rest) < len(batch.entries):
                    batch.entries, batch.failures, wait_us = rest, 1, self._first_wait_us
                elif self._mapping.bisect_on_error and len(batch.entries) > 1:
                    half = len(batch.entries) // 2
                    return [Batch(batch.entries[:half], batch.failures), Batch(batch.entries[half:], batch.failures)]
                else:
                    batch.failures += 1
                most = self._mapping.max_retry_attempts
                if most is not None and most >= 0 and batch.failures > most:
                    self._discard(batch, RETRIES_EXHAUSTED, last, payload)
                    return []
            self._cloud.kernel.sleep(wait_us)
            wait_us = min(wait_us * 2, self._longest_wait_us)
        return [batch] if self.stopped else []

    def _payload(self, batch: Batch, final: Window | None) -> bytes:
        event: dict[str, Any] = {"Records": [self._source.record(entry, self._shard.id) for entry in batch.entries]}
        window = final or self._window
        if window is not None:
            event |= window.members(self._shard.id, self._mapping.event_source_arn, final is not None)
        return json.dumps(event).encode()

    def _invoke(self, payload: bytes, batch: Batch) -> InvokeResult | None:
        """None when the function could not be invoked: that is no failure of the function."""
        mapping, kernel = self._mapping, self._cloud.kernel
        try:
            with self._cloud.tracer.span("batch", "esm", mapping.function_name, size=len(batch.entries)):
                if batch.entries and ":lambda:" in mapping.function_arn:
                    name, qualifier = split_reference(mapping.function_arn, None)
                    age_us = kernel.unix_us - batch.entries[-1].at_us
                    self._cloud.lambda_.metrics.iterator_age(name, qualifier, age_us)
                return self._run(payload, {})
        except ApiError:
            return None

    def _rest(self, batch: Batch, result: InvokeResult, final: Window | None) -> list[Entry] | None:
        """The records that are not done yet; None when all are."""
        if result.function_error is not None:
            return batch.entries
        window = final or self._window
        if window is not None:
            window.keep(result.payload)
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or ()):
            return None
        first = first_failure(result.payload, [str(entry.sequence) for entry in batch.entries])
        return None if first is None else batch.entries[first:]

    # -- giving up -----------------------------------------------------------------------------

    def _drop_old(self, batch: Batch, last: InvokeResult | None, payload: bytes) -> None:
        """Leave out what has expired in the stream, and give up what is older than the mapping allows."""
        now_us = self._cloud.kernel.unix_us
        expired_us = now_us - self._source.retention_us()
        batch.entries = [entry for entry in batch.entries if entry.at_us > expired_us]
        longest_s = self._mapping.max_record_age
        if longest_s is None or longest_s < 0:
            return
        old = [entry for entry in batch.entries if now_us - entry.at_us > longest_s * 1_000_000]
        if old:
            self._discard(Batch(old, batch.failures), TOO_OLD, last, payload)
            batch.entries = batch.entries[len(old) :]
            batch.failures = 0

    def _discard(self, batch: Batch, condition: str, last: InvokeResult | None, payload: bytes) -> None:
        if batch.entries:
            send_discarded(
                self._cloud, self._mapping, self._source.batch_info, self._shard.id, batch.entries, condition,
                batch.failures, last, payload,
            )  # fmt: skip


def first_failure(answer: bytes, sequences: list[str]) -> int | None:
    """Where in the batch the lowest failed record is, by a partial batch response; None when all is done.

    A response that is not a valid one means the whole batch.
    """
    try:
        parsed = json.loads(answer or b"null")
    except ValueError:
        return 0
    if parsed is None or parsed == {}:
        return None
    failures = parsed.get("batchItemFailures", 0) if isinstance(parsed, dict) else 0
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return None if isinstance(parsed, dict) and "batchItemFailures" not in parsed and "state" in parsed else 0
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    if any(name not in sequences for name in named):
        return 0
    return min(sequences.index(str(name)) for name in named)
