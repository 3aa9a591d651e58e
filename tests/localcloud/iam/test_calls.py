"""What each call needs, and how each service says no."""

from __future__ import annotations

import pytest

from localcloud.services.iam.needs import needs
from localcloud.services.iam.resources import Place

HERE = Place("123456789012", "us-east-1")
ARN = "arn:aws:{}:us-east-1:123456789012:{}".format
TABLE, QUEUE, FUNCTION = ARN("dynamodb", "table/orders"), ARN("sqs", "orders"), ARN("lambda", "function:bake")
BUS, MACHINE = ARN("events", "event-bus/bakery"), ARN("states", "stateMachine:bake")
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"


@pytest.mark.parametrize(
    ("service", "operation", "params", "wanted"),
    [
        ("dynamodb", "GetItem", {"TableName": "orders"}, [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "GetItem", {"TableName": TABLE}, [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "Query", {"TableName": "orders", "IndexName": "day"}, [("dynamodb:Query", f"{TABLE}/index/day")]),
        ("dynamodb", "BatchWriteItem", {"RequestItems": {"orders": []}}, [("dynamodb:BatchWriteItem", TABLE)]),
        ("dynamodb", "TransactWriteItems",
         {"TransactItems": [{"Put": {"TableName": "orders"}}, {"ConditionCheck": {"TableName": "orders"}}]},
         [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)]),
        ("dynamodb", "TransactGetItems", {"TransactItems": [{"Get": {"TableName": "orders"}}]},
         [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "ExecuteStatement", {"Statement": "select * from orders where id = 'from x'"},
         [("dynamodb:PartiQLSelect", TABLE)]),
        ("dynamodb", "ExecuteStatement", {"Statement": 'SELECT id FROM "orders"."day"'},
         [("dynamodb:PartiQLSelect", f"{TABLE}/index/day")]),
        ("dynamodb", "BatchExecuteStatement",
         {"Statements": [{"Statement": """INSERT INTO "orders" VALUE {'id': '1'}"""},
                         {"Statement": """UPDATE orders SET paid = true WHERE id = '1'"""}]},
         [("dynamodb:PartiQLInsert", TABLE), ("dynamodb:PartiQLUpdate", TABLE)]),
        ("dynamodb", "ExecuteTransaction",
         {"TransactStatements": [{"Statement": "EXISTS(SELECT * FROM orders WHERE id = '1' AND paid = true)"},
                                 {"Statement": "DELETE FROM orders WHERE id = '2'"}]},
         [("dynamodb:PartiQLSelect", TABLE), ("dynamodb:PartiQLDelete", TABLE)]),
        ("dynamodbstreams", "ListStreams", {"TableName": "orders"}, [("dynamodb:ListStreams", f"{TABLE}/stream/*")]),
        ("dynamodb", "ListTables", {}, [("dynamodb:ListTables", "*")]),
        ("dynamodbstreams", "GetRecords", {"ShardIterator": "x"}, [("dynamodb:GetRecords", "")]),
        ("sqs", "SendMessageBatch", {"QueueUrl": URL}, [("sqs:SendMessage", QUEUE)]),
        ("sqs", "DeleteMessageBatch", {"QueueUrl": URL}, [("sqs:DeleteMessage", QUEUE)]),
        ("sqs", "GetQueueUrl", {"QueueName": "orders"}, [("sqs:GetQueueUrl", QUEUE)]),
        ("sns", "PublishBatch", {"TopicArn": ARN("sns", "t")}, [("sns:Publish", ARN("sns", "t"))]),
        ("sns", "Publish", {"PhoneNumber": "+33"}, [("sns:Publish", "*")]),
        ("events", "PutEvents", {"Entries": [{"EventBusName": "bakery"}, {"EventBusName": BUS}, {}]},
         [("events:PutEvents", BUS), ("events:PutEvents", BUS),
          ("events:PutEvents", ARN("events", "event-bus/default"))]),
        ("events", "PutRule", {"Name": "r", "EventBusName": "bakery"}, [("events:PutRule", ARN("events",
                                                                                              "rule/bakery/r"))]),
        ("lambda", "Invoke", {"FunctionName": "bake"}, [("lambda:InvokeFunction", FUNCTION)]),
        ("lambda", "Invoke", {"FunctionName": FUNCTION, "Qualifier": "live"},
         [("lambda:InvokeFunction", f"{FUNCTION}:live")]),
        ("lambda", "Invoke", {"FunctionName": "bake:live"}, [("lambda:InvokeFunction", f"{FUNCTION}:live")]),
        ("lambda", "CreateFunction", {"FunctionName": "bake", "Role": "arn:r"},
         [("lambda:CreateFunction", FUNCTION), ("iam:PassRole", "arn:r")]),
        ("stepfunctions", "StartExecution", {"stateMachineArn": MACHINE}, [("states:StartExecution", MACHINE)]),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": "x"}, [("states:SendTaskSuccess", "")]),
        ("kinesis", "PutRecord", {"StreamName": "clicks"}, [("kinesis:PutRecord", ARN("kinesis", "stream/clicks"))]),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"RoleArn": "arn:r"}},
         [("scheduler:CreateSchedule", ARN("scheduler", "schedule/default/s")), ("iam:PassRole", "arn:r")]),
        ("s3", "PutObject", {"Bucket": "b", "Key": "a/b"}, [("s3:PutObject", "arn:aws:s3:::b/a/b")]),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", "arn:aws:s3:::b/k")]),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "a/x?versionId=1"},
         [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObjectVersion", "arn:aws:s3:::a/x")]),
        ("s3", "UploadPartCopy", {"Bucket": "b", "Key": "k", "CopySource": {"Bucket": "a", "Key": "x"}},
         [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::a/x")]),
        ("s3", "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "1"},
         [("s3:GetObjectVersion", "arn:aws:s3:::b/k")]),
        ("s3", "DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "k", "VersionId": "1"}, {"Key": "l"}]}},
         [("s3:DeleteObjectVersion", "arn:aws:s3:::b/k"), ("s3:DeleteObject", "arn:aws:s3:::b/l")]),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Tagging": "a=b", "ACL": "private"},
         [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectTagging", "arn:aws:s3:::b/k"),
          ("s3:PutObjectAcl", "arn:aws:s3:::b/k")]),
        ("s3", "PutBucketLifecycleConfiguration", {"Bucket": "b"},
         [("s3:PutLifecycleConfiguration", "arn:aws:s3:::b")]),
        ("ssm", "GetParameters", {"Names": ["/a/b", "c"]},
         [("ssm:GetParameters", ARN("ssm", "parameter/a/b")), ("ssm:GetParameters", ARN("ssm", "parameter/c"))]),
        ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s"},
         [("logs:PutLogEvents", ARN("logs", "log-group:g:log-stream:s"))]),
        ("logs", "FilterLogEvents", {"logGroupName": "g"},
         [("logs:FilterLogEvents", ARN("logs", "log-group:g:log-stream:"))]),
        ("logs", "StartQuery", {"logGroupIdentifiers": [ARN("logs", "log-group:g")]},
         [("logs:StartQuery", ARN("logs", "log-group:g:log-stream:"))]),
        ("logs", "DescribeLogGroups", {}, [("logs:DescribeLogGroups", ARN("logs", "log-group::log-stream:"))]),
        ("cloudwatch", "PutMetricData", {"Namespace": "Shop"}, [("cloudwatch:PutMetricData", "*")]),
        ("cloudwatch", "SetAlarmState", {"AlarmName": "late"},
         [("cloudwatch:SetAlarmState", ARN("cloudwatch", "alarm:late"))]),
        ("lambda", "CreateEventSourceMapping", {"FunctionName": "bake"}, [("lambda:CreateEventSourceMapping", "*")]),
        ("lambda", "UpdateEventSourceMapping", {"UUID": "u", "FunctionName": "bake"},
         [("lambda:UpdateEventSourceMapping", ARN("lambda", "event-source-mapping:u"))]),
        ("kinesis", "ListStreams", {}, [("kinesis:ListStreams", ARN("kinesis", "stream/*"))]),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"RoleArn": "arn:r"}, {"RoleArn": "arn:r"}, {}]},
         [("events:PutTargets", ARN("events", "rule/r")), ("iam:PassRole", "arn:r")]),
        ("pipes", "StopPipe", {"Name": "p"}, [("pipes:StopPipe", ARN("pipes", "pipe/p"))]),
        ("apigatewayv2", "GetApis", {}, [("apigateway:GET", "")]),
        ("apigateway", "CreateRestApi", {"name": "a"}, [("apigateway:POST", "")]),
        ("bedrock-runtime", "Converse", {"modelId": "us.vendor.m"},
         [("bedrock:InvokeModel", ARN("bedrock", "inference-profile/us.vendor.m")),
          ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/vendor.m")]),
        ("bedrock-agentcore", "InvokeAgentRuntime", {"agentRuntimeArn": ARN("bedrock-agentcore", "runtime/a")},
         [("bedrock-agentcore:InvokeAgentRuntime", ARN("bedrock-agentcore", "runtime/a")),
          ("bedrock-agentcore:InvokeAgentRuntime", ARN("bedrock-agentcore", "runtime/a/runtime-endpoint/DEFAULT"))]),
        ("bedrock-runtime", "Converse", {"modelId": "m"},
         [("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/m")]),
        ("sts", "GetCallerIdentity", {}, []),
    ],
)  # fmt: skip
def test_a_call_needs_actions_on_resources(service, operation, params, wanted):
    assert [(need.action, need.resource) for need in needs(service, operation, params, HERE)] == wanted


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "told"),
    [
        ("sqs", "send_message", {"QueueUrl": URL, "MessageBody": "x"}, "AccessDenied",
         f"sqs:sendmessage on resource: {QUEUE} because no identity-based policy allows the sqs:sendmessage action"),
        ("sns", "publish", {"TopicArn": ARN("sns", "t"), "Message": "x"}, "AuthorizationError",
         f"SNS:Publish on resource: {ARN('sns', 't')} because no identity-based policy allows the SNS:Publish action"),
        ("s3", "get_object", {"Bucket": "bucket", "Key": "k"}, "AccessDenied",
         's3:GetObject on resource: "arn:aws:s3:::bucket/k" because no identity-based policy allows the s3:GetObject '
         "action"),
        ("lambda", "invoke", {"FunctionName": "clerk"}, "AccessDeniedException",
         f"lambda:InvokeFunction on resource: {ARN('lambda', 'function:clerk')} because no identity-based policy "
         "allows the lambda:InvokeFunction action"),
        ("events", "put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]},
         "AccessDeniedException",
         f"events:PutEvents on resource: {ARN('events', 'event-bus/default')} because no identity-based policy allows "
         "the events:PutEvents action"),
        ("cloudwatch", "put_metric_data", {"Namespace": "Shop", "MetricData": []}, "AccessDenied",
         "cloudwatch:PutMetricData because no identity-based policy allows the cloudwatch:PutMetricData action"),
    ],
)  # fmt: skip
def test_each_service_says_no_in_its_own_way(attempt, cloud, service, operation, parameters, code, told):
    cloud.client("sns").create_topic(Name="t")
    who = "User: arn:aws:sts::123456789012:assumed-role/clerk/clerk is not authorized to perform:"
    assert attempt(service, operation, "dynamodb:*", **parameters) == [code, f"{who} {told}"]


