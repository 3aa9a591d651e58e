"""SAM's policy templates: each allows what it is meant for, and not what comes next to it."""

from __future__ import annotations

import json

import pytest

from localcloud import Cloud
from tests.localcloud.iam.callers import SOURCE

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
TOPIC = "arn:aws:sns:us-east-1:123456789012:orders"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bake"
KEY = {"TableName": "orders", "Key": {"id": {"S": "1"}}}
ITEM = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
BATCH = {"RequestItems": {"orders": [{"PutRequest": {"Item": {"id": {"S": "2"}}}}]}}
CHECK = {"TransactItems": [{"ConditionCheck": {**KEY, "ConditionExpression": "attribute_not_exists(x)"}}]}
ENTRY = {"Source": "shop", "DetailType": "d", "Detail": "{}"}
DATUM = {"Namespace": "Shop", "MetricData": [{"MetricName": "orders", "Value": 1}]}
RECORD = {"Data": "x", "PartitionKey": "1"}
SHARD = {"StreamName": "clicks", "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}
OBJECT = {"Bucket": "bucket", "Key": "k"}

# template, its parameters, what it lets do, what it does not
TEMPLATES = [
    ("DynamoDBCrudPolicy", {"TableName": "orders"},
     [("dynamodb", "put_item", ITEM), ("dynamodb", "batch_write_item", BATCH), ("dynamodb", "transact_write_items",
                                                                               CHECK),
      ("dynamodb", "scan", {"TableName": "orders", "IndexName": "days"})],
     [("dynamodb", "put_item", {**ITEM, "TableName": "others"}), ("dynamodb", "delete_table", {"TableName": "orders"}),
      ("dynamodb", "execute_statement", {"Statement": "SELECT * FROM orders"})]),
    ("DynamoDBReadPolicy", {"TableName": "orders"},
     [("dynamodb", "get_item", KEY), ("dynamodb", "scan", {"TableName": "orders"})], [("dynamodb", "put_item", ITEM)]),
    ("DynamoDBWritePolicy", {"TableName": "orders"},
     [("dynamodb", "put_item", ITEM), ("dynamodb", "update_item", KEY)],
     [("dynamodb", "get_item", KEY), ("dynamodb", "delete_item", KEY)]),
    ("DynamoDBStreamReadPolicy", {"TableName": "orders", "StreamName": "*"},
     [("dynamodbstreams", "list_streams", {"TableName": "orders"})],
     [("dynamodbstreams", "list_streams", {}), ("dynamodb", "scan", {"TableName": "orders"})]),
    ("SQSPollerPolicy", {"QueueName": "orders"},
     [("sqs", "receive_message", {"QueueUrl": QUEUE}), ("sqs", "get_queue_attributes", {"QueueUrl": QUEUE})],
     [("sqs", "send_message", {"QueueUrl": QUEUE, "MessageBody": "x"}),
      ("sqs", "get_queue_url", {"QueueName": "orders"})]),
    ("SQSSendMessagePolicy", {"QueueName": "orders"},
     [("sqs", "send_message_batch", {"QueueUrl": QUEUE, "Entries": [{"Id": "1", "MessageBody": "x"}]})],
     [("sqs", "receive_message", {"QueueUrl": QUEUE})]),
    ("LambdaInvokePolicy", {"FunctionName": "LambdaInvokePolicy"},  # itself
     [("lambda", "invoke", {"FunctionName": "LambdaInvokePolicy", "InvocationType": "DryRun"}),
      ("lambda", "invoke", {"FunctionName": "LambdaInvokePolicy:live", "InvocationType": "DryRun"})],
     [("lambda", "get_function", {"FunctionName": "LambdaInvokePolicy"}), ("lambda", "list_functions", {})]),
    ("StepFunctionsExecutionPolicy", {"StateMachineName": "bake"},
     [("stepfunctions", "start_execution", {"stateMachineArn": MACHINE})],
     [("stepfunctions", "list_executions", {"stateMachineArn": MACHINE})]),
    ("KinesisCrudPolicy", {"StreamName": "clicks"},
     [("kinesis", "put_record", {**RECORD, "StreamName": "clicks"}), ("kinesis", "get_shard_iterator", SHARD)],
     [("kinesis", "put_record", {**RECORD, "StreamName": "others"})]),
    ("KinesisStreamReadPolicy", {"StreamName": "clicks"},
     [("kinesis", "list_streams", {}), ("kinesis", "get_shard_iterator", SHARD)],
     [("kinesis", "put_record", {**RECORD, "StreamName": "clicks"})]),
    ("S3ReadPolicy", {"BucketName": "bucket"},
     [("s3", "get_object", OBJECT), ("s3", "head_object", OBJECT), ("s3", "list_objects_v2", {"Bucket": "bucket"})],
     [("s3", "put_object", OBJECT), ("s3", "get_object_tagging", OBJECT)]),
    ("S3WritePolicy", {"BucketName": "bucket"},
     [("s3", "put_object", {**OBJECT, "ACL": "private"}), ("s3", "create_multipart_upload", OBJECT)],
     [("s3", "get_object", OBJECT), ("s3", "put_object", {**OBJECT, "Tagging": "a=b"})]),
    ("S3CrudPolicy", {"BucketName": "bucket"},
     [("s3", "copy_object", {"Bucket": "bucket", "Key": "copy", "CopySource": "bucket/k"}),
      ("s3", "delete_object", {"Bucket": "bucket", "Key": "copy"})],
     [("s3", "delete_object", {**OBJECT, "VersionId": "1"}), ("s3", "list_buckets", {})]),
    ("SNSPublishMessagePolicy", {"TopicName": "orders"},
     [("sns", "publish", {"TopicArn": TOPIC, "Message": "x"})],
     [("sns", "subscribe", {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "a@example.com"}),
      ("sns", "publish", {"PhoneNumber": "+33612345678", "Message": "x"})]),
    ("EventBridgePutEventsPolicy", {"EventBusName": "bakery"},
     [("events", "put_events", {"Entries": [{**ENTRY, "EventBusName": "bakery"}]})],
     [("events", "put_events", {"Entries": [ENTRY]})]),
    ("SSMParameterReadPolicy", {"ParameterName": "till"},
     [("ssm", "get_parameter", {"Name": "till"}), ("ssm", "describe_parameters", {}),
      ("ssm", "get_parameters_by_path", {"Path": "/till"})],
     [("ssm", "put_parameter", {"Name": "till", "Value": "2"}), ("ssm", "get_parameter", {"Name": "other"})]),
    ("AWSSecretsManagerGetSecretValuePolicy", {"SecretArn": {"Ref": "Secret"}},
     [("secretsmanager", "get_secret_value", {"SecretId": "key"})],
     [("secretsmanager", "put_secret_value", {"SecretId": "key", "SecretString": "y"})]),
    ("CloudWatchPutMetricPolicy", {},
     [("cloudwatch", "put_metric_data", DATUM)], [("cloudwatch", "list_metrics", {})]),
    ("FilterLogEventsPolicy", {"LogGroupName": "till"},
     [("logs", "filter_log_events", {"logGroupName": "till"})],
     [("logs", "filter_log_events", {"logGroupName": "other"}), ("logs", "describe_log_groups", {})]),
]  # fmt: skip
SCHEMA = {"AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "day")],
          "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
          "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
          "GlobalSecondaryIndexes": [{"IndexName": "days", "Projection": {"ProjectionType": "ALL"},
                                      "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}]}]}  # fmt: skip
RESOURCES = {
    "Bucket": ("S3::Bucket", {"BucketName": "bucket"}),
    "Bus": ("Events::EventBus", {"Name": "bakery"}),
    "Group": ("Logs::LogGroup", {"LogGroupName": "till"}),
    "Machine": ("Serverless::StateMachine",
                {"Name": "bake", "Definition": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}}),
    "Parameter": ("SSM::Parameter", {"Name": "till", "Type": "String", "Value": "1"}),
    "Queue": ("SQS::Queue", {"QueueName": "orders"}),
    "Secret": ("SecretsManager::Secret", {"Name": "key", "SecretString": "x"}),
    "Stream": ("Kinesis::Stream", {"Name": "clicks", "ShardCount": 1}),
    "Table": ("DynamoDB::Table", {"TableName": "orders", **SCHEMA}),
    "Topic": ("SNS::Topic", {"TopicName": "orders"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def shop():
    """call("TemplateName", calls): what happened to each, made by a function with this policy alone."""
    found = {name: {"Type": f"AWS::{kind}", "Properties": given} for name, (kind, given) in RESOURCES.items()}
    common = {"Runtime": "python3.13", "Handler": "index.handler", "InlineCode": SOURCE, "Timeout": 30}
    for name, parameters, _, _ in TEMPLATES:
        settings = {**common, "FunctionName": name, "AutoPublishAlias": "live", "Policies": [{name: parameters}]}
        found[name] = {"Type": "AWS::Serverless::Function", "Properties": settings}
    template = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": found})
    with Cloud(seed=7, enforce_iam=True) as cloud:
        formation = cloud.client("cloudformation")
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        formation.create_stack(StackName="shop", TemplateBody=template, Capabilities=capabilities)
        formation.get_waiter("stack_create_complete").wait(StackName="shop")
        cloud.client("s3").put_object(**OBJECT)

        def call(name, calls):
            answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(calls))
            return json.loads(answer["Payload"].read())

        yield call


@pytest.mark.parametrize(("name", "allowed", "refused"), [(one[0], one[2], one[3]) for one in TEMPLATES])
def test_a_policy_template_allows_what_it_is_for(shop, name, allowed, refused):
    assert shop(name, allowed) == ["ok"] * len(allowed)
    assert shop(name, refused) == ["refused"] * len(refused)
