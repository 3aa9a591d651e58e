"""Asynchronous invocation: the queue in front of a function, and its retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud.api import ApiError
from localcloud.services.lambda_.destinations import Destinations, Ended
from localcloud.services.lambda_.functions import Function, split_reference
from localcloud.services.lambda_.invoke_configs import InvokeConfigs
from localcloud.services.lambda_.recursion import Lineage
from localcloud.services.lambda_.results import InvokeResult, Throttled, is_passing

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.services.lambda_.service import Lambda

_GONE = "ResourceNotFoundException"


class AsyncInvocations:
    """Delivers events at least once.

    `duplicate_share` is the share of events that are delivered twice, as AWS documents may happen;
    0 unless it is set. `duplicate_if` listeners are asked with the function's name, and hear of every event.
    """

    def __init__(self, cloud: Cloud, lambda_: Lambda) -> None:
        self._cloud = cloud
        self._lambda = lambda_
        self.configs = InvokeConfigs(cloud, lambda_.functions)
        self._destinations = Destinations(cloud, lambda_.functions, lambda_.metrics, self.accept)
        self.duplicate_share = 0.0
        self.duplicate_if: list[Callable[[str], bool]] = []
        retries = cloud.facts.value("quota.lambda.async.retries")
        self._waits_us = [round(seconds * 1e6) for seconds in retries["wait_s"]]
        throttle = cloud.facts.value("quota.lambda.async.throttle_retry")
        self._first_back_off_us = round(throttle["first_s"] * 1e6)
        self._longest_back_off_us = round(throttle["max_s"] * 1e6)
        self._queue_us = round(cloud.facts.value("latency.derived.async_invoke_queue")["p50"] * 1_000)

    def accept(
        self, reference: str, payload: bytes, qualifier: str | None = None, lineage: Lineage | None = None
    ) -> str:
        """Queue one event and return its request id. Raises ApiError when there is no such function.

        `lineage` is the chain of requests it belongs to.
        """
        config = self._lambda.functions.invoked(reference, qualifier)
        if config.durable is not None:
            return self._start_durable(config, split_reference(reference, qualifier)[1], payload)
        request_id = self._lambda.request_id(config.name)
        self._lambda.metrics.received(*split_reference(reference, qualifier))
        arguments = (reference, payload, qualifier, request_id, lineage)
        copies = 1
        if self.duplicate_share:
            drawn = self._cloud.kernel.streams[f"lambda/duplicates/{config.name}"].random()
            copies += drawn < self.duplicate_share
        copies += True in [listener(config.name) for listener in self.duplicate_if]
        for _ in range(copies):
            self._cloud.kernel.spawn(
                self._deliver, *arguments, name=f"{config.name} asynchronous", delay_us=self._queue_us, critical=True
            )
        return request_id

    def _start_durable(self, config: Function, qualifier: str | None, payload: bytes) -> str:
        """An execution of its own, which looks after its own errors."""
        self._lambda.durable.check(config, qualifier, waits=False)
        request_id = self._lambda.request_id(config.name)
        start = self._lambda.durable.start
        self._cloud.kernel.call_later(self._queue_us, start, config, qualifier or config.version, payload)
        return request_id

    def _deliver(
        self, reference: str, payload: bytes, qualifier: str | None, request_id: str, lineage: Lineage | None
    ) -> None:
        try:
            self._try_until_ended(reference, payload, qualifier, request_id, lineage)
        except ApiError as exc:
            if exc.code != _GONE:
                raise
            # The function was deleted meanwhile: nobody is left to give the event to, or to tell of it.

    def _try_until_ended(
        self, reference: str, payload: bytes, qualifier: str | None, request_id: str, lineage: Lineage | None
    ) -> None:
        kernel = self._cloud.kernel
        accepted_us = kernel.now_us
        back_off_us = self._first_back_off_us
        attempts = 0
        # decided once: all attempts belong to the trace of the event
        config = self._lambda.functions.get(reference, qualifier)  # it need not be ready yet
        trace = self._cloud.xray.functions.decide(config, self._cloud.tracer.header())

        def end(condition: str, destination: str | None, result: InvokeResult | None) -> None:
            ended = Ended(reference, qualifier, payload, request_id, condition, attempts, result)
            if condition != "Success":
                self._lambda.metrics.dropped(*split_reference(reference, qualifier))
                self._destinations.dead_letter(ended)
            if destination is not None:
                self._destinations.record(destination, ended)

        while True:
            rules = self.configs.rules(reference, qualifier)
            age_us = self._queue_us + kernel.now_us - accepted_us
            self._lambda.metrics.invoked_after(*split_reference(reference, qualifier), age_us)
            try:
                result = self._lambda.invoke(
                    reference,
                    payload,
                    qualifier=qualifier,
                    request_id=request_id,
                    queued=True,
                    trace=trace,
                    lineage=lineage,
                )
            except ApiError as exc:
                if exc.code == _GONE:
                    raise
                if not (isinstance(exc, Throttled) or is_passing(exc)):
                    end("RetriesExhausted", rules.on_failure, None)  # a recursive loop, or what cannot be run at all
                    return
                # Throttles, functions that are not ready and errors of the service do not use up attempts; only the
                # event's age ends them. A function that may not run at all has nothing to wait for: AWS sends the
                # event on at once.
                if self._lambda.functions.reserved().get(self._lambda.functions.get(reference).name) == 0:
                    end("RetriesExhausted", rules.on_failure, None)
                    return
                if kernel.now_us + back_off_us - accepted_us > rules.max_age_us:
                    end("EventAgeExceeded", rules.on_failure, None)
                    return
                kernel.sleep(back_off_us)
                back_off_us = min(back_off_us * 2, self._longest_back_off_us)
                continue
            attempts += 1
            if result.function_error is None:
                end("Success", rules.on_success, result)
                return
            if attempts > rules.max_retries:
                end("RetriesExhausted", rules.on_failure, result)
                return
            wait_us = self._waits_us[min(attempts, len(self._waits_us)) - 1]
            if kernel.now_us + wait_us - accepted_us > rules.max_age_us:
                end("EventAgeExceeded", rules.on_failure, result)
                return
            kernel.sleep(wait_us)
