"""Provisioned concurrency, as AWS documents it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report

SOURCE = """
    import os, time, uuid
    time.sleep(12)
    identity = str(uuid.uuid4())
    def handler(event, context):
        time.sleep((event or {}).get("sleep", 0))
        return [identity, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
"""
FAST = SOURCE.replace("time.sleep(12)", "")


@pytest.fixture
def lambda_(cloud):
    return cloud.client("lambda")


@pytest.fixture
def version(lambda_, function):
    """Create a function and publish it: version("shop", SOURCE, Timeout=30) -> "1"."""

    def create(name="shop", source=FAST, **settings):
        function(name, source, Timeout=30, **settings)
        return lambda_.publish_version(FunctionName=name)["Version"]

    return create


@pytest.fixture
def provision(cloud, lambda_):
    """Provision, and wait until it is there: provision("1", 2) -> the configuration."""

    def put(qualifier, count, name="shop"):
        target = {"FunctionName": name, "Qualifier": qualifier}
        answer = lambda_.put_provisioned_concurrency_config(**target, ProvisionedConcurrentExecutions=count)
        assert (answer["Status"], answer["AllocatedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
        cloud.wait(300)
        return lambda_.get_provisioned_concurrency_config(**target)

    return put


@pytest.fixture
def together(cloud, lambda_):
    """So many requests at once: what each answers."""

    def call(qualifier, count, sleep_s=1, name="shop"):
        def one():
            payload = json.dumps({"sleep": sleep_s})
            return json.loads(lambda_.invoke(FunctionName=name, Qualifier=qualifier, Payload=payload)["Payload"].read())

        tasks = [cloud.kernel.spawn(one) for _ in range(count)]
        cloud.kernel.run(until_us=cloud.kernel.now_us + 40_000_000)
        return [task.result() for task in tasks]

    return call


def total(cloud, metric, statistic="Sum"):
    """A statistic of a metric of shop:1 over all of its time."""
    dimensions = [{"Name": "FunctionName", "Value": "shop"}, {"Name": "Resource", "Value": "shop:1"}]
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName=metric, Dimensions=dimensions, StartTime=cloud.now - timedelta(hours=20),
        EndTime=cloud.now + timedelta(minutes=1), Period=86_400, Statistics=[statistic],
    )["Datapoints"]  # fmt: skip
    return sum(point[statistic] for point in found)


@pytest.mark.behaviour("LAM-35", "LAM-36")
def test_requests_beyond_it_spill_over_to_cold_environments_on_demand(cloud, version, provision, together, log_lines):
    version()
    assert provision("1", 2)["Status"] == "READY"
    answers = together("1", 3)
    assert sorted(kind for _, kind in answers) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert len({identity for identity, _ in answers}) == 3
    reports = [line for line in log_lines("shop") if line.startswith("REPORT")]
    assert sum("Init Duration" in line for line in reports) == 1
    assert total(cloud, "ProvisionedConcurrencyInvocations") == 2
    assert total(cloud, "ProvisionedConcurrencySpilloverInvocations") == 1
    assert total(cloud, "ProvisionedConcurrencyUtilization", "Maximum") == 1.0
    assert total(cloud, "ProvisionedConcurrentExecutions", "Maximum") == 2


@pytest.mark.behaviour("LAM-35")
def test_an_environment_stays_for_the_next_request_however_late_it_comes(cloud, version, provision, together):
    version()
    provision("1", 1)
    (first,) = together("1", 1)
    cloud.wait(3 * 3600)
    assert together("1", 1) == [first]


@pytest.mark.behaviour("LAM-06")
def test_init_may_take_longer_than_ten_seconds(version, provision, together, log_lines):
    version(source=SOURCE)
    assert provision("1", 1)["Status"] == "READY"
    together("1", 1)
    (report,) = [line for line in log_lines("shop") if line.startswith("REPORT")]
    assert "Init Duration" not in report
    assert float(report.split("Duration: ")[1].split(" ms")[0]) < 2_000


@pytest.mark.behaviour("LAM-37")
def test_it_is_billed_in_blocks_of_five_minutes_with_an_init_that_serves_nobody(cloud, lambda_, version, provision):
    version(source=SOURCE, MemorySize=1_024)
    provision("1", 2)  # a little more than five minutes
    used = cloud.meter.snapshot()
    assert used.total("lambda.provisioned_gb_s.x86") == 2 * 600
    assert used.total("lambda.provisioned_duration_gb_s.x86") == pytest.approx(2 * 12.1, abs=0.5)
    assert used.total("lambda.requests") == 0
    cloud.wait(30)
    lambda_.delete_provisioned_concurrency_config(FunctionName="shop", Qualifier="1")
    cloud.wait(3_600)
    used = cloud.meter.snapshot()
    assert used.total("lambda.provisioned_gb_s.x86") == 2 * 600
    assert cost_report(used, cloud.facts).of("lambda.provisioned_gb_s") == pytest.approx(1_200 * 4.1667e-06)


@pytest.mark.behaviour("LAM-38")
def test_a_unit_serves_ten_requests_a_second(cloud, version, provision, together, lambda_):
    version()
    provision("1", 1)
    cloud.wait(1)
    kinds = [together("1", 1, sleep_s=0)[0][1] for _ in range(3)]
    assert set(kinds) == {"provisioned-concurrency"}

    def one():
        return json.loads(lambda_.invoke(FunctionName="shop", Qualifier="1", Payload=b"{}")["Payload"].read())[1]

    def many():
        return [one() for _ in range(30)]

    task = cloud.kernel.spawn(many)
    start_us = cloud.kernel.now_us
    cloud.kernel.run(until_us=start_us + 60_000_000)
    answers = task.result()
    assert answers[:10] == ["provisioned-concurrency"] * 10
    assert "on-demand" in answers


@pytest.mark.behaviour("LAM-37")
@pytest.mark.parametrize(
    ("qualifier", "wanted", "message"),
    [
        ("$LATEST", 1, "cannot be applied to unpublished function versions"),
        ("1", 6, "should not be greater than the reservedConcurrentExecution"),
        ("spread", 1, "Alias with weights can not be used"),
        ("9", 1, "Function not found"),
    ],
)
def test_what_aws_would_refuse_is_refused(lambda_, version, qualifier, wanted, message):
    version()
    lambda_.update_function_configuration(FunctionName="shop", MemorySize=512)
    lambda_.publish_version(FunctionName="shop")
    lambda_.create_alias(
        FunctionName="shop", Name="spread", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    lambda_.put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=5)
    with pytest.raises(ClientError, match=message):
        lambda_.put_provisioned_concurrency_config(
            FunctionName="shop", Qualifier=qualifier, ProvisionedConcurrentExecutions=wanted
        )


@pytest.mark.behaviour("LAM-37")
def test_a_reservation_below_it_is_refused_and_the_account_keeps_a_part_free(lambda_, version, provision):
    version()
    with pytest.raises(ClientError, match=r"greater than account's unreserved concurrency \[900\]"):
        provision("1", 901)
    provision("1", 3)
    with pytest.raises(ClientError, match=r"lower than function's total provisioned concurrency \[3\]"):
        lambda_.put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=2)
    assert lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 997


def test_an_alias_takes_its_provisioned_concurrency_to_another_version(cloud, lambda_, version, provision, together):
    version()
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    provision("live", 1)
    (first,) = together("live", 1)
    assert together("1", 1)[0][1] == "on-demand"
    lambda_.update_function_configuration(FunctionName="shop", MemorySize=512)
    lambda_.publish_version(FunctionName="shop")
    lambda_.update_alias(FunctionName="shop", Name="live", FunctionVersion="2")
    cloud.wait(300)
    (second,) = together("live", 1)
    assert (first[1], second[1]) == ("provisioned-concurrency", "provisioned-concurrency")
    assert first[0] != second[0]
    with pytest.raises(ClientError, match="pointed by a Provisioned Concurrency alias"):
        provision("2", 1)
    lambda_.delete_alias(FunctionName="shop", Name="live")
    assert lambda_.list_provisioned_concurrency_configs(FunctionName="shop")["ProvisionedConcurrencyConfigs"] == []


def test_a_template_provisions_an_alias(cloud, lambda_):
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
        "Shop": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": "def handler(event, context): return 1"}, "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Runtime": "python3.13", "FunctionName": "shop",
            },
        },
        "First": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Shop"}}},
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Shop"}, "Name": "live",
                "FunctionVersion": {"Fn::GetAtt": ["First", "Version"]},
                "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2},
            },
        },
    }  # fmt: skip
    stacks = cloud.client("cloudformation")
    stacks.create_stack(
        StackName="shop", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"]
    )
    stacks.get_waiter("stack_create_complete").wait(StackName="shop")
    found = lambda_.get_provisioned_concurrency_config(FunctionName="shop", Qualifier="live")
    assert (found["Status"], found["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 2)
