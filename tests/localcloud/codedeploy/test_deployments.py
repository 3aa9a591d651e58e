"""CodeDeploy: an alias goes from one version to another in steps, asks its hooks, and goes back on an alarm."""

from __future__ import annotations

import json
from collections import Counter

import pytest

ROLE = "arn:aws:iam::123456789012:role/deploy"
WHICH = "def handler(event, context): return context.function_version"
BOTH = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]}
HOOK = """
import boto3
def handler(event, context):
    print("asked")
    {before}
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"], status="{status}",
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
    )
"""


@pytest.fixture
def codedeploy(cloud):
    return cloud.client("codedeploy")


@pytest.fixture
def shop(cloud, function):
    """Version 1 is live, version 2 is published."""
    client = cloud.client("lambda")
    function("shop", WHICH, Publish=True)
    client.update_function_configuration(FunctionName="shop", MemorySize=512)
    client.publish_version(FunctionName="shop")
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    return client


@pytest.fixture
def hook(function):
    """hook("check", "Failed") makes a validation function that reports this status."""

    def make(name, status="Succeeded", before="pass"):
        function(name, HOOK.format(status=status, before=before))
        return name

    return make


@pytest.fixture
def begin(codedeploy, shop):
    """Deploy version 2 with a configuration, hooks, and settings of the group."""

    def start(configuration, hooks=None, **settings):
        codedeploy.create_application(applicationName="bakery", computePlatform="Lambda")
        codedeploy.create_deployment_group(
            applicationName="bakery", deploymentGroupName="shop", serviceRoleArn=ROLE,
            deploymentConfigName=configuration, **settings,
        )  # fmt: skip
        return again(codedeploy, hooks)

    return start


def again(codedeploy, hooks=None, current="1", target="2"):
    properties = {"Name": "shop", "Alias": "live", "CurrentVersion": current, "TargetVersion": target}
    spec = {
        "version": 0.0,
        "Resources": [{"shop": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
        "Hooks": [{event: name} for event, name in (hooks or {}).items()],
    }
    return codedeploy.create_deployment(
        applicationName="bakery", deploymentGroupName="shop",
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}},
    )["deploymentId"]  # fmt: skip


def weight(client):
    """The share of version 2."""
    alias = client.get_alias(FunctionName="shop", Name="live")
    if alias["FunctionVersion"] == "2":
        return 1.0
    return (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {}).get("2", 0.0)


def info(codedeploy, deployment):
    return codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]


def events(codedeploy, deployment):
    (target,) = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    found = codedeploy.get_deployment_target(deploymentId=deployment, targetId=target)["deploymentTarget"]
    return {event["lifecycleEventName"]: event["status"] for event in found["lambdaTarget"]["lifecycleEvents"]}


@pytest.mark.parametrize(
    ("configuration", "shares"),
    [
        ("LambdaAllAtOnce", {10: 1.0}),
        ("LambdaCanary10Percent5Minutes", {10: 0.1, 290: 0.1, 320: 1.0}),
        ("LambdaCanary10Percent30Minutes", {1_790: 0.1, 1_820: 1.0}),
        ("LambdaLinear10PercentEvery1Minute", {10: 0.1, 70: 0.2, 310: 0.6, 500: 0.9, 560: 1.0}),
        ("LambdaLinear10PercentEvery10Minutes", {10: 0.1, 620: 0.2, 5_390: 0.9, 5_420: 1.0}),
    ],
)
def test_traffic_shifts_as_the_configuration_says(cloud, codedeploy, shop, begin, configuration, shares):
    deployment = begin(f"CodeDeployDefault.{configuration}")
    assert info(codedeploy, deployment)["status"] == "Created"
    passed = 0
    for seconds, share in shares.items():
        cloud.wait(seconds - passed)
        passed = seconds
        assert weight(shop) == pytest.approx(share)
        assert info(codedeploy, deployment)["status"] == ("Succeeded" if share == 1 else "InProgress")
    assert "RoutingConfig" not in shop.get_alias(FunctionName="shop", Name="live")


