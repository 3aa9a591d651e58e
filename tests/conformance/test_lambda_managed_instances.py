"""Lambda Managed Instances, as AWS documents them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from localcloud.faults import Fault

PUBLISHED = "$LATEST.PUBLISHED"
ROLE = "arn:aws:iam::123456789012:role/operator"
SHOP = """
    import logging, os, sys, time, uuid
    calls, identity = 0, str(uuid.uuid4())
    def handler(event, context):
        global calls
        event = event or {}
        calls += 1
        mine = calls
        if event.get("exit"):
            sys.exit(1)
        time.sleep(event.get("sleep", 0))
        until = time.thread_time() + event.get("cpu", 0)
        while time.thread_time() < until:
            pass
        logging.getLogger("shop").info("served %s", mine)
        return {
            "process": identity, "call": mine, "environment": context.log_stream_name,
            "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "limit": os.environ["AWS_LAMBDA_MAX_CONCURRENCY"],
        }
"""


def capacity(provider="ovens", **config):
    """A CapacityProviderConfig."""
    arn = f"arn:aws:lambda:us-east-1:123456789012:capacity-provider:{provider}"
    return {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn, **config}}


@pytest.fixture
def lambda_(cloud):
    return cloud.client("lambda", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def provider(lambda_):
    """Create a capacity provider: provider(CapacityProviderScalingConfig={...}) -> its ARN."""

    def create(name="ovens", **settings):
        made = lambda_.create_capacity_provider(
            CapacityProviderName=name, VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
            PermissionsConfig={"CapacityProviderOperatorRoleArn": ROLE}, **settings,
        )["CapacityProvider"]  # fmt: skip
        assert made["State"] == "Pending"
        return made["CapacityProviderArn"]

    return create


@pytest.fixture
def create(function, provider):
    """Create a provider and a function on it: create(PerExecutionEnvironmentMaxConcurrency=4)."""

    def make(source=SHOP, settings=None, scaling=None, **config):
        provider(**({"CapacityProviderScalingConfig": scaling} if scaling else {}))
        settings = {"MemorySize": 2_048, "Timeout": 60, **(settings or {})}
        return function("shop", source, CapacityProviderConfig=capacity(**config), **settings)

    return make


@pytest.fixture
def publish(cloud, lambda_):
    """Publish to $LATEST.PUBLISHED, with bounds if there are any, and wait until it is done: publish(1, 1)."""

    def make(low=None, high=None):
        answer = lambda_.publish_version(FunctionName="shop", PublishTo="LATEST_PUBLISHED")
        if low is not None:
            scale(lambda_, low, high)
        cloud.wait(300)
        return answer

    return make


@pytest.fixture
def together(cloud, lambda_):
    """So many requests at once: what each answers, or its error."""

    def call(count, seconds=120, **event):
        def one():
            try:
                return json.loads(lambda_.invoke(FunctionName="shop", Payload=json.dumps(event))["Payload"].read())
            except ClientError as exc:
                return exc.response

        tasks = [cloud.kernel.spawn(one) for _ in range(count)]
        cloud.kernel.run(until_us=cloud.kernel.now_us + seconds * 1_000_000)
        return [task.result() for task in tasks]

    return call


def scale(lambda_, low, high, version=PUBLISHED):
    bounds = {"MinExecutionEnvironments": low, "MaxExecutionEnvironments": high}
    return lambda_.put_function_scaling_config(FunctionName="shop", Qualifier=version, FunctionScalingConfig=bounds)


def state(lambda_, version=PUBLISHED):
    return lambda_.get_function_configuration(FunctionName="shop", Qualifier=version)["State"]


def refused(answers):
    return [answer["Error"]["Code"] for answer in answers if "Error" in answer]


def environments(lines):
    """How many environments have been started."""
    return sum('"platform.initStart"' in line for line in lines)


def reports(lines):
    """The records of Lambda's own report lines."""
    return [json.loads(line)["record"] for line in lines if '"platform.report"' in line]


def metric(cloud, name, statistic, **dimensions):
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName=name, StartTime=cloud.now - timedelta(hours=20),
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        EndTime=cloud.now + timedelta(minutes=1), Period=86_400, Statistics=[statistic],
    )["Datapoints"]  # fmt: skip
    assert len(found) == 1
    return found[0][statistic]


