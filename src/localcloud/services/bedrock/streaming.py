"""The body of a streamed answer: event by event, each when the model has come to it.

Events are encoded as on the wire and read by botocore's own parser, so that simulated code sees what it sees on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.eventstream import EventStream
from botocore.model import OperationModel
from botocore.parsers import EventStreamJSONParser
from moto.core.eventstream import EventStreamEncoder

Timed = tuple[int, str, dict[str, Any]]


class TimedFrames:
    """What botocore takes for the HTTP body of an event stream: (virtual microsecond, kind of event, members).

    A reader waits in virtual time for the next event; one that reads late finds what has arrived meanwhile.
    """

    def __init__(self, timed: Iterable[Timed], wait_until: Callable[[int], None]) -> None:
        self._timed = timed
        self._wait_until = wait_until
        self._encoder = EventStreamEncoder()
        self._closed = False

    def stream(self) -> Iterator[bytes]:
        """Frames as they arrive."""
        for at_us, kind, body in self._timed:
            if self._closed:
                return
            self._wait_until(at_us)
            headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
            yield self._encoder.encode_message(headers, json.dumps(body, ensure_ascii=False).encode())

    def close(self) -> None:
        """Nothing more is brought."""
        self._closed = True


def event_stream(timed: Iterable[Timed], wait_until: Callable[[int], None], model: OperationModel) -> EventStream:
    """An iterable of the operation's events, parsed as stock boto3 parses them."""
    shape = model.output_shape.members[model.output_shape.serialization["payload"]]
    return EventStream(TimedFrames(timed, wait_until), shape, EventStreamJSONParser(), model.name)
