"""The Lambda service: who may run, where, and what the Invoke API answers."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from localcloud.api import REQUEST_ID, ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.metering import gb_seconds
from localcloud.services.lambda_.asynchronous import AsyncInvocations
from localcloud.services.lambda_.code import CodeStore
from localcloud.services.lambda_.concurrency import Concurrency
from localcloud.services.lambda_.configurations import Configurations
from localcloud.services.lambda_.context import ClientContext
from localcloud.services.lambda_.durable import DurableExecutions
from localcloud.services.lambda_.function_urls import FunctionUrlConfigs
from localcloud.services.lambda_.functions import Function, Functions, check_qualifier, split_reference
from localcloud.services.lambda_.initialization import Initializer
from localcloud.services.lambda_.invocation import Invoker
from localcloud.services.lambda_.invoke_variants import InvokeVariants
from localcloud.services.lambda_.managed import ManagedInstances
from localcloud.services.lambda_.metrics import LambdaMetrics
from localcloud.services.lambda_.payloads import JsonPayload, Payload
from localcloud.services.lambda_.provisioned import ProvisionedConcurrency
from localcloud.services.lambda_.provisioned_api import ProvisionedOperations
from localcloud.services.lambda_.recursion import Lineage, Recursion, following
from localcloud.services.lambda_.resource_policies import ResourcePolicies
from localcloud.services.lambda_.results import Interference, InvokeResult, Throttled
from localcloud.services.lambda_.sandboxes import Pool
from localcloud.trace_header import TraceHeader

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MB = 1024 * 1024
_LOG_TAIL_BYTES = 4_096
_INVOCATION_TYPES = ("DryRun", "RequestResponse", "Event")


class Lambda:
    """Runs functions in virtual time. `concurrency.account_limit` is the account's quota.

    `before_invoke` listeners are asked before each invocation, whoever makes it; they may raise Throttled or
    ApiError, or interfere, as faults do. `on_invoked` listeners hear of each one that has ended.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        alias_stream = cloud.kernel.streams["lambda/alias"]
        self.functions = Functions(cloud.account_id, cloud.region, CodeStore(), alias_stream)
        self.recursion = Recursion(cloud, self.functions)
        self.concurrency = Concurrency(cloud.kernel, cloud.facts, self.functions)
        self.metrics = LambdaMetrics(cloud)
        self._initializer = Initializer(cloud, self.functions)
        self._invoker = Invoker(cloud, self._initializer)
        init = self._initializer.at_leisure
        self.provisioned = ProvisionedConcurrency(cloud, self.functions, self.concurrency, init)
        self._provisioned_operations = ProvisionedOperations(cloud, self.functions, self.concurrency, self.provisioned)
        self.managed = ManagedInstances(cloud, self.functions, self._invoker, init, self.metrics)
        self._configurations = Configurations(
            cloud, self.functions, self._initializer.snap_start, self.managed, self._provisioned_operations.forget,
            self._provisioned_operations.moved,
        )  # fmt: skip
        self.urls = FunctionUrlConfigs(cloud, self.functions)
        self.durable = DurableExecutions(cloud, self._once)
        self._sandboxes: Counter[tuple[str, str]] = Counter()
        self.asynchronous = AsyncInvocations(cloud, self)
        self._pools: dict[tuple[str, str], Pool] = {}
        self.before_invoke: list[Callable[[Function], Interference | None]] = []
        self.on_invoked: list[Callable[[Function, InvokeResult], None]] = []
        self._sync_limit = int(cloud.facts.value("quota.lambda.payload.sync") * _MB)
        self._free_ephemeral_mb = int(cloud.facts.value("quota.lambda.tmp")["min"])
        self._async_limit = int(cloud.facts.value("quota.lambda.payload.async") * _MB)

    def install(self) -> None:
        """Answer Lambda's data-plane operations."""
        register = self._cloud.api.register
        register("lambda", "Invoke", self._invoke_api)
        variants = InvokeVariants(self._invoke_api)
        register("lambda", "InvokeAsync", variants.queued)
        register("lambda", "InvokeWithResponseStream", variants.streamed)
        self._configurations.install()
        ResourcePolicies(self._cloud, self.functions).install()
        self.urls.install()
        self.asynchronous.configs.install()
        self._provisioned_operations.install()
        self.managed.install()
        self.durable.install()
        self.recursion.install()
        register("lambda", "PutFunctionConcurrency", self._put_concurrency_api)
        register("lambda", "GetAccountSettings", self._account_settings_api)

    # -- invoking ----------------------------------------------------------------------------

    def invoke(
        self,
        reference: str,
        payload: Payload,
        *,
        qualifier: str | None = None,
        request_id: str | None = None,
        client_context: ClientContext | None = None,
        waits: bool = True,
        queued: bool = False,
        trace: TraceHeader | None = None,
        lineage: Lineage | None = None,
    ) -> InvokeResult:
        """A synchronous invocation, in the calling task. A retry passes the event's own request id.

        `lineage` is the chain of requests it belongs to; ApiError RecursiveInvocationException when that is a loop.

        A durable function is waited for to the end of its execution; `waits` says that its caller does so on AWS,
        too, which limits how long the execution may take. `queued`: it is one of the asynchronous invocations or
        of an event source mapping, which may take longer than others on managed instances. `trace` takes the place
        of the calling work's header. Raises Throttled when no concurrency is left, ApiError when there is no such
        function.
        """
        config = self.functions.invoked(reference, qualifier)
        qualifier = split_reference(reference, qualifier)[1]
        if config.durable is not None:
            self.durable.check(config, qualifier, waits=waits, queued=queued)
            return self.durable.wait(self.durable.start(config, qualifier or config.version, bytes(payload)))
        chain = following.set(self.recursion.follow(config, lineage or {}))
        try:
            return self._once(config, qualifier, payload, request_id, client_context, queued, trace)
        finally:
            following.reset(chain)

    def _once(
        self,
        config: Function,
        qualifier: str | None,
        payload: Payload,
        request_id: str | None = None,
        client_context: ClientContext | None = None,
        queued: bool = False,
        trace: TraceHeader | None = None,
    ) -> InvokeResult:
        """One invocation of a version."""
        traces = self._cloud.xray.functions
        traced = traces.begin(config, trace or self._cloud.tracer.header())
        with self._cloud.tracer.span("Invocation", "lambda", config.name) as span:
            span.carry(traced.inside)
            try:
                request_id = request_id or self.request_id(config.name)
                result = self.metrics.measure(
                    config,
                    qualifier,
                    partial(self._run, config, qualifier, payload, request_id, client_context, queued),
                )
            except Throttled:
                span.status = "throttled"
                traces.ended(traced, None)
                raise
            span.set(cold=result.cold, init_ms=result.init_ms, billed_ms=result.billed_ms)
            if result.function_error is not None:
                span.status = "error"
        traces.ended(traced, result)
        self._count(config, result)
        return result

    def next_sandbox(self, name: str, version: str) -> int:
        """The number of one more environment of a version, counted from 1."""
        self._sandboxes[name, version] += 1
        return self._sandboxes[name, version]

    def _count(self, config: Function, result: InvokeResult) -> None:
        """Meter a request and its GB-seconds, and tell the listeners."""
        if result.managed:
            self._cloud.meter.add("lambda.managed_requests", 1, config.name)
        else:
            processor = "arm64" if config.architecture == "arm64" else "x86"
            self._cloud.meter.add("lambda.requests", 1, config.name)
            seconds = gb_seconds(config.memory_mb, result.billed_ms)
            item = "lambda.provisioned_duration_gb_s" if result.provisioned else "lambda.gb_s"
            self._cloud.meter.add(f"{item}.{processor}", seconds, config.name)
            if config.ephemeral_mb > self._free_ephemeral_mb:
                paid_mb = config.ephemeral_mb - self._free_ephemeral_mb
                self._cloud.meter.add("lambda.ephemeral_gb_s", gb_seconds(paid_mb, result.billed_ms), config.name)
        for listener in self.on_invoked:
            listener(config, result)

    def _run(
        self,
        config: Function,
        qualifier: str | None,
        payload: Payload,
        request_id: str,
        client_context: ClientContext | None,
        queued: bool,
    ) -> InvokeResult:
        """In a free environment, or in one that starts for it. Raises Throttled."""
        self._initializer.snap_start.check_ready(config)
        interference = self._interference(config)
        if config.managed is not None:
            return self.managed.run(
                config, qualifier, bytes(payload), request_id, client_context, interference, queued
            )
        allocation = self.provisioned.find(config, qualifier)
        sandbox = self.provisioned.take(allocation, config) if allocation is not None else None
        if allocation is not None and sandbox is not None:
            try:
                return self._invoker.invoke(sandbox, payload, request_id, interference, client_context, qualifier)
            finally:
                self.provisioned.release(allocation, sandbox)
        self.concurrency.enter(config.name)
        try:
            key = (config.name, config.version)
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = Pool(self._cloud, self._initializer.init, self._initializer.download_us)
            sandbox = pool.idle(config)
            if sandbox is None:
                self.concurrency.grow(config.name)
                sandbox = pool.start(config)
            try:
                return self._invoker.invoke(sandbox, payload, request_id, interference, client_context, qualifier)
            finally:
                pool.release(sandbox)
        finally:
            self.concurrency.leave(config.name)

    def _interference(self, config: Function) -> Interference | None:
        found = None
        for listener in self.before_invoke:
            found = listener(config) or found
        return found

    def request_id(self, name: str) -> str:
        """A fresh request id from the function's own stream."""
        return uuid4_text(self._cloud.kernel.streams[f"lambda/requests/{name}"])

    # -- API operations ----------------------------------------------------------------------

    def _invoke_api(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        payload = params.get("Payload", b"")
        if hasattr(payload, "read"):
            payload = payload.read()
        if isinstance(payload, str):
            payload = payload.encode()
        kind = params.get("InvocationType", "RequestResponse")
        if kind not in _INVOCATION_TYPES:
            message = (
                f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy constraint: Member "
                f"must satisfy enum value set: [{', '.join(_INVOCATION_TYPES)}]"
            )
            raise ApiError("ValidationException", message)
        reference, qualifier = params["FunctionName"], params.get("Qualifier")
        check_qualifier(reference, qualifier)
        limit = self._async_limit if kind == "Event" else self._sync_limit
        if len(payload) > limit:
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            raise ApiError("RequestTooLargeException", message, 413)
        event = self._parsed(payload)
        if kind == "DryRun":
            self.functions.invoked(reference, qualifier)
            return {"StatusCode": 204, "Payload": _stream(b"")}
        config = self.functions.invoked(reference, qualifier)
        if config.durable is not None:
            return self._invoke_durable(config, split_reference(reference, qualifier)[1], payload, kind, params)
        if params.get("DurableExecutionName"):
            message = "DurableExecutionName can be given for durable functions only."
            raise ApiError("InvalidParameterValueException", message, 400, Type="User")
        if kind == "Event":
            request_id = self.asynchronous.accept(reference, payload, qualifier, self.recursion.current())
            return {"StatusCode": 202, "Payload": _stream(b""), REQUEST_ID: request_id}
        context = self._client_context(params.get("ClientContext"))
        chain = self.recursion.current()
        result = self.invoke(
            reference, JsonPayload(event), qualifier=qualifier, client_context=context, lineage=chain
        )
        answer: dict[str, Any] = {
            "StatusCode": 200,
            "ExecutedVersion": result.executed_version,
            "Payload": _stream(result.payload),
            REQUEST_ID: result.request_id,
        }
        if result.function_error:
            answer["FunctionError"] = result.function_error
        if params.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode("\n".join(result.log_tail).encode()[-_LOG_TAIL_BYTES:]).decode()
        return answer

    def _invoke_durable(
        self, config: Function, qualifier: str | None, payload: bytes, kind: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        waits = kind != "Event"
        self.durable.check(config, qualifier, waits=waits)
        execution = self.durable.start(config, qualifier or config.version, payload, params.get("DurableExecutionName"))
        answer: dict[str, Any] = {"DurableExecutionArn": execution.arn, "ExecutedVersion": execution.config.version}
        if not waits:
            return {**answer, "StatusCode": 202, "Payload": _stream(b"")}
        result = self.durable.wait(execution)
        if result.function_error:
            answer["FunctionError"] = result.function_error
        return {**answer, "StatusCode": 200, "Payload": _stream(result.payload)}

    @staticmethod
    def _client_context(encoded: str | None) -> ClientContext | None:
        """What the caller encoded. Raises ApiError when it cannot be read."""
        if not encoded:
            return None
        try:
            given = json.loads(base64.b64decode(encoded, validate=True))
        except ValueError as exc:
            message = "Client context must be a valid Base64-encoded JSON object."
            raise ApiError("InvalidRequestContentException", message, 400, Type="User") from exc
        if not isinstance(given, dict):
            message = "Client context must be a valid Base64-encoded JSON object."
            raise ApiError("InvalidRequestContentException", message, 400, Type="User")
        return ClientContext(given)

    def _parsed(self, payload: bytes) -> Any:
        try:
            return json.loads(payload or b"null")
        except ValueError as exc:
            message = f"Could not parse request body into json: {exc}"
            raise ApiError("InvalidRequestContentException", message, 400, Type="User") from None

    def _put_concurrency_api(self, call: ApiCall) -> dict[str, Any]:
        """moto knows no account limit; AWS keeps a part of it unreserved."""
        name, qualifier = split_reference(call.params["FunctionName"], None)
        if qualifier is not None:
            message = "Put function concurrency with version or alias not supported"
            raise ApiError("InvalidParameterValueException", message, 400, Type="User")
        function = self.functions.model(name)
        wanted = int(call.params["ReservedConcurrentExecutions"])
        self.concurrency.check_reservation(name, wanted)
        function.reserved_concurrency = wanted
        return {"ReservedConcurrentExecutions": wanted}

    def _account_settings_api(self, call: ApiCall) -> dict[str, Any]:
        functions = list(self.functions.backend.list_functions())
        return {
            "AccountLimit": {
                "ConcurrentExecutions": self.concurrency.account_limit,
                "UnreservedConcurrentExecutions": self.concurrency.unreserved(),
            },
            "AccountUsage": {
                "FunctionCount": len(functions),
                "TotalCodeSize": sum(function.code_size for function in functions),
            },
        }


def _stream(content: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(content), len(content))
