"""Events that services make reach a function as JSON would bring them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.net import HttpRequest
from localcloud.services.event_source_mappings.records import record
from localcloud.services.http_api.payload import Context, event_v1, event_v2
from localcloud.services.lambda_.payloads import JsonPayload, event_of
from localcloud.stores.sqs import Message

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def exact(value):
    """With the types of everything in it and the order of names."""
    return repr(value)


@given(DOCUMENTS)
def test_a_document_is_what_its_text_says(document):
    payload = JsonPayload(document)
    assert bytes(payload) == json.dumps(document).encode()
    assert exact(event_of(payload)) == exact(event_of(bytes(payload)))


def test_what_a_function_does_to_its_event_stays_in_it():
    shared = {"a": []}
    payload = JsonPayload({"one": shared, "two": shared})
    event = event_of(payload)
    event["one"]["a"].append(1)
    assert event["two"] == {"a": []}
    assert event_of(payload) == {"one": {"a": []}, "two": {"a": []}}
    assert shared == {"a": []}


@pytest.mark.parametrize("make", [event_v1, event_v2])
@pytest.mark.parametrize("body", [b"", b'{"a": 1}', "é".encode(), b"\xff"])
def test_events_of_http_apis_hold_only_what_json_can_say(make, body):
    request = HttpRequest("POST", "https://h/p?a=1&a=2", {"cookie": "a=1; b=2", "content-type": "text/plain"}, body)
    at = datetime(2025, 1, 6, 8, tzinfo=UTC)
    context = Context(
        "1", "api", "h", "$default", "POST /p", "id", at, "/p", {"id": "x"}, {"v": "1"}, {"jwt": {"scopes": ["a"]}}
    )
    event = make(request, context)
    assert exact(event_of(JsonPayload(event))) == exact(json.loads(json.dumps(event)))


def test_records_of_queues_hold_only_what_json_can_say():
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": b"x"}}
    message = Message("id", "körper", 0, attributes)
    found = record(message, "arn:aws:sqs:us-east-1:123456789012:orders", "us-east-1")
    assert exact(event_of(JsonPayload(found))) == exact(json.loads(json.dumps(found)))
