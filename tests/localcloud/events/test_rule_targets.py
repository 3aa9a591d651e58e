"""Targets of rules: what EventBridge refuses, and how it calls streams and API destinations."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpResponse

ROLE = "arn:aws:iam::123456789012:role/events"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:reader"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bake"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
JSON = {"content-type": "application/json"}


@pytest.fixture
def events(cloud):
    client = cloud.client("events")
    client.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    return client


def put(events, **entry):
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}", **entry}
    return events.put_events(Entries=[entry])["Entries"][0]


def aim(events, **target):
    return events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": FUNCTION, **target}])


def test_only_aws_services_send_events_of_aws(events):
    refused = put(events, Source="aws.s3")
    assert refused == {
        "ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source.",
    }  # fmt: skip


@pytest.mark.parametrize("detail", ["{", "[]", '"text"', "1"])
def test_a_detail_that_is_no_object_is_malformed(events, detail):
    assert put(events, Detail=detail) == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def test_a_rule_has_five_targets_however_they_come(events):
    for number in range(5):
        aim(events, Id=str(number))
    aim(events, Id="4")  # an old one may be put again
    with pytest.raises(events.exceptions.LimitExceededException):
        aim(events, Id="6")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Input": "{"}, "JSON syntax error in input for target 1"),
        ({"Input": "{}", "InputPath": "$.detail"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"InputPath": "detail"}, "InputPath for target 1 is not valid"),
        (
            {"InputTransformer": {"InputPathsMap": {"id": "$.id"}, "InputTemplate": '{"a": <name>}'}},
            "InputTemplate for target 1 contains invalid placeholder name",
        ),
        ({"Arn": STREAM}, "RoleArn is required for target"),
        ({"Arn": MACHINE}, "RoleArn is required for target"),
    ],
)
def test_a_target_that_eventbridge_would_refuse_is_refused(events, target, message):
    with pytest.raises(ClientError, match=message) as caught:
        aim(events, **target)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_reserved_variables_need_no_path(events):
    template = '{"rule": "<aws.events.rule-arn>", "event": <aws.events.event.json>}'
    assert aim(events, InputTransformer={"InputTemplate": template})["FailedEntryCount"] == 0


@pytest.mark.parametrize("path", ["$.detail.customer", None])
def test_a_stream_gets_events_by_the_key_that_the_path_finds(cloud, events, path):
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    aim(events, Arn=STREAM, RoleArn=ROLE, **({"KinesisParameters": {"PartitionKeyPath": path}} if path else {}))
    event_id = put(events, Detail='{"customer": "amélie"}')["EventId"]
    cloud.wait(5)
    iterator = kinesis.get_shard_iterator(
        StreamName="orders", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert json.loads(record["Data"])["detail"] == {"customer": "amélie"}
    assert record["PartitionKey"] == ("amélie" if path else event_id)


# -- API destinations --------------------------------------------------------------------------


@pytest.fixture
def destination(cloud, events):
    """Aim the rule at an endpoint: destination(answer, authorization, ...) -> the requests it has got."""

    def create(answer, kind="API_KEY", parameters=None, rate=None):
        got = []

        def serve(request):
            got.append((cloud.kernel.now_us, request))
            return answer(request)

        cloud.http.serve("partner.example", serve)
        key = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}
        connection = events.create_connection(
            Name="partner", AuthorizationType=kind, AuthParameters=parameters or key
        )["ConnectionArn"]
        arn = events.create_api_destination(
            Name="partner", ConnectionArn=connection, InvocationEndpoint="https://partner.example/orders",
            HttpMethod="POST", **({"InvocationRateLimitPerSecond": rate} if rate else {}),
        )["ApiDestinationArn"]  # fmt: skip
        aim(events, Arn=arn, RoleArn=ROLE)
        return got

    return create


@pytest.mark.parametrize(("status", "again"), [(401, True), (407, True), (409, True), (429, True), (500, True),
                                               (400, False), (404, False)])  # fmt: skip
def test_a_request_is_repeated_after_some_answers_only(cloud, events, destination, status, again):
    got = destination(lambda request: HttpResponse(status))
    put(events)
    cloud.wait(60)
    assert (len(got) > 1) == again


def test_requests_keep_to_the_rate_of_the_destination(cloud, events, destination):
    got = destination(lambda request: HttpResponse(200), rate=2)
    for _ in range(10):
        put(events)
    cloud.wait(60)
    assert len(got) == 10
    assert 4_500_000 <= got[-1][0] - got[0][0] <= 6_000_000


def test_a_connection_adds_its_parameters_to_every_request(cloud, events, destination):
    parameters = {
        "BasicAuthParameters": {"Username": "amelie", "Password": "secret"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "X-Shop", "Value": "1"}],
            "QueryStringParameters": [{"Key": "shop", "Value": "paris"}],
            "BodyParameters": [{"Key": "kind", "Value": "bakery"}],
        },
    }
    got = destination(lambda request: HttpResponse(200), "BASIC", parameters)
    put(events)
    cloud.wait(10)
    ((_, request),) = got
    assert request.headers["authorization"] == "Basic YW1lbGllOnNlY3JldA=="
    assert (request.headers["x-shop"], request.query) == ("1", "shop=paris")
    body = json.loads(request.body)
    assert (body["kind"], body["source"]) == ("bakery", "shop")


def test_a_connection_fetches_an_oauth_token_and_keeps_it_while_it_lasts(cloud, events, destination):
    asked = []

    def token(request):
        asked.append(request)
        answer = {"access_token": f"token {len(asked)}", "expires_in": 3_600}
        return HttpResponse(200, JSON, json.dumps(answer).encode())

    cloud.http.serve("login.example", token)
    parameters = {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "shop", "ClientSecret": "secret"},
            "AuthorizationEndpoint": "https://login.example/token",
            "HttpMethod": "POST",
        }
    }
    got = destination(lambda request: HttpResponse(200), "OAUTH_CLIENT_CREDENTIALS", parameters)
    for wait_s in (1, 10, 4_000):
        cloud.wait(wait_s)
        put(events)
        cloud.wait(5)
    assert [request.headers["authorization"] for _, request in got] == [
        "Bearer token 1", "Bearer token 1", "Bearer token 2",
    ]  # fmt: skip
    assert asked[0].body == b"grant_type=client_credentials&client_id=shop&client_secret=secret"


def test_a_token_that_is_not_taken_is_fetched_anew(cloud, events, destination):
    tokens = iter(("old", "new"))
    answer = lambda request: HttpResponse(200, JSON, json.dumps({"access_token": next(tokens)}).encode())  # noqa: E731
    cloud.http.serve("login.example", answer)
    parameters = {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "shop", "ClientSecret": "secret"},
            "AuthorizationEndpoint": "https://login.example/token",
            "HttpMethod": "POST",
        }
    }

    def partner(request):
        return HttpResponse(200 if request.headers["authorization"] == "Bearer new" else 401)

    got = destination(partner, "OAUTH_CLIENT_CREDENTIALS", parameters)
    put(events)
    cloud.wait(30)
    assert [request.headers["authorization"] for _, request in got] == ["Bearer old", "Bearer new"]
