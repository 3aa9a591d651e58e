"""What Lambda does in a function's role: logs, polls, destinations, traces; and what it refuses without the rights."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

HELLO = "def handler(event, context): print('here'); return 'hello'"
FAIL = "def handler(event, context): raise ValueError('no')"
LOGS = "logs:*"
CODE = "InvalidParameterValueException"


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("rights", "written"),
    [
        (["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], True),
        (["logs:CreateLogStream", "logs:PutLogEvents"], False),  # nobody has made the group
        (["sqs:*"], False),
    ],
)
def test_a_function_writes_logs_only_if_its_role_may(cloud, function, invoke, role, rights, written):
    function("greet", HELLO, Role=role("r", "lambda", *rights))
    answer, response = invoke("greet", LogType="Tail")
    assert answer == "hello"
    assert "LogResult" in response  # the tail comes with the answer, not from the log
    assert (cloud.client("logs").describe_log_groups()["logGroups"] != []) is written


def test_a_group_that_is_there_needs_no_right_to_make_one(cloud, function, invoke, role, log_lines):
    cloud.client("logs").create_log_group(logGroupName="/aws/lambda/greet")
    function("greet", HELLO, Role=role("r", "lambda", "logs:CreateLogStream", "logs:PutLogEvents"))
    invoke("greet")
    assert "here" in log_lines("greet")


def test_lambda_must_be_let_into_the_role(cloud, function, role):
    with pytest.raises(ClientError, match=f"{CODE}.*The role defined for the function cannot be assumed by Lambda"):
        function("greet", HELLO, Role=role("r", "states", LOGS))
    function("greet", HELLO, Role=role("ok", "lambda", LOGS))
    update = cloud.client("lambda").update_function_configuration
    told = refused(update, FunctionName="greet", Role=role("r", "states"))
    assert told == (CODE, "The role defined for the function cannot be assumed by Lambda.")


def test_a_new_role_holds_from_the_next_invocation_on(cloud, function, invoke, role, table):
    source = """
        import boto3
        def handler(event, context):
            return boto3.client("dynamodb").scan(TableName="orders")["Count"]
    """
    function("count", source, Role=role("weak", "lambda", LOGS))
    assert invoke("count")[0]["errorType"] == "ClientError"
    strong = role("strong", "lambda", LOGS, "dynamodb:Scan")
    cloud.client("lambda").update_function_configuration(FunctionName="count", Role=strong)
    assert invoke("count")[0] == 0


def test_polling_a_queue_needs_three_rights(cloud, function, role, queue):
    function("greet", HELLO, Role=role("r", "lambda", LOGS))
    create = cloud.client("lambda").create_event_source_mapping
    rights = []
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        told = refused(create, EventSourceArn=queue[1], FunctionName="greet")
        assert told == (CODE, f"The provided execution role does not have permissions to call {action} on SQS")
        rights.append(f"sqs:{action}")
        role("r", "lambda", *rights)
    assert create(EventSourceArn=queue[1], FunctionName="greet")["State"] == "Creating"


def test_reading_a_stream_needs_its_rights(cloud, function, role):
    function("greet", HELLO, Role=role("r", "lambda", LOGS))
    cloud.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
    create = cloud.client("lambda").create_event_source_mapping
    given = {"EventSourceArn": arn, "FunctionName": "greet", "StartingPosition": "LATEST"}
    assert refused(create, **given) == (
        CODE,
        f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.",
    )
    role("r", "lambda", "kinesis:*")
    assert create(**given)["State"] == "Creating"


def test_active_tracing_needs_the_right_to_send_segments(function, role):
    tracing = {"TracingConfig": {"Mode": "Active"}}
    with pytest.raises(ClientError, match="does not have permissions to call PutTraceSegments on XRAY"):
        function("greet", HELLO, Role=role("r", "lambda", LOGS), **tracing)
    function("greet", HELLO, Role=role("r", "lambda", "xray:PutTraceSegments"), **tracing)


def test_a_dead_letter_queue_needs_the_right_to_send(function, role, queue):
    letters = {"DeadLetterConfig": {"TargetArn": queue[1]}}
    with pytest.raises(ClientError, match="does not have permissions to call SendMessage on SQS"):
        function("greet", HELLO, Role=role("r", "lambda", LOGS), **letters)
    function("greet", HELLO, Role=role("r", "lambda", "sqs:SendMessage"), **letters)


def test_a_destination_needs_the_right_when_it_is_set_and_when_it_is_used(cloud, function, role, queue):
    function("fail", FAIL, Role=role("r", "lambda", LOGS))
    put = cloud.client("lambda").put_function_event_invoke_config
    settings = {"FunctionName": "fail", "MaximumRetryAttempts": 0,
                "DestinationConfig": {"OnFailure": {"Destination": queue[1]}}}  # fmt: skip
    told = refused(put, **settings)
    message = f"The function's execution role does not have permissions to call SendMessage on {queue[1]}"
    assert told == (CODE, message)
    role("r", "lambda", "sqs:SendMessage")
    put(**settings)

    def failed():
        cloud.client("lambda").invoke(FunctionName="fail", InvocationType="Event", Payload=b"{}")
        cloud.wait(60)
        found = cloud.client("sqs").receive_message(QueueUrl=queue[0]).get("Messages", [])
        cloud.client("sqs").purge_queue(QueueUrl=queue[0])
        return [json.loads(one["Body"])["requestContext"]["condition"] for one in found]

    assert failed() == ["RetriesExhausted"]
    role("r", "lambda", LOGS)
    assert failed() == []


@pytest.mark.parametrize("principal", [{"AWS": "ROLE"}, {"AWS": ["arn:aws:iam::123456789012:role/x", "ROLE"]}, "*"])
def test_a_queues_own_policy_may_let_the_role_in(cloud, attempt, queue, principal):
    attempt("sts", "get_caller_identity", LOGS)
    named = json.loads(json.dumps(principal).replace("ROLE", "arn:aws:iam::123456789012:role/clerk"))
    allow = {"Effect": "Allow", "Principal": named, "Action": "sqs:SendMessage", "Resource": queue[1]}
    message = {"QueueUrl": queue[0], "MessageBody": "x"}
    assert attempt("sqs", "send_message", LOGS, **message)[0] == "AccessDenied"
    policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue[0], Attributes=policy)
    assert attempt("sqs", "send_message", LOGS, **message)[0] == "ok"
    assert attempt("sqs", "receive_message", LOGS, QueueUrl=queue[0])[0] == "AccessDenied"


def test_the_account_in_a_queues_policy_leaves_the_decision_to_the_role(cloud, attempt, queue):
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    allow = {"Effect": "Allow", "Principal": root, "Action": "sqs:*", "Resource": queue[1]}
    policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue[0], Attributes=policy)
    assert attempt("sqs", "send_message", LOGS, QueueUrl=queue[0], MessageBody="x")[0] == "AccessDenied"


def test_a_buckets_policy_may_refuse_what_the_role_allows(cloud, attempt):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="recipes")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::recipes/secret/*"}
    s3.put_bucket_policy(Bucket="recipes", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert attempt("s3", "put_object", "s3:*", Bucket="recipes", Key="open/opera")[0] == "ok"
    code, message = attempt("s3", "put_object", "s3:*", Bucket="recipes", Key="secret/opera")
    assert code == "AccessDenied"
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_role_of_a_template_has_its_managed_policies_and_its_boundary(cloud, invoke):
    template = {
        "Resources": {
            "Bound": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": ["logs:*", "dynamodb:*"], "Resource": "*"}]}}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                            "Principal": {"Service": "lambda.amazonaws.com"}}]},
                "PermissionsBoundary": {"Ref": "Bound"},
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
                                      "arn:aws:iam::aws:policy/AmazonSQSFullAccess"]}},
            "List": {"Type": "AWS::Lambda::Function", "Properties": {
                "FunctionName": "list", "Runtime": "python3.13", "Handler": "index.handler",
                "Role": {"Fn::GetAtt": "Role.Arn"}, "Code": {"ZipFile": LIST}}},
        }
    }  # fmt: skip
    cloud.client("cloudformation").create_stack(
        StackName="s", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    cloud.wait(60)
    assert invoke("list")[0] == ["ok", "no permissions boundary allows the sqs:listqueues action"]
    cloud.client("cloudformation").delete_stack(StackName="s")
    cloud.wait(60)
    assert cloud.client("iam").list_roles()["Roles"] == []


LIST = """
import boto3
def handler(event, context):
    told = []
    for service, operation in (("dynamodb", "list_tables"), ("sqs", "list_queues")):
        try:
            getattr(boto3.client(service), operation)()
            told.append("ok")
        except Exception as exc:
            told.append(exc.response["Error"]["Message"].partition(" because ")[2])
    return told
