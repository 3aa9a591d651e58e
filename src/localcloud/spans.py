"""Who called whom, when and for how long.

A span is one piece of work in virtual time. Its parent is the span of the task that does the work, so a
trace follows calls, spawned tasks and, where a service hands a context on, messages and events.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol

from localcloud.errors import ConfigurationError
from localcloud.trace_header import TraceHeader


class TracedTask(Protocol):
    """What a tracer needs of a task: a place for the span that is open in it."""

    span: Any


class Scheduler(Protocol):
    """What a tracer needs of the kernel."""

    @property
    def now_us(self) -> int:
        """Virtual microseconds since the start."""

    def current(self) -> TracedTask | None:
        """The running task; None outside of all tasks."""


@dataclass(frozen=True, slots=True)
class SpanContext:
    """What travels with a message or an event so that its consumer's spans join the same trace.

    `header` is what AWS itself hands on beside it, X-Ray's tracing header: its traces are sampled and end where AWS
    ends them, those of the simulation never do.
    """

    trace_id: int
    span_id: int
    sampled: bool = True
    header: TraceHeader | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """One finished piece of work, `start_us` to `end_us` in virtual microseconds.

    `status` is "ok", "error" (an exception left it), "killed" (its task was ended) or what the service
    set, such as "throttled". `parent_id` is None for the first span of a trace.
    """

    span_id: int
    parent_id: int | None
    trace_id: int
    name: str
    service: str
    resource: str
    start_us: int
    end_us: int
    status: str
    attrs: dict[str, Any]

    @property
    def duration_us(self) -> int:
        """Virtual microseconds from its start to its end."""
        return self.end_us - self.start_us


class OpenSpan:
    """A span under way: a context manager. `set()` adds attributes, `status` can be assigned."""

    __slots__ = (
        "_attrs", "_before", "_parent_id", "_task", "_tracer", "context", "name", "resource", "service", "start_us",
        "status",
    )  # fmt: skip

    def __init__(
        self,
        tracer: Tracer,
        context: SpanContext,
        parent_id: int | None,
        name: str,
        service: str,
        resource: str,
        attrs: dict[str, Any],
    ) -> None:
        self._tracer = tracer
        self.context = context
        self._parent_id = parent_id
        self.name = name
        self.service = service
        self.resource = resource
        self._attrs = attrs
        self.status = "ok"
        self.start_us = 0
        self._task: TracedTask | None = None
        self._before: OpenSpan | None = None

    def set(self, **attrs: Any) -> None:
        """Add attributes, such as cold=True."""
        self._attrs.update(attrs)

    def carry(self, header: TraceHeader | None) -> None:
        """Hand `header` on to what is done inside this span."""
        self.context = replace(self.context, header=header)

    def __enter__(self) -> OpenSpan:
        tracer = self._tracer
        self.start_us = tracer.now_us
        task = self._task = tracer.holder()
        self._before = task.span
        task.span = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.span = self._before
        if not self.context.sampled:
            return
        if kind is not None:
            # What ends a task is a BaseException, as KeyboardInterrupt is; an Exception is the work's own.
            if self.status == "ok":
                self.status = "error" if issubclass(kind, Exception) else "killed"
            self._attrs.setdefault("error", kind.__name__)
        self._tracer.keep(
            Span(
                self.context.span_id, self._parent_id, self.context.trace_id, self.name, self.service, self.resource,
                self.start_us, self._tracer.now_us, self.status, self._attrs,
            )
        )  # fmt: skip


class NoSpan:
    """Stands where no span is: tracing is off."""

    status = "ok"

    def set(self, **attrs: Any) -> None:
        """Nobody looks at it."""

    def carry(self, header: TraceHeader | None) -> None:
        """Nobody looks at it."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Nobody looks at it."""

    def __enter__(self) -> NoSpan:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """It had not begun."""


NO_SPAN = NoSpan()


class _Outside:
    """Holds the open span of code that runs outside every task, such as a notebook cell."""

    def __init__(self) -> None:
        self.span: Any = None


