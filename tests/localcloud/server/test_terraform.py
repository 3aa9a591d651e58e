"""The calls that Terraform's AWS provider makes for its resources.

After a resource is made the provider reads it, compares with what was asked for, and reads again before each plan: what
was asked for has to come back, unasked-for settings as AWS's own defaults, and the same at every reading. What is gone
has to be answered with the error that the provider takes for "gone".
"""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                                 "Action": "sts:AssumeRole"}]}  # fmt: skip
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})


def settled(read, **parameters):
    """What a reading gives, twice the same."""
    first, second = (
        {name: value for name, value in read(**parameters).items() if name != "ResponseMetadata"} for _ in range(2)
    )
    if "Location" in first.get("Code", {}):  # presigned anew at every reading
        first["Code"].pop("Location"), second["Code"].pop("Location")
    assert first == second
    return first


def refused(call, **parameters):
    """The code and the status of the error."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def holds(found, wanted):
    """Whether every member that was asked for is there, at every depth."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(name), value) for name, value in wanted.items())
    return found == wanted


@pytest.fixture(scope="module")
def role(client):
    return client("iam").create_role(RoleName="tf", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


@pytest.fixture(scope="module")
def make_function(client, role):
    def make(name, **settings):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", "def handler(event, context): return event\n")
        plain = {"Runtime": "python3.13", "Handler": "app.handler", "Role": role, "PackageType": "Zip"}
        code = {"ZipFile": buffer.getvalue()}
        return client("lambda").create_function(FunctionName=name, Code=code, **{**plain, **settings})

    return make


def test_the_provider_learns_who_it_is(client):
    found = settled(client("sts").get_caller_identity)
    assert found["Account"] == ACCOUNT
    assert found["Arn"].startswith("arn:aws:")


# -- aws_iam_role, aws_iam_role_policy, aws_iam_role_policy_attachment, aws_iam_policy -------------


def test_a_role_and_its_policies(client):
    iam = client("iam")
    iam.create_role(
        RoleName="baker", AssumeRolePolicyDocument=json.dumps(TRUST), Path="/shop/", MaxSessionDuration=7200,
        Description="bakes", Tags=[{"Key": "team", "Value": "ovens"}],
    )  # fmt: skip
    found = settled(iam.get_role, RoleName="baker")["Role"]
    assert holds(found, {
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/shop/baker", "Path": "/shop/", "MaxSessionDuration": 7200,
        "Description": "bakes", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "team", "Value": "ovens"}],
    })  # fmt: skip
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="baker", PolicyName="inline", PolicyDocument=json.dumps(rights))
    assert settled(iam.list_role_policies, RoleName="baker")["PolicyNames"] == ["inline"]
    assert settled(iam.get_role_policy, RoleName="baker", PolicyName="inline")["PolicyDocument"] == rights
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(rights))["Policy"]["Arn"]
    for arn in (BASIC, own):
        iam.attach_role_policy(RoleName="baker", PolicyArn=arn)
    attached = settled(iam.list_attached_role_policies, RoleName="baker")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [BASIC, own]
    assert settled(iam.list_instance_profiles_for_role, RoleName="baker")["InstanceProfiles"] == []
    assert settled(iam.get_policy_version, PolicyArn=own, VersionId="v1")["PolicyVersion"]["Document"] == rights

    assert refused(iam.delete_role, RoleName="baker") == ("DeleteConflict", 409)
    for arn in (BASIC, own):
        iam.detach_role_policy(RoleName="baker", PolicyArn=arn)
    iam.delete_policy(PolicyArn=own)
    iam.delete_role_policy(RoleName="baker", PolicyName="inline")
    iam.delete_role(RoleName="baker")
    assert refused(iam.get_role, RoleName="baker") == ("NoSuchEntity", 404)
    assert refused(iam.get_policy, PolicyArn=own) == ("NoSuchEntity", 404)


