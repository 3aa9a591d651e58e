"""EventBridge Pipes, as AWS documents them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpResponse

ACCOUNT = "arn:aws:{}:us-east-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/pipe"
PRINT = "import json\ndef handler(event, context): print('got', json.dumps(event))"
ENRICH = """
    import json
    def handler(events, context):
        print("enriching", json.dumps(events))
        return [{**json.loads(one["body"]), "rich": True} for one in events if "drop" not in one["body"]]
"""
FAIL_SOME = """
    import json
    def handler(events, context):
        print("got", json.dumps([json.loads(one["body"])["id"] for one in events]))
        bad = [one["messageId"] for one in events if json.loads(one["body"])["id"] == 13]
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in bad]}
"""


@pytest.fixture
def pipes(cloud):
    return cloud.client("pipes")


@pytest.fixture
def queue(cloud):
    """Create a queue: queue("orders") -> (URL, ARN)."""

    def create(name, **attributes):
        made = {key: str(value) for key, value in {"VisibilityTimeout": 30, **attributes}.items()}
        url = cloud.client("sqs").create_queue(QueueName=name, Attributes=made)["QueueUrl"]
        return url, ACCOUNT.format("sqs") + name

    return create


@pytest.fixture
def orders(queue):
    return queue("orders")


@pytest.fixture
def send(cloud, orders):
    def call(*bodies):
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            cloud.client("sqs").send_message(QueueUrl=orders[0], MessageBody=text)

    return call


@pytest.fixture
def pipe(pipes, orders):
    """Create a pipe out of the queue: pipe(target ARN, SourceParameters={...}) -> its ARN."""

    def create(target, source=None, name="flow", **settings):
        return pipes.create_pipe(Name=name, RoleArn=ROLE, Source=source or orders[1], Target=target, **settings)["Arn"]

    return create


@pytest.fixture
def got(log_lines):
    """What a function printed: got("worker") -> parsed events."""

    def read(name, word="got"):
        return [json.loads(line.removeprefix(f"{word} ")) for line in log_lines(name) if line.startswith(f"{word} ")]

    return read


@pytest.fixture
def bodies(cloud):
    """Everything in a queue, sorted."""

    def read(url):
        return sorted(message.body for message in cloud.sqs.receive(url, 10))

    return read


def arn_of(name):
    return ACCOUNT.format("lambda") + f"function:{name}"


@pytest.mark.behaviour("PIP-01")
def test_an_event_goes_through_filter_enrichment_and_target(cloud, pipe, send, function, got):
    function("rich", ENRICH)
    function("worker", PRINT)
    criteria = {"Filters": [{"Pattern": json.dumps({"body": {"total": [{"numeric": [">", 10]}]}})}]}
    pipe(arn_of("worker"), Enrichment=arn_of("rich"), SourceParameters={"FilterCriteria": criteria})
    send({"id": 1, "total": 5}, {"id": 2, "total": 50})
    cloud.wait(30)
    assert got("worker") == [[{"id": 2, "total": 50, "rich": True}]]
    assert len(got("rich", "enriching")) == 1


@pytest.mark.behaviour("PIP-01")
def test_what_is_filtered_out_is_gone_and_not_billed(cloud, pipe, send, orders, function, got):
    function("worker", PRINT)
    criteria = {"Filters": [{"Pattern": json.dumps({"body": {"kind": ["cake"]}})}]}
    pipe(arn_of("worker"), SourceParameters={"FilterCriteria": criteria})
    send(*({"kind": "bread"} for _ in range(10)))
    cloud.wait(30)
    assert cloud.meter.snapshot().total("pipes.requests") == 0
    assert cloud.sqs.counts(orders[0]).visible == 0
    send({"kind": "cake"})
    cloud.wait(30)
    assert cloud.meter.snapshot().total("pipes.requests") == 1
    assert len(got("worker")) == 1


@pytest.mark.behaviour("PIP-01")
def test_what_is_enriched_to_nothing_goes_to_no_target(cloud, pipe, send, orders, function, got):
    function("rich", ENRICH)
    function("worker", PRINT)
    pipe(arn_of("worker"), Enrichment=arn_of("rich"))
    send({"id": 1, "note": "drop"}, {"id": 2})
    cloud.wait(30)
    assert got("worker") == [[{"id": 2, "rich": True}]]
    assert (cloud.sqs.counts(orders[0]).visible, cloud.sqs.counts(orders[0]).in_flight) == (0, 0)


@pytest.mark.behaviour("PIP-02")
def test_a_function_gets_a_list_even_of_one(cloud, pipe, send, function, got):
    function("worker", PRINT)
    pipe(arn_of("worker"), SourceParameters={"SqsQueueParameters": {"BatchSize": 1}})
    send({"id": 1})
    cloud.wait(30)
    ((event,),) = got("worker")
    assert (event["eventSource"], json.loads(event["body"])) == ("aws:sqs", {"id": 1})


@pytest.mark.behaviour("PIP-02")
def test_an_input_template_applies_to_each_record_of_a_batch(cloud, pipe, send, function, got):
    function("worker", PRINT)
    template = '{"id": <$.body.id>, "for": "<$.body.who>", "by": "<aws.pipes.pipe-name>"}'
    pipe(
        arn_of("worker"), TargetParameters={"InputTemplate": template},
        SourceParameters={"SqsQueueParameters": {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 5}},
    )  # fmt: skip
    send({"id": 1, "who": "Zoé"}, {"id": 2, "who": "Max"})
    cloud.wait(40)
    made = [event for batch in got("worker") for event in batch]
    assert sorted(made, key=lambda one: one["id"]) == [
        {"id": 1, "for": "Zoé", "by": "flow"}, {"id": 2, "for": "Max", "by": "flow"},
    ]  # fmt: skip


@pytest.mark.behaviour("PIP-02")
def test_a_state_machine_gets_a_list_and_is_enriched_by_one(cloud, pipe, send, function, got):
    sfn = cloud.client("stepfunctions")
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True, "Parameters": {"n.$": "$[0].n"}}}}
    machine = sfn.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS")
    function("worker", PRINT)
    template = '{"n": <$.body.n>}'
    pipe(
        arn_of("worker"), Enrichment=machine["stateMachineArn"], EnrichmentParameters={"InputTemplate": template}
    )
    send({"n": 7})
    cloud.wait(30)
    assert got("worker") == [[{"n": 7}]]


@pytest.mark.behaviour("PIP-03")
def test_functions_are_waited_for_unless_told_otherwise(cloud, pipe, send, orders, function, got):
    function("worker", "def handler(event, context): raise ValueError('burnt')")
    pipe(arn_of("worker"), name="waits")
    send({"id": 1})
    cloud.wait(20)
    assert cloud.sqs.counts(orders[0]).in_flight == 1  # it will be tried again
    cloud.client("pipes").delete_pipe(Name="waits")
    cloud.client("sqs").purge_queue(QueueUrl=orders[0])
    how = {"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}}
    pipe(arn_of("worker"), name="forgets", TargetParameters=how)
    send({"id": 2})
    cloud.wait(20)
    counts = cloud.sqs.counts(orders[0])
    assert (counts.visible, counts.in_flight) == (0, 0)


@pytest.mark.behaviour("PIP-03")
def test_a_standard_state_machine_cannot_be_waited_for(cloud, pipe, send):
    sfn = cloud.client("stepfunctions")
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    arn = sfn.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    with pytest.raises(ClientError, match="FIRE_AND_FORGET"):
        pipe(arn)
    pipe(arn, TargetParameters={"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}})
    send({"id": 1})
    cloud.wait(30)
    (execution,) = sfn.list_executions(stateMachineArn=arn)["executions"]
    given = json.loads(sfn.describe_execution(executionArn=execution["executionArn"])["input"])
    assert [json.loads(event["body"]) for event in given] == [{"id": 1}]


def test_only_failed_messages_of_a_batch_come_again(cloud, pipe, send, queue, function, got):
    dead_url, dead = queue("dead")
    _, source = queue("till", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2}))
    function("worker", FAIL_SOME)
    pipe(arn_of("worker"), source=source)
    for number in (12, 13):
        cloud.client("sqs").send_message(
            QueueUrl=cloud.client("sqs").get_queue_url(QueueName="till")["QueueUrl"],
            MessageBody=json.dumps({"id": number}),
        )
    cloud.wait(120)
    seen = [number for batch in got("worker") for number in batch]
    assert (seen.count(12), seen.count(13)) == (1, 2)
    assert cloud.sqs.counts(dead_url).visible == 1


def test_targets_other_than_functions_get_events_one_by_one(cloud, pipe, send, queue, bodies):
    url, arn = queue("out.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    pipe(
        arn,
        TargetParameters={"InputTemplate": "<$.body.id>", "SqsQueueParameters": {"MessageGroupId": "$.body.who"}},
        SourceParameters={"SqsQueueParameters": {"BatchSize": 10}},
    )
    send({"id": 1, "who": "a"}, {"id": 2, "who": "b"})
    cloud.wait(30)
    found = bodies(url) + bodies(url)
    assert sorted(found) == ["1", "2"]


def test_events_reach_a_bus(cloud, pipe, send, queue, bodies):
    url, arn = queue("audit", Policy=json.dumps({"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}))  # fmt: skip
    events = cloud.client("events")
    events.put_rule(Name="all", EventPattern='{"source": ["shop"], "detail": {"id": [1]}}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    how = {"EventBridgeEventBusParameters": {"Source": "shop", "DetailType": "$.body.kind"},
           "InputTemplate": '{"id": <$.body.id>}'}  # fmt: skip
    pipe(ACCOUNT.format("events") + "event-bus/default", TargetParameters=how)
    send({"id": 1, "kind": "Placed"}, {"id": 2, "kind": "Placed"})
    cloud.wait(30)
    (body,) = bodies(url)
    assert json.loads(body)["detail-type"] == "Placed"


def test_a_kinesis_record_is_flat_and_a_poison_batch_ends_as_a_dead_letter(cloud, pipe, queue, function, got, bodies):
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="till", ShardCount=1)
    dead_url, dead = queue("dead")
    function("worker", """
        import base64, json
        def handler(events, context):
            print("got", json.dumps(events))
            if any(base64.b64decode(one["data"]) == b"poison" for one in events):
                raise ValueError("poison")
    """)  # fmt: skip
    settings = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 1, "MaximumRetryAttempts": 1,
                "DeadLetterConfig": {"Arn": dead}}  # fmt: skip
    arn = pipe(arn_of("worker"), source=ACCOUNT.format("kinesis") + "stream/till",
               SourceParameters={"KinesisStreamParameters": settings})  # fmt: skip
    for data in (b"poison", b"fine"):
        kinesis.put_record(StreamName="till", Data=data, PartitionKey="a")
    cloud.wait(60)
    (first, *_, last) = (event for batch in got("worker") for event in batch)
    assert first["partitionKey"] == "a"
    assert "kinesis" not in first
    assert first["eventSource"] == "aws:kinesis"
    assert last["data"] == "ZmluZQ=="
    (letter,) = map(json.loads, bodies(dead_url))
    assert letter["context"] == {"partnerResourceArn": arn, "condition": "RetryAttemptsExhausted"}
    assert letter["KinesisBatchInfo"]["batchSize"] == 1


def test_changes_of_a_table_are_filtered_and_delivered(cloud, pipe, function, got):
    dynamodb = cloud.client("dynamodb")
    table = dynamodb.create_table(
        TableName="orders", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]  # fmt: skip
    function("worker", PRINT)
    pipe(
        arn_of("worker"), source=table["LatestStreamArn"],
        SourceParameters={
            "DynamoDBStreamParameters": {"StartingPosition": "LATEST"},
            "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        },
        TargetParameters={"InputTemplate": '{"id": <$.dynamodb.NewImage.id.S>}'},
    )  # fmt: skip
    for number in (1, 1, 2):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": str(number)}, "n": {"N": str(cloud.kernel.now_us)}})
    cloud.wait(30)
    assert [event for batch in got("worker") for event in batch] == [{"id": "1"}, {"id": "2"}]


def test_an_api_destination_enriches_with_the_credentials_of_its_connection(cloud, pipe, send, function, got):
    asked = []

    def partner(request):
        asked.append(request)
        return HttpResponse(200, {}, b'{"stars": 5}')

    cloud.http.serve("guide.example", partner)
    events = cloud.client("events")
    connection = events.create_connection(
        Name="guide", AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}},
    )["ConnectionArn"]  # fmt: skip
    destination = events.create_api_destination(
        Name="guide", ConnectionArn=connection, HttpMethod="POST", InvocationEndpoint="https://guide.example/shops/*"
    )["ApiDestinationArn"]
    function("worker", PRINT)
    pipe(
        arn_of("worker"), Enrichment=destination,
        EnrichmentParameters={"HttpParameters": {"PathParameterValues": ["$.body.shop"]}},
        SourceParameters={"SqsQueueParameters": {"BatchSize": 1}},
    )  # fmt: skip
    send({"shop": "Lyon 3"})
    cloud.wait(30)
    (request,) = asked
    assert (request.path, request.headers["x-key"]) == ("/shops/Lyon%203", "secret")
    assert got("worker") == [[{"stars": 5}]]
    assert cloud.meter.snapshot().total("events.api_destinations") == 1


def test_a_stopped_pipe_leaves_messages_where_they_are(cloud, pipes, pipe, send, orders, function, got):
    function("worker", PRINT)
    pipe(arn_of("worker"))
    assert pipes.describe_pipe(Name="flow")["CurrentState"] == "RUNNING"
    pipes.stop_pipe(Name="flow")
    assert pipes.describe_pipe(Name="flow")["CurrentState"] == "STOPPED"
    send({"id": 1})
    cloud.wait(30)
    assert cloud.sqs.counts(orders[0]).visible == 1
    pipes.start_pipe(Name="flow")
    cloud.wait(30)
    assert len(got("worker")) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": ACCOUNT.format("kinesis") + "stream/till"}, "StartingPosition is required"),
        ({"source": "arn:aws:s3:::bucket"}, "no such source"),
        ({"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}}, "Invalid filter pattern"),
    ],
)
def test_what_is_no_pipe_is_refused(pipe, settings, message):
    with pytest.raises(ClientError, match=message) as caught:
        pipe(arn_of("worker"), **settings)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_template_makes_a_pipe(cloud, queue, bodies):
    url, out = queue("out")
    source_url, source = queue("in")
    resources = {
        "Flow": {
            "Type": "AWS::Pipes::Pipe",
            "Properties": {
                "Source": source, "Target": out, "RoleArn": ROLE, "TargetParameters": {"InputTemplate": "<$.body>"},
                "SourceParameters": {"SqsQueueParameters": {"BatchSize": "1"}},
            },
        }
    }  # fmt: skip
    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName="flow", TemplateBody=json.dumps({"Resources": resources}))
    stacks.get_waiter("stack_create_complete").wait(StackName="flow")
    cloud.client("sqs").send_message(QueueUrl=source_url, MessageBody="bread")
    cloud.wait(20)
    assert bodies(url) == ["bread"]
    stacks.delete_stack(StackName="flow")
    cloud.wait(30)
    assert cloud.client("pipes").list_pipes()["Pipes"] == []


def test_a_pipe_from_a_queue_that_does_not_exist_is_refused(cloud):
    with pytest.raises(ClientError, match="ValidationException"):
        cloud.client("pipes").create_pipe(
            Name="shop", RoleArn="arn:aws:iam::123456789012:role/pipes",
            Source="arn:aws:sqs:us-east-1:123456789012:nowhere", Target="arn:aws:sqs:us-east-1:123456789012:nowhere",
        )  # fmt: skip
