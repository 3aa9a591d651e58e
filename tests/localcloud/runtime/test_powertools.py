"""Powertools for AWS Lambda works inside simulated functions, in virtual time, apart for each environment."""

from __future__ import annotations

import json

import pytest

from localcloud.faults import Fault

IDEMPOTENT = """
    import time
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

    layer = DynamoDBPersistenceLayer(table_name="idempotency")
    config = IdempotencyConfig(event_key_jmespath="order", expires_after_seconds=600, raise_on_no_idempotency_key=True)
    tries = 0

    @idempotent(config=config, persistence_store=layer)
    def handler(event, context):
        global tries
        tries += 1
        print("baked", event["order"])
        time.sleep(event.get("seconds", 0))
        if event.get("burns"):
            raise ValueError("burnt")
        return {"order": event["order"], "at": time.time()}
"""


@pytest.fixture
def table(cloud):
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="idempotency",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return lambda: dynamodb.scan(TableName="idempotency")["Items"]


@pytest.fixture
def baked(cloud, log_lines):
    """The orders that the handler has really run for."""

    def read(name="bakery"):
        groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        lines = log_lines(name) if groups else []
        return [line.split(" ", 1)[1] for line in lines if line.startswith("baked ")]

    return read


def start(cloud, event, after_s=0.0, name="bakery"):
    """Invoke beside what else goes on; the task's result is (function error, answer)."""

    def call():
        result = cloud.lambda_.invoke(name, json.dumps(event).encode())
        return result.function_error, json.loads(result.payload)

    return cloud.kernel.spawn(call, delay_us=round(after_s * 1e6))


# -- idempotency -------------------------------------------------------------------------------


def test_a_second_call_gets_the_stored_result_without_running(cloud, function, invoke, table, baked):
    function("bakery", IDEMPOTENT, Timeout=30)
    first, _ = invoke("bakery", {"order": "o-1", "by": "Ada"})
    cloud.wait(60)
    second, response = invoke("bakery", {"order": "o-1", "by": "Bea"})
    assert "FunctionError" not in response
    assert first == second
    assert baked() == ["o-1"]
    (record,) = table()
    assert record["status"]["S"] == "COMPLETED"
    assert json.loads(record["data"]["S"]) == first
    other, _ = invoke("bakery", {"order": "o-2"})
    assert other["at"] > first["at"]


def test_a_result_is_forgotten_after_its_virtual_expiry(cloud, function, invoke, table, baked):
    function("bakery", IDEMPOTENT, Timeout=30)
    first, _ = invoke("bakery", {"order": "o-1"})
    (record,) = table()
    assert int(record["expiration"]["N"]) == pytest.approx(first["at"] + 600, abs=2)
    cloud.wait(590)
    assert invoke("bakery", {"order": "o-1"})[0] == first
    cloud.wait(20)
    again, _ = invoke("bakery", {"order": "o-1"})
    assert again["at"] > first["at"] + 600
    assert baked() == ["o-1", "o-1"]


def test_a_duplicate_while_the_first_runs_is_refused(cloud, function, table, baked):
    function("bakery", IDEMPOTENT, Timeout=30)
    first = start(cloud, {"order": "o-1", "seconds": 5})
    duplicate = start(cloud, {"order": "o-1", "seconds": 5}, after_s=3)
    cloud.wait(20)
    error, answer = duplicate.result()
    assert error == "Unhandled"
    assert answer["errorType"] == "IdempotencyAlreadyInProgressError"
    assert first.result()[0] is None
    assert baked() == ["o-1"]


def test_of_many_at_the_same_moment_one_runs(cloud, function, table, baked):
    function("bakery", IDEMPOTENT, Timeout=30)
    tasks = [start(cloud, {"order": "o-1", "seconds": 1}) for _ in range(8)]
    cloud.wait(20)
    errors = [answer.get("errorType") for _, answer in (task.result() for task in tasks)]
    assert errors.count(None) == 1
    assert set(errors) == {None, "IdempotencyAlreadyInProgressError"}
    assert baked() == ["o-1"]


def test_an_error_frees_the_key_for_the_next_try(cloud, function, invoke, table, baked):
    function("bakery", IDEMPOTENT, Timeout=30)
    answer, _ = invoke("bakery", {"order": "o-1", "burns": True})
    assert answer["errorType"] == "ValueError"
    assert table() == []
    assert invoke("bakery", {"order": "o-1"})[0]["order"] == "o-1"
    assert baked() == ["o-1", "o-1"]