def test_aws_own_policies_are_there_to_be_read(client):
    iam = client("iam")
    policy = settled(iam.get_policy, PolicyArn=BASIC)["Policy"]
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in json.dumps(version["Document"])
    assert refused(iam.get_policy, PolicyArn="arn:aws:iam::aws:policy/Cake") == ("NoSuchEntity", 404)
    listed = [policy["Arn"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS")
              for policy in page["Policies"]]  # fmt: skip
    assert BASIC in listed
    assert len(listed) == len(set(listed)) > 1_000


# -- aws_lambda_function, aws_lambda_permission, aws_lambda_function_url, ..._event_source_mapping ---


def test_a_function(client, make_function):
    lambda_ = client("lambda")
    asked = {
        "Timeout": 10, "MemorySize": 256, "Architectures": ["arm64"], "EphemeralStorage": {"Size": 1024},
        "Environment": {"Variables": {"STAGE": "b"}}, "TracingConfig": {"Mode": "Active"}, "Description": "bakes",
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/ovens", "ApplicationLogLevel": "WARN"},
        "DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"},
    }  # fmt: skip
    made = make_function("oven", Tags={"team": "ovens"}, Publish=True, **asked)
    found = settled(lambda_.get_function, FunctionName="oven")
    assert holds(found["Configuration"], {**asked, "State": "Active", "LastUpdateStatus": "Successful"})
    assert found["Configuration"]["LoggingConfig"]["SystemLogLevel"] == "INFO"
    assert (found["Tags"], "Concurrency" in found) == ({"team": "ovens"}, False)
    versions = settled(lambda_.list_versions_by_function, FunctionName="oven")["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1"]
    assert versions[1]["FunctionArn"].endswith(":function:oven:1")
    assert "CodeSigningConfigArn" not in settled(lambda_.get_function_code_signing_config, FunctionName="oven")

    arn = made["FunctionArn"].removesuffix(":1")
    lambda_.tag_resource(Resource=arn, Tags={"stage": "test"})
    lambda_.untag_resource(Resource=arn, TagKeys=["team"])
    assert settled(lambda_.list_tags, Resource=arn)["Tags"] == {"stage": "test"}
    lambda_.put_function_concurrency(FunctionName="oven", ReservedConcurrentExecutions=0)
    assert settled(lambda_.get_function, FunctionName="oven")["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    lambda_.delete_function_concurrency(FunctionName="oven")
    assert "Concurrency" not in lambda_.get_function(FunctionName="oven")

    changed = {
        "MemorySize": 512, "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/oven"}, "Description": "",
    }  # fmt: skip
    lambda_.update_function_configuration(
        FunctionName="oven", Environment={"Variables": {}}, DeadLetterConfig={"TargetArn": ""}, **changed
    )
    found = settled(lambda_.get_function, FunctionName="oven")["Configuration"]
    assert holds(found, changed)
    assert not {"Environment", "DeadLetterConfig"} & set(found)
    assert found["LoggingConfig"] == changed["LoggingConfig"]
    assert found["LastModified"] > made["LastModified"]

    lambda_.delete_function(FunctionName="oven")
    for read in (lambda_.get_function, lambda_.list_versions_by_function, lambda_.get_function_code_signing_config):
        assert refused(read, FunctionName="oven") == ("ResourceNotFoundException", 404)


def test_a_version_is_published_after_the_function_has_written_logs(client, make_function):
    lambda_ = client("lambda")
    make_function("logged")
    lambda_.invoke(FunctionName="logged", Payload=b"{}")
    assert lambda_.publish_version(FunctionName="logged")["Version"] == "1"
    lambda_.invoke(FunctionName="logged", Qualifier="1", Payload=b"{}")
    events = client("logs").filter_log_events(logGroupName="/aws/lambda/logged")["events"]
    versions = {event["message"].split()[-1] for event in events if event["message"].startswith("START")}
    assert versions == {"$LATEST", "1"}


