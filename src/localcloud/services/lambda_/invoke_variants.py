"""Two other ways to invoke: InvokeAsync, which AWS has deprecated, and InvokeWithResponseStream.

A function's answer is there as a whole when it ends: its stream brings it in chunks, and then the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.eventstream import EventStream
from botocore.model import OperationModel
from botocore.parsers import EventStreamJSONParser
from moto.core.eventstream import EventStreamEncoder

from localcloud.api import ApiCall

_CHUNK = 64 * 1_024  # bytes in a chunk; AWS promises no size

Invoke = Callable[[ApiCall], dict[str, Any]]


class InvokeVariants:
    """Answers both by `invoke`, which answers Invoke."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    def queued(self, call: ApiCall) -> dict[str, Any]:
        """InvokeAsync: as Invoke of type Event."""
        arguments = call.params["InvokeArgs"]
        self._as_invoke(call, Payload=arguments, InvocationType="Event")
        return {"Status": 202}

    def streamed(self, call: ApiCall) -> dict[str, Any]:
        """InvokeWithResponseStream: its events are parsed as stock boto3 parses them."""
        answer = self._as_invoke(call, **call.params)
        payload = answer.pop("Payload").read()
        completed: dict[str, str] = {}
        if "FunctionError" in answer:
            completed = {"ErrorCode": answer.pop("FunctionError"), "ErrorDetails": payload.decode()}
            payload = b""
        if "LogResult" in answer:
            completed["LogResult"] = answer.pop("LogResult")
        model = call.client.meta.service_model.operation_model(call.operation)
        frames = _Frames(payload, completed if answer["StatusCode"] == 200 else None)
        return {
            **answer,
            "ResponseStreamContentType": "application/vnd.amazon.eventstream",
            "EventStream": _event_stream(frames, model),
        }

    def _as_invoke(self, call: ApiCall, **params: Any) -> dict[str, Any]:
        whole = {"FunctionName": call.params["FunctionName"], **params}
        return self._invoke(ApiCall(call.service, "Invoke", whole, call.client, call.region))


class _Frames:
    """What botocore takes for the HTTP body of an event stream."""

    def __init__(self, payload: bytes, completed: dict[str, str] | None) -> None:
        self._payload, self._completed = payload, completed
        self._encoder = EventStreamEncoder()

    def stream(self) -> Iterator[bytes]:
        """Chunk by chunk, and how it ended."""
        for at in range(0, len(self._payload), _CHUNK):
            yield self._frame("PayloadChunk", "application/octet-stream", self._payload[at : at + _CHUNK])
        if self._completed is not None:
            yield self._frame("InvokeComplete", "application/json", json.dumps(self._completed).encode())

    def _frame(self, kind: str, content_type: str, body: bytes) -> bytes:
        headers = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
        return self._encoder.encode_message(headers, body)

    def close(self) -> None:
        """There is nothing to give back."""


def _event_stream(frames: _Frames, model: OperationModel) -> EventStream:
    shape = model.output_shape.members[model.output_shape.serialization["payload"]]
    return EventStream(frames, shape, EventStreamJSONParser(), model.name)
