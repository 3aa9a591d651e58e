"""What tasks call: functions, services by their SDK, and what their errors are called."""

from __future__ import annotations

import json

import pytest

ROLE = "arn:aws:iam::123456789012:role/bakery"


@pytest.fixture
def run(cloud):
    """The description of a finished express execution of one task."""
    sfn = cloud.client("stepfunctions")

    def call(resource, parameters=None, data=None, **more):
        task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True, **more}
        if parameters is not None:
            task["Parameters"] = parameters
        definition = json.dumps({"StartAt": "T", "States": {"T": task}})
        name = f"m{cloud.kernel.serial}"
        arn = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE, type="EXPRESS")
        return sfn.start_sync_execution(stateMachineArn=arn["stateMachineArn"], input=json.dumps(data or {}))

    return call


@pytest.fixture
def table(cloud):
    cloud.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    return "orders"


def output(found):
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def test_a_function_answers_with_its_payload(run, function):
    function("oven", "def handler(event, context): return {'baked': event['n'] * 2}")
    found = output(run("lambda:invoke", {"FunctionName": "oven", "Payload": {"n.$": "$.n"}}, {"n": 3}))
    assert (found["Payload"], found["StatusCode"], found["ExecutedVersion"]) == ({"baked": 6}, 200, "$LATEST")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"FunctionName": "nobody"}, "Lambda.ResourceNotFoundException"), ({"FunctionName": "oven"}, "OvenCold")],
)
def test_a_function_that_fails_gives_its_error_a_name(run, function, parameters, error):
    function("oven", "class OvenCold(Exception): pass\ndef handler(event, context): raise OvenCold('no gas')")
    found = run("lambda:invoke", parameters)
    assert (found["status"], found["error"]) == ("FAILED", error)


def test_a_throttled_function_is_too_many_requests(cloud, run, function):
    function("oven", "def handler(event, context): return 1")
    cloud.client("lambda").put_function_concurrency(FunctionName="oven", ReservedConcurrentExecutions=0)
    assert run("lambda:invoke", {"FunctionName": "oven"})["error"] == "Lambda.TooManyRequestsException"


@pytest.mark.parametrize("prefix", ["", "aws-sdk:"])
def test_a_table_is_written_and_read(cloud, run, table, prefix):
    item = {"id": {"S.$": "$.id"}, "n": {"N": "1"}}
    run(f"{prefix}dynamodb:putItem", {"TableName": table, "Item": item}, {"id": "7"})
    found = output(run(f"{prefix}dynamodb:getItem", {"TableName": table, "Key": {"id": {"S": "7"}}}))
    assert found["Item"] == {"id": {"S": "7"}, "n": {"N": "1"}}


def test_errors_of_services_begin_with_their_names(run, table):
    parameters = {"TableName": table, "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_exists(id)"}
    assert run("dynamodb:putItem", parameters)["error"] == "DynamoDB.ConditionalCheckFailedException"
    assert run("aws-sdk:dynamodb:putItem", parameters)["error"] == "DynamoDb.ConditionalCheckFailedException"
    assert run("aws-sdk:s3:getObject", {"Bucket": "nowhere", "Key": "k"})["error"] == "S3.NoSuchBucketException"


def test_a_message_body_and_an_events_detail_may_be_json(cloud, run):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="oven")["QueueUrl"]
    found = output(run("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n.$": "$.n"}}, {"n": 3}))
    assert found["MessageId"]
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"]
    assert json.loads(message["Body"]) == {"n": 3}
    entry = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": {"n": 1}}
    assert output(run("events:putEvents", {"Entries": [entry]}))["FailedEntryCount"] == 0


def test_any_service_can_be_called_with_names_in_pascal_case(cloud, run):
    cloud.client("s3").create_bucket(Bucket="recipes")
    run("aws-sdk:s3:putObject", {"Bucket": "recipes", "Key": "bread.json", "Body": {"flour": 500}})
    found = output(run("aws-sdk:s3:getObject", {"Bucket": "recipes", "Key": "bread.json"}))
    assert json.loads(found["Body"]) == {"flour": 500}
    names = output(run("aws-sdk:sfn:listStateMachines", {}))
    assert all(machine["StateMachineArn"].startswith("arn:aws:states") for machine in names["StateMachines"])


def test_what_is_not_simulated_is_a_runtime_error(run):
    assert run("ecs:runTask.sync", {})["error"] == "States.Runtime"


