"""Lambda polling SQS queues, as AWS documents it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sqs:us-east-1:123456789012:"

RECORD_BODIES = """
    import time, json
    def handler(event, context):
        print(json.dumps([r["body"] for r in event["Records"]]))
"""
FAIL_SOME = """
    import json
    def handler(event, context):
        print(json.dumps([r["body"] for r in event["Records"]]))
        bad = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": i} for i in bad]}
"""


@pytest.fixture
def queue(cloud):
    """Create a queue: queue("orders", VisibilityTimeout=30) -> URL."""

    def create(name, **attributes):
        attributes = {"VisibilityTimeout": 30, **attributes}
        if name.endswith(".fifo"):
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        return cloud.client("sqs").create_queue(
            QueueName=name, Attributes={key: str(value) for key, value in attributes.items()}
        )["QueueUrl"]

    return create


@pytest.fixture
def connect(cloud, function):
    """Create a function and let it serve a queue: connect("orders", SOURCE, BatchSize=5) -> mapping."""

    def create(queue_name, source, settings=None, **mapping):
        name = "worker-" + queue_name.split(".")[0]
        function(name, source, **(settings or {}))
        return cloud.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=ARN + queue_name, **mapping
        )

    return create


@pytest.fixture
def batches(cloud):
    """The bodies of every batch that a worker printed."""

    def read(queue_name):
        group = f"/aws/lambda/worker-{queue_name.split('.')[0]}"
        names = [g["logGroupName"] for g in cloud.client("logs").describe_log_groups()["logGroups"]]
        if group not in names:
            return []
        events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
        return [json.loads(e["message"]) for e in events if e["message"].startswith("[")]

    return read


def send(cloud, url, *bodies, **entry):
    for body in bodies:
        cloud.kernel.call(lambda body=body: cloud.sqs.send(url, body, **entry))


def test_messages_reach_the_function_in_batches_and_are_deleted(cloud, queue, connect, batches):
    url = queue("orders")
    connect("orders", RECORD_BODIES, BatchSize=10)
    send(cloud, url, *(f"order {n}" for n in range(25)))
    cloud.wait(10)
    assert sorted(body for batch in batches("orders") for body in batch) == sorted(f"order {n}" for n in range(25))
    assert max(len(batch) for batch in batches("orders")) <= 10
    counts = cloud.sqs.counts(url)
    assert (counts.visible, counts.in_flight) == (0, 0)


def test_a_record_carries_what_the_documentation_lists(cloud, queue, connect, log_lines):
    url = queue("orders")
    connect("orders", "import json\ndef handler(event, context): print(json.dumps(event))")
    attribute = {"kind": {"DataType": "String", "StringValue": "bread"}}
    send(cloud, url, "one", MessageAttributes=attribute)
    cloud.wait(5)
    (line,) = [line for line in log_lines("worker-orders") if line.startswith("{")]
    (record,) = json.loads(line)["Records"]
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == (
        "aws:sqs",
        ARN + "orders",
        "us-east-1",
    )
    assert record["messageAttributes"]["kind"]["stringValue"] == "bread"
    assert sorted(record["attributes"]) == [
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    ]


@pytest.mark.behaviour("ESQ-03")
def test_only_the_listed_messages_return_to_the_queue(cloud, queue, connect, batches):
    url = queue("orders", VisibilityTimeout=30)
    connect("orders", FAIL_SOME, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"])
    send(cloud, url, "good", "bad", "fine")
    cloud.wait(20)
    assert cloud.sqs.counts(url).in_flight == 1
    cloud.wait(20)
    flat = [body for batch in batches("orders") for body in batch]
    assert (flat.count("good"), flat.count("fine"), flat.count("bad")) == (1, 1, 2)


@pytest.mark.behaviour("ESQ-04")
@pytest.mark.parametrize("answer", ['{"batchItemFailures": []}', '{"batchItemFailures": None}', "{}", "None"])
def test_an_empty_partial_response_is_complete_success(cloud, queue, connect, answer):
    url = queue("orders")
    connect("orders", f"def handler(e, c): return {answer}", FunctionResponseTypes=["ReportBatchItemFailures"])
    send(cloud, url, "one", "two")
    cloud.wait(10)
    counts = cloud.sqs.counts(url)
    assert (counts.visible, counts.in_flight) == (0, 0)


@pytest.mark.behaviour("ESQ-05")
@pytest.mark.parametrize(
    "answer",
    [
        '{"batchItemFailures": [{"itemIdentifier": ""}]}',
        '{"batchItemFailures": [{"itemIdentifier": None}]}',
        '{"batchItemFailures": [{"id": "x"}]}',
        '{"batchItemFailures": [{"itemIdentifier": "unknown"}]}',
        '{"failures": []}',
        '"text"',
    ],
)
def test_an_invalid_partial_response_fails_the_whole_batch(cloud, queue, connect, answer):
    url = queue("orders")
    connect("orders", f"def handler(e, c): return {answer}", FunctionResponseTypes=["ReportBatchItemFailures"])
    send(cloud, url, "one", "two")
    cloud.wait(10)
    assert cloud.sqs.counts(url).in_flight == 2


@pytest.mark.behaviour("ESQ-06")
def test_an_exception_fails_the_whole_batch_even_with_partial_responses(cloud, queue, connect):
    url = queue("orders")
    connect("orders", "def handler(e, c): raise ValueError", FunctionResponseTypes=["ReportBatchItemFailures"])
    send(cloud, url, "one", "two")
    cloud.wait(10)
    assert cloud.sqs.counts(url).in_flight == 2


SLOW_FAILURE = """
    import time
    def handler(event, context):
        time.sleep(2)
        raise ValueError("no")
