"""Every service that the local cloud stands for answers boto3 in another process."""

from __future__ import annotations

import time

import pytest

_DAY = {"StartTime": time.time() - 3_600, "EndTime": time.time()}
_QUERIES = [{"Id": "a", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}}]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "member"),
    [
        ("apigateway", "get_rest_apis", {}, "items"),
        ("apigatewayv2", "get_apis", {}, "Items"),
        ("application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "lambda"}, "ScalableTargets"),
        ("appsync", "list_apis", {}, "apis"),
        ("bedrock", "list_foundation_models", {}, "modelSummaries"),
        ("bedrock-agentcore-control", "list_gateways", {}, "items"),
        ("cloudformation", "list_stacks", {}, "StackSummaries"),
        ("cloudwatch", "describe_alarms", {}, "MetricAlarms"),
        ("cloudwatch", "get_metric_data", {"MetricDataQueries": _QUERIES, **_DAY}, "MetricDataResults"),
        ("dynamodb", "list_tables", {}, "TableNames"),
        ("dynamodbstreams", "list_streams", {}, "Streams"),
        ("events", "list_rules", {}, "Rules"),
        ("iam", "list_roles", {}, "Roles"),
        ("kinesis", "list_streams", {}, "StreamNames"),
        ("kms", "list_keys", {}, "Keys"),
        ("lambda", "list_functions", {}, "Functions"),
        ("logs", "describe_log_groups", {}, "logGroups"),
        ("pipes", "list_pipes", {}, "Pipes"),
        ("resourcegroupstaggingapi", "get_resources", {}, "ResourceTagMappingList"),
        ("s3", "list_buckets", {}, "Buckets"),
        ("scheduler", "list_schedules", {}, "Schedules"),
        ("secretsmanager", "list_secrets", {}, "SecretList"),
        ("sns", "list_topics", {}, "Topics"),
        ("sqs", "get_queue_url", {"QueueName": "sought"}, "QueueUrl"),
        ("ssm", "describe_parameters", {}, "Parameters"),
        ("stepfunctions", "list_state_machines", {}, "stateMachines"),
        ("sts", "get_caller_identity", {}, "Account"),
        ("xray", "get_trace_summaries", _DAY, "TraceSummaries"),
    ],
)
def test_a_service_answers_in_its_own_protocol(client, service, operation, parameters, member):
    if service == "sqs":
        client("sqs").create_queue(QueueName="sought")
    answer = getattr(client(service), operation)(**parameters)
    assert member in answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]