class TestEnvironments:
    @pytest.mark.behaviour("LMI-01")
    def test_one_runs_many_requests_at_once_each_in_a_process_of_its_own(self, create, publish, together):
        create()
        publish(1, 1)
        answers = together(16, sleep=2)
        assert {answer["kind"] for answer in answers} == {"lambda-managed-instances"}
        assert len({answer["environment"] for answer in answers}) == 1
        assert len({answer["process"] for answer in answers}) == 16
        assert {(answer["call"], answer["limit"]) for answer in answers} == {(1, "16")}

    @pytest.mark.behaviour("LMI-01")
    def test_its_requests_share_tmp_where_code_that_is_not_safe_races(self, create, publish, together):
        create("""
            import time
            def handler(event, context):
                path = f"/tmp/{context.aws_request_id}" if event.get("own") else "/tmp/order"
                with open(path, "w") as file:
                    file.write(context.aws_request_id)
                time.sleep(1)  # the others write meanwhile
                with open(path) as file:
                    return {"right": file.read() == context.aws_request_id}
            """)  # fmt: skip
        publish(1, 1)
        assert [answer["right"] for answer in together(5, own=True)] == [True] * 5
        assert [answer["right"] for answer in together(5)].count(True) == 1

    @pytest.mark.behaviour("LMI-01")
    def test_a_request_beyond_its_concurrency_is_refused(self, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=3)
        publish(1, 1)
        assert refused(together(5, sleep=2)) == ["TooManyRequestsException"] * 2

    @pytest.mark.behaviour("LMI-01")
    @pytest.mark.parametrize(("memory_mb", "most"), [(2_048, 64), (4_096, 128)])
    def test_it_takes_sixty_four_requests_a_vcpu_at_most(self, lambda_, create, memory_mb, most):
        create(settings={"MemorySize": memory_mb}, PerExecutionEnvironmentMaxConcurrency=most)
        with pytest.raises(ClientError, match=f"{most + 1} is more than 64 for each of"):
            lambda_.update_function_configuration(
                FunctionName="shop", CapacityProviderConfig=capacity(PerExecutionEnvironmentMaxConcurrency=most + 1)
            )

    def test_processes_share_the_processor(self, cloud, create, publish, together, log_lines):
        create(PerExecutionEnvironmentMaxConcurrency=4)
        publish(1, 1)
        together(1, cpu=0.5)
        together(4, cpu=0.5)
        alone, *shared = (report["metrics"]["durationMs"] for report in reports(log_lines("shop")))
        assert 500 < alone < 600
        assert all(1_900 < duration < 2_300 for duration in shared)

    def test_a_process_that_dies_leaves_the_others_running(self, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=2)
        publish(1, 1)
        (first,) = together(1)
        assert together(1, exit=True)[0]["errorType"] == "Runtime.ExitError"
        assert refused(together(2, seconds=3, sleep=1)) == ["TooManyRequestsException"]
        assert together(1)[0]["environment"] == first["environment"]

    def test_one_whose_last_process_dies_is_replaced(self, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=1)
        publish(1, 1)
        (first,) = together(1)
        together(1, exit=True)
        (second,) = together(1)
        assert second["environment"] != first["environment"]

    def test_faults_hit_single_requests(self, cloud, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=4)
        publish(1, 1)
        crash = cloud.faults.add(Fault("crash", service="lambda", resource="shop", delay_ms=500))
        assert together(1, sleep=1)[0]["errorType"] == "Runtime.ExitError"
        crash.remove()
        error = cloud.faults.add(Fault("error", service="lambda", resource="shop", code="OvenCold"))
        assert together(1)[0]["errorType"] == "OvenCold"
        error.remove()
        assert refused(together(4, sleep=1)) == ["TooManyRequestsException"]  # a process is gone with the crash

    def test_a_timeout_answers_the_caller_and_does_not_stop_the_code(self, cloud, create, publish, together, log_lines):
        create(settings={"Timeout": 5}, PerExecutionEnvironmentMaxConcurrency=1)
        publish(1, 1)
        (answer,) = together(1, seconds=10, sleep=20)
        assert "Task timed out after 5.00 seconds" in answer["errorMessage"]
        assert refused(together(1, seconds=1)) == ["TooManyRequestsException"]  # its process is still taken
        cloud.wait(30)
        assert '"message": "served 1"' in "\n".join(log_lines("shop"))
        assert together(1)[0]["call"] == 2

    def test_it_logs_json_with_request_ids_and_reports_no_billed_duration(self, create, publish, together, log_lines):
        create()
        publish(1, 1)
        together(1)
        lines = [json.loads(line) for line in log_lines("shop")]
        (start,) = (line["record"] for line in lines if line.get("type") == "platform.start")
        (report,) = (line["record"] for line in lines if line.get("type") == "platform.report")
        (own,) = (line for line in lines if line.get("logger") == "shop")
        assert (start["version"], report["status"]) == (PUBLISHED, "success")
        assert list(report["metrics"]) == ["durationMs"]
        assert [span["name"] for span in report["spans"]] == ["responseLatency", "responseDuration"]
        assert (own["level"], own["message"], own["requestId"]) == ("INFO", "served 1", start["requestId"])