def test_a_canary_gets_its_share_of_the_requests(cloud, begin, invoke):
    begin("CodeDeployDefault.LambdaCanary10Percent30Minutes")
    cloud.wait(20)
    versions = Counter(invoke("shop", Qualifier="live")[0] for _ in range(300))
    assert 10 <= versions["2"] <= 60
    cloud.wait(1_800)
    assert {invoke("shop", Qualifier="live")[0] for _ in range(20)} == {"2"}


def test_a_configuration_of_ones_own_has_other_steps(cloud, codedeploy, shop, begin):
    routing = {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 2}}
    codedeploy.create_deployment_config(
        deploymentConfigName="thirds", computePlatform="Lambda", trafficRoutingConfig=routing
    )
    begin("thirds")
    found = []
    for _ in range(4):
        cloud.wait(110)
        found.append(weight(shop))
    assert found == [0.3, 0.6, 0.9, 1.0]
    described = codedeploy.get_deployment_config(deploymentConfigName="thirds")["deploymentConfigInfo"]
    assert described["trafficRoutingConfig"] == routing
    assert "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes" in (
        codedeploy.list_deployment_configs()["deploymentConfigsList"]
    )


# -- hooks -----------------------------------------------------------------------------------


def test_hooks_are_asked_before_and_after_the_traffic_shifts(cloud, codedeploy, shop, begin, hook, log_lines):
    hooks = {"BeforeAllowTraffic": hook("before"), "AfterAllowTraffic": hook("after")}
    deployment = begin("CodeDeployDefault.LambdaCanary10Percent5Minutes", hooks)
    cloud.wait(60)
    assert log_lines("before").count("asked") == 1
    assert events(codedeploy, deployment) == {
        "BeforeAllowTraffic": "Succeeded", "AllowTraffic": "InProgress", "AfterAllowTraffic": "Pending",
    }  # fmt: skip
    cloud.wait(300)
    assert log_lines("after").count("asked") == 1
    assert set(events(codedeploy, deployment).values()) == {"Succeeded"}
    assert info(codedeploy, deployment)["status"] == "Succeeded"


