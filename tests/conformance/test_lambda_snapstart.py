"""SnapStart for Python, as AWS documents it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

FILES = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0"
PUBLISHED = {"ApplyOn": "PublishedVersions"}
SHOP = """
    import os, random, secrets, time, uuid
    import boto3
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    print("module code runs")
    made_at = time.time()
    time.sleep(2)
    later = time.time() - made_at
    identity = str(uuid.uuid4())
    table = boto3.client("dynamodb").list_tables()["TableNames"]
    number = None
    order = []

    @register_before_snapshot
    def first():
        order.append("before 1")

    @register_before_snapshot
    def second():
        order.append("before 2")

    @register_after_restore
    def fresh(word="after"):
        global number
        order.append(word)
        number = str(uuid.uuid4())

    def handler(event, context):
        time.sleep((event or {}).get("sleep", 0))
        return {
            "identity": identity, "made_at": made_at, "later": round(later), "table": table, "number": number,
            "order": order, "random": random.random(), "secret": secrets.token_hex(8), "now": time.time(),
            "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
        }
"""
LATE = """
    import time
    from snapshot_restore_py import register_after_restore
    register_after_restore(time.sleep, 11)
    def handler(event, context): return 1
"""


@pytest.fixture
def lambda_(cloud):
    return cloud.client("lambda")


@pytest.fixture
def publish(cloud, lambda_, function):
    """Create a function with SnapStart and publish it: publish("shop", SHOP) -> "1", which is Active."""

    def create(name="shop", source=SHOP, **settings):
        function(name, source, SnapStart=PUBLISHED, Timeout=30, **settings)
        version = lambda_.publish_version(FunctionName=name)
        assert version["State"] == "Pending"
        cloud.wait(300)
        found = lambda_.get_function_configuration(FunctionName=name, Qualifier=version["Version"])
        assert (found["State"], found["SnapStart"]["OptimizationStatus"]) == ("Active", "On")
        return version["Version"]

    return create


@pytest.fixture
def together(cloud, lambda_):
    """So many requests at once: what each answers."""

    def call(count, qualifier="1", name="shop", sleep_s=1):
        def one():
            payload = json.dumps({"sleep": sleep_s})
            return json.loads(lambda_.invoke(FunctionName=name, Qualifier=qualifier, Payload=payload)["Payload"].read())

        tasks = [cloud.kernel.spawn(one) for _ in range(count)]
        cloud.kernel.run(until_us=cloud.kernel.now_us + 60_000_000)
        return [task.result() for task in tasks]

    return call


@pytest.mark.behaviour("LAM-41", "LAM-36")
def test_every_restored_environment_starts_with_the_same_memory(cloud, lambda_, publish, together):
    publish()
    cloud.client("dynamodb").create_table(
        TableName="late", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    answers = together(3)
    for shared in ("identity", "made_at", "later", "table", "random", "kind"):
        assert len({json.dumps(answer[shared]) for answer in answers}) == 1, shared
    for own in ("number", "secret"):
        assert len({answer[own] for answer in answers}) == 3, own
    (first, *_) = answers
    assert (first["kind"], first["table"], first["later"]) == ("snap-start", [], 2)
    assert first["now"] - first["made_at"] > 170  # the time of the snapshot, not of the restore
    assert first["order"] == ["before 2", "before 1", "after"]


@pytest.mark.behaviour("LAM-41")
def test_the_handler_of_a_restored_environment_lives_in_the_present(cloud, publish, together):
    publish()
    (one,) = together(1)
    (again,) = together(1)
    assert again["now"] == pytest.approx(cloud.now.timestamp(), abs=60)
    assert again["identity"] == one["identity"]
    assert again["number"] == one["number"]  # the same environment, warm


@pytest.mark.behaviour("LAM-41")
def test_a_restore_is_reported_instead_of_an_init(publish, together, log_lines):
    publish()
    together(1)
    together(1)
    cold, warm = (line for line in log_lines("shop") if line.startswith("REPORT"))
    assert "Restore Duration: " in cold
    assert "Billed Restore Duration: " in cold
    assert "Init Duration" not in cold
    assert "Restore" not in warm


def test_latest_has_no_snapshot(lambda_, publish, invoke, log_lines):
    publish()
    assert lambda_.get_function_configuration(FunctionName="shop")["SnapStart"] == {
        "ApplyOn": "PublishedVersions", "OptimizationStatus": "Off",
    }  # fmt: skip
    assert invoke("shop", {})[0]["kind"] == "on-demand"
    (report,) = [line for line in log_lines("shop") if line.startswith("REPORT")]
    assert "Init Duration" in report


@pytest.mark.behaviour("LAM-39")
def test_it_excludes_provisioned_concurrency(lambda_, publish):
    publish()
    with pytest.raises(ClientError, match="not supported for function versions with SnapStart enabled"):
        lambda_.put_provisioned_concurrency_config(
            FunctionName="shop", Qualifier="1", ProvisionedConcurrentExecutions=1
        )


@pytest.mark.behaviour("LAM-40")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Runtime": "python3.11"}, "python3.11 is not supported for SnapStart enabled functions"),
        ({"Runtime": "nodejs22.x"}, "nodejs22.x is not supported"),
        ({"EphemeralStorage": {"Size": 1024}}, "greater than 512 MB"),
        ({"FileSystemConfigs": [{"Arn": FILES, "LocalMountPath": "/mnt/a"}]}, "EFS"),
    ],
)
def test_what_it_does_not_work_with_is_refused(function, settings, message):
    with pytest.raises(ClientError, match=message):
        function("shop", SHOP, SnapStart=PUBLISHED, **settings)


@pytest.mark.behaviour("LAM-40")
def test_a_version_cannot_be_invoked_before_its_snapshot_is_taken(lambda_, function):
    function("shop", SHOP, SnapStart=PUBLISHED, Timeout=30)
    lambda_.publish_version(FunctionName="shop")
    with pytest.raises(ClientError, match="following state: Pending"):
        lambda_.invoke(FunctionName="shop", Qualifier="1")


@pytest.mark.behaviour("LAM-44")
def test_a_version_costs_until_it_is_deleted_and_at_least_three_hours(cloud, lambda_, publish, together):
    publish(MemorySize=1_024)
    assert cloud.meter.snapshot().total("lambda.snapstart_cache_gb_s") == 3 * 3_600
    together(2)
    assert cloud.meter.snapshot().total("lambda.snapstart_restored_gb") == 2
    cloud.wait(10 * 3_600)
    later = cloud.meter.snapshot().total("lambda.snapstart_cache_gb_s")
    assert later == pytest.approx(10 * 3_600, rel=0.02)
    lambda_.delete_function(FunctionName="shop", Qualifier="1")
    stopped = cloud.meter.snapshot().total("lambda.snapstart_cache_gb_s")
    cloud.wait(10 * 3_600)
    assert cloud.meter.snapshot().total("lambda.snapstart_cache_gb_s") == stopped


def test_what_runs_after_a_restore_must_be_done_in_ten_seconds(publish, together):
    publish("late", LATE)
    (answer,) = together(1, name="late")
    assert answer["errorType"] == "SnapStartTimeoutException"


def test_a_template_waits_for_the_snapshot(cloud, lambda_):
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
        "Shop": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": "def handler(event, context): return 1"}, "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Runtime": "python3.13", "FunctionName": "shop",
                "SnapStart": PUBLISHED,
            },
        },
        "First": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Shop"}}},
    }  # fmt: skip
    stacks = cloud.client("cloudformation")
    stacks.create_stack(
        StackName="shop", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"]
    )
    stacks.get_waiter("stack_create_complete").wait(StackName="shop")
    answer = lambda_.invoke(FunctionName="shop", Qualifier="1")
    assert answer["Payload"].read() == b"1"
