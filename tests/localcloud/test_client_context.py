"""What a caller sends along with an invocation."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import ClientError

SOURCE = """
def handler(event, context):
    found = context.client_context
    return None if found is None else [found.custom, found.env, found.client]
"""


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_a_handler_sees_the_client_context_of_its_own_invocation(function, invoke):
    function("reader", SOURCE)
    given = {"custom": {"tool": "oven"}, "env": {"locale": "fr"}}
    assert invoke("reader", {}, ClientContext=encoded(given))[0] == [{"tool": "oven"}, {"locale": "fr"}, None]
    assert invoke("reader", {})[0] is None


@pytest.mark.parametrize("wrong", ["no base64 at all", encoded("a string"), base64.b64encode(b"{").decode()])
def test_a_client_context_that_cannot_be_read_is_refused(function, invoke, wrong):
    function("reader", SOURCE)
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        invoke("reader", {}, ClientContext=wrong)
