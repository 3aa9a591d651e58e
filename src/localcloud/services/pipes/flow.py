"""One batch through a pipe: enrichment, then the target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.metering import chunks
from localcloud.principals import Principal
from localcloud.services.events.api_destinations import ApiDestinations
from localcloud.services.lambda_ import InvokeResult
from localcloud.services.pipes.templates import as_text, resolved, transformed
from localcloud.services.role_targets import RoleTargets, TargetFailed

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_CHUNK_KB = 64
_NOTHING: tuple[Any, ...] = (None, "", {}, [])
_FIRE_AND_FORGET = "FIRE_AND_FORGET"


class Flow:
    """Runs batches of one pipe. `pipe` is moto's, read when used."""

    def __init__(self, cloud: Cloud, pipe: Any, targets: RoleTargets, destinations: ApiDestinations) -> None:
        self._cloud = cloud
        self._pipe = pipe
        self._shared_targets = targets
        self._destinations = destinations

    @property
    def _targets(self) -> RoleTargets:
        """Targets that the pipe calls in its role, which may change."""
        return self._shared_targets.acting_as(Principal(self._pipe.role_arn, self._pipe.name))

    def run(self, payload: bytes) -> InvokeResult:
        """A batch as a poller gathers it ({"Records": [...]}), and what it came to: a partial batch response is told
        in the payload, a failure as a function error.
        """
        events = [_flat(record) for record in json.loads(payload)["Records"]]
        self._cloud.meter.add("pipes.requests", chunks(len(payload), _CHUNK_KB), self._pipe.name)
        started_us = self._cloud.kernel.now_us
        try:
            answer = self._through(events)
        except (TargetFailed, ApiError) as exc:
            told = {"errorType": exc.code, "errorMessage": exc.message}
            return self._result(json.dumps(told).encode(), "Unhandled", started_us)
        return self._result(answer, None, started_us)

    def _result(self, payload: bytes, error: str | None, started_us: int) -> InvokeResult:
        return InvokeResult(
            status=200, payload=payload, function_error=error, executed_version="", request_id="",
            duration_ms=(self._cloud.kernel.now_us - started_us) / 1_000, billed_ms=0, init_ms=0.0, cold=False,
        )  # fmt: skip

    def _through(self, events: Sequence[Any]) -> bytes:
        pipe = self._pipe
        going: list[Any] = list(events)
        if pipe.enrichment:
            parameters = pipe.enrichment_parameters or {}
            given = self._transformed(parameters, going)
            enriched = self._enrich(pipe.enrichment, given, parameters)
            if _is_partial_failure(enriched):
                return json.dumps(enriched).encode()
            if enriched in _NOTHING:
                return b""  # what is enriched to nothing goes to no target
            going = enriched if isinstance(enriched, list) else [enriched]
        parameters = pipe.target_parameters or {}
        return self._deliver(going, self._transformed(parameters, going), parameters)

    def _transformed(self, parameters: Mapping[str, Any], events: Sequence[Any]) -> list[Any]:
        pipe = self._pipe
        context = {
            "pipe-arn": pipe.arn,
            "pipe-name": pipe.name,
            "source-arn": pipe.source,
            "enrichment-arn": pipe.enrichment or "",
            "target-arn": pipe.target,
            "event.ingestion-time": f"{self._cloud.now:%Y-%m-%dT%H:%M:%SZ}",
        }
        return [transformed(parameters.get("InputTemplate"), event, context) for event in events]

    # -- enrichment ----------------------------------------------------------------------------

    def _enrich(self, arn: str, events: list[Any], parameters: Mapping[str, Any]) -> Any:
        """Always waits for the answer."""
        if ":lambda:" in arn:
            return self._function(arn, events)
        if ":states:" in arn:
            return json.loads(self._machine(arn, events) or "null")
        if ":api-destination/" in arn:
            text = as_text(events[0] if len(events) == 1 else events)
            http = resolved(parameters.get("HttpParameters") or {}, events[0])
            body = self._destinations.call(arn, text, http).body
            return _json(body)
        raise TargetFailed("InvalidEnrichment", f"The local cloud cannot enrich with {arn}.")

    def _function(self, arn: str, events: list[Any]) -> Any:
        answer = self._targets.call("lambda", "invoke", FunctionName=arn, Payload=json.dumps(events).encode())
        body = answer["Payload"].read()
        if "FunctionError" in answer:
            raise TargetFailed("FunctionError", body.decode())
        return _json(body)

    def _machine(self, arn: str, events: list[Any]) -> str:
        answer = self._targets.call(
            "stepfunctions", "start_sync_execution", stateMachineArn=arn, input=json.dumps(events)
        )
        if answer["status"] != "SUCCEEDED":
            raise TargetFailed(answer.get("error") or answer["status"], answer.get("cause") or "")
        return str(answer.get("output") or "")

    # -- the target ----------------------------------------------------------------------------

    def _deliver(self, sources: Sequence[Any], events: list[Any], parameters: Mapping[str, Any]) -> bytes:
        """Functions and state machines get the batch as a list, even of one; every other target event by event."""
        arn = self._pipe.target
        if ":lambda:" in arn:
            kind = (parameters.get("LambdaFunctionParameters") or {}).get("InvocationType")
            if kind == _FIRE_AND_FORGET:
                self._targets.send(arn, json.dumps(events), parameters)
                return b""
            return json.dumps(self._function(arn, events)).encode()
        if ":states:" in arn:
            kind = (parameters.get("StepFunctionStateMachineParameters") or {}).get("InvocationType")
            if kind == _FIRE_AND_FORGET:
                self._targets.send(arn, json.dumps(events), parameters)
                return b""
            return self._machine(arn, events).encode()
        for source, event in zip(sources, events, strict=True):
            own = resolved(parameters, source)
            if ":api-destination/" in arn:
                self._destinations.call(arn, as_text(event), own.get("HttpParameters"))
            else:
                self._targets.send(arn, as_text(event), own)
        return b""


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as Pipes has it: that of a Kinesis stream has no part of its own for the data."""
    found = dict(record)
    return {**found.pop("kinesis", {}), **found}


def _is_partial_failure(answer: Any) -> bool:
    return isinstance(answer, dict) and "batchItemFailures" in answer


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body.decode(errors="replace")