class TestScaling:
    @pytest.mark.behaviour("LMI-02")
    def test_traffic_that_doubles_finds_room_and_more_is_refused_until_capacity_follows(
        self, cloud, create, publish, together, log_lines
    ):
        create(PerExecutionEnvironmentMaxConcurrency=10)
        publish()
        assert refused(together(15, sleep=5)) == []  # half of what three environments take
        assert refused(together(30, seconds=10, sleep=5)) == []
        assert len(refused(together(60, seconds=10, sleep=5))) == 30
        cloud.wait(300)
        assert refused(together(60, sleep=5)) == []
        assert environments(log_lines("shop")) >= 6

    @pytest.mark.behaviour("LMI-02")
    def test_no_request_waits_for_an_environment_to_start(self, create, publish, together, log_lines):
        create("import time\ntime.sleep(20)\n" + "def handler(event, context):\n    return {'at': time.time()}\n")
        publish()
        together(20)
        assert all(report["metrics"]["durationMs"] < 500 for report in reports(log_lines("shop")))

    @pytest.mark.behaviour("LMI-02")
    def test_a_refusal_is_a_429_with_its_reason_in_a_metric(self, cloud, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=1)
        publish(1, 1)
        error = next(answer for answer in together(2, sleep=1) if "Error" in answer)
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert error["Reason"] == "ConcurrentInvocationLimitExceeded"
        for name, count in (("Throttles", 1), ("ConcurrencyThrottles", 1), ("CPUThrottles", 0), ("MemoryThrottles", 0)):
            assert metric(cloud, name, "Sum", FunctionName="shop") == count

    @pytest.mark.behaviour("LMI-02")
    def test_busy_processors_add_environments_however_few_the_requests(
        self, cloud, lambda_, create, publish, together, log_lines
    ):
        create()
        publish(1, 10)
        for _ in range(18):
            together(1, seconds=10, cpu=9)
        assert environments(log_lines("shop")) == 2  # one would be at 90 %, two are at 45 %

    def test_a_worn_out_environment_refuses_requests(self, cloud, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=8)
        publish(1, 1)

        def busy():
            return together(1, seconds=30, cpu=20)

        answers = []

        def later():
            cloud.kernel.sleep(4_000_000)
            for _ in range(3):
                cloud.kernel.sleep(1_000_000)
                try:
                    cloud.client("lambda", config=Config(retries={"total_max_attempts": 1})).invoke(FunctionName="shop")
                    answers.append("served")
                except ClientError as exc:
                    answers.append(exc.response["Error"]["Code"])

        cloud.kernel.spawn(later)
        busy()
        assert "TooManyRequestsException" in answers
        assert metric(cloud, "CPUThrottles", "Sum", FunctionName="shop") >= 1

    @pytest.mark.behaviour("LMI-03")
    def test_a_version_starts_with_three_instances_and_three_environments(self, cloud, create, publish, log_lines):
        create()
        publish()
        assert environments(log_lines("shop")) == 3
        instances = cloud.lambda_.managed.providers.get("ovens").instances.running
        assert [len(instance.guests) for instance in instances] == [1, 1, 1]

    @pytest.mark.behaviour("LMI-03")
    def test_it_keeps_them_without_traffic(self, cloud, lambda_, create, publish, together):
        create()
        publish()
        before = {answer["environment"] for answer in together(30, sleep=1)}
        cloud.wait(24 * 3_600)
        assert {answer["environment"] for answer in together(30, sleep=1)} == before
        assert len(before) == 3

    @pytest.mark.behaviour("LMI-03")
    def test_zero_and_zero_deactivate_it_until_it_is_scaled_again(self, cloud, lambda_, create, publish, together):
        create()
        publish()
        assert scale(lambda_, 0, 0)["FunctionState"] == "Deactivating"
        cloud.wait(600)
        assert state(lambda_) == "Deactivated"
        assert together(1)[0]["Error"]["Message"].endswith("following state: Deactivated")
        hours = cloud.meter.snapshot()
        cloud.wait(3_600)
        assert cloud.meter.since(hours).total("lambda.managed_instance_list_usd") == 0
        assert scale(lambda_, 2, 4)["FunctionState"] == "Pending"
        cloud.wait(300)
        assert state(lambda_) == "Active"
        assert "process" in together(1)[0]

    @pytest.mark.behaviour("LMI-03")
    @pytest.mark.parametrize(("low", "high"), [(0, 3), (4, 3)])
    def test_bounds_that_cannot_be_are_refused(self, lambda_, create, publish, low, high):
        create()
        publish()
        with pytest.raises(ClientError, match="MinExecutionEnvironments"):
            scale(lambda_, low, high)

    def test_bounds_are_applied_once_the_environments_are_there(self, cloud, lambda_, create, publish, log_lines):
        create()
        publish()
        scale(lambda_, 5, 6)
        target = {"FunctionName": "shop", "Qualifier": PUBLISHED}
        found = lambda_.get_function_scaling_config(**target)
        assert found["RequestedFunctionScalingConfig"] == {"MinExecutionEnvironments": 5, "MaxExecutionEnvironments": 6}
        assert found["AppliedFunctionScalingConfig"] == {"MinExecutionEnvironments": 3}
        cloud.wait(300)
        found = lambda_.get_function_scaling_config(**target)
        assert found["AppliedFunctionScalingConfig"] == found["RequestedFunctionScalingConfig"]
        assert environments(log_lines("shop")) == 5

    def test_environments_end_slowly_after_the_load_is_gone(self, cloud, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=2)
        publish()
        fleet = cloud.lambda_.managed.fleet("shop", PUBLISHED)
        together(12, seconds=10, sleep=5)
        cloud.wait(300)
        most = len(fleet.environments)
        assert most > 3
        cloud.wait(300)
        assert len(fleet.environments) == most
        cloud.wait(3_600)
        assert len(fleet.environments) == 3

    def test_a_provider_at_its_maximum_of_vcpus_fails_the_version(self, lambda_, create, publish):
        create(scaling={"MaxVCpuCount": 2})  # one m7i.large, which holds two environments
        publish()
        found = lambda_.get_function_configuration(FunctionName="shop", Qualifier=PUBLISHED)
        assert (found["State"], found["StateReasonCode"]) == ("Failed", "CapacityProviderScalingLimitExceeded")


