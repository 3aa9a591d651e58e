"""Services act in the roles they were given: state machines, schedules, pipes, rules, APIs."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpRequest

NOT_ALLOWED = "is not authorized to perform: {} on resource: {} because no identity-based policy allows the {} action"
HELLO = "def handler(event, context): print('here'); return 'hello'"


@pytest.fixture
def run(cloud):
    """run(role ARN, {"Type": "Task", ...}): how an execution of a state machine with this state ends."""
    states = cloud.client("stepfunctions")

    def call(role_arn, state):
        definition = json.dumps({"StartAt": "Do", "States": {"Do": {**state, "End": True}}})
        name = f"m{cloud.kernel.serial}"
        arn = states.create_state_machine(name=name, definition=definition, roleArn=role_arn)["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=arn)["executionArn"]
        cloud.wait(60)
        return states.describe_execution(executionArn=execution)

    return call


@pytest.fixture
def greeter(function, role):
    """A function with a role that may write logs, and its ARN."""
    function("greet", HELLO, Role=role("g", "lambda", "logs:*"))
    return "arn:aws:lambda:us-east-1:123456789012:function:greet"


def messages(cloud, url):
    return [one["Body"] for one in cloud.client("sqs").receive_message(QueueUrl=url).get("Messages", [])]


def test_a_state_machine_calls_functions_in_its_role(run, role, greeter):
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": greeter}}
    ended = run(role("baker", "states"), task)
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    action = "lambda:InvokeFunction"
    assert NOT_ALLOWED.format(action, greeter, action) in ended["cause"]
    assert "User: arn:aws:sts::123456789012:assumed-role/baker/" in ended["cause"]
    right = {"Effect": "Allow", "Action": action, "Resource": greeter}
    assert run(role("baker", "states", right), task)["status"] == "SUCCEEDED"
    assert run(role("baker", "states", right), {"Type": "Task", "Resource": greeter})["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("resource", "parameters", "right", "error"),
    [
        ("dynamodb:putItem", {"TableName": "orders", "Item": {"id": {"S": "1"}}}, "dynamodb:PutItem",
         "DynamoDB.AmazonDynamoDBException"),
        ("aws-sdk:dynamodb:putItem", {"TableName": "orders", "Item": {"id": {"S": "1"}}}, "dynamodb:PutItem",
         "DynamoDb.DynamoDbException"),
        ("sqs:sendMessage", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
                             "MessageBody": "x"}, "sqs:SendMessage", "SQS.AmazonSQSException"),
    ],
)  # fmt: skip
def test_a_state_machine_calls_every_service_in_its_role(run, role, table, queue, resource, parameters, right, error):
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters}
    refused = run(role("baker", "states"), task)
    assert (refused["status"], refused["error"]) == ("FAILED", error)
    assert "because no identity-based policy allows the" in refused["cause"]
    assert run(role("baker", "states", right), task)["status"] == "SUCCEEDED"


def test_a_state_machine_starts_another_in_its_role(run, role, cloud):
    states = cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    inner = states.create_state_machine(name="inner", definition=definition, roleArn=role("i", "states"))
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": inner["stateMachineArn"]}}  # fmt: skip
    rule = {"Effect": "Allow", "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            "Resource": "arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"}  # fmt: skip
    with pytest.raises(ClientError, match=r"AccessDenied.*'arn:.*role/baker' is not authorized to create managed-rule"):
        run(role("baker", "states", "states:StartExecution"), task)
    assert run(role("baker", "states", rule), task)["status"] == "FAILED"
    assert run(role("baker", "states", rule, "states:StartExecution"), task)["status"] == "SUCCEEDED"
    machine = states.create_state_machine(name="m", definition=definition, roleArn=role("i", "states"))
    waiting = json.dumps({"StartAt": "Do", "States": {"Do": {**task, "End": True}}})
    with pytest.raises(ClientError, match=r"role/i' is not authorized to create managed-rule"):
        states.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=waiting)


def test_a_schedule_that_may_not_send_gives_up_at_once_and_says_why(cloud, role, queue):
    sqs = cloud.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    may_bury = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:dead"}
    arn = role("clock", "scheduler", may_bury)
    target = {"Arn": queue[1], "RoleArn": arn, "Input": "bake", "DeadLetterConfig": {"Arn": f"{queue[1][:-6]}dead"}}
    cloud.client("scheduler").create_schedule(
        Name="s", ScheduleExpression="at(2025-01-06T08:05:00)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    cloud.wait(600)
    asked = {"QueueUrl": dead, "MessageAttributeNames": ["All"]}
    told = sqs.receive_message(**asked)["Messages"][0]["MessageAttributes"]
    assert told["ERROR_CODE"]["StringValue"] == "AccessDenied"
    assert "sqs:sendmessage" in told["ERROR_MESSAGE"]["StringValue"]
    assert messages(cloud, queue[0]) == []


def test_a_schedule_that_may_send_sends(cloud, role, queue):
    target = {"Arn": queue[1], "RoleArn": role("clock", "scheduler", "sqs:SendMessage"), "Input": "bake"}
    cloud.client("scheduler").create_schedule(
        Name="s", ScheduleExpression="at(2025-01-06T08:05:00)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    cloud.wait(600)
    assert messages(cloud, queue[0]) == ["bake"]


@pytest.mark.parametrize(("right", "arrives"), [("sns:*", False), ("lambda:InvokeFunction", True)])
def test_a_pipe_calls_its_target_in_its_role(cloud, role, queue, greeter, log_lines, right, arrives):
    poll = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    cloud.client("pipes").create_pipe(
        Name="p", Source=queue[1], Target=greeter, RoleArn=role("plumber", "pipes", *poll, right)
    )
    cloud.client("sqs").send_message(QueueUrl=queue[0], MessageBody="{}")
    cloud.wait(60)
    found = cloud.client("logs").describe_log_groups()["logGroups"]
    assert bool(found) is arrives
    if arrives:
        assert "here" in "".join(log_lines("greet"))


def test_a_pipe_that_may_not_read_its_source_fails_when_it_is_made(cloud, role, queue, greeter):
    pipes, plumber = cloud.client("pipes"), role("plumber", "pipes", "sqs:ReceiveMessage", "lambda:InvokeFunction")
    pipes.create_pipe(Name="p", Source=queue[1], Target=greeter, RoleArn=plumber)
    told = pipes.describe_pipe(Name="p")
    assert told["CurrentState"] == "CREATE_FAILED"
    assert told["StateReason"] == (
        "Input parameter is invalid from the request due to : The provided customer role does not have permissions to "
        "call DeleteMessage on SQS"
    )
    with pytest.raises(ClientError, match=r"ConflictException.*CREATE_FAILED"):
        pipes.start_pipe(Name="p")
    pipes.delete_pipe(Name="p")
    role("plumber", "pipes", "sqs:*", "lambda:InvokeFunction")
    pipes.create_pipe(Name="p", Source=queue[1], Target=greeter, RoleArn=plumber)
    assert pipes.describe_pipe(Name="p")["CurrentState"] == "RUNNING"


@pytest.mark.parametrize(("right", "arrives"), [("sns:*", False), ("sqs:SendMessage", True)])
def test_a_rule_with_a_role_sends_in_it(cloud, role, queue, right, arrives):
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    target = {"Id": "q", "Arn": queue[1], "RoleArn": role("ruler", "events", right)}
    events.put_targets(Rule="r", Targets=[target])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "d", "Detail": "{}"}])
    cloud.wait(10)
    assert (messages(cloud, queue[0]) != []) is arrives


def test_an_http_api_calls_a_service_in_the_integrations_role(cloud, role, queue):
    api = cloud.client("apigatewayv2")
    made = api.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    mapping = {"QueueUrl": queue[0], "MessageBody": "$request.body"}
    integration = api.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationSubtype="SQS-SendMessage", PayloadFormatVersion="1.0",
        RequestParameters=mapping, CredentialsArn=role("gate", "apigateway"),
    )["IntegrationId"]  # fmt: skip
    api.create_route(ApiId=made, RouteKey="POST /orders", Target=f"integrations/{integration}")
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    request = HttpRequest("POST", f"https://{made}.execute-api.us-east-1.amazonaws.com/orders", body=b"an opera")
    refused = cloud.kernel.call(cloud.http.request, request)
    assert refused.status == 403
    assert b"sqs:sendmessage" in refused.body
    role("gate", "apigateway", "sqs:SendMessage")
    assert cloud.kernel.call(cloud.http.request, request).status == 200
    assert messages(cloud, queue[0]) == ["an opera"]


def test_a_rest_api_calls_a_service_in_the_integrations_role(cloud, role, table):
    api = cloud.client("apigateway")
    made = api.create_rest_api(name="a")["id"]
    root = api.get_resources(restApiId=made)["items"][0]["id"]
    api.put_method(restApiId=made, resourceId=root, httpMethod="POST", authorizationType="NONE")
    template = json.dumps({"TableName": "orders", "Item": {"id": {"S": "$context.requestId"}}})
    api.put_integration(
        restApiId=made, resourceId=root, httpMethod="POST", type="AWS", integrationHttpMethod="POST",
        uri="arn:aws:apigateway:us-east-1:dynamodb:action/PutItem", credentials=role("gate", "apigateway"),
        requestTemplates={"application/json": template},
    )  # fmt: skip
    for status, pattern in (("200", None), ("400", "4..")):
        api.put_method_response(restApiId=made, resourceId=root, httpMethod="POST", statusCode=status)
        more = {"selectionPattern": pattern} if pattern else {}
        api.put_integration_response(restApiId=made, resourceId=root, httpMethod="POST", statusCode=status, **more)
    api.create_deployment(restApiId=made, stageName="prod")
    request = HttpRequest("POST", f"https://{made}.execute-api.us-east-1.amazonaws.com/prod", body=b"{}")
    refused = cloud.kernel.call(cloud.http.request, request)
    assert (refused.status, json.loads(refused.body)["__type"]) == (400, "AccessDeniedException")
    role("gate", "apigateway", "dynamodb:PutItem")
    assert cloud.kernel.call(cloud.http.request, request).status == 200


# -- roles that a service may not assume -------------------------------------------------------------


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_service_must_be_let_into_the_role_by_its_trust_policy(cloud, role, queue):
    stranger = role("stranger", "ec2", "*")
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    create = cloud.client("stepfunctions").create_state_machine
    assert refused(create, name="m", definition=definition, roleArn=stranger) == (
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    )
    create = cloud.client("scheduler").create_schedule
    target = {"Arn": queue[1], "RoleArn": stranger}
    when = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    assert refused(create, Name="s", Target=target, **when) == (
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    )
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    assert refused(events.put_targets, Rule="r", Targets=[{"Id": "q", **target}]) == (
        "ValidationException",
        f"Provided role '{stranger}' cannot be assumed by principal 'events.amazonaws.com'.",
    )


def test_a_gateway_of_tools_needs_the_right_to_call_the_function_behind_one(cloud, role, greeter):
    control = cloud.client("bedrock-agentcore-control")
    made = control.create_gateway(
        name="bakery", roleArn=role("gate", "bedrock-agentcore", "sqs:*"), protocolType="MCP", authorizerType="NONE"
    )["gatewayId"]  # fmt: skip
    tool = {"name": "greet", "description": "says hello", "inputSchema": {"type": "object", "properties": {}}}
    target = {"mcp": {"lambda": {"lambdaArn": greeter, "toolSchema": {"inlinePayload": [tool]}}}}
    asked = {"gatewayIdentifier": made, "name": "t", "targetConfiguration": target,
             "credentialProviderConfigurations": [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]}  # fmt: skip
    assert refused(control.create_gateway_target, **asked) == (
        "ValidationException",
        f"Gateway execution role lacks permission to invoke Lambda function {greeter}. Update the permission and retry",
    )
    role("gate", "bedrock-agentcore", "lambda:InvokeFunction")
    assert control.create_gateway_target(**asked)["targetId"]
    role("gate", "bedrock-agentcore", "sqs:*")  # and it may lose the right again
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t___greet", "arguments": {}}}
    url = f"https://{made}.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp"
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    request = HttpRequest("POST", url, headers, json.dumps(body).encode())
    answer = cloud.kernel.call(cloud.http.request, request)
    assert b'"isError":true' in answer.body.replace(b" ", b"")
    role("gate", "bedrock-agentcore", "lambda:InvokeFunction")
    assert b"hello" in cloud.kernel.call(cloud.http.request, request).body


def test_the_logs_of_a_state_machine_need_the_rights_of_its_role(cloud, role):
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    cloud.client("logs").create_log_group(logGroupName="bakes")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:bakes:*"
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    asked = {"name": "m", "definition": definition, "loggingConfiguration": logging}
    create = cloud.client("stepfunctions").create_state_machine
    assert refused(create, roleArn=role("baker", "states", "logs:PutLogEvents"), **asked) == (
        "AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination",
    )  # fmt: skip
    role("baker", "states", "logs:*LogDeliver*", "logs:*ResourcePolic*", "logs:DescribeLogGroups")
    assert create(roleArn=role("baker", "states"), **asked)["stateMachineArn"]


def test_the_regional_name_of_step_functions_may_be_let_into_a_role(cloud, role):
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    states, arn = cloud.client("stepfunctions"), role("baker", "states.us-east-1")
    assert states.create_state_machine(name="m", definition=definition, roleArn=arn)["stateMachineArn"]


def test_a_budget_action_stops_what_spends_too_much(cloud, attempt, table):
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    iam, budgets = cloud.client("iam"), cloud.client("budgets")
    assert attempt("dynamodb", "scan", "dynamodb:*", TableName="orders")[0] == "ok"
    stop = iam.create_policy(PolicyName="stop", PolicyDocument=json.dumps(deny))["Policy"]["Arn"]
    account = {"AccountId": "123456789012"}
    limit = {"BudgetLimit": {"Amount": "10", "Unit": "USD"}, "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    budgets.create_budget(**account, Budget={"BudgetName": "bakery", **limit})
    budgets.create_budget_action(
        **account, BudgetName="bakery", NotificationType="ACTUAL", ActionType="APPLY_IAM_POLICY",
        ActionThreshold={"ActionThresholdValue": 80, "ActionThresholdType": "PERCENTAGE"}, ApprovalModel="AUTOMATIC",
        Definition={"IamActionDefinition": {"PolicyArn": stop, "Roles": ["clerk"]}},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/budgets",
        Subscribers=[{"SubscriptionType": "EMAIL", "Address": "amelie@example.com"}],
    )  # fmt: skip
    cloud.meter.add("lambda.requests", 9 / 0.2 * 1_000_000, "shop")  # nine dollars
    cloud.wait(86_400)
    code, told = attempt("dynamodb", "scan", "dynamodb:*", TableName="orders")
    assert code == "AccessDeniedException"
    assert told.endswith("with an explicit deny in an identity-based policy")