def test_a_function_that_asks_for_nothing_has_lambdas_defaults(client, make_function):
    make_function("plain")
    found = settled(client("lambda").get_function_configuration, FunctionName="plain")
    assert holds(found, {
        "Timeout": 3, "MemorySize": 128, "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"}, "PackageType": "Zip", "Description": "",
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/plain"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    })  # fmt: skip


def test_a_permission_and_a_function_url(client, make_function):
    lambda_ = client("lambda")
    make_function("doors")
    source = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/x"
    lambda_.add_permission(
        FunctionName="doors", StatementId="events", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=source,
    )  # fmt: skip
    (statement,) = json.loads(settled(lambda_.get_policy, FunctionName="doors")["Policy"])["Statement"]
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": source}}
    lambda_.remove_permission(FunctionName="doors", StatementId="events")
    assert refused(lambda_.get_policy, FunctionName="doors") == ("ResourceNotFoundException", 404)
    lambda_.create_function_url_config(FunctionName="doors", AuthType="NONE")
    found = settled(lambda_.get_function_url_config, FunctionName="doors")
    assert found["FunctionUrl"].startswith("https://")
    assert found["FunctionUrl"].endswith(".lambda-url.us-east-1.on.aws/")
    assert (found["AuthType"], found["InvokeMode"]) == ("NONE", "BUFFERED")
    lambda_.delete_function_url_config(FunctionName="doors")
    assert refused(lambda_.get_function_url_config, FunctionName="doors") == ("ResourceNotFoundException", 404)


def test_an_event_source_mapping(client, make_function):
    lambda_, sqs = client("lambda"), client("sqs")
    make_function("reader")
    sqs.create_queue(QueueName="read")
    asked = {
        "BatchSize": 100, "MaximumBatchingWindowInSeconds": 5, "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 5}, "FilterCriteria": {"Filters": [{"Pattern": '{"body":{"a":[1]}}'}]},
    }  # fmt: skip
    uuid = lambda_.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:read", FunctionName="reader", Enabled=True,
        Tags={"team": "ovens"}, **asked,
    )["UUID"]  # fmt: skip
    found = settled(lambda_.get_event_source_mapping, UUID=uuid)
    assert holds(found, {**asked, "State": "Enabled", "StateTransitionReason": "USER_INITIATED"})
    assert settled(lambda_.list_tags, Resource=found["EventSourceMappingArn"])["Tags"] == {"team": "ovens"}
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=False, BatchSize=5, MaximumBatchingWindowInSeconds=0)
    found = settled(lambda_.get_event_source_mapping, UUID=uuid)
    assert holds(found, {"State": "Disabled", "BatchSize": 5, "MaximumBatchingWindowInSeconds": 0})
    lambda_.delete_event_source_mapping(UUID=uuid)
    assert refused(lambda_.get_event_source_mapping, UUID=uuid) == ("ResourceNotFoundException", 404)


def test_a_mapping_of_a_stream_shows_what_lambda_fills_in(client, make_function):
    lambda_ = client("lambda")
    make_function("follower")
    client("kinesis").create_stream(StreamName="followed", ShardCount=1)
    uuid = lambda_.create_event_source_mapping(
        EventSourceArn=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/followed", FunctionName="follower",
        StartingPosition="LATEST",
    )["UUID"]  # fmt: skip
    assert holds(settled(lambda_.get_event_source_mapping, UUID=uuid), {
        "BatchSize": 100, "ParallelizationFactor": 1, "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False, "TumblingWindowInSeconds": 0, "MaximumBatchingWindowInSeconds": 0,
    })  # fmt: skip
    lambda_.update_event_source_mapping(UUID=uuid, MaximumRetryAttempts=2)
    assert settled(lambda_.get_event_source_mapping, UUID=uuid)["MaximumRetryAttempts"] == 2


# -- aws_sqs_queue, aws_sns_topic, aws_sns_topic_subscription ---------------------------------------


