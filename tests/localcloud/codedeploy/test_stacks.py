"""SAM's DeploymentPreference: updates of a stack shift the traffic of its aliases, and go back when that fails."""

from __future__ import annotations

import pytest

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: shop
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        def handler(event, context): return ["%(answer)s", context.function_version]
      AutoPublishAlias: live
      DeploymentPreference:
        Type: %(type)s
        Alarms: [!Ref Errors]
        Hooks: {PreTraffic: !Ref Before}
  Errors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: errors
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions: [{Name: FunctionName, Value: shop}]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
  Before:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: CodeDeployHook_before
      Runtime: python3.13
      Handler: index.handler
      DeploymentPreference: {Enabled: false}
      InlineCode: |
        import boto3
        def handler(event, context):
            boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
                deploymentId=event["DeploymentId"], status="%(hook)s",
                lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"])
"""


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


@pytest.fixture
def change(cloud, cfn):
    """Start to create or update the stack; what is not given is as in the first version."""

    def go(kind="update", answer="bread", type="Canary10Percent5Minutes", hook="Succeeded"):
        body = TEMPLATE % {"answer": answer, "type": type, "hook": hook}
        getattr(cfn, f"{kind}_stack")(
            StackName="bakery", TemplateBody=body, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        )

    return go


@pytest.fixture
def made(cloud, change):
    change("create")
    cloud.wait(120)


def status(cfn):
    return cfn.describe_stacks(StackName="bakery")["Stacks"][0]["StackStatus"]


def reasons(cfn):
    events = cfn.describe_stack_events(StackName="bakery")["StackEvents"]
    return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "UPDATE_FAILED"]


def answers(invoke, count=60):
    return {tuple(invoke("shop", Qualifier="live")[0]) for _ in range(count)}


def test_an_update_is_complete_when_all_the_traffic_has_shifted(cloud, cfn, change, made, invoke):
    assert status(cfn) == "CREATE_COMPLETE"
    assert answers(invoke, 3) == {("bread", "1")}
    change(answer="cake")
    cloud.wait(120)
    assert status(cfn) == "UPDATE_IN_PROGRESS"
    assert answers(invoke) == {("bread", "1"), ("cake", "2")}
    cloud.wait(330)
    assert status(cfn) == "UPDATE_COMPLETE"
    assert answers(invoke, 20) == {("cake", "2")}
    client = cloud.client("codedeploy")
    (application,) = client.list_applications()["applications"]
    (group,) = client.list_deployment_groups(applicationName=application)["deploymentGroups"]
    assert len(client.list_deployments(applicationName=application, deploymentGroupName=group)["deployments"]) == 1


def test_an_update_without_a_new_version_deploys_nothing(cloud, cfn, change, made):
    change(type="Linear10PercentEvery1Minute")
    cloud.wait(120)
    assert status(cfn) == "UPDATE_COMPLETE"
    assert cloud.client("codedeploy").list_deployments()["deployments"] == []


def test_an_alarm_rolls_the_traffic_and_the_stack_back(cloud, cfn, change, made, invoke):
    change(answer="cake")
    cloud.wait(120)
    cloud.client("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="too many")
    cloud.wait(120)
    assert status(cfn) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Activated alarms: errors" in reasons(cfn)[0]
    assert answers(invoke, 20) == {("bread", "1")}


def test_a_hook_that_reports_failed_rolls_the_stack_back(cloud, cfn, change, made, invoke):
    change(answer="cake", hook="Failed")
    cloud.wait(200)
    assert status(cfn) == "UPDATE_ROLLBACK_COMPLETE"
    assert "HOOK_EXECUTION_FAILURE" in reasons(cfn)[0]
    assert answers(invoke, 20) == {("bread", "1")}


def test_nothing_of_the_stack_is_left(cloud, cfn, change, made):
    cfn.delete_stack(StackName="bakery")
    cloud.wait(120)
    assert cloud.client("codedeploy").list_applications()["applications"] == []
    assert cloud.client("lambda").list_functions()["Functions"] == []