class TestBill:
    @pytest.mark.behaviour("LMI-04")
    def test_instances_and_a_fee_are_billed_and_requests_and_no_duration(self, cloud, create, publish, together):
        create()
        publish()
        together(10, sleep=30)
        cloud.wait(3 * 3_600)
        used = cloud.meter.snapshot()
        hours = used.total("lambda.managed_instance_hours.m7i.large")
        assert hours == pytest.approx(3 * 3.12, rel=0.02)
        assert used.total("lambda.managed_requests") == 10
        assert used.total("lambda.gb_s.x86") == used.total("lambda.requests") == 0
        report = cost_report(used, cloud.facts)
        assert report.of("lambda.managed_instance_list_usd") == pytest.approx(
            0.15 * report.of("lambda.managed_instance_hours")
        )

    @pytest.mark.behaviour("LMI-04")
    def test_a_discount_applies_to_the_instances_and_not_to_the_fee(self, cloud, create, publish):
        create()
        publish()
        cloud.wait(3_600)
        full = cost_report(cloud.meter, cloud.facts)
        less = cost_report(cloud.meter, cloud.facts, instance_discount=0.5)
        hours, fee = "lambda.managed_instance_hours", "lambda.managed_instance_list_usd"
        assert less.of(hours) == pytest.approx(0.5 * full.of(hours))
        assert less.of(fee) == full.of(fee) > 0

    def test_an_instance_is_billed_for_some_minutes_after_its_last_environment(self, cloud, lambda_, create, publish):
        create()
        publish()
        lambda_.delete_function(FunctionName="shop")
        before = cloud.meter.snapshot()
        cloud.wait(3_600)
        assert cloud.meter.since(before).total("lambda.managed_instance_hours.m7i.large") == pytest.approx(
            3 * 180 / 3_600, rel=0.01
        )


