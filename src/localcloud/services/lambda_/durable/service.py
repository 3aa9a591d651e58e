"""Durable executions of one account: how they start, by which name, and what the API answers about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.lambda_.durable import executions as states
from localcloud.services.lambda_.durable.engine import Engine, Invoke
from localcloud.services.lambda_.durable.executions import Execution
from localcloud.services.lambda_.durable.operations import FAILED, SUCCEEDED, InvalidUpdate, Operation, moment
from localcloud.services.lambda_.functions import Function, split_reference
from localcloud.services.lambda_.results import InvokeResult

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_DAY_US = 86_400_000_000
_PAGE = 100


class DurableExecutions:
    """`invoke` makes one invocation of a version."""

    def __init__(self, cloud: Cloud, invoke: Invoke) -> None:
        self._cloud = cloud
        self._engine = Engine(cloud, invoke, self._chain)
        self._executions: dict[str, Execution] = {}
        self._names: dict[tuple[str, str], Execution] = {}
        self._ids = cloud.kernel.streams["lambda/durable/ids"]
        self._longest_sync_s = int(cloud.facts.value("quota.lambda.durable.esm_limit"))
        self._longest_managed_s = int(cloud.facts.value("quota.lambda.lmi.timeout_queued"))

    def install(self) -> None:
        """Answer the operations on durable executions."""
        register = self._cloud.api.register
        for operation, answer in (
            ("CheckpointDurableExecution", self._checkpoint), ("GetDurableExecutionState", self._state),
            ("GetDurableExecution", self._get), ("GetDurableExecutionHistory", self._history),
            ("ListDurableExecutionsByFunction", self._list), ("StopDurableExecution", self._stop),
            ("PauseDurableExecution", self._pause), ("ResumeDurableExecution", self._resume),
            ("SendDurableExecutionCallbackSuccess", self._callback_success),
            ("SendDurableExecutionCallbackFailure", self._callback_failure),
            ("SendDurableExecutionCallbackHeartbeat", self._callback_heartbeat),
        ):  # fmt: skip
            register("lambda", operation, answer)

    # -- starting ------------------------------------------------------------------------------

    def check(self, config: Function, qualifier: str | None, *, waits: bool, queued: bool = False) -> None:
        """What AWS refuses of an invocation; `queued` ones may take longer on managed instances. Raises ApiError."""
        if qualifier is None:
            raise _invalid(
                "Durable functions can be invoked with a version, an alias or $LATEST only: the ARN is unqualified."
            )
        longest_s = self._longest_managed_s if queued and config.managed is not None else self._longest_sync_s
        if waits and config.durable is not None and config.durable.timeout_s > longest_s:
            raise _invalid(
                f"A durable function with an ExecutionTimeout of more than {longest_s // 60} minutes cannot be invoked "
                "synchronously."
            )

    def start(self, config: Function, qualifier: str, payload: bytes, name: str | None = None) -> Execution:
        """Begin an execution, or find the one of this name. Raises ApiError for another payload."""
        assert config.durable is not None
        text = payload.decode() or "null"
        if name is not None:
            earlier = self._names.get((config.name, name))
            if earlier is not None and not self._forgotten(earlier):
                if json.loads(earlier.payload) != json.loads(text):
                    raise ApiError(
                        "DurableExecutionAlreadyStartedException",
                        f"The durable execution {name} was already started with a different payload.",
                        409,
                        Type="User",
                    )
                return earlier
        own = uuid4_text(self._ids)
        known = name or uuid4_text(self._ids)
        arn = f"{config.arn}/durable-execution/{known}/{own}"
        execution = Execution(
            arn, own, known, config, config.durable, qualifier, text, self._cloud.kernel.unix_us,
            self._cloud.kernel.event(),
        )  # fmt: skip
        self._executions[arn] = execution
        self._names[config.name, known] = execution
        self._engine.begin(execution)
        return execution

    def _forgotten(self, execution: Execution) -> bool:
        kept_us = execution.settings.retention_days * _DAY_US
        return execution.ended_us is not None and self._cloud.kernel.unix_us - execution.ended_us > kept_us

    def wait(self, execution: Execution) -> InvokeResult:
        """The end of an execution, as the answer of a synchronous invocation."""
        if not execution.over:
            execution.finished.wait()
        failed = execution.status != states.SUCCEEDED
        payload = (execution.result or "null").encode()
        if failed:
            error = execution.error or {}
            kind = error.get("ErrorType") or execution.status
            payload = json.dumps({"errorType": kind, "errorMessage": error.get("ErrorMessage", "")}).encode()
        return InvokeResult(
            status=200, payload=payload, function_error="Unhandled" if failed else None,
            executed_version=execution.config.version, request_id=execution.id,
            duration_ms=((execution.ended_us or 0) - execution.started_us) / 1_000, billed_ms=0, init_ms=0.0,
            cold=False,
        )  # fmt: skip

    def _chain(self, execution: Execution, operation: Operation) -> None:
        """Another function is invoked for an execution, and its answer kept."""
        self._cloud.kernel.spawn(self._chained, execution, operation, name="chained invoke", critical=True)

    def _chained(self, execution: Execution, operation: Operation) -> None:
        try:
            reference, payload = operation.options["FunctionName"], (operation.input or "null").encode()
            result = self._cloud.lambda_.invoke(reference, payload, waits=False)
        except ApiError as exc:
            error = {"ErrorType": exc.code, "ErrorMessage": exc.message}
            self._engine.end(execution, operation, FAILED, error=error)
            return
        if result.function_error is None:
            self._engine.end(execution, operation, SUCCEEDED, result=result.payload.decode())
            return
        told = json.loads(result.payload or b"{}")
        error = {"ErrorType": told.get("errorType", ""), "ErrorMessage": told.get("errorMessage", "")}
        self._engine.end(execution, operation, FAILED, error=error)

    # -- for the function ----------------------------------------------------------------------

    def _find(self, arn: str) -> Execution:
        found = self._executions.get(arn)
        if found is None or self._forgotten(found):
            raise ApiError("ResourceNotFoundException", f"Durable execution {arn} does not exist.", 404, Type="User")
        return found

    def _token(self, call: ApiCall) -> Execution:
        execution = self._find(call.params["DurableExecutionArn"])
        if not execution.over and call.params["CheckpointToken"] != execution.token_text:
            raise _invalid("Invalid Checkpoint Token")
        return execution

    def _checkpoint(self, call: ApiCall) -> dict[str, Any]:
        execution = self._token(call)
        if execution.status != states.RUNNING:
            return {"NewExecutionState": {"Operations": []}}  # no token: the invocation has to end
        try:
            changed = self._engine.checkpoint(execution, call.params.get("Updates") or [])
        except InvalidUpdate as exc:
            raise _invalid(str(exc)) from None
        answer: dict[str, Any] = {"NewExecutionState": {"Operations": [one.described(moment) for one in changed]}}
        if not execution.over:
            answer["CheckpointToken"] = execution.token_text
        return answer

    def _state(self, call: ApiCall) -> dict[str, Any]:
        execution = self._token(call)
        operations = [one.described(moment) for one in execution.operations.values()]
        return _page(call.params, "Operations", operations, 1_000)

    # -- for people ----------------------------------------------------------------------------

    def _get(self, call: ApiCall) -> dict[str, Any]:
        return self._find(call.params["DurableExecutionArn"]).described()

    def _history(self, call: ApiCall) -> dict[str, Any]:
        events = list(self._find(call.params["DurableExecutionArn"]).history.events)
        if call.params.get("ReverseOrder"):
            events.reverse()
        return _page(call.params, "Events", events, _PAGE)

    def _list(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        name, qualifier = split_reference(params["FunctionName"], params.get("Qualifier"))
        self._cloud.lambda_.functions.model(name)
        wanted = params.get("Statuses")
        found = [
            one.summary()
            for one in self._executions.values()
            if one.config.name == name
            and qualifier in (None, one.config.version, one.qualifier)
            and params.get("DurableExecutionName") in (None, one.name)
            and (not wanted or one.status in wanted)
            and not self._forgotten(one)
        ]
        if not params.get("ReverseOrder"):
            found.reverse()  # the newest first
        return _page(params, "DurableExecutions", found, _PAGE)

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        """Final: what runs cannot checkpoint any more."""
        execution = self._find(call.params["DurableExecutionArn"])
        if execution.over:
            raise _invalid(f"The durable execution has ended already: {execution.status}.")
        self._engine.finish(execution, states.STOPPED, error=call.params.get("Error") or {})
        return {"StopTimestamp": moment(execution.ended_us or 0)}

    def _pause(self, call: ApiCall) -> dict[str, Any]:
        """Waits and callbacks still end; the function is not invoked."""
        execution = self._find(call.params["DurableExecutionArn"])
        if execution.over:
            raise ApiError("ResourceConflictException", f"The durable execution is {execution.status}.", 409)
        now_us = self._cloud.kernel.unix_us
        execution.status = states.PAUSED
        execution.pause = {"PauseRequestTimestamp": moment(now_us), "ExecutionTimeoutPaused": False}
        execution.history.add("ExecutionPaused", now_us, dict(execution.pause), Id=execution.id)
        return {}

    def _resume(self, call: ApiCall) -> dict[str, Any]:
        execution = self._find(call.params["DurableExecutionArn"])
        if execution.status != states.PAUSED:
            raise ApiError("ResourceConflictException", f"The durable execution is {execution.status}.", 409)
        now_us = self._cloud.kernel.unix_us
        execution.status, execution.pause = states.RUNNING, None
        execution.history.add("ExecutionResumed", now_us, {"ResumeRequestTimestamp": moment(now_us)}, Id=execution.id)
        self._engine.wake(execution)
        return {}

    # -- callbacks -----------------------------------------------------------------------------

    def _callback_success(self, call: ApiCall) -> dict[str, Any]:
        execution, operation = self._engine.callback(call.params["CallbackId"])
        result = call.params.get("Result", b"")
        text = result.read() if hasattr(result, "read") else result
        text = text.decode() if isinstance(text, bytes) else text
        self._engine.end(execution, operation, SUCCEEDED, result=text)
        return {}

    def _callback_failure(self, call: ApiCall) -> dict[str, Any]:
        execution, operation = self._engine.callback(call.params["CallbackId"])
        self._engine.end(execution, operation, FAILED, error=call.params.get("Error") or {})
        return {}

    def _callback_heartbeat(self, call: ApiCall) -> dict[str, Any]:
        self._engine.callback(call.params["CallbackId"])
        self._engine.beat(call.params["CallbackId"])
        return {}


def _page(params: Mapping[str, Any], member: str, items: list[Any], size: int) -> dict[str, Any]:
    first, size = int(params.get("Marker") or 0), int(params.get("MaxItems") or size)
    answer: dict[str, Any] = {member: items[first : first + size]}
    if len(items) > first + size:
        answer["NextMarker"] = str(first + size)
    return answer


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")
