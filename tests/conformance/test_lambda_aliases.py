"""Aliases with weights, and what is configured for each of them."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from localcloud import Cloud
from localcloud.faults import Fault

WHICH = "def handler(event, context): return [context.function_version, context.invoked_function_arn]"
FAILS = "def handler(event, context):\n    print('try')\n    raise ValueError('burnt')\n"


@pytest.fixture
def lambda_(cloud):
    return cloud.client("lambda")


@pytest.fixture
def publish(lambda_):
    """Publish so many different versions of a function."""

    def make(name, count):
        for number in range(count):
            lambda_.update_function_configuration(FunctionName=name, MemorySize=1_024 + number)
            lambda_.publish_version(FunctionName=name)

    return make


@pytest.fixture
def queue(cloud):
    """queue(name) makes a queue and gives its ARN and a function that reads the bodies in it."""
    client = cloud.client("sqs")

    def make(name):
        url = client.create_queue(QueueName=name)["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return arn, lambda: [
            json.loads(message["Body"])
            for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        ]

    return make


def routed(name, version, weights):
    return {
        "FunctionName": name,
        "Name": "live",
        "FunctionVersion": version,
        "RoutingConfig": {"AdditionalVersionWeights": weights},
    }


@pytest.mark.parametrize(("weight", "low", "high"), [(0.05, 3, 30), (0.25, 70, 130), (0.9, 335, 385)])
def test_an_alias_sends_its_weights_share_to_the_other_version(lambda_, function, publish, invoke, weight, low, high):
    function("shop", WHICH)
    publish("shop", 2)
    lambda_.create_alias(**routed("shop", "1", {"2": weight}))
    answers = [invoke("shop", Qualifier="live") for _ in range(400)]
    versions = Counter(answer[0] for answer, _ in answers)
    assert low <= versions["2"] <= high
    assert versions["1"] + versions["2"] == 400
    assert all(answer[0] == response["ExecutedVersion"] for answer, response in answers)


def test_weights_can_be_changed_and_taken_away(lambda_, function, publish, invoke):
    function("shop", WHICH)
    publish("shop", 2)
    lambda_.create_alias(**routed("shop", "1", {"2": 1.0}))
    assert {invoke("shop", Qualifier="live")[0][0] for _ in range(20)} == {"2"}
    lambda_.update_alias(FunctionName="shop", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {invoke("shop", Qualifier="live")[0][0] for _ in range(20)} == {"1"}


@pytest.mark.parametrize(
    ("version", "weights", "message"),
    [
        ("1", {"2": 0.1, "3": 0.1}, "AdditionalVersionWeights cannot be greater than 1"),
        ("$LATEST", {"1": 0.1}, r"\$LATEST is not supported for an alias pointing to more than 1 version"),
        ("1", {"$LATEST": 0.1}, r"\$LATEST is not supported for an alias pointing to more than 1 version"),
        ("1", {"1": 0.1}, "Function version 1 is already included in routing configuration"),
        ("1", {"9": 0.1}, "Function not found.*shop:9"),
    ],
)
def test_an_alias_shares_between_two_published_versions_at_most(lambda_, function, publish, version, weights, message):
    function("shop", WHICH)
    publish("shop", 3)
    with pytest.raises(ClientError, match=message):
        lambda_.create_alias(**routed("shop", version, weights))
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion=version)
    with pytest.raises(ClientError, match=message):
        lambda_.update_alias(FunctionName="shop", Name="live", RoutingConfig={"AdditionalVersionWeights": weights})


@pytest.mark.parametrize("what", ["role", "dead letters"])
def test_the_versions_of_an_alias_have_one_role_and_one_dead_letter_queue(
    cloud, lambda_, function, publish, queue, what
):
    function("shop", WHICH)
    publish("shop", 1)
    if what == "role":
        role = cloud.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        lambda_.update_function_configuration(FunctionName="shop", Role=role)
    else:
        lambda_.update_function_configuration(FunctionName="shop", DeadLetterConfig={"TargetArn": queue("dead")[0]})
    publish("shop", 1)
    with pytest.raises(ClientError, match="must have the same execution role and the same dead-letter queue"):
        lambda_.create_alias(**routed("shop", "1", {"2": 0.1}))


def test_an_alias_that_shares_goes_on_to_versions_that_may_share_too(lambda_, function, publish, invoke):
    function("shop", WHICH)
    publish("shop", 3)
    lambda_.create_alias(**routed("shop", "1", {"2": 1.0}))
    with pytest.raises(ClientError, match="already included in routing configuration"):
        lambda_.update_alias(FunctionName="shop", Name="live", FunctionVersion="2")
    lambda_.update_alias(FunctionName="shop", Name="live", FunctionVersion="3")
    assert invoke("shop", Qualifier="live")[0][0] == "2"


def test_a_reference_with_a_qualifier_goes_with_no_other(lambda_, function, publish, invoke):
    function("shop", WHICH)
    publish("shop", 2)
    assert invoke("shop:2", Qualifier="2")[0][0] == "2"
    with pytest.raises(ClientError, match="derived qualifier from the function name does not match"):
        invoke("shop:2", Qualifier="1")


def draws(seed):
    with Cloud(seed=seed) as cloud:
        stream = cloud.lambda_.functions._alias_stream
        return [stream.random() for _ in range(5)]


def test_the_draw_of_versions_has_a_seed():
    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


@pytest.mark.behaviour("LAM-25", "LAM-28")
def test_each_alias_and_the_unpublished_function_have_settings_of_their_own(
    cloud, lambda_, function, publish, invoke, log_lines, queue
):
    function("shop", FAILS)
    publish("shop", 1)
    for alias in ("once", "twice"):
        lambda_.create_alias(FunctionName="shop", Name=alias, FunctionVersion="1")
    arn, read = queue("failed")
    lambda_.put_function_event_invoke_config(
        FunctionName="shop",
        Qualifier="once",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    lambda_.put_function_event_invoke_config(FunctionName="shop", Qualifier="twice", MaximumRetryAttempts=1)
    for qualifier, tries in (("once", 1), ("twice", 2), ("$LATEST", 3)):
        before = log_lines("shop").count("try") if qualifier != "once" else 0
        invoke("shop", {"by": qualifier}, InvocationType="Event", Qualifier=qualifier)
        cloud.wait(400)
        assert log_lines("shop").count("try") - before == tries
    (record,) = read()
    assert record["requestPayload"] == {"by": "once"}
    assert record["requestContext"]["functionArn"].endswith(":function:shop:once")
    assert record["responseContext"]["executedVersion"] == "1"


@pytest.mark.behaviour("LAM-31")
@pytest.mark.parametrize("works", [True, False])
def test_a_destination_record_has_request_response_and_what_led_to_it(cloud, lambda_, function, invoke, queue, works):
    function("shop", "def handler(event, context): return 1 / event['by']")
    arn, read = queue("records")
    lambda_.put_function_event_invoke_config(
        FunctionName="shop",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}},
    )
    request = {"by": 4 if works else 0}
    invoke("shop", request, InvocationType="Event")
    cloud.wait(200)
    (record,) = read()
    context = record.pop("requestContext")
    assert len(context.pop("requestId")) == 36
    assert context == {
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:shop:$LATEST",
        "condition": "Success" if works else "RetriesExhausted",
        "approximateInvokeCount": 1 if works else 2,
    }
    assert record.pop("timestamp").endswith("Z")
    answer = record.pop("responsePayload")
    assert answer == 0.25 if works else answer["errorType"] == "ZeroDivisionError"
    failed = {} if works else {"functionError": "Unhandled"}
    assert record == {
        "version": "1.0",
        "requestPayload": request,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", **failed},
    }


@pytest.mark.behaviour("LAM-28", "LAM-31")
def test_a_failed_event_goes_to_its_destination_and_to_the_dead_letter_topic(cloud, lambda_, function, invoke, queue):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="dead")["TopicArn"]
    letters_arn, letters = queue("letters")
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Statement": [{**allow, "Resource": letters_arn}]})
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=cloud.client("sqs").get_queue_url(QueueName="letters")["QueueUrl"], Attributes={"Policy": policy}
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=letters_arn)
    records_arn, records = queue("records")
    function("shop", FAILS, DeadLetterConfig={"TargetArn": topic})
    lambda_.put_function_event_invoke_config(
        FunctionName="shop", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": records_arn}}
    )
    invoke("shop", {"id": 1}, InvocationType="Event")
    cloud.wait(30)
    (letter,) = letters()
    assert json.loads(letter["Message"]) == {"id": 1}
    attributes = letter["MessageAttributes"]
    assert attributes["ErrorMessage"]["Value"] == "burnt"
    assert attributes["ErrorCode"]["Value"] == "200"
    (record,) = records()
    assert attributes["RequestID"]["Value"] == record["requestContext"]["requestId"]


@pytest.mark.behaviour("LAM-26", "LAM-28")
def test_an_event_that_is_never_let_in_becomes_a_dead_letter_of_a_throttle(cloud, function, invoke):
    url = cloud.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    function("shop", WHICH, DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"})
    cloud.faults.add(Fault("throttle", service="lambda", resource="shop"))
    invoke("shop", {"id": 2}, InvocationType="Event")
    cloud.wait(7 * 3_600)
    (message,) = cloud.sqs.receive(url, 10)
    assert message.body == '{"id": 2}'
    assert message.attributes["ErrorCode"]["StringValue"] == "429"


def test_the_dead_letter_queue_is_shown_changed_and_taken_away(lambda_, function, publish):
    arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    function("shop", WHICH, DeadLetterConfig={"TargetArn": arn})
    publish("shop", 1)
    shown = lambda_.get_function(FunctionName="shop")["Configuration"]
    assert shown["DeadLetterConfig"] == {"TargetArn": arn}
    lambda_.update_function_configuration(FunctionName="shop", DeadLetterConfig={"TargetArn": ""})
    assert "DeadLetterConfig" not in lambda_.get_function_configuration(FunctionName="shop")
    published = lambda_.get_function_configuration(FunctionName="shop", Qualifier="1")
    assert published["DeadLetterConfig"] == {"TargetArn": arn}  # a version keeps what it was published with


@pytest.mark.parametrize(
    ("settings", "metric"),
    [
        ({"destination": "arn:aws:sqs:us-east-1:123456789012:gone"}, "DestinationDeliveryFailures"),
        ({"destination": "arn:aws:sns:us-east-1:123456789012:gone"}, "DestinationDeliveryFailures"),
        ({"destination": "arn:aws:lambda:us-east-1:123456789012:function:gone"}, "DestinationDeliveryFailures"),
        ({"dead_letters": "arn:aws:sqs:us-east-1:123456789012:gone"}, "DeadLetterErrors"),
        ({"dead_letters": "arn:aws:sns:us-east-1:123456789012:gone"}, "DeadLetterErrors"),
    ],
)
def test_what_cannot_be_delivered_is_counted_and_gone(cloud, lambda_, function, invoke, settings, metric):
    function("shop", FAILS, DeadLetterConfig={"TargetArn": settings.get("dead_letters", "")})
    where = {"OnFailure": {"Destination": settings["destination"]}} if "destination" in settings else {}
    lambda_.put_function_event_invoke_config(FunctionName="shop", MaximumRetryAttempts=0, DestinationConfig=where)
    start = cloud.now
    invoke("shop", {}, InvocationType="Event")
    cloud.wait(120)
    (found,) = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": "shop"}],
        StartTime=start.replace(second=0),
        EndTime=cloud.now,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert found["Sum"] == 1


def test_events_of_a_deleted_function_are_gone(cloud, lambda_, function, invoke):
    function("shop", FAILS)
    invoke("shop", {}, InvocationType="Event")
    cloud.wait(30)
    lambda_.delete_function(FunctionName="shop")
    cloud.wait(600)
    function("shop", FAILS)
    with pytest.raises(ClientError, match="doesn't have an EventInvokeConfig"):
        lambda_.get_function_event_invoke_config(FunctionName="shop")


def test_settings_are_put_updated_listed_and_deleted_by_qualifier(cloud, lambda_, function, publish):
    function("shop", WHICH)
    publish("shop", 1)
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:shop"
    put = lambda_.put_function_event_invoke_config(
        FunctionName="shop", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=90
    )
    assert put["FunctionArn"] == f"{arn}:$LATEST"
    assert put["LastModified"] == cloud.now
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    lambda_.put_function_event_invoke_config(FunctionName="shop:live", MaximumRetryAttempts=0)
    lambda_.update_function_event_invoke_config(FunctionName=arn, MaximumEventAgeInSeconds=60)
    kept = lambda_.get_function_event_invoke_config(FunctionName="shop")
    assert (kept["MaximumRetryAttempts"], kept["MaximumEventAgeInSeconds"]) == (1, 60)
    lambda_.put_function_event_invoke_config(FunctionName="shop", MaximumEventAgeInSeconds=60)
    assert "MaximumRetryAttempts" not in lambda_.get_function_event_invoke_config(FunctionName="shop")
    pages = lambda_.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName="shop", PaginationConfig={"PageSize": 1}
    )
    listed = [config["FunctionArn"] for page in pages for config in page["FunctionEventInvokeConfigs"]]
    assert listed == [f"{arn}:$LATEST", f"{arn}:live"]
    lambda_.delete_function_event_invoke_config(FunctionName="shop", Qualifier="live")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_function_event_invoke_config(FunctionName="shop", Qualifier="live")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.update_function_event_invoke_config(FunctionName="shop", Qualifier="live", MaximumRetryAttempts=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MaximumRetryAttempts": 3}, "less than or equal to 2"),
        ({"MaximumEventAgeInSeconds": 21_601}, "less than or equal to 21600"),
        ({"Qualifier": "nobody"}, "Function not found"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:dynamodb:us-east-1:123456789012:table/x"}}},
            "is invalid",
        ),
        (
            {
                "DestinationConfig": {
                    "OnSuccess": {"Destination": "arn:aws:lambda:us-east-1:123456789012:function:shop"}
                }
            },
            "as a destination for itself",
        ),
    ],
)
def test_wrong_settings_are_refused(lambda_, function, settings, message):
    function("shop", WHICH)
    with pytest.raises(ClientError, match=message):
        lambda_.put_function_event_invoke_config(FunctionName="shop", **settings)
