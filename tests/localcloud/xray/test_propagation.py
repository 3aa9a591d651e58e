"""The tracing header's way from service to service."""

from __future__ import annotations

import json

import pytest

HEAD = """
    import json, os
    import boto3
    HEADER = "_X_AMZN_TRACE_ID"
"""
CONSUMER = HEAD + """
    def handler(event, context):
        print("seen " + os.environ[HEADER])
        print("event " + json.dumps(event))
"""
ROLE = "arn:aws:iam::123456789012:role/test"


@pytest.fixture
def sender(function):
    """A traced function that makes one call: sender('boto3.client("sqs").send_message(...)')."""

    def create(call):
        source = f"{HEAD}\n    def handler(event, context):\n        {call}\n        return os.environ[HEADER]\n"
        return function("sender", source, TracingConfig={"Mode": "Active"})

    return create


@pytest.fixture
def seen(log_lines):
    """The headers that the consumer saw."""
    return lambda: [line.removeprefix("seen ").strip() for line in log_lines("consumer") if line.startswith("seen ")]


def root(header):
    return header.split(";")[0]


def allow(cloud, principal):
    cloud.client("lambda").add_permission(
        FunctionName="consumer", StatementId="s", Action="lambda:InvokeFunction", Principal=principal
    )


def test_an_invocation_of_another_function_is_in_the_same_trace(cloud, sender, function, invoke, seen, documents):
    function("consumer", CONSUMER, TracingConfig={"Mode": "Active"})
    header, _ = invoke(sender('boto3.client("lambda").invoke(FunctionName="consumer")'), {})
    (found,) = seen()
    assert root(found) == root(header)
    segments = documents(root(header).removeprefix("Root="))
    assert segments["consumer", "AWS::Lambda"]["parent_id"] == (
        segments["sender", "AWS::Lambda::Function"]["subsegments"][-1]["id"]
    )


def test_a_message_carries_the_header_and_its_consumer_links_to_it(cloud, sender, function, invoke, seen, summaries,
                                                                   documents, log_lines):  # fmt: skip
    queue = cloud.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    function("consumer", CONSUMER, TracingConfig={"Mode": "Active"})
    cloud.client("lambda").create_event_source_mapping(
        FunctionName="consumer", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:q"
    )
    header, _ = invoke(sender(f'boto3.client("sqs").send_message(QueueUrl="{queue}", MessageBody="b")'), {})
    cloud.wait(30)
    (found,) = seen()
    assert root(found) != root(header)
    assert found.endswith("Sampled=1")
    (service,) = [document for name, document in documents(root(found).removeprefix("Root=")).items()
                  if name == ("consumer", "AWS::Lambda")]  # fmt: skip
    assert [link["trace_id"] for link in service["links"]] == [root(header).removeprefix("Root=")]
    event = json.loads(next(line for line in log_lines("consumer") if line.startswith("event ")).removeprefix("event "))
    assert event["Records"][0]["attributes"]["AWSTraceHeader"] == header


def test_the_senders_own_trace_header_goes_before_that_of_its_request(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    given = "Root=1-67800000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
    attributes = {"AWSTraceHeader": {"DataType": "String", "StringValue": given}}
    sqs.send_message(QueueUrl=queue, MessageBody="b", MessageSystemAttributes=attributes)
    sqs.send_message(QueueUrl=queue, MessageBody="c")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
    found = {each["Body"]: each["Attributes"].get("AWSTraceHeader") for each in messages["Messages"]}
    assert found == {"b": given, "c": None}


@pytest.mark.parametrize("tracing", ["PassThrough", "Active"])
def test_a_topic_hands_the_header_on(cloud, sender, function, invoke, seen, documents, tracing):
    topic = cloud.client("sns").create_topic(Name="t", Attributes={"TracingConfig": tracing})["TopicArn"]
    function("consumer", CONSUMER)
    allow(cloud, "sns.amazonaws.com")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:consumer"
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    header, _ = invoke(sender(f'boto3.client("sns").publish(TopicArn="{topic}", Message="m")'), {})
    cloud.wait(30)
    (found,) = seen()
    assert root(found) == root(header)
    recorded = ("t", "AWS::SNS") in documents(root(header).removeprefix("Root="))
    assert recorded == (tracing == "Active")


def test_a_topic_with_active_tracing_starts_traces(cloud, function, seen, summaries):
    topic = cloud.client("sns").create_topic(Name="t", Attributes={"TracingConfig": "Active"})["TopicArn"]
    queue = cloud.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloud.client("sns").publish(TopicArn=topic, Message="m")
    cloud.wait(5)
    (summary,) = summaries('service(id(name: "t", type: "AWS::SNS"))')
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue, MessageSystemAttributeNames=["All"])["Messages"]
    assert message["Attributes"]["AWSTraceHeader"].startswith(f"Root={summary['Id']};Parent=")


def test_a_rule_hands_the_header_on(cloud, sender, function, invoke, seen):
    function("consumer", CONSUMER)
    allow(cloud, "events.amazonaws.com")
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    arn = "arn:aws:lambda:us-east-1:123456789012:function:consumer"
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    entry = '{"Source": "shop", "DetailType": "d", "Detail": "{}"}'
    header, _ = invoke(sender(f"boto3.client('events').put_events(Entries=[{entry}])"), {})
    given = "Root=1-67800000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
    events.put_events(Entries=[{**json.loads(entry), "TraceHeader": given}])
    cloud.wait(30)
    assert [root(found) for found in seen()] == [root(header), root(given)]