def test_a_rule_starts_an_execution_and_a_template_makes_the_state_machine(cloud):
    template = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Orders: {Type: AWS::SQS::Queue}
      Bake:
        Type: AWS::Serverless::StateMachine
        Properties:
          Definition:
            StartAt: Tell
            States:
              Tell:
                Type: Task
                Resource: arn:aws:states:::sqs:sendMessage
                Parameters: {QueueUrl: '${Queue}', 'MessageBody.$': $.detail}
                End: true
          DefinitionSubstitutions: {Queue: !Ref Orders}
          Events:
            Placed: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
    Outputs:
      Queue: {Value: !Ref Orders}
      Machine: {Value: !Ref Bake}
    """
    client = cloud.client("cloudformation")
    client.create_stack(
        StackName="shop", TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    client.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    found = client.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found}
    cloud.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": '{"n": 1}'}])
    cloud.wait(10)
    (message,) = cloud.client("sqs").receive_message(QueueUrl=outputs["Queue"], WaitTimeSeconds=2)["Messages"]
    assert json.loads(message["Body"]) == {"n": 1}
    (execution,) = cloud.client("stepfunctions").list_executions(stateMachineArn=outputs["Machine"])["executions"]
    assert execution["status"] == "SUCCEEDED"


def test_a_history_tells_what_happened(cloud, function):
    function("oven", "def handler(event, context): return 1")
    sfn = cloud.client("stepfunctions")
    states = {
        "Bake": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "oven"},
                 "Next": "Both"},
        "Both": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }  # fmt: skip
    arn = sfn.create_state_machine(name="m", definition=json.dumps({"StartAt": "Bake", "States": states}), roleArn=ROLE)
    started = sfn.start_execution(stateMachineArn=arn["stateMachineArn"])
    cloud.wait(10)
    events = sfn.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
        "WaitStateEntered", "WaitStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert [event["id"] for event in events] == list(range(1, 12))
    assert events[2]["taskScheduledEventDetails"]["resourceType"] == "lambda"
    assert events[1]["stateEnteredEventDetails"] == {
        "name": "Bake", "input": "{}", "inputDetails": {"truncated": False}
    }  # fmt: skip


def test_an_execution_is_stopped_with_everything_it_started(cloud, function):
    sfn = cloud.client("stepfunctions")
    wait = {"Type": "Wait", "Seconds": 600, "End": True}
    branches = [{"StartAt": name, "States": {name: wait}} for name in ("V", "W")]
    states = {"B": {"Type": "Parallel", "Branches": branches, "End": True}}
    arn = sfn.create_state_machine(name="m", definition=json.dumps({"StartAt": "B", "States": states}), roleArn=ROLE)
    started = sfn.start_execution(stateMachineArn=arn["stateMachineArn"])
    cloud.wait(5)
    sfn.stop_execution(executionArn=started["executionArn"], error="Enough", cause="closing time")
    found = sfn.describe_execution(executionArn=started["executionArn"])
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Enough", "closing time")
    events = sfn.get_execution_history(executionArn=started["executionArn"], reverseOrder=True)["events"]
    assert events[0]["type"] == "ExecutionAborted"
    cloud.wait(1_000)
    again = sfn.get_execution_history(executionArn=started["executionArn"], reverseOrder=True)["events"]
    assert len(again) == len(events)


def test_a_branch_that_is_stopped_stops_what_it_has_started(cloud):
    sfn, sqs = cloud.client("stepfunctions"), cloud.client("sqs")
    url = sqs.create_queue(QueueName="late")["QueueUrl"]
    send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True,
            "Parameters": {"QueueUrl": url, "MessageBody": "late"}}  # fmt: skip
    late = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 20, "Next": "S"}, "S": send}}
    nested = {"StartAt": "N", "States": {"N": {"Type": "Parallel", "Branches": [late], "End": True}}}
    failing = {"StartAt": "V", "States": {"V": {"Type": "Wait", "Seconds": 2, "Next": "F"}, "F": {"Type": "Fail"}}}
    states = {"B": {"Type": "Parallel", "Branches": [nested, failing], "End": True}}
    arn = sfn.create_state_machine(name="m", definition=json.dumps({"StartAt": "B", "States": states}), roleArn=ROLE)
    started = sfn.start_execution(stateMachineArn=arn["stateMachineArn"])
    cloud.wait(60)
    assert sfn.describe_execution(executionArn=started["executionArn"])["status"] == "FAILED"
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)


def test_data_are_counted_in_bytes(run, function):
    function("big", "def handler(event, context): return 'é' * 140_000")
    assert run("lambda:invoke", {"FunctionName": "big"})["error"] == "States.DataLimitExceeded"