@pytest.mark.parametrize("ending", ["timeout", "crash"])
def test_what_died_in_progress_may_run_again_after_the_functions_timeout(cloud, function, invoke, table, baked, ending):
    function("bakery", IDEMPOTENT, Timeout=10)
    seconds = 60 if ending == "timeout" else 5
    if ending == "crash":
        cloud.faults.during(8, Fault("crash", service="lambda", resource="bakery", delay_ms=2_000))
    started = cloud.now
    answer, _ = invoke("bakery", {"order": "o-1", "seconds": seconds})
    assert answer["errorType"] == ("Sandbox.Timedout" if ending == "timeout" else "Runtime.ExitError")
    (record,) = table()
    assert record["status"]["S"] == "INPROGRESS"
    if ending == "crash":  # the time it had is not over
        assert invoke("bakery", {"order": "o-1"})[0]["errorType"] == "IdempotencyAlreadyInProgressError"
    cloud.wait(12 - min(12.0, (cloud.now - started).total_seconds()))
    assert invoke("bakery", {"order": "o-1"})[0]["order"] == "o-1"
    assert baked() == ["o-1", "o-1"]


def test_an_event_that_is_delivered_twice_has_its_effect_once(cloud, function, invoke, table, baked):
    function("bakery", IDEMPOTENT, Timeout=30)
    cloud.faults.add(Fault("duplicate", service="lambda", resource="bakery"))
    for number in range(5):
        invoke("bakery", {"order": f"o-{number}"}, InvocationType="Event")
    cloud.wait(400)
    assert sorted(baked()) == [f"o-{number}" for number in range(5)]
    assert len(cloud.faults.log) == 5


def test_a_changed_payload_and_a_missing_key_are_refused(cloud, function, invoke, table, baked):
    source = IDEMPOTENT.replace('"order", expires', '"order", payload_validation_jmespath="amount", expires')
    function("bakery", source, Timeout=30)
    assert "FunctionError" not in invoke("bakery", {"order": "o-1", "amount": 5})[1]
    assert invoke("bakery", {"order": "o-1", "amount": 6})[0]["errorType"] == "IdempotencyValidationError"
    assert invoke("bakery", {"amount": 6})[0]["errorType"] == "IdempotencyKeyError"
    assert baked() == ["o-1"]


def test_the_local_cache_belongs_to_one_environment_and_keeps_virtual_time(cloud, function, invoke, table, baked):
    source = IDEMPOTENT.replace("expires_after", "use_local_cache=True, expires_after")
    function("bakery", source, Timeout=30)
    first, _ = invoke("bakery", {"order": "o-1"})
    outage = cloud.faults.add(Fault("error", service="dynamodb"))
    assert invoke("bakery", {"order": "o-1"})[0] == first  # from the environment's own memory
    outage.remove()
    start(cloud, {"order": "o-2", "seconds": 20})  # keeps that environment busy: the next call needs another one
    cloud.wait(1)
    outage = cloud.faults.during(15, Fault("error", service="dynamodb"))
    assert invoke("bakery", {"order": "o-1"})[0]["errorType"] == "IdempotencyPersistenceLayerError"
    outage.remove()
    cloud.wait(600)
    assert invoke("bakery", {"order": "o-1"})[0]["at"] > first["at"]
    assert sorted(baked()) == ["o-1", "o-1", "o-2"]


def test_a_function_inside_a_handler_can_be_idempotent(cloud, function, invoke, table, baked):
    function(
        "bakery",
        """
        from dataclasses import dataclass
        from aws_lambda_powertools.utilities.idempotency import (
            DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function)
        from aws_lambda_powertools.utilities.idempotency.serialization.dataclass import DataclassSerializer

        config = IdempotencyConfig(event_key_jmespath="number")

        @dataclass
        class Cake:
            number: int
            layers: int

        @idempotent_function(data_keyword_argument="cake", config=config, output_serializer=DataclassSerializer,
                             persistence_store=DynamoDBPersistenceLayer(table_name="idempotency"))
        def bake(cake: Cake) -> Cake:
            print("baked", cake.number)
            return Cake(cake.number, cake.layers + 1)

        def handler(event, context):
            config.register_lambda_context(context)
            made = [bake(cake=Cake(number, 2)) for number in event]
            return [[type(cake).__name__, cake.number, cake.layers] for cake in made]
        """,
    )
    assert invoke("bakery", [1, 2, 1])[0] == [["Cake", 1, 3], ["Cake", 2, 3], ["Cake", 1, 3]]
    assert invoke("bakery", [2])[0] == [["Cake", 2, 3]]
    assert baked() == ["1", "2"]


# -- batches -----------------------------------------------------------------------------------

BATCH = """
    import json
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    processor = BatchProcessor(event_type=EventType.SQS)

    def bake(record):
        order = record.json_body
        if order["burns"] and int(record.attributes.approximate_receive_count) < 3:
            raise ValueError("burnt")
        print("baked", order["id"])

    def handler(event, context):
        return process_partial_response(event=event, record_handler=bake, processor=processor, context=context)
"""


