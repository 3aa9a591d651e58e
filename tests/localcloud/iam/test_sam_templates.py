"""What SAM gives roles besides policies: for event sources, destinations, tracing, durable executions, connectors."""

from __future__ import annotations

import json

import pytest

from localcloud import Cloud
from tests.localcloud.iam.callers import SOURCE

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
TOPIC = "arn:aws:sns:us-east-1:123456789012:orders"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bake"
ENTRY = {"Source": "till", "DetailType": "d", "Detail": "{}"}


def function(name, **settings):
    common = {"FunctionName": name, "Runtime": "python3.13", "Handler": "index.handler", "InlineCode": SOURCE}
    return "Serverless::Function", {**common, "Timeout": 30, **settings}


def fired_by(name, kind, **settings):
    return function(name, Events={"Event": {"Type": kind, "Properties": settings}})


def arn(name, attribute="Arn"):
    return {"Fn::GetAtt": [name, attribute]}


def connector(source, destination, *permissions):
    ends = {"Source": {"Id": source}, "Destination": {"Id": destination}}
    return "Serverless::Connector", {**ends, "Permissions": list(permissions)}


PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
CALL = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": arn("Plain")},
        "End": True}  # fmt: skip
EVERY_MINUTE = {"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "rate(1 minute)"}}
OF_THE_SHOP = {"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["shop"]}}}
KEYS = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}  # fmt: skip
RESOURCES = {
    "Bus": ("Events::EventBus", {"Name": "bakery"}),
    "Dead": ("SQS::Queue", {"QueueName": "dead"}),
    "Orders": ("SQS::Queue", {"QueueName": "orders"}),
    "Stream": ("Kinesis::Stream", {"Name": "clicks", "ShardCount": 1}),
    "Table": ("DynamoDB::Table",
              {"TableName": "orders", **KEYS, "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}),
    "Topic": ("SNS::Topic", {"TopicName": "orders"}),
    "Plain": function("plain"),
    "Machine": ("Serverless::StateMachine",
                {"Name": "bake", "Definition": PASS, "Events": {"Clock": EVERY_MINUTE, "Shop": OF_THE_SHOP}}),
    "Caller": ("Serverless::StateMachine", {"Name": "call", "Definition": {"StartAt": "C", "States": {"C": CALL}}}),
    "OfQueue": fired_by("of-queue", "SQS", Queue=arn("Orders")),
    "OfStream": fired_by("of-stream", "Kinesis", Stream=arn("Stream"), StartingPosition="TRIM_HORIZON",
                         DestinationConfig={"OnFailure": {"Type": "SQS", "Destination": arn("Dead")}}),
    "OfTable": fired_by("of-table", "DynamoDB", Stream=arn("Table", "StreamArn"), StartingPosition="TRIM_HORIZON"),
    "OfTopic": fired_by("of-topic", "SNS", Topic={"Ref": "Topic"}, SqsSubscription=True),
    "OfSchedule": fired_by("of-schedule", "ScheduleV2", ScheduleExpression="rate(1 minute)"),
    "OfShop": function("of-shop", Events={"Event": OF_THE_SHOP}),
    "Traced": function("traced", Tracing="Active"),
    "Buried": function("buried", DeadLetterQueue={"Type": "SQS", "TargetArn": arn("Dead")}),
    "Durable": function("durable", DurableConfig={"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}),
    "Network": function("network", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}),
    "Handing": function("handing", EventInvokeConfig={"DestinationConfig": {
        "OnSuccess": {"Type": "Lambda", "Destination": arn("Plain")}, "OnFailure": {"Type": "SQS"}}}),
    "Reader": function("reader"),
    "Writer": function("writer"),
    "ReadTable": connector("Reader", "Table", "Read"),
    "WriteTable": connector("Writer", "Table", "Write"),
    "WriteQueue": connector("Writer", "Dead", "Write"),
    "WriteTopic": connector("Writer", "Topic", "Write"),
    "WriteBus": connector("Writer", "Bus", "Write"),
    "WriteMachine": connector("Writer", "Machine", "Write"),
    "WritePlain": connector("Writer", "Plain", "Write"),
    "CallPlain": connector("Caller", "Plain", "Write"),
}  # fmt: skip


@pytest.fixture(scope="module")
def shop():
    """The cloud, with all of this in it."""
    found = {name: {"Type": f"AWS::{kind}", "Properties": given} for name, (kind, given) in RESOURCES.items()}
    template = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": found})
    with Cloud(seed=7, enforce_iam=True) as cloud:
        formation = cloud.client("cloudformation")
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        formation.create_stack(StackName="shop", TemplateBody=template, Capabilities=capabilities)
        formation.get_waiter("stack_create_complete").wait(StackName="shop")
        cloud.client("sqs").send_message(QueueUrl=QUEUE, MessageBody="x")
        cloud.client("kinesis").put_record(StreamName="clicks", Data=b"x", PartitionKey="1")
        cloud.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
        cloud.client("sns").publish(TopicArn=TOPIC, Message="x")
        cloud.client("events").put_events(Entries=[{**ENTRY, "Source": "shop"}])
        for name in ("handing", "buried", "traced"):
            cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload="{}")
        cloud.wait(150)
        yield cloud


@pytest.mark.parametrize(
    "name",
    ["of-queue", "of-stream", "of-table", "of-topic", "of-schedule", "of-shop", "handing", "plain", "buried", "traced"],
)
def test_a_function_is_called_by_what_its_template_names(shop, name):
    events = shop.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert any("called" in event["message"] for event in events)


def test_a_state_machine_is_started_by_what_its_template_names(shop):
    executions = shop.client("stepfunctions").list_executions(stateMachineArn=MACHINE)["executions"]
    assert len(executions) >= 3  # two minutes and an order


def test_a_connected_state_machine_may_call_its_function(shop):
    states = shop.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=MACHINE.replace("bake", "call"))["executionArn"]
    shop.wait(30)
    assert states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "reader", "writer"),
    [
        ("dynamodb", "get_item", {"TableName": "orders", "Key": {"id": {"S": "1"}}}, "ok", "refused"),
        ("dynamodb", "execute_statement", {"Statement": 'SELECT * FROM "orders"'}, "ok", "refused"),
        ("dynamodb", "put_item", {"TableName": "orders", "Item": {"id": {"S": "2"}}}, "refused", "ok"),
        ("sqs", "send_message", {"QueueUrl": QUEUE.replace("orders", "dead"), "MessageBody": "x"}, "refused", "ok"),
        ("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": "x"}, "refused", "refused"),
        ("sns", "publish", {"TopicArn": TOPIC, "Message": "x"}, "refused", "ok"),
        ("events", "put_events", {"Entries": [{**ENTRY, "EventBusName": "bakery"}]}, "refused", "ok"),
        ("events", "put_events", {"Entries": [ENTRY]}, "refused", "refused"),
        ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE}, "refused", "ok"),
        ("lambda", "invoke", {"FunctionName": "plain", "InvocationType": "Event"}, "refused", "ok"),
        ("lambda", "invoke", {"FunctionName": "reader", "InvocationType": "Event"}, "refused", "refused"),
    ],
)
def test_a_connector_gives_the_rights_to_its_end_only(shop, service, operation, parameters, reader, writer):
    for name, outcome in (("reader", reader), ("writer", writer)):
        calls = json.dumps([[service, operation, parameters]])
        answer = shop.client("lambda").invoke(FunctionName=name, Payload=calls)
        assert json.loads(answer["Payload"].read()) == [outcome]
