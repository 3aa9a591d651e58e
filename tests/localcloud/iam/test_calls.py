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
        ("dynamodb", "ExecuteStatement", {"Statement": "select * from orders"}, [("dynamodb:PartiQLSelect", "")]),
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
         [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::a/x")]),
        ("ssm", "GetParameters", {"Names": ["/a/b", "c"]},
         [("ssm:GetParameters", ARN("ssm", "parameter/a/b")), ("ssm:GetParameters", ARN("ssm", "parameter/c"))]),
        ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s"},
         [("logs:PutLogEvents", ARN("logs", "log-group:g:log-stream:s"))]),
        ("cloudwatch", "PutMetricData", {"Namespace": "Shop"}, [("cloudwatch:PutMetricData", "")]),
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