def test_a_queue(client):
    sqs = client("sqs")
    asked = {
        "VisibilityTimeout": "30", "MessageRetentionPeriod": "345600", "DelaySeconds": "5",
        "MaximumMessageSize": "2048", "ReceiveMessageWaitTimeSeconds": "10", "SqsManagedSseEnabled": "true",
    }  # fmt: skip
    url = sqs.create_queue(QueueName="tf-orders", Attributes=asked, tags={"team": "ovens"})["QueueUrl"]
    found = settled(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert holds(found, {**asked, "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:tf-orders"})
    assert found["CreatedTimestamp"].isdecimal()
    assert not {"Policy", "RedrivePolicy", "KmsMasterKeyId", "FifoQueue"} & set(found)
    assert settled(sqs.list_queue_tags, QueueUrl=url)["Tags"] == {"team": "ovens"}
    redrive = json.dumps({"deadLetterTargetArn": found["QueueArn"], "maxReceiveCount": 4})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "60"})
    found = settled(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (json.loads(found["RedrivePolicy"]), found["VisibilityTimeout"]) == (json.loads(redrive), "60")
    assert found["LastModifiedTimestamp"].isdecimal()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.delete_queue(QueueUrl=url)
    for read, more in ((sqs.get_queue_attributes, {"AttributeNames": ["All"]}), (sqs.list_queue_tags, {})):
        assert refused(read, QueueUrl=url, **more) == ("AWS.SimpleQueueService.NonExistentQueue", 400)


def test_a_topic_and_a_subscription(client):
    sns = client("sns")
    topic = sns.create_topic(Name="news", Attributes={"DisplayName": "News"}, Tags=[{"Key": "team", "Value": "ovens"}])
    arn = topic["TopicArn"]
    found = settled(sns.get_topic_attributes, TopicArn=arn)["Attributes"]
    assert (found["DisplayName"], found["Owner"], "DeliveryPolicy" in found) == ("News", ACCOUNT, False)
    asked = {
        "TracingConfig": "Active", "SignatureVersion": "2", "LambdaSuccessFeedbackSampleRate": "100",
        "LambdaFailureFeedbackRoleArn": f"arn:aws:iam::{ACCOUNT}:role/tf", "KmsMasterKeyId": "alias/aws/sns",
        "Policy": '{"Version":"2012-10-17","Statement":[]}', "DisplayName": "Other",
    }  # fmt: skip
    for name, value in asked.items():
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert holds(settled(sns.get_topic_attributes, TopicArn=arn)["Attributes"], asked)
    assert settled(sns.list_tags_for_resource, ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "ovens"}]

    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:news"
    client("sqs").create_queue(QueueName="news")
    asked = {"RawMessageDelivery": "true", "FilterPolicy": '{"a":["b"]}', "FilterPolicyScope": "MessageBody"}
    subscription = sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True, Attributes=asked
    )["SubscriptionArn"]
    found = settled(sns.get_subscription_attributes, SubscriptionArn=subscription)["Attributes"]
    assert holds(found, {**asked, "PendingConfirmation": "false", "Endpoint": queue, "Protocol": "sqs"})
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue="{}")
    found = settled(sns.get_subscription_attributes, SubscriptionArn=subscription)["Attributes"]
    assert found.get("FilterPolicy", "{}") == "{}"
    sns.unsubscribe(SubscriptionArn=subscription)
    assert refused(sns.get_subscription_attributes, SubscriptionArn=subscription) == ("NotFound", 404)
    sns.delete_topic(TopicArn=arn)
    assert refused(sns.get_topic_attributes, TopicArn=arn) == ("NotFound", 404)


# -- aws_dynamodb_table ----------------------------------------------------------------------------


