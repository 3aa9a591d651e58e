"""The traces of Lambda functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.results import InvokeResult
from localcloud.services.xray import segments
from localcloud.services.xray.sampling import Sampler
from localcloud.services.xray.store import TraceStore
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Traced(NamedTuple):
    """One invocation under way: the header it came with, and the one its code sees and hands on.

    `ids` are those of its segments, None when it records none.
    """

    config: Function
    header: TraceHeader
    inside: TraceHeader
    ids: tuple[str, str, str] | None
    started_us: int


class FunctionTraces:
    """A function with active tracing records what is sampled; any other only hands the header on.

    Source: "Streamlining trace sampling behavior for AWS Lambda functions with AWS X-Ray" (AWS Compute Blog).
    """

    def __init__(self, cloud: Cloud, sampler: Sampler, store: TraceStore) -> None:
        self._kernel = cloud.kernel
        self._sampler = sampler
        self._store = store

    def decide(self, config: Function, incoming: TraceHeader | None) -> TraceHeader:
        """The trace of a request for a function, sampled or not."""
        return self._sampler.arrive(config.name, incoming, config.traced)

    def begin(self, config: Function, incoming: TraceHeader | None) -> Traced:
        """An invocation begins."""
        header = self.decide(config, incoming)
        new_id = self._sampler.new_id
        ids = (new_id(), new_id(), new_id()) if config.traced and header.sampled else None
        # what does not record a segment leaves its caller's in place
        parent = ids[2] if ids is not None else header.parent or new_id()
        inside = TraceHeader(header.root, parent, header.sampled)
        return Traced(config, header, inside, ids, self._kernel.unix_us)

    def ended(self, traced: Traced, result: InvokeResult | None) -> None:
        """It is over; `result` is None when it was throttled."""
        config, header, ids = traced.config, traced.header, traced.ids
        if ids is None:
            return
        now_us = self._kernel.unix_us
        if result is None:
            self._store.put(segments.throttled(header, ids[0], config, traced.started_us, now_us))
            return
        for document in segments.of_function(header, ids, config, result, traced.started_us, now_us):
            self._store.put(document)
