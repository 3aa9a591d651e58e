"""Bedrock's runtime operations: Converse, ConverseStream, InvokeModel for Nova's own format, CountTokens."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from localcloud.api import ApiCall, ApiError
from localcloud.errors import ConfigurationError
from localcloud.services.bedrock import conversation
from localcloud.services.bedrock.answers import Generated, compose, events
from localcloud.services.bedrock.control import FoundationModels, InvocationLog
from localcloud.services.bedrock.models import Called, Catalogue
from localcloud.services.bedrock.quotas import Quota
from localcloud.services.bedrock.script import Rule, Script, turn_of
from localcloud.services.bedrock.streaming import event_stream
from localcloud.services.bedrock.tokens import Tokenizer
from localcloud.services.cloudwatch.store import minute_s

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

SERVICE = "bedrock-runtime"
_NAMESPACE = "AWS/Bedrock"
_LEFT_OUT = (
    "ApplyGuardrail", "GetAsyncInvoke", "InvokeGuardrailChecks", "InvokeModelWithBidirectionalStream",
    "InvokeModelWithResponseStream", "ListAsyncInvokes", "StartAsyncInvoke",
)  # fmt: skip


class Bedrock:
    """Answers for models by script. Every answer is priced, timed and counted by its tokens, which are estimated."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._catalogue = Catalogue(cloud.facts)
        self._tokenizer = Tokenizer(int(cloud.facts.value("model.bedrock.characters_per_token")))
        self._models = FoundationModels(cloud, self._catalogue)
        self._log = InvocationLog(cloud)
        self._scripts: dict[str, Script] = {}
        self._quotas: dict[tuple[str, bool], Quota] = {}

    def install(self) -> None:
        """Answer the runtime's operations, and refuse by name those that are not modelled."""
        self._models.install()
        self._log.install()
        register = self._cloud.api.register
        register(SERVICE, "Converse", self._converse)
        register(SERVICE, "ConverseStream", self._converse_stream)
        register(SERVICE, "InvokeModel", self._invoke_model)
        register(SERVICE, "CountTokens", self._count_tokens)
        for operation in _LEFT_OUT:
            register(SERVICE, operation, _refuse)

    # -- how the models answer -----------------------------------------------------------------

    def script(self, model_id: str, rules: Sequence[Rule]) -> None:
        """From now on `model_id` answers by `rules`, the first that matches; an inference profile's id or an ARN
        does for its model. Raises ConfigurationError for a model that is not in the facts file.
        """
        model = self._catalogue.any_form(model_id)
        if model is None:
            known = ", ".join(self._catalogue.ids)
            raise ConfigurationError(f"There is no model {model_id!r} to script; expected one of {known}.")
        self._scripts[model.id] = Script(model.id, rules)

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` is taken for, with every model."""
        return self._tokenizer.count(text)

    def quota(self, model_id: str, requests_per_minute: int, tokens_per_minute: int) -> None:
        """Give the account other quotas for a model, or for its cross-Region profiles, than the default ones.

        Both are per minute and fill up evenly; tokens are input and output together.

        Raises ApiError (ValidationException) for an unknown model.
        """
        called = self._catalogue.called(model_id)
        made = Quota(requests_per_minute, tokens_per_minute, self._cloud.kernel.now_us)
        self._quotas[called.model.id, bool(called.profile)] = made

    # -- operations ----------------------------------------------------------------------------

    def _converse(self, call: ApiCall) -> dict[str, Any]:
        generated = self._generate("Converse", call.params["modelId"], call.params)
        self._wait_until(self._cloud.kernel.now_us + generated.latency_us)
        return _answer(generated)

    def _converse_stream(self, call: ApiCall) -> dict[str, Any]:
        generated = self._generate("ConverseStream", call.params["modelId"], call.params)
        started_us = self._cloud.kernel.now_us

        def timed() -> Iterator[tuple[int, str, dict[str, Any]]]:
            for after_us, kind, body in events(generated, self._tokenizer):
                yield started_us + after_us, kind, body

        model = call.client._service_model.operation_model(call.operation)
        return {"stream": event_stream(timed(), self._wait_until, model)}

    def _invoke_model(self, call: ApiCall) -> dict[str, Any]:
        """Nova's own request format ("messages-v1") is Converse's with the configuration of tools and all in it."""
        request = _body(call.params.get("body"))
        generated = self._generate("InvokeModel", call.params["modelId"], _native(request))
        self._wait_until(self._cloud.kernel.now_us + generated.latency_us)
        answer = {name: part for name, part in _answer(generated).items() if name != "metrics"}
        content = json.dumps(answer).encode()
        return {"body": StreamingBody(io.BytesIO(content), len(content)), "contentType": "application/json"}

    def _count_tokens(self, call: ApiCall) -> dict[str, Any]:
        called = self._catalogue.called(call.params["modelId"])
        given = call.params["input"]
        params = given["converse"] if "converse" in given else _native(_body(given["invokeModel"]["body"]))
        conversation.check(params, called.model.output_tokens)
        return {"inputTokens": self._tokenizer.request(params)}

    def _wait_until(self, at_us: int) -> None:
        kernel = self._cloud.kernel
        if at_us <= kernel.now_us:
            return
        if kernel.current() is not None:
            kernel.sleep(at_us - kernel.now_us)
        else:
            kernel.run(until_us=at_us)

    # -- one answer ----------------------------------------------------------------------------

    def _generate(self, operation: str, model_id: str, params: Mapping[str, Any]) -> Generated:
        """Check a request, take it from the quotas, and make the whole answer up. Raises ApiError."""
        called = self._catalogue.called(model_id)
        try:
            generated = self._make(called, params)
        except ApiError as exc:
            kind = "InvocationThrottles" if exc.status == 429 else "InvocationClientErrors"
            self._measure(called.name, kind, 1)
            raise
        self._account(called, generated, streamed=operation == "ConverseStream")
        request = {name: value for name, value in params.items() if name != "modelId"}
        self._log.write(operation, called, request, _answer(generated), generated)
        return generated

    def _make(self, called: Called, params: Mapping[str, Any]) -> Generated:
        model, kernel = called.model, self._cloud.kernel
        conversation.check(params, model.output_tokens)
        input_tokens = self._tokenizer.request(params)
        if input_tokens > model.context_tokens:
            raise ApiError(
                "ValidationException",
                "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try "
                "again.",
                400,
            )
        config = params.get("inferenceConfig") or {}
        most = config.get("maxTokens", model.output_tokens)
        quota = self._quota(called)
        quota.reserve(input_tokens + most, kernel.now_us)
        stream = kernel.streams[f"bedrock/answers/{model.id}"]
        script = self._scripts.get(model.id) or Script(model.id)
        choice = (params.get("toolConfig") or {}).get("toolChoice") or {}
        parts = script.answer(turn_of(params, stream), choice)
        stops = config.get("stopSequences") or ()
        content, stop_reason, output_tokens = compose(parts, self._tokenizer, most, stops, stream)
        generated = Generated(
            content=content,
            stop_reason=stop_reason,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            first_token_us=self._cloud.latency.fact_us(model.first_token_fact),
            token_us=self._cloud.latency.fact_us("model.bedrock.output_token", model.key),
        )
        quota.settle(most - output_tokens, kernel.now_us + generated.latency_us)
        return generated

    def _quota(self, called: Called) -> Quota:
        """On-demand use and use through cross-Region profiles have quotas of their own, of the same size here."""
        key = (called.model.id, bool(called.profile))
        if key not in self._quotas:
            model = called.model
            now_us = self._cloud.kernel.now_us
            self._quotas[key] = Quota(model.requests_per_minute, model.tokens_per_minute, now_us)
        return self._quotas[key]

    def _account(self, called: Called, generated: Generated, streamed: bool) -> None:
        profile = "us_" if called.profile == "us" and called.model.key == "nova_2_lite" else ""
        item = f"bedrock.{profile}{called.model.key}"
        self._cloud.meter.add(f"{item}.input_tokens", generated.input_tokens, called.name)
        self._cloud.meter.add(f"{item}.output_tokens", generated.output_tokens, called.name)
        self._measure(called.name, "Invocations", 1)
        self._measure(called.name, "InvocationLatency", generated.latency_us / 1_000, "Milliseconds")
        self._measure(called.name, "InputTokenCount", generated.input_tokens)
        self._measure(called.name, "OutputTokenCount", generated.output_tokens)
        if streamed:
            self._measure(called.name, "TimeToFirstToken", generated.first_token_us / 1_000, "Milliseconds")

    def _measure(self, model_name: str, metric: str, value: float, unit: str = "Count") -> None:
        series = self._cloud.cloudwatch.series(_NAMESPACE, metric, {"ModelId": model_name}, unit)
        series.add(minute_s(self._cloud.kernel.unix_us), value)


def _answer(generated: Generated) -> dict[str, Any]:
    """Converse's answer."""
    return {
        "output": {"message": {"role": "assistant", "content": list(generated.content)}},
        "stopReason": generated.stop_reason,
        "usage": generated.usage,
        "metrics": generated.metrics,
    }


def _body(body: Any) -> dict[str, Any]:
    content = body.read() if hasattr(body, "read") else body
    try:
        parsed = json.loads(content or b"")
    except ValueError as exc:
        raise ApiError(
            "ValidationException", "Malformed input request, please reformat your input and try again."
        ) from exc
    if not isinstance(parsed, dict) or not isinstance(parsed.get("messages"), list):
        raise ApiError(
            "ValidationException",
            "Malformed input request: #: required key [messages] not found, please reformat your input and try again.",
        )
    return parsed


def _native(request: Mapping[str, Any]) -> dict[str, Any]:
    """Nova's request as Converse's parameters."""
    config = dict(request.get("inferenceConfig") or {})
    if "max_new_tokens" in config:
        config["maxTokens"] = config.pop("max_new_tokens")
    return {**request, "inferenceConfig": config}


def _refuse(call: ApiCall) -> dict[str, Any]:
    raise ApiError(
        "ValidationException",
        f"The local cloud does not model {call.operation}; use Converse, ConverseStream, InvokeModel or CountTokens.",
        400,
    )