def test_a_table(client):
    dynamodb = client("dynamodb")
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/tf-orders"
    made = dynamodb.create_table(
        TableName="tf-orders", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "team", "Value": "ovens"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], DeletionProtectionEnabled=True,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "day")],
        GlobalSecondaryIndexes=[{"IndexName": "by-day", "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                                 "Projection": {"ProjectionType": "ALL"}}],
    )  # fmt: skip
    assert made["TableDescription"]["TableArn"] == arn
    dynamodb.get_waiter("table_exists").wait(TableName="tf-orders")
    found = settled(dynamodb.describe_table, TableName="tf-orders")["Table"]
    assert holds(found, {
        "TableStatus": "ACTIVE", "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": True, "WarmThroughput": {"Status": "ACTIVE"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    })  # fmt: skip
    (index,) = found["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["Projection"]) == ("ACTIVE", {"ProjectionType": "ALL"})
    backups = settled(dynamodb.describe_continuous_backups, TableName="tf-orders")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    ttl = settled(dynamodb.describe_time_to_live, TableName="tf-orders")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "DISABLED"}
    assert settled(dynamodb.list_tags_of_resource, ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "ovens"}]

    dynamodb.update_time_to_live(TableName="tf-orders", TimeToLiveSpecification={"AttributeName": "t", "Enabled": True})
    dynamodb.update_continuous_backups(
        TableName="tf-orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.update_table(
        TableName="tf-orders", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    )
    dynamodb.update_table(TableName="tf-orders", DeletionProtectionEnabled=False)
    ttl = settled(dynamodb.describe_time_to_live, TableName="tf-orders")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "t"}
    backups = settled(dynamodb.describe_continuous_backups, TableName="tf-orders")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    found = settled(dynamodb.describe_table, TableName="tf-orders")["Table"]
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert found["LatestStreamArn"].startswith(f"{arn}/stream/")

    dynamodb.delete_table(TableName="tf-orders")
    dynamodb.get_waiter("table_not_exists").wait(TableName="tf-orders")
    assert refused(dynamodb.describe_table, TableName="tf-orders") == ("ResourceNotFoundException", 400)


# -- aws_cloudwatch_event_bus, ..._rule, ..._target, aws_cloudwatch_log_group ------------------------


def test_a_rule_and_its_target(client):
    events = client("events")
    events.create_event_bus(Name="bakery")
    rule = events.put_rule(
        Name="paid", EventBusName="bakery", EventPattern='{"source":["shop"]}', State="ENABLED", Description="paid",
        Tags=[{"Key": "team", "Value": "ovens"}],
    )["RuleArn"]  # fmt: skip
    found = settled(events.describe_rule, Name="paid", EventBusName="bakery")
    assert holds(found, {"Arn": rule, "State": "ENABLED", "Description": "paid", "EventBusName": "bakery"})
    assert json.loads(found["EventPattern"]) == {"source": ["shop"]}
    assert settled(events.list_tags_for_resource, ResourceARN=rule)["Tags"] == [{"Key": "team", "Value": "ovens"}]
    target = {
        "Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:paid", "DeadLetterConfig": {"Arn": f"{rule}-dead"},
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3},
        "InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"id": <id>}'},
    }  # fmt: skip
    target["DeadLetterConfig"] = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"}
    assert events.put_targets(Rule="paid", EventBusName="bakery", Targets=[target])["FailedEntryCount"] == 0
    assert settled(events.list_targets_by_rule, Rule="paid", EventBusName="bakery")["Targets"] == [target]
    assert refused(events.delete_rule, Name="paid", EventBusName="bakery") == ("ValidationException", 400)
    events.remove_targets(Rule="paid", EventBusName="bakery", Ids=["queue"])
    events.delete_rule(Name="paid", EventBusName="bakery")
    assert refused(events.describe_rule, Name="paid", EventBusName="bakery") == ("ResourceNotFoundException", 400)
    events.delete_event_bus(Name="bakery")
    assert refused(events.describe_event_bus, Name="bakery") == ("ResourceNotFoundException", 400)


def test_a_log_group_made_anew_has_no_tags_of_the_old_one(client):
    logs = client("logs")
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/ovens/1"
    logs.create_log_group(logGroupName="/ovens/1", tags={"team": "ovens"})
    logs.put_retention_policy(logGroupName="/ovens/1", retentionInDays=7)
    (found,) = settled(logs.describe_log_groups, logGroupNamePrefix="/ovens/1")["logGroups"]
    assert holds(found, {"arn": f"{arn}:*", "logGroupArn": arn, "retentionInDays": 7, "logGroupClass": "STANDARD"})
    assert settled(logs.list_tags_for_resource, resourceArn=arn)["tags"] == {"team": "ovens"}
    logs.delete_log_group(logGroupName="/ovens/1")
    assert settled(logs.describe_log_groups, logGroupNamePrefix="/ovens/1")["logGroups"] == []
    logs.create_log_group(logGroupName="/ovens/1")
    (found,) = logs.describe_log_groups(logGroupNamePrefix="/ovens/1")["logGroups"]
    assert "retentionInDays" not in found
    assert settled(logs.list_tags_for_resource, resourceArn=arn)["tags"] == {}


