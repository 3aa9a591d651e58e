"""The short circuit: what happens when simulated code (or a notebook cell) calls boto3.

The order is stock botocore's: parameter events, validation, the call with its retries, parsed
response events, modelled exceptions. Only what lies between (serialising, signing, HTTP, parsing)
is left out, and the call takes its latency in virtual time.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError, HTTPClientError
from botocore.model import OperationModel
from botocore.waiter import Waiter

from localcloud.api.calls import REQUEST_ID, ApiCall, ApiError
from localcloud.api.moto_direct import MotoDirect
from localcloud.api.registry import Plan, Registry
from localcloud.errors import LibraryMissing, WrongContext
from localcloud.kernel import Kernel, Task
from localcloud.patching import Patches
from localcloud.spans import NO_SPAN, Tracer
from localcloud.trace_header import TraceHeader

_real_ident = _thread.get_ident


class _Http:
    """The part of an HTTP response that botocore's own event handlers look at."""

    __slots__ = ("headers", "raw", "status_code")

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code
        self.headers: dict[str, str] = {}
        self.raw = None


class Api(Registry):
    """The API surface of one account.

    Args:
        kernel: the virtual clock.
        moto: runs operations on moto's state.
        latency_us: the virtual time a call takes, by service and operation.
        tracer: records a span for each attempt.
    """

    def __init__(self, kernel: Kernel, moto: MotoDirect, latency_us: Callable[[str, str], int], tracer: Tracer) -> None:
        super().__init__(moto)
        self._kernel = kernel
        self._tracer = tracer
        self._latency_us = latency_us
        self._requests = 0
        # the tracing header that the caller's own instrumentation would send with a request of this client
        self.outgoing_header: Callable[[Task | None, Any], TraceHeader | None] = lambda task, client: None
        self._stock: Any = None
        # the call whose attempts the stock path is making in this task
        self._stock_call: ContextVar[ApiCall | None] = ContextVar("stock_call", default=None)

    # -- what services use -------------------------------------------------------------------

    def spend_inside(self, call: ApiCall) -> None:
        """Let the handler's share of the call's latency pass."""
        if call.inside_us and self._kernel.current() is not None:
            self._kernel.sleep(call.inside_us)

    def attempt(self, call: ApiCall) -> None:
        """Go through what precedes every attempt: faults and the call's latency. Raises as `before_call` says."""
        self._before_attempt(call, self.plan(call.client, call.operation), self._kernel.current())

    def direct(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """A call between services: no latency, no faults, no metering. Raises ApiError."""
        self.prepare(service)
        handler = self._handlers.get((service, operation))
        if handler is not None:
            return handler(ApiCall(service, operation, params, None, ""))
        method = self._moto.method(service, operation)
        if method is None:
            raise ApiError("UnknownOperationException", f"{service}:{operation} is not available directly.")
        return self._moto.call(service, method, params, None)

    def stock(self, call: ApiCall) -> dict[str, Any]:
        """The rest of a registered operation, by moto over the stock path. Raises botocore's ClientError."""
        return self._run_stock(call, None)

    def _run_stock(self, call: ApiCall, attempted: ApiCall | None) -> dict[str, Any]:
        """botocore's own `_make_api_call`; the attempts it makes count as those of `attempted`."""
        token = self._stock_call.set(attempted)
        try:
            answer: dict[str, Any] = self._stock(call.client, call.operation, call.params)
        finally:
            self._stock_call.reset(token)
        return answer

    def moto(self, call: ApiCall) -> dict[str, Any]:
        """The rest of a registered operation, by moto without HTTP. Raises ApiError."""
        method = self._moto.method(call.service, call.operation)
        if method is None:
            return self.stock(call)
        model = call.client._service_model.operation_model(call.operation)
        return self._moto.call(call.service, method, call.params, model)

    # -- the replaced BaseClient._make_api_call ----------------------------------------------

    def install(self, patches: Patches) -> None:
        """Take boto3's calls over, until the patches are undone."""
        api = self
        self._stock = BaseClient._make_api_call

        def make_api_call(client: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
            task = api._kernel.current()
            tape = getattr(task.group, "tape", None) if task is not None else None
            if tape is not None:
                return tape.call(lambda: api._enter(client, operation_name, api_params))
            if task is not None:  # on the kernel's own thread, and the clock is running
                return api._call(client, operation_name, api_params)
            return api._enter(client, operation_name, api_params)

        patches.set(BaseClient, "_make_api_call", make_api_call)
        self._install_stock_attempts(patches)
        self._install_waiters(patches)

    def _install_stock_attempts(self, patches: Patches) -> None:
        """Ask the interceptors before each attempt of the stock path, inside its own retry loop."""
        api, stock_attempt = self, Endpoint._get_response

        def get_response(endpoint: Any, request: Any, model: OperationModel, context: Any) -> Any:
            call = api._stock_call.get()
            if call is not None:
                try:
                    api._before_attempt(call, api.plan(call.client, call.operation), api._kernel.current())
                except ApiError as exc:
                    return (_Http(exc.status), api._error(exc, model)), None
                except HTTPClientError as exc:
                    return None, exc
            return stock_attempt(endpoint, request, model, context)

        patches.set(Endpoint, "_get_response", get_response)

    def _before_attempt(self, call: ApiCall, plan: Plan, task: Task | None) -> None:
        """What every attempt goes through first: the interceptors and the call's own latency."""
        for interceptor in plan.interceptors:
            interceptor(call)
        if task is not None:
            latency_us = self._latency_us(plan.service, plan.operation)
            if plan.inside is not None:
                call.inside_us = round(latency_us * plan.inside)
                latency_us -= call.inside_us
            self._kernel.sleep(latency_us)

    def _install_waiters(self, patches: Patches) -> None:
        """A waiter that a notebook cell calls sleeps in virtual time too."""
        kernel, stock_wait = self._kernel, Waiter.wait

        def wait(waiter: Any, **kwargs: Any) -> None:
            kernel.call(stock_wait, waiter, **kwargs)

        patches.set(Waiter, "wait", wait)

    def _enter(self, client: Any, operation: str, params: dict[str, Any]) -> Any:
        kernel = self._kernel
        if _real_ident() != kernel.thread_id:
            raise WrongContext("The local cloud belongs to the thread that started it; call boto3 from there.")
        if kernel.running:
            return self._call(client, operation, params)
        return kernel.call(self._call, client, operation, params)

    def _call(self, client: Any, operation: str, params: dict[str, Any]) -> Any:
        plan = self._plans.get((id(client), operation)) or self.plan(client, operation)
        if plan.handler is None and plan.method is None:
            return self._call_stock(plan, params)
        context: dict[str, Any] = {"client_region": plan.region, "client_config": client.meta.config}
        params = plan.events.prepare(params, context)
        if not plan.check(params):
            self._validator.look_closer(params, plan.model)
        status, parsed = self._attempts(plan, ApiCall(plan.service, operation, params, client, plan.region), context)
        plan.events.after(_Http(status), parsed, context)
        if status >= 300:
            code = context.get("error_code_override") or parsed["Error"]["Code"]
            raise client.exceptions.from_code(code)(parsed, operation)
        return parsed

    def _attempts(self, plan: Plan, call: ApiCall, context: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The call and its retries, by the client's own retry policy, which sleeps in virtual time."""
        endpoint = plan.client._endpoint
        attempts = 1
        while True:
            failure: HTTPClientError | None = None
            response: tuple[_Http, dict[str, Any]] | None = None
            try:
                status, parsed = self._attempt(plan, call)
                if status < 400 and attempts == 1:
                    return status, parsed
                response = (_Http(status), parsed)
            except HTTPClientError as exc:
                failure = exc
            endpoint._update_retries_context(context, attempts)
            if not endpoint._needs_retry(attempts, plan.model, {"context": context}, response, failure):
                if failure is not None:
                    raise failure
                parsed["ResponseMetadata"]["RetryAttempts"] = attempts - 1
                return status, parsed
            attempts += 1

    def _attempt(self, plan: Plan, call: ApiCall) -> tuple[int, dict[str, Any]]:
        kernel, tracer = self._kernel, self._tracer
        started_us = kernel.now_us
        answer: dict[str, Any] | ApiError
        task = kernel.current()
        header = self.outgoing_header(task, plan.client)
        with tracer.span(call.operation, call.service, call.resource) if tracer.is_tracing(task) else NO_SPAN as span:
            if header is not None:
                span.carry(header)
            try:
                self._before_attempt(call, plan, task)
                if plan.handler is not None:
                    answer = plan.handler(call)
                else:
                    assert plan.method is not None
                    answer = self._moto.call(plan.service, plan.method, call.params, plan.model)
            except ApiError as exc:
                answer = exc
                span.status = "throttled" if exc.throttled else "error"
                span.set(error=exc.code)
        for listener in plan.listeners:
            listener(call, answer, kernel.now_us - started_us)
        if isinstance(answer, ApiError):
            return answer.status, self._error(answer, plan.model)
        answer["ResponseMetadata"] = self._metadata(answer.get("StatusCode", 200), answer.pop(REQUEST_ID, None))
        return 200, answer

    def _call_stock(self, plan: Plan, params: dict[str, Any]) -> Any:
        kernel, service = self._kernel, plan.service
        started_us = kernel.now_us
        call = ApiCall(service, plan.operation, params, plan.client, plan.region)
        try:
            result = self._run_stock(call, call)
        except ModuleNotFoundError as exc:
            name = str(exc.name).partition(".")[0]
            raise LibraryMissing(
                f"{service} is answered by moto, which needs the Python package {name!r} for it: it is not "
                f"installed here; install it (pip install {name.replace('_', '-')}) and start again."
            ) from exc
        except ClientError as exc:
            error, metadata = exc.response["Error"], exc.response.get("ResponseMetadata", {})
            status = metadata.get("HTTPStatusCode", 400)
            refused = ApiError(error.get("Code", ""), error.get("Message", ""), status)
            for listener in plan.listeners:
                listener(call, refused, kernel.now_us - started_us)
            raise
        for listener in plan.listeners:
            listener(call, result, kernel.now_us - started_us)
        return result

    # -- responses ---------------------------------------------------------------------------

    def _metadata(self, status: int, own_id: str | None = None) -> dict[str, Any]:
        self._requests += 1
        request_id = own_id or f"00000000-0000-4000-8000-{self._requests:012d}"
        return {
            "RequestId": request_id,
            "HTTPStatusCode": status,
            "HTTPHeaders": {"x-amzn-requestid": request_id},
            "RetryAttempts": 0,
        }

    def _error(self, error: ApiError, model: OperationModel) -> dict[str, Any]:
        parsed: dict[str, Any] = {
            "Error": {"Message": error.message, "Code": error.code},
            "ResponseMetadata": self._metadata(error.status),
        }
        shape = model.service_model.shape_for_error_code(error.code)
        for member in shape.members if shape is not None else ():
            if member.lower() == "message":
                parsed[member] = error.message
        for name, value in error.fields.items():
            # services that moved from the query protocol keep their old codes beside the new names
            (parsed["Error"] if name in ("QueryErrorCode", "Type") else parsed)[name] = value
        return parsed