class TestConfiguration:
    @pytest.mark.behaviour("LMI-05")
    @pytest.mark.parametrize(
        ("memory_mb", "config", "message"),
        [
            (1_024, {}, "the smallest is 2048 MB"),
            (2_048, {"ExecutionEnvironmentMemoryGiBPerVCpu": 4.0}, "has at least 1 vCPU"),
            (8_192, {"ExecutionEnvironmentMemoryGiBPerVCpu": 9.0}, "between 2 and 8"),
            (40_000, {}, "less than or equal to 32768"),
        ],
    )
    def test_functions_too_small_or_too_large_are_refused(self, create, memory_mb, config, message):
        with pytest.raises(ClientError, match=message):
            create(settings={"MemorySize": memory_mb}, **config)

    @pytest.mark.behaviour("LMI-05")
    @pytest.mark.parametrize(("memory_mb", "ratio"), [(2_048, 2.0), (8_192, 8.0), (32_768, 4.0)])
    def test_functions_from_two_to_eight_gib_a_vcpu_are_taken(self, lambda_, create, memory_mb, ratio):
        create(settings={"MemorySize": memory_mb}, ExecutionEnvironmentMemoryGiBPerVCpu=ratio)
        found = lambda_.get_function_configuration(FunctionName="shop")
        config = found["CapacityProviderConfig"]["LambdaManagedInstancesCapacityProviderConfig"]
        vcpus = memory_mb / 1_024 / ratio
        assert (found["MemorySize"], config["PerExecutionEnvironmentMaxConcurrency"]) == (memory_mb, 16 * vcpus)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart is not supported"),
            ({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "VpcConfig is not supported"),
            ({"Runtime": "python3.12"}, "python3.12 is not supported"),
            ({"Architectures": ["arm64"]}, "does not match the architecture x86_64"),
            ({"LoggingConfig": {"LogFormat": "Text"}}, "LogFormat Text is not supported"),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, create, settings, message):
        with pytest.raises(ClientError, match=message):
            create(settings=settings)

    def test_a_function_cannot_move_to_managed_instances(self, lambda_, function, provider):
        provider()
        function("shop", SHOP, MemorySize=2_048)
        with pytest.raises(ClientError, match="isn't supported for Lambda Default functions"):
            lambda_.update_function_configuration(FunctionName="shop", CapacityProviderConfig=capacity())

    def test_a_capacity_provider_must_exist(self, function):
        with pytest.raises(ClientError, match="Capacity provider not found"):
            function("shop", SHOP, MemorySize=2_048, CapacityProviderConfig=capacity("nowhere"))

    def test_it_excludes_provisioned_concurrency(self, cloud, lambda_, create):
        create()
        version = lambda_.publish_version(FunctionName="shop")["Version"]
        with pytest.raises(ClientError, match="not supported for functions on Lambda Managed Instances"):
            lambda_.put_provisioned_concurrency_config(
                FunctionName="shop", Qualifier=version, ProvisionedConcurrentExecutions=1
            )

    @pytest.mark.behaviour("LMI-06")
    def test_asynchronous_invocations_may_run_ninety_minutes_and_others_fifteen(
        self, cloud, lambda_, create, publish, together, log_lines
    ):
        create(settings={"Timeout": 5_400})
        publish()
        (answer,) = together(1, seconds=1_000, sleep=5_000)
        assert "Task timed out after 900.00 seconds" in answer["errorMessage"]
        lambda_.invoke(FunctionName="shop", InvocationType="Event", Payload=json.dumps({"sleep": 5_300}))
        cloud.wait(6_000)
        assert [report["status"] for report in reports(log_lines("shop"))] == ["timeout", "success"]

    @pytest.mark.behaviour("LMI-06")
    def test_so_may_batches_of_an_event_source_mapping(self, cloud, lambda_, create, publish, log_lines):
        create("import time\ndef handler(event, context):\n    time.sleep(2_000)\n", settings={"Timeout": 5_400})
        publish()
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "6000"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        lambda_.create_event_source_mapping(FunctionName="shop", EventSourceArn=arn)
        sqs.send_message(QueueUrl=url, MessageBody="bread")
        cloud.wait(3_000)
        (report,) = reports(log_lines("shop"))
        assert report["status"] == "success"
        assert report["metrics"]["durationMs"] > 2_000_000

    @pytest.mark.behaviour("LMI-06")
    def test_on_default_compute_no_timeout_is_longer_than_fifteen_minutes(self, lambda_, function):
        with pytest.raises(ClientError, match="less than or equal to 900"):
            function("late", SHOP, Timeout=901)
        function("shop", SHOP, Timeout=900)
        with pytest.raises(ClientError, match="less than or equal to 900"):
            lambda_.update_function_configuration(FunctionName="shop", Timeout=901)

    @pytest.mark.parametrize(("timeout_s", "taken"), [(5_400, True), (5_401, False)])
    def test_so_may_durable_functions_behind_a_mapping(self, cloud, lambda_, create, publish, timeout_s, taken):
        create(settings={"DurableConfig": {"ExecutionTimeout": timeout_s, "RetentionPeriodInDays": 1}})
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "6000"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        version = lambda_.publish_version(FunctionName="shop")["Version"]
        mapping = {"FunctionName": f"shop:{version}", "EventSourceArn": arn}
        if taken:
            assert lambda_.create_event_source_mapping(**mapping)["State"] in ("Creating", "Enabled")
        else:
            with pytest.raises(ClientError, match="at most 5400 seconds"):
                lambda_.create_event_source_mapping(**mapping)