def test_a_hook_that_reports_failed_stops_the_deployment_before_any_traffic(cloud, codedeploy, shop, begin, hook):
    hooks = {"BeforeAllowTraffic": hook("before", "Failed")}
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", hooks, autoRollbackConfiguration=BOTH)
    cloud.wait(60)
    found = info(codedeploy, deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert events(codedeploy, deployment)["AllowTraffic"] == "Pending"
    assert weight(shop) == 0


def test_a_hook_after_the_traffic_can_take_it_all_back(cloud, codedeploy, shop, begin, hook):
    hooks = {"AfterAllowTraffic": hook("after", "Failed", "import time; time.sleep(2)")}
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", hooks, autoRollbackConfiguration=BOTH)
    cloud.wait(6.5)
    assert weight(shop) == 1
    cloud.wait(60)
    assert weight(shop) == 0
    back = info(codedeploy, info(codedeploy, deployment)["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == deployment


def test_a_hook_that_says_nothing_for_an_hour_has_failed(cloud, codedeploy, shop, begin, function):
    function("mute", "def handler(event, context): print('asked')")
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", {"BeforeAllowTraffic": "mute"})
    cloud.wait(3_590)
    assert info(codedeploy, deployment)["status"] == "InProgress"
    cloud.wait(30)
    assert info(codedeploy, deployment)["errorInformation"]["code"] == "TIMEOUT"


@pytest.mark.parametrize(
    ("status", "execution", "code"),
    [
        ("Skipped", "right", "InvalidLifecycleEventHookExecutionStatusException"),
        ("Succeeded", "wrong", "InvalidLifecycleEventHookExecutionIdException"),
        ("Succeeded", "over", "LifecycleEventAlreadyCompletedException"),
    ],
)
def test_a_report_must_be_about_a_hook_that_runs(
    cloud, codedeploy, shop, begin, function, log_lines, status, execution, code
):
    function("mute", "def handler(event, context): print(event['LifecycleEventHookExecutionId'])")
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", {"BeforeAllowTraffic": "mute"})
    cloud.wait(20)
    identifier = next(line for line in log_lines("mute") if " " not in line)
    report = codedeploy.put_lifecycle_event_hook_execution_status
    if execution == "over":
        report(deploymentId=deployment, lifecycleEventHookExecutionId=identifier, status="Succeeded")
    wanted = "x" if execution == "wrong" else identifier
    with pytest.raises(codedeploy.exceptions.ClientError) as caught:
        report(deploymentId=deployment, lifecycleEventHookExecutionId=wanted, status=status)
    assert caught.value.response["Error"]["Code"] == code


# -- alarms, stops and rollbacks ---------------------------------------------------------------


@pytest.fixture
def alarm(cloud):
    """An alarm on the new version's errors; alarm("ALARM") sets its state."""
    client = cloud.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="errors", Namespace="AWS/Lambda", MetricName="Errors", Period=60, EvaluationPeriods=1, Threshold=1,
        Statistic="Sum", ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching",
        Dimensions=[{"Name": "FunctionName", "Value": "shop"}],
    )  # fmt: skip
    return lambda state: client.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="test")


WATCHED = {"alarmConfiguration": {"enabled": True, "alarms": [{"name": "errors"}]}, "autoRollbackConfiguration": BOTH}


def test_an_alarm_stops_the_deployment_and_takes_the_traffic_back(cloud, codedeploy, shop, begin, alarm):
    deployment = begin("CodeDeployDefault.LambdaLinear10PercentEvery1Minute", **WATCHED)
    cloud.wait(130)
    assert weight(shop) == pytest.approx(0.3)
    alarm("ALARM")
    cloud.wait(20)
    assert weight(shop) == 0
    found = info(codedeploy, deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert found["errorInformation"]["message"].endswith("Activated alarms: errors")
    assert len(codedeploy.list_deployments(applicationName="bakery", deploymentGroupName="shop")["deployments"]) == 2


def test_errors_of_the_new_version_raise_the_alarm_by_themselves(cloud, codedeploy, function, invoke, begin, alarm):
    """From a failing handler over its metric and the alarm to the rollback."""
    client = cloud.client("lambda")
    broken = "def handler(event, context): return 1 / (context.function_version == '1')"
    function("fails", broken)  # only to have its package
    with_broken = cloud.lambda_.functions.model("fails").code_bytes
    client.update_function_code(FunctionName="shop", ZipFile=with_broken)
    client.publish_version(FunctionName="shop")
    begin("CodeDeployDefault.LambdaLinear10PercentEvery10Minutes", **WATCHED)
    cloud.wait(1_000)  # version 2 is sound
    assert weight(client) > 0
    cloud.wait(6_000)
    last = again(codedeploy, current="2", target="3")
    cloud.wait(30)
    for _ in range(60):
        invoke("shop", Qualifier="live")
        cloud.wait(3)
    cloud.wait(120)
    assert info(codedeploy, last)["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert client.get_alias(FunctionName="shop", Name="live")["FunctionVersion"] == "2"


def test_nothing_is_deployed_while_the_alarm_stands(cloud, codedeploy, shop, begin, alarm):
    alarm("ALARM")
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", **WATCHED)
    cloud.wait(10)
    assert info(codedeploy, deployment)["status"] == "Stopped"
    assert weight(shop) == 0


@pytest.mark.parametrize(("rolls_back", "left"), [(True, 0.0), (False, 0.1)])
def test_a_stop_leaves_the_traffic_or_takes_it_back(cloud, codedeploy, shop, begin, rolls_back, left):
    deployment = begin("CodeDeployDefault.LambdaCanary10Percent5Minutes")
    cloud.wait(30)
    codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=rolls_back)
    cloud.wait(400)
    assert weight(shop) == pytest.approx(left)
    assert info(codedeploy, deployment)["errorInformation"]["code"] == "MANUAL_STOP"
    with pytest.raises(codedeploy.exceptions.DeploymentAlreadyCompletedException):
        codedeploy.stop_deployment(deploymentId=deployment)


def test_an_alias_that_is_elsewhere_is_not_moved(cloud, codedeploy, shop, begin):
    shop.update_alias(FunctionName="shop", Name="live", FunctionVersion="$LATEST")
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce")
    cloud.wait(10)
    assert info(codedeploy, deployment)["errorInformation"]["code"] == "INVALID_LAMBDA_CONFIGURATION"
    assert shop.get_alias(FunctionName="shop", Name="live")["FunctionVersion"] == "$LATEST"


def test_a_group_has_one_deployment_at_a_time(cloud, codedeploy, shop, begin):
    begin("CodeDeployDefault.LambdaCanary10Percent5Minutes")
    with pytest.raises(codedeploy.exceptions.DeploymentLimitExceededException, match="already has an active"):
        again(codedeploy)


@pytest.mark.parametrize(
    ("revision", "code"),
    [
        ({}, "RevisionRequiredException"),
        ({"revisionType": "String", "string": {"content": "a: ["}}, "InvalidRevisionException"),
        ({"revisionType": "String", "string": {"content": "Resources: []"}}, "InvalidRevisionException"),
    ],
)
def test_a_revision_must_say_what_to_deploy(codedeploy, begin, revision, code):
    begin("CodeDeployDefault.LambdaAllAtOnce")
    with pytest.raises(codedeploy.exceptions.ClientError) as caught:
        codedeploy.create_deployment(applicationName="bakery", deploymentGroupName="shop", revision=revision)
    assert caught.value.response["Error"]["Code"] == code


# -- who is told -------------------------------------------------------------------------------


def test_topics_and_rules_hear_of_a_deployment(cloud, codedeploy, begin):
    sns, sqs, bus = cloud.client("sns"), cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:heard"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    topic = sns.create_topic(Name="deployments")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    bus.put_rule(Name="deployed", EventPattern=json.dumps({"source": ["aws.codedeploy"]}))
    bus.put_targets(Rule="deployed", Targets=[{"Id": "queue", "Arn": arn}])
    trigger = {"triggerName": "t", "triggerTargetArn": topic, "triggerEvents": ["DeploymentStart", "DeploymentSuccess"]}
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", triggerConfigurations=[trigger])
    cloud.wait(60)
    found = [json.loads(message.body) for message in cloud.sqs.receive(url, 10)]
    assert sorted(one["status"] for one in found if "status" in one) == ["CREATED", "SUCCEEDED"]
    states = [one["detail"] for one in found if "detail" in one]
    assert {one["state"] for one in states} == {"START", "SUCCESS"}
    assert {one["deploymentId"] for one in states} == {deployment}


def test_applications_and_groups_are_described_updated_and_deleted(cloud, codedeploy, begin):
    deployment = begin("CodeDeployDefault.LambdaAllAtOnce", **WATCHED)
    cloud.wait(10)
    group = codedeploy.get_deployment_group(applicationName="bakery", deploymentGroupName="shop")["deploymentGroupInfo"]
    assert group["alarmConfiguration"] == WATCHED["alarmConfiguration"]
    assert group["lastSuccessfulDeployment"]["deploymentId"] == deployment
    codedeploy.update_deployment_group(
        applicationName="bakery", currentDeploymentGroupName="shop", newDeploymentGroupName="counter",
        deploymentConfigName="CodeDeployDefault.LambdaLinear10PercentEvery2Minutes",
    )  # fmt: skip
    assert codedeploy.list_deployment_groups(applicationName="bakery")["deploymentGroups"] == ["counter"]
    codedeploy.delete_deployment_group(applicationName="bakery", deploymentGroupName="counter")
    with pytest.raises(codedeploy.exceptions.DeploymentGroupDoesNotExistException):
        codedeploy.get_deployment_group(applicationName="bakery", deploymentGroupName="counter")
    codedeploy.delete_application(applicationName="bakery")
    assert codedeploy.list_applications()["applications"] == []
    with pytest.raises(codedeploy.exceptions.DeploymentConfigDoesNotExistException):
        codedeploy.get_deployment_config(deploymentConfigName="nothing")