def test_a_state_machine_with_tracing_has_a_segment_above_its_tasks(cloud, sender, function, invoke, seen, documents):
    function("consumer", CONSUMER, TracingConfig={"Mode": "Active"})
    arn = "arn:aws:lambda:us-east-1:123456789012:function:consumer"
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}}
    machine = cloud.client("stepfunctions").create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=ROLE, tracingConfiguration={"enabled": True}
    )["stateMachineArn"]
    call = f'boto3.client("stepfunctions").start_execution(stateMachineArn="{machine}")'
    header, _ = invoke(sender(call), {})
    cloud.wait(30)
    assert root(seen()[0]) == root(header)
    found = documents(root(header).removeprefix("Root="))
    execution = found["m", "AWS::StepFunctions::StateMachine"]
    assert execution["http"]["response"]["status"] == 200
    assert found["consumer", "AWS::Lambda"]["parent_id"] == execution["id"]
    assert execution["parent_id"] == found["sender", "AWS::Lambda::Function"]["subsegments"][-1]["id"]


def test_an_execution_that_is_stopped_has_its_segment(cloud, summaries, documents):
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    states = cloud.client("stepfunctions")
    machine = states.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=ROLE, tracingConfiguration={"enabled": True}
    )["stateMachineArn"]
    given = "Root=1-67800000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
    execution = states.start_execution(stateMachineArn=machine, traceHeader=given)["executionArn"]
    cloud.wait(5)
    states.stop_execution(executionArn=execution)
    (segment,) = documents("1-67800000-0123456789abcdef01234567").values()
    assert (segment["fault"], segment["parent_id"]) == (True, "0123456789abcdef")
    assert segment["aws"]["execution_arn"] == execution


@pytest.fixture
def rest_api(cloud, function):
    """An API with one method in front of the consumer; its URL."""
    function("consumer", CONSUMER + "        return {'statusCode': 200}\n", TracingConfig={"Mode": "Active"})
    client = cloud.client("apigateway")
    api = client.create_rest_api(name="shop")["id"]
    top = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=top, httpMethod="GET", authorizationType="NONE")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:consumer"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    client.put_integration(
        restApiId=api, resourceId=top, httpMethod="GET", type="AWS_PROXY", integrationHttpMethod="POST", uri=uri
    )
    allow(cloud, "apigateway.amazonaws.com")
    client.create_deployment(restApiId=api, stageName="prod")
    return api


def get(cloud, url, headers=None):
    from localcloud.net import HttpRequest

    return cloud.kernel.call(cloud.http.request, HttpRequest("GET", url, headers or {}))


def test_a_stage_with_tracing_is_the_entry_of_the_trace(cloud, rest_api, seen, summaries, documents):
    operations = [{"op": "replace", "path": "/tracingEnabled", "value": "true"}]
    cloud.client("apigateway").update_stage(restApiId=rest_api, stageName="prod", patchOperations=operations)
    answer = get(cloud, f"https://{rest_api}.execute-api.us-east-1.amazonaws.com/prod/")
    assert answer.status == 200
    (summary,) = summaries("http.status = 200 AND http.method = \"GET\"")
    assert summary["EntryPoint"] == {"Name": "shop/prod", "Names": ["shop/prod"], "Type": "AWS::ApiGateway::Stage"}
    assert f"Root={summary['Id']}" in answer.headers["x-amzn-trace-id"]
    found = documents(summary["Id"])
    assert found["consumer", "AWS::Lambda"]["parent_id"] == found["shop/prod", "AWS::ApiGateway::Stage"]["id"]


def test_a_stage_without_tracing_leaves_the_decision_to_the_function(cloud, rest_api, seen, documents):
    get(cloud, f"https://{rest_api}.execute-api.us-east-1.amazonaws.com/prod/")
    (header,) = seen()
    assert list(documents(root(header).removeprefix("Root="))) == [
        ("consumer", "AWS::Lambda"), ("consumer", "AWS::Lambda::Function"),
    ]  # fmt: skip


def test_a_clients_decision_is_kept(cloud, rest_api, seen, summaries):
    given = "Root=1-67800000-0123456789abcdef01234567;Sampled=0"
    url = f"https://{rest_api}.execute-api.us-east-1.amazonaws.com/prod/"
    get(cloud, url, {"x-amzn-trace-id": given})
    (header,) = seen()
    assert (root(header), header.split(";")[-1]) == (root(given), "Sampled=0")
    assert summaries() == []


def public_url(cloud, let_in):
    """The consumer's URL, open to everybody."""
    client = cloud.client("lambda")
    let_in(client, "consumer")
    return client.create_function_url_config(FunctionName="consumer", AuthType="NONE")["FunctionUrl"]


def test_a_function_url_adds_the_header_to_the_event(cloud, function, log_lines, seen, let_in):
    function("consumer", CONSUMER)
    url = public_url(cloud, let_in)
    get(cloud, url)
    event = json.loads(next(line for line in log_lines("consumer") if line.startswith("event ")).removeprefix("event "))
    assert root(seen()[0]) == event["headers"]["x-amzn-trace-id"]


def test_no_header_goes_out_with_a_plain_http_request(cloud, sender, function, invoke, seen, let_in):
    function("consumer", CONSUMER)
    url = public_url(cloud, let_in)
    header, _ = invoke(sender(f'import urllib.request; urllib.request.urlopen("{url}").read()'), {})
    (found,) = seen()
    assert root(found) != root(header)