class TestVersions:
    def test_the_plain_name_invokes_what_was_published_last(self, cloud, lambda_, create, publish, together):
        create()
        assert together(1)[0]["Error"]["Code"] == "NoPublishedVersionException"
        assert lambda_.get_function_configuration(FunctionName="shop")["State"] == "ActiveNonInvocable"
        answer = publish()
        assert (answer["Version"], answer["State"]) == (PUBLISHED, "Pending")
        assert answer["FunctionArn"].endswith(f":function:shop:{PUBLISHED}")
        assert lambda_.invoke(FunctionName="shop")["ExecutedVersion"] == PUBLISHED
        with pytest.raises(ClientError, match="following state: ActiveNonInvocable"):
            lambda_.invoke(FunctionName="shop", Qualifier="$LATEST")

    def test_a_version_cannot_be_invoked_before_its_environments_are_there(self, lambda_, create):
        create()
        lambda_.publish_version(FunctionName="shop", PublishTo="LATEST_PUBLISHED")
        with pytest.raises(ClientError, match="following state: Pending"):
            lambda_.invoke(FunctionName="shop")

    def test_an_asynchronous_event_waits_for_them(self, cloud, lambda_, create, log_lines):
        create()
        lambda_.publish_version(FunctionName="shop", PublishTo="LATEST_PUBLISHED")
        lambda_.invoke(FunctionName="shop", InvocationType="Event", Payload=b"{}")
        cloud.wait(600)
        assert '"message": "served 1"' in "\n".join(log_lines("shop"))

    def test_the_old_code_serves_until_the_new_is_ready(self, cloud, lambda_, create, publish, together):
        create()
        publish()
        lambda_.update_function_configuration(
            FunctionName="shop", CapacityProviderConfig=capacity(PerExecutionEnvironmentMaxConcurrency=2)
        )
        answer = lambda_.publish_version(FunctionName="shop", PublishTo="LATEST_PUBLISHED")
        assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "InProgress")
        assert together(1, seconds=1)[0]["limit"] == "16"
        cloud.wait(300)
        assert together(1)[0]["limit"] == "2"
        found = lambda_.get_function_configuration(FunctionName="shop", Qualifier=PUBLISHED)
        assert found["LastUpdateStatus"] == "Successful"

    def test_numbered_versions_are_counted_beside_it(self, cloud, lambda_, create, publish):
        create()
        publish()
        first = lambda_.publish_version(FunctionName="shop")["Version"]
        assert lambda_.publish_version(FunctionName="shop")["Version"] == first == "1"
        lambda_.update_function_configuration(FunctionName="shop", Timeout=30)
        assert lambda_.publish_version(FunctionName="shop")["Version"] == "2"
        cloud.wait(300)
        assert lambda_.invoke(FunctionName="shop", Qualifier="1")["ExecutedVersion"] == "1"
        attached = lambda_.list_function_versions_by_capacity_provider(CapacityProviderName="ovens")
        assert [one["FunctionArn"].rpartition(":")[2] for one in attached["FunctionVersions"]] == [PUBLISHED, "1", "2"]
        assert {one["State"] for one in attached["FunctionVersions"]} == {"Active"}

    def test_a_version_whose_init_fails_is_failed(self, lambda_, create, publish):
        create("import nothing_of_that_name\ndef handler(event, context): return 1\n")
        publish()
        found = lambda_.get_function_configuration(FunctionName="shop", Qualifier=PUBLISHED)
        assert (found["State"], found["StateReasonCode"]) == ("Failed", "FunctionError.RuntimeInitError")

    def test_init_may_take_fifteen_minutes(self, cloud, lambda_, create, publish):
        create("import time\ntime.sleep(800)\ndef handler(event, context): return 1\n", settings={"Timeout": 900})
        publish()
        assert state(lambda_) == "Pending"
        cloud.wait(800)
        assert state(lambda_) == "Active"


