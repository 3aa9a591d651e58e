"""Versions, aliases, logs, metrics, rates, and what Express state machines may do."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

WAIT = {"W": {"Type": "Wait", "Seconds": 60, "End": True}}
FAIL = {"F": {"Type": "Fail", "Error": "Burnt", "Cause": "too long"}}


def saying(text):
    return {"P": {"Type": "Pass", "Result": text, "End": True}}


def test_an_alias_sends_executions_to_versions_by_weight(cloud, sfn, machine, metric):
    arn = machine(saying("old"))
    old = sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    assert sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == old
    definition = json.dumps({"StartAt": "P", "States": saying("new")})
    sfn.update_state_machine(stateMachineArn=arn, definition=definition)
    new = sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    listed = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [new, old] == [f"{arn}:2", f"{arn}:1"]
    routes = [{"stateMachineVersionArn": old, "weight": 75}, {"stateMachineVersionArn": new, "weight": 25}]
    alias = sfn.create_state_machine_alias(name="prod", routingConfiguration=routes)["stateMachineAliasArn"]
    for _ in range(200):
        sfn.start_execution(stateMachineArn=alias)
    cloud.wait(10)
    found = sfn.list_executions(stateMachineArn=alias, maxResults=1_000)["executions"]
    told = [sfn.describe_execution(executionArn=one["executionArn"]) for one in found]
    outputs = [json.loads(one["output"]) for one in told]
    assert (len(outputs), 30 < outputs.count("new") < 70) == (200, True)
    assert all(one["stateMachineAliasArn"] == alias and one["stateMachineArn"] == arn for one in told)
    assert {one["stateMachineVersionArn"] for one in told} == {old, new}
    assert metric("ExecutionsStarted", StateMachineArn=arn) == 200
    assert metric("ExecutionsStarted", StateMachineArn=arn, Alias="prod") == 200
    assert metric("ExecutionsStarted", StateMachineArn=arn, Version="2") == outputs.count("new")
    with pytest.raises(ClientError, match="must not be referenced by"):
        sfn.delete_state_machine_version(stateMachineVersionArn=old)
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": new, "weight": 100}]
    )
    sfn.delete_state_machine_version(stateMachineVersionArn=old)
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        sfn.start_execution(stateMachineArn=old)


@pytest.mark.parametrize(
    ("level", "types"),
    [
        ("ALL", ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]),
        ("ERROR", ["FailStateEntered", "ExecutionFailed"]),
        ("FATAL", ["ExecutionFailed"]),
        ("OFF", []),
    ],
)
@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_events_are_logged_by_level(cloud, sfn, machine, level, types, kind):
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/states/bakery")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/states/bakery:*"
    settings = {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    arn = machine(FAIL, kind, settings={"loggingConfiguration": settings})
    started = sfn.start_execution(stateMachineArn=arn, input='{"secret": 1}')
    cloud.wait(10)
    events = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName="/states/bakery")["events"]]
    assert [event["type"] for event in events] == types
    assert "secret" not in json.dumps(events)
    if events:
        assert events[-1]["execution_arn"] == started["executionArn"]


def test_logs_have_the_data_when_they_are_asked_to(cloud, sfn, machine):
    cloud.client("logs").create_log_group(logGroupName="g")
    place = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*"}}
    settings = {"level": "ALL", "includeExecutionData": True, "destinations": [place]}
    sfn.start_execution(stateMachineArn=machine(FAIL, settings={"loggingConfiguration": settings}), input='{"n": 1}')
    cloud.wait(10)
    events = cloud.client("logs").filter_log_events(logGroupName="g")["events"]
    first, last = json.loads(events[0]["message"]), json.loads(events[-1]["message"])
    assert first["details"]["input"] == '{"n": 1}'
    assert (last["details"], last["previous_event_id"]) == ({"error": "Burnt", "cause": "too long"}, "2")


def test_executions_and_tasks_are_measured(cloud, sfn, machine, finish, metric):
    failing = machine(FAIL)
    finish(failing)
    assert metric("ExecutionsFailed", StateMachineArn=failing) == 1
    assert metric("ExecutionTime", StateMachineArn=failing) > 0
    express = machine(saying("x"), kind="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=express)
    billed_ms = answer["billingDetails"]["billedDurationInMilliseconds"]
    assert metric("ExpressExecutionBilledDuration", StateMachineArn=express) == billed_ms
    assert metric("ExpressExecutionBilledMemory", StateMachineArn=express) == 64 * 1_048_576
    url = cloud.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    resource = "arn:aws:states:::sqs:sendMessage"
    finish(machine({"T": {"Type": "Task", "Resource": resource, "End": True,
                          "Parameters": {"QueueUrl": url, "MessageBody": "x"}}}))  # fmt: skip
    for what in ("Scheduled", "Started", "Succeeded"):
        assert metric(f"ServiceIntegrations{what}", ServiceIntegrationResourceArn=resource) == 1


def test_executions_are_started_at_a_rate(cloud, sfn, machine):
    rates = cloud.facts.value("quota.sfn.rates_us_east_1")["start_execution_standard"]
    arn = machine(WAIT)
    once = cloud.client("stepfunctions", config=Config(retries={"total_max_attempts": 1}))
    refused = []

    def start():
        try:
            once.start_execution(stateMachineArn=arn)
        except ClientError as exc:
            refused.append(exc.response["Error"]["Code"])

    for _ in range(rates["bucket"] + 200):
        cloud.kernel.spawn(start)
    cloud.wait(1)
    assert set(refused) == {"ThrottlingException"}
    assert 100 <= len(refused) <= 200
    cloud.wait(1)
    sfn.start_execution(stateMachineArn=arn)


def test_transitions_wait_for_their_rate(cloud, sfn, machine, metric):
    rates = cloud.facts.value("quota.sfn.rates_us_east_1")["transitions_standard"]
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    processor = {**inner, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    arn = machine({"M": {"Type": "Map", "ItemProcessor": processor, "ItemsPath": "$.n", "End": True}})
    count = rates["bucket"] + rates["refill_s"]
    started = sfn.start_execution(stateMachineArn=arn, input=json.dumps({"n": [0] * count}))
    cloud.wait(30)
    found = sfn.describe_execution(executionArn=started["executionArn"])
    assert (found["status"], len(json.loads(found["output"]))) == ("SUCCEEDED", count)
    assert (found["stopDate"] - found["startDate"]).total_seconds() > 1
    assert metric("ExecutionThrottled", StateMachineArn=f"{arn}/M") > rates["refill_s"] / 2


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("arn:aws:states:::states:startExecution.sync:2", r"does not support '\.sync' service integration"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", r"does not support '\.waitForTaskToken'"),
    ],
)
def test_express_waits_for_nobody(sfn, machine, resource, message):
    states = {"T": {"Type": "Task", "Resource": resource, "Parameters": {}, "End": True}}
    with pytest.raises(ClientError, match=message):
        machine(states, kind="EXPRESS")
    definition = json.dumps({"StartAt": "T", "States": states})
    found = sfn.validate_state_machine_definition(definition=definition, type="EXPRESS")
    assert found["diagnostics"][0]["location"] == "/States/T/Resource"
    assert sfn.validate_state_machine_definition(definition=definition)["result"] == "OK"


def test_express_ends_after_five_minutes_and_is_described_by_nobody(cloud, sfn, machine):
    arn = machine({"W": {"Type": "Wait", "Seconds": 400, "End": True}}, kind="EXPRESS")
    answer = sfn.start_sync_execution(stateMachineArn=arn)
    assert (answer["status"], answer["error"]) == ("TIMED_OUT", "States.Timeout")
    assert 300 <= (answer["stopDate"] - answer["startDate"]).total_seconds() < 301
    with pytest.raises(ClientError, match="Resource type not valid in this context: express"):
        sfn.describe_execution(executionArn=answer["executionArn"])
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        sfn.list_executions(stateMachineArn=arn)


def test_whoever_is_stopped_stops_the_execution_that_it_waits_for(cloud, sfn, machine, types):
    child = machine({"W": {"Type": "Wait", "Seconds": 900, "End": True}})
    nested = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
              "Parameters": {"StateMachineArn": child, "Name": "inner"}}  # fmt: skip
    started = sfn.start_execution(stateMachineArn=machine({"N": nested}))["executionArn"]
    cloud.wait(5)
    assert types(started)[-1] == "TaskSubmitted"
    sfn.stop_execution(executionArn=started)
    cloud.wait(1)
    (found,) = sfn.list_executions(stateMachineArn=child)["executions"]
    assert (found["name"], found["status"]) == ("inner", "ABORTED")


def test_data_are_left_out_of_answers_on_request(sfn, machine, finish):
    found = finish(machine(saying("x")), {"n": 1})
    told = sfn.describe_execution(executionArn=found["executionArn"], includedData="METADATA_ONLY")
    assert "input" not in told
    assert "output" not in told
    assert told["status"] == "SUCCEEDED"
    events = sfn.get_execution_history(executionArn=found["executionArn"], includeExecutionData=False)["events"]
    assert all("input" not in json.dumps(event, default=str) for event in events)


def test_templates_make_versions_aliases_and_activities(cloud, sfn):
    template = """
    Resources:
      Bake:
        Type: AWS::StepFunctions::StateMachine
        Properties:
          RoleArn: arn:aws:iam::123456789012:role/bakery
          Definition: {StartAt: D, States: {D: {Type: Task, Resource: !Ref Decorate, End: true}}}
      Version: {Type: AWS::StepFunctions::StateMachineVersion, Properties: {StateMachineArn: !Ref Bake}}
      Prod:
        Type: AWS::StepFunctions::StateMachineAlias
        Properties:
          Name: prod
          RoutingConfiguration: [{StateMachineVersionArn: !Ref Version, Weight: 100}]
      Decorate: {Type: AWS::StepFunctions::Activity, Properties: {Name: decorate}}
    Outputs:
      Prod: {Value: !Ref Prod}
      Decorate: {Value: !Ref Decorate}
    """
    client = cloud.client("cloudformation")
    client.create_stack(StackName="shop", TemplateBody=template)
    client.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    found = client.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found}
    assert outputs["Prod"].endswith(":prod")
    started = sfn.start_execution(stateMachineArn=outputs["Prod"], input='{"n": 1}')
    task = sfn.get_activity_task(activityArn=outputs["Decorate"])
    sfn.send_task_success(taskToken=task["taskToken"], output="1")
    cloud.wait(1)
    told = sfn.describe_execution(executionArn=started["executionArn"])
    assert (told["status"], told["stateMachineAliasArn"]) == ("SUCCEEDED", outputs["Prod"])
    client.delete_stack(StackName="shop")
    client.get_waiter("stack_delete_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
    assert sfn.list_state_machines()["stateMachines"] == sfn.list_activities()["activities"] == []


def test_eventbridge_hears_of_standard_executions(cloud, sfn, machine, finish):
    url = cloud.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:heard"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
    events = cloud.client("events")
    events.put_rule(Name="heard", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="heard", Targets=[{"Id": "q", "Arn": arn}])
    found = finish(machine(FAIL), {"n": 1})
    sfn.start_sync_execution(stateMachineArn=machine(saying("x"), kind="EXPRESS"))
    cloud.wait(10)
    messages = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
    heard = sorted((json.loads(one["Body"]) for one in messages), key=lambda event: event["detail"]["status"])
    assert [event["detail"]["status"] for event in heard] == ["FAILED", "RUNNING"]
    failed, running = heard[0]["detail"], heard[1]["detail"]
    assert heard[0]["resources"] == [failed["executionArn"]] == [found["executionArn"]]
    assert (failed["error"], failed["cause"], failed["redriveStatus"]) == ("Burnt", "too long", "REDRIVABLE")
    assert (running["input"], running["inputDetails"], running["output"]) == ('{"n": 1}', {"included": True}, None)
    assert (running["stopDate"], failed["stopDate"] >= failed["startDate"]) == (None, True)