class Tracer:
    """Records spans.

    Args:
        kernel: gives the virtual time and the running task.
        stream: decides which traces are kept; needed when `sample` is between 0 and 1.
        sample: the share of traces to keep. A trace is kept whole or not at all; 0 switches tracing off,
            and with it the way of X-Ray's header from service to service.

    A kept span takes about half a kilobyte: long benchmarks set `sample` low.
    """

    def __init__(self, kernel: Scheduler, stream: random.Random | None = None, sample: float = 1.0) -> None:
        self._kernel = kernel
        self._current = kernel.current
        self._stream = stream
        self._outside = _Outside()
        self._traces: dict[int, list[Span]] = {}
        self._ids = 0
        self.sample = sample

    # -- recording ---------------------------------------------------------------------------

    @property
    def sample(self) -> float:
        """The share of new traces to keep, 0 to 1; may be changed at any time.

        Setting raises ConfigurationError for anything else, and for a share without a random stream.
        """
        return self._sample

    @sample.setter
    def sample(self, share: float) -> None:
        if not 0 <= share <= 1:
            raise ConfigurationError(f"`sample` is a share of traces: expected 0 to 1, found {share!r}.")
        if 0 < share < 1 and self._stream is None:
            raise ConfigurationError("A tracer that keeps a share of traces needs a random stream; pass `stream`.")
        self._sample = share

    @property
    def now_us(self) -> int:
        """Virtual microseconds since the cloud's start."""
        return self._kernel.now_us

    def holder(self) -> TracedTask:
        """The running task, or what stands in for it outside tasks."""
        return self._current() or self._outside

    def context(self) -> SpanContext | None:
        """The context of the open span, to send along with a message; None when no span is open."""
        span = (self._current() or self._outside).span
        return span.context if span is not None else None

    def header(self) -> TraceHeader | None:
        """X-Ray's tracing header of the work that is being done; None when it has none."""
        context = self.context()
        return context.header if context is not None else None

    def is_tracing(self, task: TracedTask | None) -> bool:
        """Whether a span without a `parent` that `task` (None: no task) opens now is one; otherwise it is NO_SPAN."""
        return bool(self._sample) or (task or self._outside).span is not None

    def span(
        self, name: str, service: str, resource: str = "", *, parent: SpanContext | None = None, **attrs: Any
    ) -> OpenSpan | NoSpan:
        """A span to be used with `with`. `parent` takes the place of the running task's open span."""
        if not self._sample and parent is None and (self._current() or self._outside).span is None:
            return NO_SPAN
        context, parent_id = self._place(parent)
        return OpenSpan(self, context, parent_id, name, service, resource, attrs)

    def record(
        self,
        name: str,
        service: str,
        resource: str = "",
        *,
        start_us: int,
        end_us: int,
        parent: SpanContext | None = None,
        status: str = "ok",
        **attrs: Any,
    ) -> SpanContext:
        """Add a span that is already over, such as a message's time in its queue. Times are virtual microseconds.

        Gives its context. Raises ConfigurationError when it would end before it starts.
        """
        if end_us < start_us:
            raise ConfigurationError(f"Span {name!r} ends at {end_us} us, before it starts at {start_us} us.")
        context, parent_id = self._place(parent)
        if context.sampled:
            self.keep(
                Span(
                    context.span_id, parent_id, context.trace_id, name, service, resource, start_us, end_us, status,
                    attrs,
                )
            )  # fmt: skip
        return context

    def keep(self, span: Span) -> None:
        """Store a finished span."""
        self._traces.setdefault(span.trace_id, []).append(span)

    def _place(self, parent: SpanContext | None) -> tuple[SpanContext, int | None]:
        """The context of a new span and its parent's id."""
        above = parent if parent is not None else self.context()
        self._ids += 1
        if above is not None:
            return SpanContext(above.trace_id, self._ids, above.sampled, above.header), above.span_id
        return SpanContext(self._ids, self._ids, self._draw()), None

    def _draw(self) -> bool:
        if self._sample in (0, 1) or self._stream is None:
            return self._sample > 0
        return self._stream.random() < self._sample

    # -- reading -----------------------------------------------------------------------------

    def trace(self, trace_id: int) -> tuple[Span, ...]:
        """The finished spans of one trace, by start; () for an unknown one."""
        return tuple(sorted(self._traces.get(trace_id, ()), key=_by_start))

    def trace_ids(self) -> tuple[int, ...]:
        """The traces that have finished spans, oldest first."""
        return tuple(sorted(self._traces))

    def spans(self, service: str | None = None, name: str | None = None, resource: str | None = None) -> list[Span]:
        """Finished spans by start, of all traces, filtered by what is given."""
        return sorted(self._matching(service, name, resource), key=_by_start)

    def _matching(self, service: str | None, name: str | None, resource: str | None) -> Iterator[Span]:
        for trace in self._traces.values():
            for span in trace:
                if (
                    (service is None or span.service == service)
                    and (name is None or span.name == name)
                    and (resource is None or span.resource == resource)
                ):
                    yield span

    def clear(self) -> None:
        """Forget all finished spans. Open ones are kept when they end."""
        self._traces.clear()


def _by_start(span: Span) -> tuple[int, int]:
    return span.start_us, span.span_id