# -- aws_apigatewayv2_api, _integration, _route, _stage ----------------------------------------------


def test_an_http_api(client):
    gateway = client("apigatewayv2")
    asked = {"Name": "shop", "ProtocolType": "HTTP", "Description": "sells",
             "CorsConfiguration": {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 60}}  # fmt: skip
    api = gateway.create_api(Tags={"team": "ovens"}, **asked)["ApiId"]
    found = settled(gateway.get_api, ApiId=api)
    assert holds(found, {
        **asked, "Tags": {"team": "ovens"}, "DisableExecuteApiEndpoint": False,
        "RouteSelectionExpression": "$request.method $request.path",
        "ApiEndpoint": f"https://{api}.execute-api.us-east-1.amazonaws.com",
    })  # fmt: skip
    asked = {
        "IntegrationType": "AWS_PROXY", "IntegrationUri": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:shop",
        "IntegrationMethod": "POST", "PayloadFormatVersion": "2.0", "ConnectionType": "INTERNET",
        "TimeoutInMillis": 30000,
    }  # fmt: skip
    integration = gateway.create_integration(ApiId=api, **asked)["IntegrationId"]
    assert holds(settled(gateway.get_integration, ApiId=api, IntegrationId=integration), asked)
    asked = {"RouteKey": "GET /cakes", "Target": f"integrations/{integration}", "AuthorizationType": "NONE"}
    route = gateway.create_route(ApiId=api, **asked)["RouteId"]
    assert holds(settled(gateway.get_route, ApiId=api, RouteId=route), {**asked, "ApiKeyRequired": False})

    asked = {"AutoDeploy": True, "DefaultRouteSettings": {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 10.0},
             "StageVariables": {"a": "b"}}  # fmt: skip
    gateway.create_stage(ApiId=api, StageName="$default", Tags={"team": "ovens"}, **asked)
    assert holds(settled(gateway.get_stage, ApiId=api, StageName="$default"), {**asked, "Tags": {"team": "ovens"}})
    log = {"DestinationArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:shop", "Format": "$context.requestId"}
    answer = gateway.update_stage(ApiId=api, StageName="$default", AccessLogSettings=log, Description="open")
    found = settled(gateway.get_stage, ApiId=api, StageName="$default")
    assert holds(found, {**asked, "AccessLogSettings": log, "Description": "open"})
    assert holds(answer, {**asked, "AccessLogSettings": log, "Description": "open"})
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api}"
    gateway.tag_resource(ResourceArn=f"{arn}/stages/$default", Tags={"stage": "test"})
    gateway.untag_resource(ResourceArn=f"{arn}/stages/$default", TagKeys=["team"])
    assert gateway.get_stage(ApiId=api, StageName="$default")["Tags"] == {"stage": "test"}
    gateway.tag_resource(ResourceArn=arn, Tags={"team": "shop"})
    assert gateway.get_api(ApiId=api)["Tags"] == {"team": "shop"}

    gateway.update_route(ApiId=api, RouteId=route, RouteKey="POST /cakes")
    gateway.update_integration(ApiId=api, IntegrationId=integration, TimeoutInMillis=1000)
    assert settled(gateway.get_route, ApiId=api, RouteId=route)["RouteKey"] == "POST /cakes"
    found = settled(gateway.get_integration, ApiId=api, IntegrationId=integration)
    assert (found["TimeoutInMillis"], found["IntegrationMethod"]) == (1000, "POST")
    gateway.delete_route(ApiId=api, RouteId=route)
    gateway.delete_integration(ApiId=api, IntegrationId=integration)
    gateway.delete_stage(ApiId=api, StageName="$default")
    assert refused(gateway.get_route, ApiId=api, RouteId=route) == ("NotFoundException", 404)
    assert refused(gateway.get_integration, ApiId=api, IntegrationId=integration) == ("NotFoundException", 404)
    assert refused(gateway.get_stage, ApiId=api, StageName="$default") == ("NotFoundException", 404)
    gateway.delete_api(ApiId=api)
    assert refused(gateway.get_api, ApiId=api) == ("NotFoundException", 404)


