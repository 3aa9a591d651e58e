"""One invocation in one execution environment: the handler, its end and its report."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.kernel import HandlerSpun, MemoryExhausted, Task, Timer
from localcloud.runtime import ExecutionEnvironment
from localcloud.runtime.process import ProcessEnded
from localcloud.services.lambda_ import errors
from localcloud.services.lambda_.context import ClientContext, LambdaContext
from localcloud.services.lambda_.init_lines import of_invocation
from localcloud.services.lambda_.initialization import Initializer, go_on_for_ever, log_time
from localcloud.services.lambda_.log_delivery import deliver_logs
from localcloud.services.lambda_.marshalling import marshalled
from localcloud.services.lambda_.payloads import Payload, event_of
from localcloud.services.lambda_.recursion import following
from localcloud.services.lambda_.results import Interference, InvokeResult
from localcloud.services.lambda_.sandboxes import PROVISIONED, Sandbox
from localcloud.services.lambda_.system_lines import Report, end_line, failure_line, report_line, start_line
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_TRACE_ID = "_X_AMZN_TRACE_ID"


class Invoker:
    """Runs invocations on sandboxes; Init again on those that have lost their environment."""

    def __init__(self, cloud: Cloud, initializer: Initializer) -> None:
        self._cloud = cloud
        self._initializer = initializer
        self._memory_mb = int(cloud.facts.value("model.lambda.python_memory"))
        self._response_limit = int(cloud.facts.value("quota.lambda.payload.response"))

    def invoke(
        self,
        sandbox: Sandbox,
        payload: Payload,
        request_id: str,
        interference: Interference | None = None,
        client_context: ClientContext | None = None,
        qualifier: str | None = None,
    ) -> InvokeResult:
        """Run the handler once. Takes virtual time in the calling task. `qualifier`: that of the request."""
        kernel, config = self._cloud.kernel, sandbox.config
        suppressed = sandbox.environment is None  # an earlier crash: Init runs again, inside Duration
        if suppressed:
            sandbox.environment = self._initializer.environments.make(sandbox)
        environment = sandbox.environment
        assert environment is not None
        environment.lineage = following.get() or {}
        environment.thaw()
        self.show_trace(environment)
        sandbox.request_id = request_id
        self._log(sandbox, start_line(config, request_id, kernel.unix_us))
        started_us = kernel.now_us
        deadline_us = started_us + config.timeout_s * 1_000_000
        context = LambdaContext(kernel, config, request_id, deadline_us, sandbox.log_stream)
        context.client_context = client_context
        if qualifier is not None:
            context.invoked_function_arn = f"{config.arn.rpartition(':')[0]}:{qualifier}"

        crashed = False
        crash_timer: Timer | None = None
        handling: Task | None = None

        def crash() -> None:
            nonlocal crashed
            if handling is None or handling.done:
                return
            crashed = True
            if interference is not None and interference.on_crash is not None:
                interference.on_crash()
            environment.kill()

        def body() -> Any:
            nonlocal crash_timer, handling
            handling = kernel.current()
            if sandbox.restore_error is not None:
                error, sandbox.restore_error = sandbox.restore_error, None
                raise error
            if suppressed:
                self._initializer.run_again(sandbox)
            self.take_cpu(sandbox)
            if interference is not None:
                crash_timer = self.interfere(interference, crash)
            assert sandbox.handler is not None
            try:
                return sandbox.handler(event_of(payload), context)
            except HandlerSpun as exc:
                go_on_for_ever(self._cloud, sandbox, exc)

        timeout_us = config.timeout_s * 1_000_000
        task, in_time = kernel.run_task(body, group=environment, name=config.name, timeout_us=timeout_us)
        if crash_timer is not None:
            crash_timer.cancel()
        sandbox.invocations += 1
        environment.flush()
        error: dict[str, Any] | None = None
        answer = b""
        status = error_type = ""
        if not in_time:
            error, status = errors.timeout_payload(request_id, config.timeout_s), "timeout"
            if not config.logs.json:  # there the report says it
                text = f"{request_id} Task timed out after {config.timeout_s:.2f} seconds"
                self._log(sandbox, f"{log_time(self._cloud)} {text}")
            sandbox.discard()
            kernel.sleep(0)  # lets the killed tasks end
        elif task.exception is not None:
            error, lost = self._failure(sandbox, task.exception, request_id, crashed, suppressed)
            if lost:
                status, error_type = "error", error["errorType"]
                sandbox.discard()
        else:
            answer, error = self._answer(sandbox, task.value, request_id)
        duration_us = kernel.now_us - started_us if in_time else timeout_us
        if sandbox.environment is not None:
            environment.freeze()
        if error is not None:
            answer = marshalled(error, config.runtime)
        if error is not None and config.logs.json and in_time:  # JSON tells of every error
            status, error_type = "error", error["errorType"]
        used_mb = min(config.memory_mb, self._memory_mb)  # it is not measured
        if isinstance(task.exception, MemoryExhausted):
            used_mb = config.memory_mb
        return self._report(
            sandbox, request_id, duration_us, answer, error is not None, status, error_type, used_mb
        )

    def show_trace(self, environment: ExecutionEnvironment) -> None:
        """The trace of this invocation, where tracing libraries look for it."""
        header = self._cloud.tracer.header()
        if header is None:  # the simulation's own tracing is switched off
            sampler = self._cloud.xray.sampler
            header = TraceHeader(sampler.new_root(), sampler.new_id(), False)
        environment.environ[_TRACE_ID] = header.text

    def _failure(
        self, sandbox: Sandbox, exc: BaseException, request_id: str, crashed: bool, suppressed: bool
    ) -> tuple[dict[str, Any], bool]:
        """The error object of an invocation that raised, and whether its environment is lost."""
        if crashed or errors.ended_process(exc) is not None:
            error = errors.exit_payload(request_id, "signal: killed") if crashed else None
            error = error or errors.error_payload(exc, request_id)
            if not crashed and not isinstance(exc, SystemExit | ProcessEnded | MemoryExhausted):
                trace = "".join(errors.frames(exc))
                self._log(sandbox, f"Traceback (most recent call last):\n{trace}{type(exc).__name__}: {exc}")
            self._log(sandbox, f"{error['errorMessage']}\n{error['errorType']}")
            return error, True
        error = errors.error_payload(exc, request_id)
        self._log_error(sandbox, error)
        return error, suppressed and sandbox.handler is None

    def _answer(self, sandbox: Sandbox, value: Any, request_id: str) -> tuple[bytes, dict[str, Any] | None]:
        """As `sendable`, with the runtime's line in the log when it is not."""
        answer, error = self.sendable(value, sandbox.config.runtime, request_id)
        if error is not None and "stackTrace" in error:
            self._log_error(sandbox, error)
        elif error is not None:
            self._log(sandbox, "LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.")
        return answer, error

    def sendable(self, value: Any, runtime: str, request_id: str) -> tuple[bytes, dict[str, Any] | None]:
        """What a handler returned as a payload, or the error object when it cannot be sent."""
        try:
            answer = marshalled(value, runtime)
        except Exception as exc:  # noqa: BLE001 - an object may raise anything when it is looked into
            return b"", errors.marshal_error(exc, request_id)
        if len(answer) > self._response_limit:
            return b"", errors.too_large(self._response_limit)
        return answer, None

    def interfere(self, interference: Interference, crash: Callable[[], None]) -> Timer | None:
        """What goes wrong before the handler begins; the timer of what goes wrong later."""
        kernel = self._cloud.kernel
        kernel.sleep(interference.delay_us)
        if interference.error_type is not None:
            raise errors.InjectedError(interference.error_type, interference.error_message)
        timer = None
        if interference.crash_after_us is not None:
            timer = kernel.call_later(interference.crash_after_us, crash)
        if interference.crash_after_us == 0 or interference.hangs:  # it dies before the handler does anything
            kernel.event().wait()
        return timer

    def take_cpu(self, sandbox: Sandbox) -> None:
        """The runtime's own work around a handler, slower with less memory."""
        environment = sandbox.environment
        assert environment is not None
        latency = self._cloud.latency
        cpu_us = latency.fact_us("model.lambda.handler_cpu", sandbox.config.name)
        if sandbox.invocations == 0 and environment.modules.requested & {"boto3", "botocore"}:
            cpu_us += latency.fact_us("model.lambda.sdk_first_call_cpu", sandbox.config.name)
        environment.use_cpu(cpu_us)

    # -- logs --------------------------------------------------------------------------------

    def _log(self, sandbox: Sandbox, line: str | None) -> None:
        sandbox.log(line, self._cloud.kernel.unix_us)

    def _log_error(self, sandbox: Sandbox, error: dict[str, Any]) -> None:
        self._log(sandbox, failure_line(sandbox.config, error, self._cloud.kernel.unix_us))

    def _report(
        self, sandbox: Sandbox, request_id: str, duration_us: int, answer: bytes, failed: bool, status: str,
        error_type: str, used_mb: int,
    ) -> InvokeResult:  # fmt: skip
        config, init_us, restore_us = sandbox.config, sandbox.init_us, sandbox.restore_us
        billed_restore_us = sandbox.billed_restore_us
        sandbox.init_us = sandbox.restore_us = sandbox.billed_restore_us = 0
        billed_ms = math.ceil((duration_us + init_us + billed_restore_us) / 1_000)
        report = Report(
            request_id, duration_us, billed_ms, used_mb, init_us, restore_us, billed_restore_us, status, error_type
        )
        sandbox.request_id = ""
        self._log(sandbox, end_line(config, report, self._cloud.kernel.unix_us))
        self._log(sandbox, report_line(config, report, self._cloud.kernel.unix_us))
        lines = deliver_logs(self._cloud, sandbox)
        return InvokeResult(
            status=200,
            payload=answer,
            function_error="Unhandled" if failed else None,
            executed_version=config.version,
            request_id=request_id,
            duration_ms=duration_us / 1_000,
            billed_ms=billed_ms,
            init_ms=init_us / 1_000,
            cold=init_us > 0 or restore_us > 0,
            restore_ms=restore_us / 1_000,
            log_tail=of_invocation(lines),
            provisioned=sandbox.kind == PROVISIONED,
        )