def test_a_source_of_events_and_a_namespace_of_metrics_may_be_conditions(attempt):
    entry = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": "{}"}
    right = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*", "Condition":
             {"StringEquals": {"events:source": "shop", "events:detail-type": "OrderPlaced"}}}  # fmt: skip
    assert attempt("events", "put_events", right, Entries=[entry])[0] == "ok"
    assert attempt("events", "put_events", right, Entries=[{**entry, "Source": "till"}])[0] == "AccessDeniedException"
    right = {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition":
             {"StringEquals": {"cloudwatch:namespace": "Shop"}}}  # fmt: skip
    datum = [{"MetricName": "orders", "Value": 1}]
    assert attempt("cloudwatch", "put_metric_data", right, Namespace="Shop", MetricData=datum)[0] == "ok"
    assert attempt("cloudwatch", "put_metric_data", right, Namespace="Till", MetricData=datum)[0] == "AccessDenied"


def test_a_secret_is_meant_by_its_name_too(attempt, cloud):
    arn = cloud.client("secretsmanager").create_secret(Name="key", SecretString="x")["ARN"]
    right = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    assert attempt("secretsmanager", "get_secret_value", right, SecretId="key")[0] == "ok"
    other = {**right, "Resource": arn.replace("key", "lock")}
    assert attempt("secretsmanager", "get_secret_value", other, SecretId="key")[0] == "AccessDeniedException"