# -- aws_sfn_state_machine -------------------------------------------------------------------------


def test_a_state_machine(client, role):
    states = client("stepfunctions")
    assert states.validate_state_machine_definition(definition=PASS, type="STANDARD")["result"] == "OK"
    arn = states.create_state_machine(
        name="bake", definition=PASS, roleArn=role, type="STANDARD", tags=[{"key": "team", "value": "ovens"}],
        loggingConfiguration={"level": "OFF", "includeExecutionData": False}, tracingConfiguration={"enabled": False},
    )["stateMachineArn"]  # fmt: skip
    found = settled(states.describe_state_machine, stateMachineArn=arn)
    assert holds(found, {
        "status": "ACTIVE", "definition": PASS, "roleArn": role, "type": "STANDARD",
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False}, "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    })  # fmt: skip
    assert settled(states.list_tags_for_resource, resourceArn=arn)["tags"] == [{"key": "team", "value": "ovens"}]
    other = PASS.replace("Done", "Baked")
    states.update_state_machine(stateMachineArn=arn, definition=other, tracingConfiguration={"enabled": True})
    found = settled(states.describe_state_machine, stateMachineArn=arn)
    assert (found["definition"], found["tracingConfiguration"]) == (other, {"enabled": True})
    states.delete_state_machine(stateMachineArn=arn)
    assert refused(states.describe_state_machine, stateMachineArn=arn) == ("StateMachineDoesNotExist", 400)


# -- aws_s3_bucket, aws_s3_object ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
        ("get_bucket_tagging", "NoSuchTagSet"),
    ],
)
def test_what_a_bucket_does_not_have_is_said_by_its_own_error(client, reading, code):
    client("s3").create_bucket(Bucket="bare")
    assert refused(getattr(client("s3"), reading), Bucket="bare") == (code, 404)


def test_a_bucket_has_the_defaults_of_today(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="defaults")
    (rule,) = settled(s3.get_bucket_encryption, Bucket="defaults")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    assert settled(s3.get_bucket_request_payment, Bucket="defaults")["Payer"] == "BucketOwner"
    block = settled(s3.get_public_access_block, Bucket="defaults")["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    owners = settled(s3.get_bucket_ownership_controls, Bucket="defaults")["OwnershipControls"]
    assert owners == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "Status" not in settled(s3.get_bucket_versioning, Bucket="defaults")
    assert settled(s3.get_bucket_location, Bucket="defaults")["LocationConstraint"] is None
    for reading in ("get_bucket_accelerate_configuration", "get_bucket_logging", "get_bucket_acl", "head_bucket"):
        settled(getattr(s3, reading), Bucket="defaults")


def test_a_bucket_and_an_object(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="shelves")
    s3.put_bucket_tagging(Bucket="shelves", Tagging={"TagSet": [{"Key": "team", "Value": "ovens"}]})
    assert settled(s3.get_bucket_tagging, Bucket="shelves")["TagSet"] == [{"Key": "team", "Value": "ovens"}]
    s3.put_object(
        Bucket="shelves", Key="a/b", Body=b"cake", ContentType="text/plain", Tagging="team=ovens",
        ChecksumAlgorithm="CRC32", Metadata={"baked": "today"},
    )  # fmt: skip
    found = settled(s3.head_object, Bucket="shelves", Key="a/b", ChecksumMode="ENABLED")
    assert holds(found, {"ContentType": "text/plain", "ContentLength": 4, "Metadata": {"baked": "today"}})
    assert found["ChecksumCRC32"]
    assert settled(s3.get_object_tagging, Bucket="shelves", Key="a/b")["TagSet"] == [{"Key": "team", "Value": "ovens"}]
    assert refused(s3.delete_bucket, Bucket="shelves") == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket="shelves", Key="a/b")
    assert refused(s3.head_object, Bucket="shelves", Key="a/b") == ("404", 404)
    s3.delete_bucket(Bucket="shelves")
    assert refused(s3.head_bucket, Bucket="shelves") == ("404", 404)
