"""One invocation in one process of an environment on managed instances.

It differs from default compute: nothing is frozen between requests, a timeout answers the caller but does not stop
the code, a process that dies leaves the others running, and a report knows the duration only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.kernel import Task, Timer
from localcloud.services.lambda_ import errors
from localcloud.services.lambda_.context import ClientContext, LambdaContext
from localcloud.services.lambda_.invocation import Invoker
from localcloud.services.lambda_.json_lines import error_line, platform_line, timestamp
from localcloud.services.lambda_.managed.environments import ManagedEnvironment, Worker
from localcloud.services.lambda_.marshalling import marshalled
from localcloud.services.lambda_.results import Interference, InvokeResult

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class ManagedInvoker:
    """Runs handlers in processes that were made ready before."""

    def __init__(self, cloud: Cloud, invoker: Invoker) -> None:
        self._cloud = cloud
        self._invoker = invoker

    def invoke(
        self,
        environment: ManagedEnvironment,
        worker: Worker,
        payload: bytes,
        request_id: str,
        timeout_s: int,
        interference: Interference | None,
        client_context: ClientContext | None,
    ) -> InvokeResult:
        """Run the handler once, in the worker that was taken for it, and release it."""
        kernel, config, sandbox = self._cloud.kernel, environment.config, worker.sandbox
        process = sandbox.environment
        assert process is not None
        sandbox.request_id = request_id
        self._invoker.show_trace(process)
        self._log(worker, "start", {"requestId": request_id, "version": config.version})
        started_us, started_unix_us = kernel.now_us, kernel.unix_us
        deadline_us = started_us + timeout_s * 1_000_000
        context = LambdaContext(kernel, config, request_id, deadline_us, sandbox.log_stream)
        context.client_context = client_context
        crash_timer: Timer | None = None

        def crash() -> None:
            if not task.done:
                if interference is not None and interference.on_crash is not None:
                    interference.on_crash()
                process.kill()

        def body() -> Any:
            nonlocal crash_timer
            self._invoker.take_cpu(sandbox)
            if interference is not None:
                crash_timer = self._invoker.interfere(interference, crash)
            assert sandbox.handler is not None
            return sandbox.handler(json.loads(payload or b"null"), context)

        task = kernel.spawn(body, group=process, name=config.name)
        in_time = task.join(timeout_s * 1_000_000)
        duration_us = kernel.now_us - started_us if in_time else timeout_s * 1_000_000
        error, answer = self._outcome(task, in_time, request_id, timeout_s, config.runtime)
        process.flush()
        if error is not None:
            worker.log(kernel.unix_us, error_line(kernel.unix_us, {"requestId": request_id, **error}))
            answer = marshalled(error, config.runtime)
        status = "success" if error is None else "error" if in_time else "timeout"
        self._report(worker, request_id, duration_us, started_unix_us, status, error)
        lines = tuple(line for _, line in sandbox.lines)
        environment.flush(worker)
        sandbox.invocations += 1
        if in_time:
            self._end(environment, worker, task, crash_timer)
        else:
            kernel.spawn(self._late, environment, worker, task, crash_timer, name="after its timeout", critical=True)
        return InvokeResult(
            status=200,
            payload=answer,
            function_error=None if error is None else "Unhandled",
            executed_version=config.version,
            request_id=request_id,
            duration_ms=duration_us / 1_000,
            billed_ms=0,
            init_ms=0.0,
            cold=False,
            log_tail=lines,
            managed=True,
        )

    def _outcome(
        self, task: Task, in_time: bool, request_id: str, timeout_s: int, runtime: str
    ) -> tuple[dict[str, Any] | None, bytes]:
        """(error, answer): one of them is what the caller gets."""
        if not in_time:
            return errors.timeout_payload(request_id, timeout_s), b""
        if task.exception is not None:
            return errors.error_payload(task.exception, request_id), b""
        answer, error = self._invoker.sendable(task.value, runtime, request_id)
        return error, answer

    def _late(self, environment: ManagedEnvironment, worker: Worker, task: Task, crash_timer: Timer | None) -> None:
        """The code goes on, and keeps its process, until it ends by itself."""
        task.join()
        process = worker.sandbox.environment
        assert process is not None
        process.flush()
        environment.flush(worker)
        self._end(environment, worker, task, crash_timer)

    @staticmethod
    def _end(environment: ManagedEnvironment, worker: Worker, task: Task, crash_timer: Timer | None) -> None:
        if crash_timer is not None:
            crash_timer.cancel()
        process = worker.sandbox.environment
        if task.exception is not None and not isinstance(task.exception, Exception):
            if process is not None:
                process.kill()
            environment.lose(worker)
        environment.release(worker)

    def _log(self, worker: Worker, kind: str, record: dict[str, Any]) -> None:
        now_us = self._cloud.kernel.unix_us
        worker.log(now_us, platform_line(now_us, kind, record))

    def _report(
        self, worker: Worker, request_id: str, duration_us: int, started_unix_us: int, status: str,
        error: dict[str, Any] | None,
    ) -> None:  # fmt: skip
        """No billed duration, no memory: they belong to the environment, not to a request."""
        duration_ms = round(duration_us / 1_000, 3)
        ended_us = started_unix_us + duration_us
        spans = [
            {"name": "responseLatency", "start": timestamp(started_unix_us), "durationMs": duration_ms},
            {"name": "responseDuration", "start": timestamp(ended_us), "durationMs": 0.0},  # it goes out at once
        ]
        metrics = {"durationMs": duration_ms}
        record = {"requestId": request_id, "metrics": metrics, "spans": spans, "status": status}
        if error is not None and status == "error":
            record["errorType"] = error["errorType"]
        self._log(worker, "report", record)
