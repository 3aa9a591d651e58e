"""HTTP Tasks: requests with the credentials of a connection, and what their failures are called."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpResponse

RESOURCE = "arn:aws:states:::http:invoke"


@pytest.fixture
def partner(cloud):
    """A host that keeps what it was asked: partner.asked; it answers with partner.answer."""

    class Partner:
        asked: list = []
        answer = HttpResponse(201, {"content-type": "application/json"}, b'{"paid": true}')

        def handle(self, request):
            self.asked.append(request)
            return self.answer() if callable(self.answer) else self.answer

    made = Partner()
    made.asked = []
    cloud.http.serve("pay.example.com", made.handle)
    return made


@pytest.fixture
def call(cloud, machine, finish):
    """Run one HTTP Task: call(Method="POST", ...) -> the execution."""
    parameters = {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"},
        "InvocationHttpParameters": {
            "QueryStringParameters": [{"Key": "shop", "Value": "lyon"}],
            "BodyParameters": [{"Key": "merchant", "Value": "m1"}],
        },
    }
    arn = cloud.client("events").create_connection(
        Name="pay", AuthorizationType="API_KEY", AuthParameters=parameters
    )["ConnectionArn"]

    def run(**fields):
        given = {"ApiEndpoint": "https://pay.example.com/charges", "Method": "POST",
                 "Authentication": {"ConnectionArn": arn}, **fields}  # fmt: skip
        return finish(machine({"Pay": {"Type": "Task", "Resource": RESOURCE, "Parameters": given, "End": True}}))

    return run


def test_a_request_carries_what_the_task_and_the_connection_say(partner, call):
    found = call(Headers={"X-Order": "7"}, QueryParameters={"n": "1"}, RequestBody={"sum": 12})
    (request,) = partner.asked
    assert (request.method, request.path, request.query) == ("POST", "/charges", "n=1&shop=lyon")
    assert (request.headers["x-key"], request.headers["x-order"]) == ("secret", "7")
    assert json.loads(request.body) == {"sum": 12, "merchant": "m1"}
    answer = json.loads(found["output"])
    assert (answer["StatusCode"], answer["StatusText"], answer["ResponseBody"]) == (201, "Created", {"paid": True})
    assert answer["Headers"]["content-type"] == ["application/json"]


def test_a_body_is_sent_as_a_form(partner, call):
    call(
        RequestBody={"sum": "12", "cakes": ["big one", "b"]},
        Transform={"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "BRACKETS"}},
    )
    assert partner.asked[0].body == b"sum=12&cakes%5B%5D=big+one&cakes%5B%5D=b&merchant=m1"
    assert partner.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_status_is_an_error_of_its_own(partner, call):
    partner.answer = HttpResponse(429, {}, b"slow down")
    found = call()
    assert (found["error"], found["cause"]) == ("States.Http.StatusCode.429", "slow down")


def test_a_silent_or_unknown_host_is_a_socket_error(cloud, partner, call):
    def late():
        cloud.kernel.sleep(61_000_000)
        return HttpResponse(200)

    partner.answer = late
    assert call()["error"] == "States.Http.Socket"
    assert call(ApiEndpoint="https://nobody.example.com/")["error"] == "States.Http.Socket"


def test_a_connection_is_needed(partner, call):
    assert call(Authentication={})["error"] == "States.Runtime"
    assert partner.asked == []
