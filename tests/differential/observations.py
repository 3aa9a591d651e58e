"""What is looked at on both clouds: small plain values, with ids and times left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.differential.worlds import World

Observation = Callable[[World], Any]
OBSERVATIONS: dict[str, Observation] = {}


def observation(function: Observation) -> Observation:
    """Register a function as an observation by its name."""
    OBSERVATIONS[function.__name__] = function
    return function


def error_of(call: Callable[..., Any], **params: Any) -> str:
    """The error code and status of a call that is refused; "accepted" when it is not."""
    try:
        call(**params)
    except ClientError as exc:
        return f"{exc.response['Error']['Code']} {exc.response['ResponseMetadata']['HTTPStatusCode']}"
    return "accepted"


# -- Lambda ----------------------------------------------------------------------------------------


def _invoke(world: World, how: str, **more: Any) -> dict[str, Any]:
    function = world.stack.outputs["Faulty"]
    answer = world.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"how": how}), **more)
    return {**answer, "Payload": answer["Payload"].read().decode()}


@observation
def lambda_returns_what_the_handler_returns(world):
    answer = _invoke(world, "well")
    return answer["StatusCode"], answer["Payload"], answer.get("FunctionError"), answer.get("ExecutedVersion")


@observation
def lambda_gives_the_handler_a_context(world):
    return json.loads(_invoke(world, "context")["Payload"])


@observation
def lambda_reports_an_exception(world):
    answer = _invoke(world, "raise")
    payload = json.loads(answer["Payload"])
    return answer["StatusCode"], answer["FunctionError"], payload["errorType"], payload["errorMessage"], sorted(payload)


@observation
def lambda_reports_an_exit(world):
    answer = _invoke(world, "exit")
    return answer["FunctionError"], json.loads(answer["Payload"])["errorType"]


@observation
def lambda_reports_a_time_out(world):
    answer = _invoke(world, "sleep")
    payload = json.loads(answer["Payload"])
    return answer["FunctionError"], payload["errorType"], "Task timed out after 1.00 seconds" in payload["errorMessage"]


@observation
def lambda_reports_what_json_cannot_carry(world):
    answer = _invoke(world, "unserialisable")
    return answer["FunctionError"], json.loads(answer["Payload"])["errorType"]


@observation
def lambda_accepts_an_event_at_once(world):
    answer = _invoke(world, "well", InvocationType="Event")
    return answer["StatusCode"], answer["Payload"]


@observation
def lambda_does_a_dry_run(world):
    answer = _invoke(world, "well", InvocationType="DryRun")
    return answer["StatusCode"], answer["Payload"]


@observation
def lambda_refuses(world):
    client, name = world.client("lambda"), world.stack.outputs["Faulty"]
    return {
        "an unknown function": error_of(client.invoke, FunctionName="nobody"),
        "an unknown qualifier": error_of(client.invoke, FunctionName=name, Qualifier="nothing"),
        "a payload that is not JSON": error_of(client.invoke, FunctionName=name, Payload=b"{"),
        "an unknown mapping": error_of(client.get_event_source_mapping, UUID="00000000-0000-4000-8000-000000000000"),
        "an alias for an unknown version": error_of(
            client.create_alias, FunctionName=name, Name="live", FunctionVersion="7"
        ),
        "a function without a policy": error_of(client.get_policy, FunctionName=name),
    }


# -- API Gateway -----------------------------------------------------------------------------------


def _answer(world: World, name: str, body: str = "{}") -> tuple[int, str | None, str]:
    status, headers, text = world.post(f"/echo/{name}", body)
    return status, headers.get("content-type"), text


@observation
def http_api_turns_a_text_into_a_response(world):
    return _answer(world, "text")


@observation
def http_api_turns_an_object_into_a_response(world):
    return _answer(world, "object")


@observation
def http_api_gives_status_headers_and_body(world):
    status, headers, text = world.post("/echo/teapot", "{}")
    return status, headers.get("x-kind"), text


@observation
def http_api_answers_for_a_handler_that_raises(world):
    return _answer(world, "broken")


@observation
def http_api_knows_no_such_route(world):
    status, _, text = world.post("/nowhere", "{}")
    return status, text


@observation
def http_api_hands_on_an_event_of_version_2(world):
    event = json.loads(_answer(world, "event", '{"croissants": 2}')[2])["event"]
    return {
        "members": sorted(event),
        "version": event["version"],
        "route": event["routeKey"],
        "path": event["rawPath"],
        "body": event["body"],
        "encoded": event["isBase64Encoded"],
        "parameters": event["pathParameters"],
        "context": sorted(event["requestContext"]),
        "http": sorted(event["requestContext"]["http"]),
        "stage": event["requestContext"]["stage"],
    }


# -- SQS -------------------------------------------------------------------------------------------


@observation
def sqs_feeds_a_function_and_keeps_what_it_reports_as_failed(world):
    sqs, outputs = world.client("sqs"), world.stack.outputs
    for body in ("good-1", "bad-1", "good-2"):
        sqs.send_message(
            QueueUrl=outputs["Work"], MessageBody=body,
            MessageAttributes={"kind": {"DataType": "String", "StringValue": "cake"}},
        )  # fmt: skip
    dead: list[str] = []

    def given_up() -> bool:
        found = sqs.receive_message(QueueUrl=outputs["Dead"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
        dead.extend(message["Body"] for message in found.get("Messages", ()))
        return bool(dead)

    world.until(given_up)
    items = _items(world, "worked")
    return {
        "worked": [item["sk"]["S"] for item in items],
        "dead": dead,
        "record": json.loads(items[0]["shape"]["S"]) if items else None,
    }


@observation
def sqs_hands_a_message_out_again_with_its_count(world):
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName="again")["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody="once")
    counts = []
    for _ in range(2):
        found = sqs.receive_message(
            QueueUrl=url, VisibilityTimeout=0, WaitTimeSeconds=2, MessageSystemAttributeNames=["All"]
        )["Messages"][0]
        counts.append(found["Attributes"]["ApproximateReceiveCount"])
    return {
        "digest": sent["MD5OfMessageBody"],
        "same": found["MessageId"] == sent["MessageId"],
        "counts": counts,
        "attributes": sorted(found["Attributes"]),
        "members": sorted(found),
    }


@observation
def sqs_fifo_keeps_the_order_of_a_group_and_drops_duplicates(world):
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName="row.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for number, group in ((1, "a"), (2, "a"), (2, "a"), (3, "b")):
        name = f"{group}{number}"
        sqs.send_message(QueueUrl=url, MessageBody=name, MessageGroupId=group, MessageDeduplicationId=name)
    taken: list[str] = []
    for _ in range(4):
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        taken += [message["Body"] for message in found]
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [body for body in taken if body[0] == "a"], [body for body in taken if body[0] == "b"]


@observation
def sqs_answers_a_batch_entry_by_entry(world):
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName="batch")["QueueUrl"]
    found = sqs.send_message_batch(
        QueueUrl=url,
        Entries=[{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "y", "DelaySeconds": 5}],
    )
    return sorted(each["Id"] for each in found["Successful"]), found.get("Failed", [])


@observation
def sqs_refuses(world):
    sqs, url = world.client("sqs"), world.stack.outputs["Work"]
    twice = [{"Id": "a", "MessageBody": "x"}] * 2
    return {
        "an unknown queue": error_of(sqs.get_queue_url, QueueName="nobody"),
        "a visibility timeout of a day": error_of(
            sqs.create_queue, QueueName="day", Attributes={"VisibilityTimeout": "86400"}
        ),
        "a name with a slash": error_of(sqs.create_queue, QueueName="a/b"),
        "eleven messages at once": error_of(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11),
        "a batch with the same id twice": error_of(sqs.send_message_batch, QueueUrl=url, Entries=twice),
        "an empty batch": error_of(sqs.send_message_batch, QueueUrl=url, Entries=[]),
        "a receipt handle of nothing": error_of(sqs.delete_message, QueueUrl=url, ReceiptHandle="nothing"),
        "a group on a standard queue's FIFO sibling": error_of(
            sqs.create_queue, QueueName="plain", Attributes={"FifoQueue": "true"}
        ),
    }


# -- EventBridge and SNS ---------------------------------------------------------------------------


def _heard(world: World, wanted: int) -> list[str]:
    sqs, url = world.client("sqs"), world.stack.outputs["Heard"]
    found: list[str] = []

    def enough() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ()):
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= wanted

    world.until(enough)
    return sorted(found)


@observation
def events_go_where_the_pattern_matches_in_the_shape_of_the_transformer(world):
    events = world.client("events")
    orders = [("1", 12, "croissant"), ("2", 9, "croissant"), ("3", 20, "baguette"), ("4", 30, "croquembouche")]
    entries = [
        {
            "EventBusName": world.stack.outputs["Bus"], "Source": "shop", "DetailType": "Sold",
            "Detail": json.dumps({"id": order, "total": total, "kind": kind}),
        }
        for order, total, kind in orders
    ]  # fmt: skip
    answer = events.put_events(Entries=entries)
    return answer["FailedEntryCount"], [json.loads(text) for text in _heard(world, 2)]


@observation
def events_refuse_single_entries(world):
    good = {"Source": "shop", "DetailType": "Sold", "Detail": "{}"}
    broken = {"Source": "shop", "DetailType": "Sold", "Detail": "{"}
    found = world.client("events").put_events(Entries=[good, broken])
    return found["FailedEntryCount"], [entry.get("ErrorCode") for entry in found["Entries"]]


@observation
def events_test_patterns(world):
    events = world.client("events")
    event = {
        "id": "1", "account": "1", "source": "shop", "time": "2025-01-06T08:00:00Z", "region": "us-east-1",
        "resources": [], "detail-type": "Sold", "detail": {"total": 12, "kind": "croissant", "gone": None},
    }  # fmt: skip
    patterns = {
        "equal": {"detail": {"kind": ["croissant"]}},
        "prefix": {"detail": {"kind": [{"prefix": "cro"}]}},
        "suffix": {"detail": {"kind": [{"suffix": "sant"}]}},
        "anything but": {"detail": {"kind": [{"anything-but": ["croissant"]}]}},
        "numeric": {"detail": {"total": [{"numeric": [">", 10, "<=", 12]}]}},
        "exists": {"detail": {"kind": [{"exists": True}]}},
        "exists not": {"detail": {"cake": [{"exists": False}]}},
        "null": {"detail": {"gone": [None]}},
        "or": {"$or": [{"source": ["bakery"]}, {"detail": {"total": [12]}}]},
        "ignoring case": {"detail": {"kind": [{"equals-ignore-case": "CROISSANT"}]}},
        "wildcard": {"detail": {"kind": [{"wildcard": "cr*t"}]}},
    }
    return {
        name: events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]
        for name, pattern in patterns.items()
    }


@observation
def events_refuse(world):
    events = world.client("events")
    return {
        "a pattern that is no JSON": error_of(events.put_rule, Name="x", EventPattern="{"),
        "a pattern with a bare value": error_of(events.put_rule, Name="x", EventPattern='{"source": "shop"}'),
        "a rule without pattern or schedule": error_of(events.put_rule, Name="x"),
        "an unknown rule": error_of(events.describe_rule, Name="nobody"),
        "an unknown bus": error_of(events.describe_event_bus, Name="nobody"),
    }


@observation
def sns_hands_on_what_the_filter_lets_through(world):
    sns, topic = world.client("sns"), world.stack.outputs["Topic"]
    for kind in ("wedding", "birthday"):
        sns.publish(
            TopicArn=topic, Message=f"a {kind} cake",
            MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
        )  # fmt: skip
    return _heard(world, 1)


@observation
def sns_refuses(world):
    sns = world.client("sns")
    nowhere = "arn:aws:sns:us-east-1:000000000000:nobody"
    return {
        "an unknown topic": error_of(sns.publish, TopicArn=nowhere, Message="x"),
        "an empty message": error_of(sns.publish, TopicArn=world.stack.outputs["Topic"], Message=""),
    }


# -- Kinesis ---------------------------------------------------------------------------------------


@observation
def kinesis_feeds_a_function(world):
    kinesis, stream = world.client("kinesis"), world.stack.outputs["Stream"]
    for number in range(3):
        kinesis.put_record(StreamName=stream, PartitionKey="order", Data=f"record {number}".encode())
    world.until(lambda: len(_items(world, "read")) == 3)
    return [json.loads(item["shape"]["S"]) for item in _items(world, "read")]


@observation
def kinesis_refuses(world):
    kinesis = world.client("kinesis")
    return {
        "an unknown stream": error_of(kinesis.put_record, StreamName="nobody", PartitionKey="a", Data=b"x"),
        "an iterator of nothing": error_of(kinesis.get_records, ShardIterator="nothing"),
        "a stream that is there": error_of(
            kinesis.create_stream, StreamName=world.stack.outputs["Stream"], ShardCount=1
        ),
    }


# -- DynamoDB --------------------------------------------------------------------------------------


def _items(world: World, pk: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.client("dynamodb").query(
        TableName=world.stack.outputs["Items"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
    )["Items"]
    return found


@observation
def dynamodb_writes_and_queries(world):
    dynamodb, table = world.client("dynamodb"), world.stack.outputs["Items"]
    for number in range(5):
        item = {"pk": {"S": "cake"}, "sk": {"S": f"{number}"}, "n": {"N": f"{number}"}}
        dynamodb.put_item(TableName=table, Item=item)
    dynamodb.update_item(
        TableName=table, Key={"pk": {"S": "cake"}, "sk": {"S": "3"}},
        UpdateExpression="SET n = n + :one, #l = list_append(if_not_exists(#l, :none), :new) REMOVE gone",
        ExpressionAttributeNames={"#l": "layers"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":none": {"L": []}, ":new": {"L": [{"S": "cream"}]}},
    )  # fmt: skip
    page = dynamodb.query(
        TableName=table, Limit=2, ScanIndexForward=False, KeyConditionExpression="pk = :pk AND sk BETWEEN :a AND :b",
        FilterExpression="n <> :three", ReturnConsumedCapacity="TOTAL",
        ExpressionAttributeValues={
            ":pk": {"S": "cake"}, ":a": {"S": "1"}, ":b": {"S": "4"}, ":three": {"N": "3"}
        },
    )  # fmt: skip
    return {
        "items": page["Items"], "count": page["Count"], "scanned": page["ScannedCount"],
        "last": page.get("LastEvaluatedKey"), "capacity": page["ConsumedCapacity"]["CapacityUnits"],
    }  # fmt: skip


@observation
def dynamodb_cancels_a_transaction_with_its_reasons(world):
    dynamodb, table = world.client("dynamodb"), world.stack.outputs["Items"]
    key = {"pk": {"S": "once"}, "sk": {"S": "1"}}
    dynamodb.put_item(TableName=table, Item=key)
    put = {"Put": {"TableName": table, "Item": {"pk": {"S": "once"}, "sk": {"S": "2"}}}}
    again = {"Put": {"TableName": table, "Item": key, "ConditionExpression": "attribute_not_exists(pk)"}}
    try:
        dynamodb.transact_write_items(TransactItems=[put, again])
    except ClientError as exc:
        reasons = [reason["Code"] for reason in exc.response["CancellationReasons"]]
        return exc.response["Error"]["Code"], reasons, len(_items(world, "once"))
    return None


@observation
def dynamodb_returns_the_item_that_failed_its_condition(world):
    dynamodb, table = world.client("dynamodb"), world.stack.outputs["Items"]
    item = {"pk": {"S": "shown"}, "sk": {"S": "1"}, "n": {"N": "7"}}
    dynamodb.put_item(TableName=table, Item=item)
    try:
        dynamodb.put_item(
            TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )  # fmt: skip
    except ClientError as exc:
        return exc.response["Error"], exc.response.get("Item")
    return None


@observation
def dynamodb_refuses(world):
    dynamodb, table = world.client("dynamodb"), world.stack.outputs["Items"]
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    return {
        "an unknown table": error_of(dynamodb.get_item, TableName="nobody", Key=key),
        "half a key": error_of(dynamodb.get_item, TableName=table, Key={"pk": {"S": "a"}}),
        "a key of another type": error_of(
            dynamodb.put_item, TableName=table, Item={"pk": {"N": "1"}, "sk": {"S": "b"}}
        ),
        "an empty key": error_of(dynamodb.put_item, TableName=table, Item={"pk": {"S": ""}, "sk": {"S": "b"}}),
        "a reserved word": error_of(
            dynamodb.update_item, TableName=table, Key=key, UpdateExpression="SET size = :x",
            ExpressionAttributeValues={":x": {"N": "1"}},
        ),
        "a value that is not used": error_of(
            dynamodb.query, TableName=table, KeyConditionExpression="pk = :a",
            ExpressionAttributeValues={":a": {"S": "a"}, ":b": {"S": "b"}},
        ),
        "a query without the partition key": error_of(
            dynamodb.query, TableName=table, KeyConditionExpression="sk = :a",
            ExpressionAttributeValues={":a": {"S": "a"}},
        ),
        "the same item twice in a transaction": error_of(
            dynamodb.transact_write_items,
            TransactItems=[{"Delete": {"TableName": table, "Key": key}}, {"Delete": {"TableName": table, "Key": key}}],
        ),
        "a table that is there": error_of(
            dynamodb.create_table, TableName=table, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        ),
    }  # fmt: skip


# -- Step Functions --------------------------------------------------------------------------------

_MACHINE = {
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.n", "NumericGreaterThan": 2, "Next": "All"},
                {"Variable": "$.n", "NumericLessThan": 0, "Next": "Broken"},
            ],
            "Default": "Shape",
        },
        "Shape": {
            "Type": "Pass",
            "Parameters": {
                "text.$": "States.Format('{} of {}', $.n, $.what)", "list.$": "States.Array($.n, $.what)",
                "sum.$": "States.MathAdd($.n, 10)", "parts.$": "States.StringSplit('a,b', ',')",
            },
            "ResultPath": "$.made",
            "Next": "Done",
        },
        "All": {
            "Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value", "n.$": "$.n"},
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "ResultSelector": {"all.$": "$[*].v"},
            "Next": "Done",
        },
        "Broken": {"Type": "Fail", "Error": "Shop.Closed", "Cause": "It is Monday."},
        "Done": {"Type": "Succeed"},
    },
}  # fmt: skip


def _execute(world: World, machine: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    states = world.client("stepfunctions")
    number = len(states.list_state_machines()["stateMachines"])
    arn = states.create_state_machine(
        name=f"machine-{number}", definition=json.dumps(machine), roleArn="arn:aws:iam::123456789012:role/states"
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(given))["executionArn"]
    world.until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    found = states.describe_execution(executionArn=execution)
    history = states.get_execution_history(executionArn=execution)["events"]
    return {
        "status": found["status"],
        "output": json.loads(found["output"]) if "output" in found else None,
        "error": found.get("error"),
        "cause": found.get("cause"),
        "history": [event["type"] for event in history],
    }


@observation
def states_choose_and_shape(world):
    return _execute(world, _MACHINE, {"n": 1, "what": "cake"})


@observation
def states_map_over_items(world):
    return _execute(world, _MACHINE, {"n": 3, "items": ["a", "b"]})


@observation
def states_fail_with_error_and_cause(world):
    return _execute(world, _MACHINE, {"n": -1})


@observation
def states_retry_and_catch_what_a_function_raises(world):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": world.stack.outputs["Faulty"], "Payload": {"how": "raise"}},
        "Retry": [{"ErrorEquals": ["KeyError"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failed", "Next": "Caught"}],
        "End": True,
    }
    machine = {"StartAt": "Try", "States": {"Try": task, "Caught": {"Type": "Pass", "End": True}}}
    found = _execute(world, machine, {"order": 1})
    output = found["output"] or {}
    cause = json.loads(output.get("failed", {}).get("Cause", "{}"))
    return {**found, "output": [sorted(output), output.get("failed", {}).get("Error"), cause.get("errorMessage")]}


@observation
def states_evaluate_jsonata(world):
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Sum",
        "States": {
            "Sum": {
                "Type": "Pass",
                "Assign": {"total": "{% $sum($states.input.items.price) %}"},
                "Output": {"count": "{% $count($states.input.items) %}"},
                "Next": "Say",
            },
            "Say": {"Type": "Pass", "Output": {"text": "{% 'total ' & $string($total) %}"}, "End": True},
        },
    }
    return _execute(world, machine, {"items": [{"price": 2}, {"price": 3.5}]})


@observation
def states_refuse(world):
    states = world.client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/states"
    nobody = "arn:aws:states:us-east-1:123456789012:stateMachine:nobody"
    return {
        "a definition that is no JSON": error_of(states.create_state_machine, name="x", definition="{", roleArn=role),
        "a state that is not there": error_of(
            states.create_state_machine, name="x", roleArn=role,
            definition='{"StartAt": "A", "States": {"B": {"Type": "Succeed"}}}',
        ),
        "a name with a space": error_of(
            states.create_state_machine, name="a b", roleArn=role,
            definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
        ),
        "an unknown machine": error_of(states.start_execution, stateMachineArn=nobody),
        "an unknown execution": error_of(
            states.describe_execution, executionArn=nobody.replace("stateMachine", "execution") + ":x"
        ),
    }  # fmt: skip


# -- CloudFormation --------------------------------------------------------------------------------


@observation
def cloudformation_refuses(world):
    cloudformation = world.client("cloudformation")
    return {
        "an unknown stack": error_of(cloudformation.describe_stacks, StackName="nobody"),
        "a template that is no template": error_of(
            cloudformation.create_stack, StackName="x", TemplateBody="just words"
        ),
        "a reference to nothing": error_of(
            cloudformation.create_stack, StackName="x",
            TemplateBody=json.dumps(
                {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}}}}
            ),
        ),
        "a stack that is there": error_of(
            cloudformation.create_stack, StackName=world.stack.name,
            TemplateBody=json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}),
        ),
    }  # fmt: skip