def test_what_no_secret_is_called_needs_a_right_to_that_name(attempt):
    right = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "arn:aws:secretsmanager:*:*:secret:key-*"}
    code, told = attempt("secretsmanager", "get_secret_value", right, SecretId="lock")
    assert code == "AccessDeniedException"
    assert "on resource: lock because" in told
    assert attempt("secretsmanager", "get_secret_value", "*", SecretId="lock")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "parameters", "condition", "outcome"),
    [
        ("list_objects_v2", {"Prefix": "a/"}, {"StringLike": {"s3:prefix": "a/*"}}, "ok"),
        ("list_objects_v2", {"Prefix": "b/"}, {"StringLike": {"s3:prefix": "a/*"}}, "AccessDenied"),
        ("list_objects_v2", {}, {"StringLike": {"s3:prefix": "a/*"}}, "AccessDenied"),
        ("put_object", {"Key": "k", "ServerSideEncryption": "aws:kms"},
         {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, "ok"),
        ("put_object", {"Key": "k"}, {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, "AccessDenied"),
    ],
)  # fmt: skip
def test_what_is_asked_of_a_bucket_may_be_a_condition(attempt, cloud, operation, parameters, condition, outcome):
    cloud.client("s3").create_bucket(Bucket="bucket")
    right = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    assert attempt("s3", operation, right, Bucket="bucket", **parameters)[0] == outcome


@pytest.mark.parametrize(("service", "outcome"), [("lambda", "AccessDeniedException"), ("states", "ok")])
def test_a_role_may_be_handed_to_some_services_only(attempt, role, service, outcome):
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
               "Condition": {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}}  # fmt: skip
    definition = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
    machine = {"name": "m", "roleArn": role("r", "states"), "definition": definition}
    assert attempt("stepfunctions", "create_state_machine", "states:*", passing, **machine)[0] == outcome