def test_a_partial_batch_response_returns_only_what_failed(cloud, function, baked):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function("bakery", BATCH, Timeout=5)
    for number in range(10):
        body = json.dumps({"id": number, "burns": number % 5 == 0})
        sqs.send_message(QueueUrl=url, MessageBody=body)
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName="bakery", FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    cloud.wait(25)
    assert sorted(baked()) == [str(number) for number in range(10) if number % 5]
    cloud.wait(120)
    assert sorted(baked()) == [str(number) for number in range(10)]
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_batch_that_fails_as_a_whole_raises(function, invoke):
    function("bakery", BATCH)
    record = {
        "messageId": "m-1",
        "body": '{"id": 1, "burns": true}',
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }
    assert invoke("bakery", {"Records": [record]})[0]["errorType"] == "BatchProcessingError"


def test_an_async_batch_processor_handles_records_side_by_side(cloud, function, invoke):
    function(
        "bakery",
        """
        import asyncio, time
        from aws_lambda_powertools.utilities.batch import (
            AsyncBatchProcessor, EventType, async_process_partial_response)

        processor = AsyncBatchProcessor(event_type=EventType.SQS)

        async def bake(record):
            await asyncio.sleep(2)
            if record.body == "3":
                raise ValueError("burnt")

        def handler(event, context):
            started = time.time()
            answer = async_process_partial_response(
                event=event, record_handler=bake, processor=processor, context=context)
            return [answer, round(time.time() - started)]
        """,
        Timeout=30,
    )
    records = [{"messageId": f"m-{n}", "body": str(n), "eventSource": "aws:sqs"} for n in range(5)]
    assert invoke("bakery", {"Records": records})[0] == [{"batchItemFailures": [{"itemIdentifier": "m-3"}]}, 2]


# -- parameters --------------------------------------------------------------------------------


def test_parameters_are_cached_in_virtual_time(cloud, function, invoke):
    ssm, secrets = cloud.client("ssm"), cloud.client("secretsmanager")
    ssm.put_parameter(Name="/bakery/price", Value="4.20", Type="String")
    ssm.put_parameter(Name="/bakery/hours/open", Value="6", Type="String")
    secrets.create_secret(Name="pay-key", SecretString='{"key": "k1"}')
    function(
        "bakery",
        """
        from aws_lambda_powertools.utilities import parameters

        def handler(event, context):
            return [
                parameters.get_parameter("/bakery/price", max_age=60),
                parameters.get_parameters("/bakery/hours", max_age=60),
                parameters.get_secret("pay-key", transform="json", max_age=60)["key"],
            ]
        """,
        Timeout=30,
    )
    assert invoke("bakery")[0] == ["4.20", {"open": "6"}, "k1"]
    ssm.put_parameter(Name="/bakery/price", Value="4.50", Type="String", Overwrite=True)
    secrets.put_secret_value(SecretId="pay-key", SecretString='{"key": "k2"}')
    cloud.wait(30)
    assert invoke("bakery")[0] == ["4.20", {"open": "6"}, "k1"]
    cloud.wait(40)
    assert invoke("bakery")[0] == ["4.50", {"open": "6"}, "k2"]


def test_a_parameter_that_cannot_be_read_is_an_error_of_powertools(cloud, function, invoke):
    source = """
        from aws_lambda_powertools.utilities import parameters
        def handler(event, context):
            return parameters.get_parameter("/bakery/none")
    """
    function("bakery", source, Timeout=30)
    assert invoke("bakery")[0]["errorType"] == "GetParameterError"
    cloud.client("ssm").put_parameter(Name="/bakery/none", Value="x", Type="String")
    cloud.faults.add(Fault("throttle", service="ssm", share=0.3))
    assert invoke("bakery")[0] == "x"


# -- logging -----------------------------------------------------------------------------------


def test_logger_and_metrics_write_their_own_lines_for_each_environment(cloud, function, log_lines):
    function(
        "bakery",
        """
        import time
        from aws_lambda_powertools import Logger, Metrics
        from aws_lambda_powertools.metrics import MetricUnit

        logger, metrics = Logger(service="bakery"), Metrics(namespace="Bakery", service="bakery")

        @metrics.log_metrics(capture_cold_start_metric=True)
        @logger.inject_lambda_context(correlation_id_path="order", clear_state=True)
        def handler(event, context):
            logger.append_keys(by=event["by"])
            time.sleep(1)
            logger.info("baking")
            metrics.add_metric(name="Cakes", unit=MetricUnit.Count, value=1)
        """,
        Timeout=30,
    )
    tasks = [start(cloud, {"order": f"o-{n}", "by": f"b-{n}"}) for n in range(3)]
    cloud.wait(20)
    assert [task.result()[0] for task in tasks] == [None] * 3
    found = [json.loads(line) for line in log_lines("bakery") if line.startswith("{")]
    logged = [line for line in found if "message" in line]
    assert sorted((line["correlation_id"], line["by"]) for line in logged) == [(f"o-{n}", f"b-{n}") for n in range(3)]
    assert all(line["cold_start"] for line in logged)
    assert sum("ColdStart" in line for line in found) == 3
    assert sum(line.get("Cakes") == [1.0] for line in found) == 3
    assert all(line["timestamp"].startswith(f"{cloud.now:%Y-%m-%d}") for line in logged)
