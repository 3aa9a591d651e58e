"""What services refuse of parameters by their models, in one sentence for all faults."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

TARGET = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
WINDOW = {"Mode": "OFF"}


@pytest.mark.parametrize(
    ("service", "operation", "params", "message"),
    [
        ("lambda", "create_function_url_config", {"FunctionName": "f", "AuthType": "OPEN"},
         "Value 'OPEN' at 'authType' failed to satisfy constraint: Member must satisfy enum value set: "
         "[NONE, AWS_IAM]"),
        ("lambda", "create_alias", {"FunctionName": "f", "Name": "1", "FunctionVersion": "1"},
         "Value '1' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
         "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"),
        ("events", "put_rule", {"Name": "x" * 65, "EventPattern": "{}"},
         f"Value '{'x' * 65}' at 'name' failed to satisfy constraint: Member must have length less than or equal to "
         "64"),
        ("events", "put_targets",
         {"Rule": "r", "Targets": [{"Id": "1", "Arn": "a", "RetryPolicy": {"MaximumRetryAttempts": 200}}]},
         "Value '200' at 'targets.1.member.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must "
         "have value less than or equal to 185"),
        ("scheduler", "create_schedule",
         {"Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": WINDOW, "Target": TARGET,
          "State": "ON"},
         "Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED]"),
    ],
)  # fmt: skip
def test_the_value_the_place_and_the_constraint_are_named(cloud, service, operation, params, message):
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)(**params)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", f"1 validation error detected: {message}")


def test_all_faults_are_told_at_once(cloud):
    with pytest.raises(ClientError, match=r"2 validation errors detected: Value 'a b' at .*; Value 'ON' at 'state'"):
        cloud.client("events").put_rule(Name="a b", ScheduleExpression="rate(1 hour)", State="ON")


def test_what_has_no_form_at_all_is_refused_too(cloud, function):
    events, scheduler, lambda_ = cloud.client("events"), cloud.client("scheduler"), cloud.client("lambda")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    with pytest.raises(ClientError, match="Provided Arn is not in correct format"):
        events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": "kitchen"}])
    with pytest.raises(ClientError, match="The EndDate must come after the StartDate"):
        scheduler.create_schedule(
            Name="s", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow=WINDOW, Target=TARGET,
            StartDate="2026-01-02T00:00:00Z", EndDate="2026-01-01T00:00:00Z",
        )  # fmt: skip
    function("till", "def handler(event, context): return 1")
    with pytest.raises(ClientError, match="Error Code: NoSuchBucket"):
        lambda_.update_function_code(FunctionName="till", S3Bucket="nowhere", S3Key="code.zip")
    with pytest.raises(ClientError, match="Please provide a source for function code"):
        lambda_.create_function(
            FunctionName="other", Runtime="python3.13", Handler="app.handler", Code={},
            Role="arn:aws:iam::123456789012:role/test",
        )  # fmt: skip
    assert lambda_.get_account_settings()["AccountUsage"]["FunctionCount"] == 1


def test_the_default_group_of_schedules_stays(cloud):
    scheduler = cloud.client("scheduler")
    with pytest.raises(ClientError, match="default schedule group cannot be deleted"):
        scheduler.delete_schedule_group(Name="default")
    with pytest.raises(ClientError, match="ConflictException"):
        scheduler.create_schedule_group(Name="default")


def test_tenants_are_not_isolated_and_nobody_is_made_to_believe_so(cloud, function):
    with pytest.raises(ClientError, match="does not isolate tenants"):
        function("till", "def handler(event, context): return 1", TenancyConfig={"TenantIsolationMode": "PER_TENANT"})


def test_the_name_of_a_function_has_at_most_64_characters(function):
    function("x" * 64, "def handler(event, context): return 1")
    with pytest.raises(ClientError, match="less than or equal to 64"):
        function("x" * 65, "def handler(event, context): return 1")