"""


def most_at_once(cloud, name):
    spans = cloud.tracer.spans(service="lambda", name="Invocation", resource=name)
    edges = sorted([(s.start_us, 1) for s in spans] + [(s.end_us, -1) for s in spans])
    late = [edge for edge in edges if edge[0] > 30_000_000]
    running = sum(step for at, step in edges if at <= 30_000_000)
    most = running
    for _, step in late:
        running += step
        most = max(most, running)
    return most


@pytest.mark.behaviour("ESQ-07")
@pytest.mark.parametrize("partial", [False, True])
def test_function_errors_lower_concurrency_unless_partial_responses_are_on(cloud, queue, connect, partial):
    url = queue("orders", VisibilityTimeout=30)
    kinds = {"FunctionResponseTypes": ["ReportBatchItemFailures"]} if partial else {}
    connect("orders", SLOW_FAILURE, BatchSize=1, ScalingConfig={"MaximumConcurrency": 10}, **kinds)
    send(cloud, url, *(str(n) for n in range(300)))
    cloud.wait(60)
    most = most_at_once(cloud, "worker-orders")
    assert most == 10 if partial else most <= 4


@pytest.mark.behaviour("ESQ-08")
def test_a_throttled_batch_is_tried_until_its_visibility_ends_and_can_reach_the_dlq_unseen(
    cloud, queue, connect, batches
):
    dead = queue("dead")
    policy = json.dumps({"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 2})
    url = queue("orders", VisibilityTimeout=20, RedrivePolicy=policy)
    connect("orders", RECORD_BODIES)
    cloud.client("lambda").put_function_concurrency(FunctionName="worker-orders", ReservedConcurrentExecutions=0)
    send(cloud, url, "never seen")
    cloud.wait(15)
    assert cloud.sqs.counts(url).in_flight == 1
    cloud.wait(60)
    assert cloud.sqs.counts(dead).visible == 1
    assert batches("orders") == []


@pytest.mark.behaviour("ESQ-08", "SQS-15")
def test_a_batch_that_begins_late_is_handed_out_again_while_it_runs_and_deletes_nothing(cloud, queue, connect, batches):
    url = queue("orders", VisibilityTimeout=30)
    slow = RECORD_BODIES + "        time.sleep(20)\n"
    connect("orders", slow, {"Timeout": 30})
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName="worker-orders", ReservedConcurrentExecutions=0)
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="croissant")
    cloud.wait(10)
    client.delete_function_concurrency(FunctionName="worker-orders")
    cloud.wait(28)  # it began after 15 seconds and is over; in between its message was visible, and fetched once more
    assert cloud.sqs.counts("orders").in_flight == 1
    cloud.wait(60)
    assert batches("orders") == [["croissant"], ["croissant"]]
    assert (cloud.sqs.counts("orders").visible, cloud.sqs.counts("orders").in_flight) == (0, 0)


@pytest.mark.behaviour("ESQ-09")
def test_concurrency_starts_at_five_and_grows_by_300_a_minute(cloud, queue, connect):
    url = queue("orders", VisibilityTimeout=120)
    cloud.tracer.sample = 1
    connect("orders", "import time\ndef handler(e, c): time.sleep(20)", {"Timeout": 30}, BatchSize=1)
    send(cloud, url, *(str(n) for n in range(400)))
    cloud.wait(0.5)
    assert 5 <= cloud.sqs.counts(url).in_flight <= 8
    cloud.wait(12)
    assert 55 <= cloud.sqs.counts(url).in_flight <= 70
    cloud.wait(12)
    assert 105 <= cloud.sqs.counts(url).in_flight <= 130


@pytest.mark.behaviour("ESQ-09")
def test_maximum_concurrency_bounds_the_batches_at_once(cloud, queue, connect):
    url = queue("orders", VisibilityTimeout=120)
    source = "import time\ndef handler(e, c): time.sleep(20)"
    connect("orders", source, {"Timeout": 30}, BatchSize=1, ScalingConfig={"MaximumConcurrency": 7})
    send(cloud, url, *(str(n) for n in range(50)))
    cloud.wait(15)
    assert cloud.sqs.counts(url).in_flight == 7


@pytest.mark.behaviour("ESQ-11", "ESQ-14", "ESQ-15", "ESQ-19", "ESQ-22", "ESQ-23")
@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "orders",
            {"ScalingConfig": {"MaximumConcurrency": 5}, "ProvisionedPollerConfig": {"MinimumPollers": 2}},
            "cannot be used together",
        ),
        ("orders", {"ScalingConfig": {"MaximumConcurrency": 1001}}, "from 2 to 1000"),
        ("orders", {"BatchSize": 11}, "batch window in seconds must be greater than 0"),
        ("orders.fifo", {"BatchSize": 11}, "FIFO queues is 10"),
        ("orders.fifo", {"MaximumBatchingWindowInSeconds": 5}, "not supported for FIFO"),
        ("orders", {"DestinationConfig": {"OnFailure": {"Destination": ARN + "x"}}}, "Unsupported DestinationConfig"),
        ("orders", {"FilterCriteria": {"Filters": [{"Pattern": '{"body": ["x"]}'}] * 6}}, "at most 5"),
        ("orders", {"FilterCriteria": {"Filters": [{"Pattern": "nonsense"}]}}, "Invalid filter pattern"),
    ],
)
def test_a_mapping_that_aws_would_refuse_is_refused(queue, connect, name, settings, message):
    queue(name)
    with pytest.raises(ClientError, match=message) as caught:
        connect(name, RECORD_BODIES, **settings)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_a_visibility_timeout_below_the_functions_timeout_is_refused(queue, connect):
    queue("orders", VisibilityTimeout=10)
    with pytest.raises(ClientError, match="10 seconds is less than Function timeout: 20 seconds"):
        connect("orders", RECORD_BODIES, {"Timeout": 20})


@pytest.mark.behaviour("ESQ-14")
def test_a_fifo_queue_is_processed_in_order_with_one_batch_a_group(cloud, queue, connect, batches):
    url = queue("orders.fifo", VisibilityTimeout=60)
    source = """
    import time, json
    def handler(event, context):
        print(json.dumps([r["body"] for r in event["Records"]]))
        time.sleep(5)
    """
    connect("orders.fifo", source, {"Timeout": 30}, BatchSize=1)
    for number in range(3):
        for group in "ab":
            send(cloud, url, f"{group}{number}", MessageGroupId=group)
    cloud.wait(4)
    assert sorted(batches("orders")) == []
    assert cloud.sqs.counts(url).in_flight == 2
    cloud.wait(30)
    flat = [body for batch in batches("orders") for body in batch]
    assert [body for body in flat if body[0] == "a"] == ["a0", "a1", "a2"]
    assert [body for body in flat if body[0] == "b"] == ["b0", "b1", "b2"]


@pytest.mark.behaviour("ESQ-15", "ESQ-16")
def test_a_batch_is_sent_when_it_is_full_or_its_window_has_passed(cloud, queue, connect, batches):
    url = queue("orders")
    connect("orders", RECORD_BODIES, BatchSize=20, MaximumBatchingWindowInSeconds=5)
    send(cloud, url, "wake up")
    cloud.wait(25)  # very little traffic: this one may wait for a whole long poll
    assert batches("orders") == [["wake up"]]
    send(cloud, url, *(f"a{n}" for n in range(3)))
    cloud.wait(3)
    assert len(batches("orders")) == 1
    cloud.wait(3)
    assert len(batches("orders")) == 2
    send(cloud, url, *(f"b{n}" for n in range(20)))
    cloud.wait(1)
    assert [len(batch) for batch in batches("orders")] == [1, 3, 20]


@pytest.mark.behaviour("ESQ-16")
def test_with_very_little_traffic_a_windowed_batch_may_wait_twenty_seconds(cloud, queue, connect, batches):
    url = queue("orders")
    connect("orders", RECORD_BODIES, BatchSize=20, MaximumBatchingWindowInSeconds=1)
    cloud.wait(60)
    send(cloud, url, "lonely")
    cloud.wait(15)
    assert batches("orders") == []
    cloud.wait(10)
    assert batches("orders") == [["lonely"]]


@pytest.mark.behaviour("ESQ-15")
def test_a_batch_is_cut_at_six_megabytes(cloud, queue, connect, log_lines):
    url = queue("orders")
    source = "def handler(event, context): print('records', len(event['Records']))"
    connect("orders", source, BatchSize=100, MaximumBatchingWindowInSeconds=10)
    send(cloud, url, *("x" * 1_000_000 for _ in range(12)))
    cloud.wait(40)
    counts = [int(line.split()[1]) for line in log_lines("worker-orders") if line.startswith("records")]
    assert sum(counts) == 12
    assert max(counts) <= 6


@pytest.mark.behaviour("ESQ-18", "ESQ-19")
def test_a_message_that_no_filter_takes_is_deleted(cloud, queue, connect, batches):
    url = queue("orders")
    filters = [
        {"Pattern": json.dumps({"body": {"kind": ["cake"], "total": [{"numeric": [">", 10]}]}})},
        {"Pattern": json.dumps({"body": {"urgent": [True]}})},
    ]
    connect("orders", RECORD_BODIES, FilterCriteria={"Filters": filters})
    bodies = [
        json.dumps({"kind": "cake", "total": 20}),
        json.dumps({"kind": "cake", "total": 5}),
        json.dumps({"kind": "bread", "urgent": True}),
        "not JSON",
    ]
    send(cloud, url, *bodies)
    cloud.wait(10)
    assert sorted(body for batch in batches("orders") for body in batch) == sorted([bodies[0], bodies[2]])
    counts = cloud.sqs.counts(url)
    assert (counts.visible, counts.in_flight) == (0, 0)


@pytest.mark.behaviour("ESQ-20")
def test_filters_compare_numbers_as_they_are_written_strings_exactly_and_leaves_only(cloud, queue, connect, batches):
    url = queue("orders")
    filters = [
        {"Pattern": '{"body": {"total": [300]}}'},
        {"Pattern": '{"body": {"kind": ["Cake"]}}'},
        {"Pattern": '{"body": {"customer": [{"exists": true}]}}'},
    ]
    connect("orders", RECORD_BODIES, FilterCriteria={"Filters": filters})
    taken = ['{"total": 300}', '{"kind": "Cake"}', '{"customer": "Zoe"}']
    left = ['{"total": 300.0}', '{"total": 3.0e2}', '{"kind": "cake"}', '{"customer": {"name": "Zoe"}}']
    send(cloud, url, *taken, *left)
    cloud.wait(10)
    assert sorted(body for batch in batches("orders") for body in batch) == sorted(taken)


def test_a_disabled_or_deleted_mapping_polls_no_more(cloud, queue, connect, batches):
    url = queue("orders")
    uuid = connect("orders", RECORD_BODIES)["UUID"]
    client = cloud.client("lambda")
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    send(cloud, url, "one")
    cloud.wait(30)
    assert batches("orders") == []
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    cloud.wait(10)
    assert batches("orders") == [["one"]]
    client.delete_event_source_mapping(UUID=uuid)
    send(cloud, url, "two")
    cloud.wait(30)
    assert batches("orders") == [["one"]]


@pytest.mark.behaviour("SQS-17")
def test_idle_pollers_go_on_polling_and_every_empty_receive_is_billed(cloud, queue, connect):
    queue("orders")
    connect("orders", RECORD_BODIES)
    before = cloud.meter.snapshot()
    cloud.wait(3_600)
    assert cloud.meter.since(before).totals() == {"sqs.requests": 5 * 3_600 / 20}


def test_a_trace_follows_an_order_through_its_queue(cloud, queue, connect, function, invoke):
    url = queue("orders")
    connect("orders", RECORD_BODIES)
    function(
        "front",
        f"""
        import boto3
        sqs = boto3.client("sqs")
        def handler(event, context): sqs.send_message(QueueUrl="{url}", MessageBody="one")
        """,
    )
    invoke("front")
    cloud.wait(5)
    (worker,) = cloud.tracer.spans(name="Invocation", resource="worker-orders")
    names = [(span.service, span.name) for span in cloud.tracer.trace(worker.trace_id)]
    assert names == [
        ("lambda", "Invoke"),
        ("lambda", "Invocation"),
        ("sqs", "SendMessage"),
        ("sqs", "wait"),
        ("esm", "batch"),
        ("lambda", "Invocation"),
    ]