class TestCapacityProviders:
    def test_it_is_created_listed_changed_and_deleted(self, cloud, lambda_, provider):
        provider()
        provider("stoves", InstanceRequirements={"Architectures": ["arm64"]})
        cloud.wait(10)
        listed = lambda_.list_capacity_providers(State="Active")["CapacityProviders"]
        assert [one["CapacityProviderArn"].rpartition(":")[2] for one in listed] == ["ovens", "stoves"]
        first = lambda_.list_capacity_providers(MaxItems=1)
        assert len(lambda_.list_capacity_providers(MaxItems=1, Marker=first["NextMarker"])["CapacityProviders"]) == 1
        changed = lambda_.update_capacity_provider(
            CapacityProviderName="ovens", CapacityProviderScalingConfig={"MaxVCpuCount": 24}
        )["CapacityProvider"]
        assert changed["CapacityProviderScalingConfig"] == {"MaxVCpuCount": 24, "ScalingMode": "Auto"}
        gone = lambda_.delete_capacity_provider(CapacityProviderName="ovens")["CapacityProvider"]
        assert gone["State"] == "Deleting"
        cloud.wait(10)
        with pytest.raises(ClientError, match="Capacity provider not found"):
            lambda_.get_capacity_provider(CapacityProviderName="ovens")

    def test_one_with_versions_is_not_deleted(self, cloud, lambda_, create, publish):
        create()
        publish()
        with pytest.raises(ClientError, match="function versions are attached"):
            lambda_.delete_capacity_provider(CapacityProviderName="ovens")
        lambda_.delete_function(FunctionName="shop")
        lambda_.delete_capacity_provider(CapacityProviderName="ovens")

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"InstanceRequirements": {"AllowedInstanceTypes": ["z9.tiny"]}}, "no supported instance type"),
            (
                {"InstanceRequirements": {"AllowedInstanceTypes": ["m7i.*"], "ExcludedInstanceTypes": ["c*"]}},
                "Only one of",
            ),
            ({"CapacityProviderScalingConfig": {"ScalingMode": "Manual"}}, "ScalingPolicies are required"),
        ],
    )
    def test_what_aws_would_refuse_is_refused(self, provider, settings, message):
        with pytest.raises(ClientError, match=message):
            provider(**settings)

    def test_instances_are_of_the_types_that_are_allowed(self, cloud, lambda_, function, provider, publish):
        provider(InstanceRequirements={"AllowedInstanceTypes": ["c7i.*"]})
        function("shop", SHOP, MemorySize=8_192, CapacityProviderConfig=capacity())
        publish()
        assert cloud.meter.snapshot().total("lambda.managed_instance_hours.c7i.xlarge") > 0

    def test_it_is_seen_in_metrics_every_five_minutes(self, cloud, create, publish, together):
        create(PerExecutionEnvironmentMaxConcurrency=8)
        publish(1, 1)
        together(6, seconds=300, cpu=20)
        cloud.wait(300)
        own = {"CapacityProviderName": "ovens", "FunctionName": "shop", "Resource": f"shop:{PUBLISHED}"}
        assert metric(cloud, "ExecutionEnvironmentConcurrency", "Maximum", **own) == 6
        assert metric(cloud, "ExecutionEnvironmentConcurrencyLimit", "Maximum", **own) == 8
        assert metric(cloud, "ExecutionEnvironmentCPUUtilization", "Maximum", **own) == pytest.approx(40, abs=2)
        instances = {"CapacityProviderName": "ovens", "InstanceType": "m7i.large"}
        assert metric(cloud, "CPUUtilization", "Maximum", **instances) == pytest.approx(20, abs=1)
        assert metric(cloud, "vCPUAllocated", "Maximum", **instances) == 1
        assert metric(cloud, "vCPUAvailable", "Maximum", **instances) == 1
        assert metric(cloud, "MemoryAvailable", "Maximum", **instances) == 6 * 1_024**3


TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Ovens": {
            "Type": "AWS::Serverless::CapacityProvider",
            "Properties": {
                "CapacityProviderName": "ovens", "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
                "ScalingConfig": {"MaxVCpuCount": 64, "AverageCPUUtilization": 40},
            },
        },
        "Shop": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": "shop", "Handler": "index.handler", "Runtime": "python3.13", "MemorySize": 4096,
                "InlineCode": "def handler(event, context): return context.function_version",
                "CapacityProviderConfig": {
                    "Arn": {"Fn::GetAtt": ["Ovens", "Arn"]}, "PerExecutionEnvironmentMaxConcurrency": 10,
                    "ExecutionEnvironmentMemoryGiBPerVCpu": 4.0,
                },
                "FunctionScalingConfig": {"MinExecutionEnvironments": 2, "MaxExecutionEnvironments": 5},
            },
        },
    },
}  # fmt: skip


def test_a_sam_template_makes_both_and_publishes(cloud, lambda_):
    stacks = cloud.client("cloudformation")
    stacks.create_change_set(
        StackName="shop", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(TEMPLATE),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    stacks.get_waiter("change_set_create_complete").wait(StackName="shop", ChangeSetName="first")
    stacks.execute_change_set(StackName="shop", ChangeSetName="first")
    stacks.get_waiter("stack_create_complete").wait(StackName="shop")
    provider = lambda_.get_capacity_provider(CapacityProviderName="ovens")["CapacityProvider"]
    assert provider["CapacityProviderScalingConfig"] == {
        "MaxVCpuCount": 64,
        "ScalingMode": "Manual",
        "ScalingPolicies": [
            {"PredefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization", "TargetValue": 40.0}
        ],
    }
    assert lambda_.invoke(FunctionName="shop")["Payload"].read() == b'"$LATEST.PUBLISHED"'
    applied = lambda_.get_function_scaling_config(FunctionName="shop", Qualifier=PUBLISHED)
    assert applied["AppliedFunctionScalingConfig"] == {"MinExecutionEnvironments": 2, "MaxExecutionEnvironments": 5}
    stacks.delete_stack(StackName="shop")
    stacks.get_waiter("stack_delete_complete").wait(StackName="shop")
    assert lambda_.list_capacity_providers()["CapacityProviders"] == []


def test_a_template_whose_version_fails_is_rolled_back_to_nothing(cloud, lambda_):
    broken = json.loads(json.dumps(TEMPLATE))
    broken["Resources"]["Shop"]["Properties"]["InlineCode"] = "import nothing_of_that_name"
    stacks = cloud.client("cloudformation")
    stacks.create_change_set(
        StackName="shop", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(broken),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    stacks.get_waiter("change_set_create_complete").wait(StackName="shop", ChangeSetName="first")
    stacks.execute_change_set(StackName="shop", ChangeSetName="first")
    cloud.wait(900)
    events = stacks.describe_stack_events(StackName="shop")["StackEvents"]
    (failed,) = (event for event in events if event["ResourceStatus"] == "CREATE_FAILED")
    assert "failed during its initialization" in failed["ResourceStatusReason"]
    assert events[0]["ResourceStatus"] == "ROLLBACK_COMPLETE"
    assert lambda_.list_functions()["Functions"] == []
    assert lambda_.list_capacity_providers()["CapacityProviders"] == []