"""


def test_a_function_in_a_network_needs_the_rights_to_its_interfaces(function, role):
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    with pytest.raises(ClientError, match="role does not have permissions to call CreateNetworkInterface on EC2"):
        function("greet", HELLO, Role=role("r", "lambda", LOGS), VpcConfig=network)
    rights = [f"ec2:{action}NetworkInterface{ending}" for action, ending in
              (("Create", ""), ("Describe", "s"), ("Delete", ""))]  # fmt: skip
    function("greet", HELLO, Role=role("r", "lambda", *rights), VpcConfig=network)


@pytest.mark.parametrize(
    ("rights", "answers"),
    [
        (["s3:GetObject", "s3:ListBucket"], ["NoSuchKey", "404"]),
        (["s3:GetObject"], ["AccessDenied", "403"]),  # not to be told what is there
        (["s3:ListBucket"], ["AccessDenied", "403"]),
    ],
)
def test_who_may_not_list_a_bucket_is_not_told_that_an_object_is_missing(attempt, cloud, rights, answers):
    cloud.client("s3").create_bucket(Bucket="bucket")
    asked = {"Bucket": "bucket", "Key": "k"}
    assert [attempt("s3", name, *rights, **asked)[0] for name in ("get_object", "head_object")] == answers
    cloud.client("s3").put_object(**asked)
    if "s3:GetObject" in rights:
        assert attempt("s3", "get_object", *rights, **asked)[0] == "ok"


def test_a_head_request_is_refused_without_words(attempt, cloud):
    cloud.client("s3").create_bucket(Bucket="bucket")
    assert attempt("s3", "head_bucket", "sqs:*", Bucket="bucket") == ["403", "Forbidden"]
