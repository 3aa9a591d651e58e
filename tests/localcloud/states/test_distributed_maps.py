"""Distributed Map states: items from S3 in child executions of their own, batched, limited, written, redriven."""

from __future__ import annotations

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report

BUCKET = "orders"
GET, LIST, PUT = (f"arn:aws:states:::s3:{action}" for action in ("getObject", "listObjectsV2", "putObject"))
PASS = {"P": {"Type": "Pass", "End": True}}
PICKY = {
    "Look": {"Type": "Choice", "Default": "Good",
             "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Bad"}]},
    "Good": {"Type": "Pass", "End": True},
    "Bad": {"Type": "Fail", "Error": "Burnt", "Cause": "too long"},
}  # fmt: skip


@pytest.fixture
def s3(cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def output(finish):
    """What an execution gives that succeeds."""

    def run(arn, data=None, **more):
        found = finish(arn, data, **more)
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    return run


def mapping(inner, kind="STANDARD", **fields):
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
                 "StartAt": next(iter(inner)), "States": inner}  # fmt: skip
    return {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}


def reader(config, resource=GET, **place):
    return {"ReaderConfig": config, "Resource": resource, "Parameters": {"Bucket": BUCKET, **place}}


@pytest.mark.parametrize(
    ("config", "body", "items"),
    [
        ({"InputType": "JSON"}, '[{"n": 1}, {"n": 2}]', [{"n": 1}, {"n": 2}]),
        ({"InputType": "JSON", "ItemsPointer": "/day/orders"}, '{"day": {"orders": [1, 2]}}', [1, 2]),
        ({"InputType": "JSON", "MaxItems": 1}, "[1, 2, 3]", [1]),
        ({"InputType": "JSONL"}, '{"n": 1}\n\n{"n": 2}\n', [{"n": 1}, {"n": 2}]),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, 'id,cake\n1,"big, round"\n2,small\n',
         [{"id": "1", "cake": "big, round"}, {"id": "2", "cake": "small"}]),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["id"], "CSVDelimiter": "PIPE"}, "1|x\n",
         [{"id": "1"}]),
    ],
)  # fmt: skip
def test_items_are_read_from_an_object(s3, machine, output, config, body, items):
    s3.put_object(Bucket=BUCKET, Key="items", Body=body)
    assert output(machine(mapping(PASS, ItemReader=reader(config, Key="items")))) == items


def test_the_objects_of_a_bucket_are_items(s3, machine, output):
    for number in range(3):
        s3.put_object(Bucket=BUCKET, Key=f"in/{number}.json", Body=f"[{number}, {number}]")
    s3.put_object(Bucket=BUCKET, Key="other", Body="x")
    found = output(machine(mapping(PASS, ItemReader=reader({}, LIST, Prefix="in/"))))
    assert [item["Key"] for item in found] == ["in/0.json", "in/1.json", "in/2.json"]
    assert set(found[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    flat = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    assert output(machine(mapping(PASS, ItemReader=reader(flat, LIST, Prefix="in/")))) == [0, 0, 1, 1, 2, 2]


def test_an_inventory_is_read_by_its_manifest(s3, machine, output):
    s3.put_object(Bucket=BUCKET, Key="data/1.csv.gz", Body=gzip.compress(b'"orders","a.json","12"\n"orders","b","3"\n'))
    manifest = {"destinationBucket": f"arn:aws:s3:::{BUCKET}", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size",
                "files": [{"key": "data/1.csv.gz"}]}  # fmt: skip
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=json.dumps(manifest))
    found = output(machine(mapping(PASS, ItemReader=reader({"InputType": "MANIFEST"}, Key="manifest.json"))))
    assert found[0] == {"Bucket": "orders", "Key": "a.json", "Size": "12"}


def test_what_cannot_be_read_fails_by_name(s3, machine, finish, types):
    found = finish(machine(mapping(PASS, ItemReader=reader({"InputType": "JSON"}, Key="missing"))))
    assert (found["error"], "NoSuchKey" in found["cause"]) == ("States.ItemReaderFailed", True)
    assert types(found)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    s3.put_object(Bucket=BUCKET, Key="object", Body="3")
    found = finish(machine(mapping(PASS, ItemReader=reader({"InputType": "JSON"}, Key="object"))))
    assert found["error"] == "States.ItemReaderFailed"


def test_items_are_selected_and_batched(machine, output):
    fields = {
        "ItemsPath": "$.orders",
        "ItemSelector": {"n.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "shop.$": "$.shop"},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"day.$": "$.day"}},
    }
    found = output(machine(mapping(PASS, **fields)), {"orders": [7, 8, 9], "shop": "Lyon", "day": "Mon"})
    assert [len(batch["Items"]) for batch in found] == [2, 1]
    assert found[1] == {"BatchInput": {"day": "Mon"}, "Items": [{"n": 9, "at": 2, "shop": "Lyon"}]}


def test_a_batch_has_at_most_so_many_bytes(machine, output):
    fields = {"ItemsPath": "$.orders", "ItemBatcher": {"MaxInputBytesPerBatchPath": "$.most"}}
    found = output(machine(mapping(PASS, **fields)), {"orders": ["x" * 10] * 5, "most": 40})
    assert [len(batch["Items"]) for batch in found] == [2, 2, 1]
    assert all(len(json.dumps(batch, separators=(",", ":"))) <= 40 for batch in found)


def test_a_map_run_tells_of_its_children(sfn, machine, finish, types):
    found = finish(machine(mapping(PASS, Label="Cakes"), name="shop"), [1, 2, 3])
    assert types(found) == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
        "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    (listed,) = sfn.list_map_runs(executionArn=found["executionArn"])["mapRuns"]
    assert listed["stateMachineArn"].endswith(":stateMachine:shop/Cakes")
    assert ":mapRun:shop/Cakes:" in listed["mapRunArn"]
    run = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert (run["status"], run["executionCounts"]["succeeded"], run["itemCounts"]["total"]) == ("SUCCEEDED", 3, 3)
    children = sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
    child = sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert ":execution:shop/Cakes:" in child["executionArn"]
    assert child["mapRunArn"] == listed["mapRunArn"]
    assert json.loads(child["output"]) in (1, 2, 3)
    told = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert (told["label"], json.loads(told["definition"])["StartAt"]) == ("Cakes", "P")
    assert len(sfn.list_executions(stateMachineArn=found["stateMachineArn"])["executions"]) == 1


def test_children_are_billed_as_what_they_are(cloud, machine, finish):
    def cost(kind):
        before = cloud.meter.snapshot()
        finish(machine(mapping(PASS, kind)), [1] * 10)
        report = cost_report(cloud.meter.since(before), cloud.facts)
        return {line.item: line.quantity for line in report.lines if line.item.startswith("states.")}

    assert cost("STANDARD") == {"states.transitions": 11}
    assert cost("EXPRESS")["states.express_requests"] == 10
    assert cost("EXPRESS")["states.transitions"] == 1


def test_no_more_children_run_at_once_than_is_said_and_it_can_be_changed(cloud, sfn, machine):
    wait = {"W": {"Type": "Wait", "Seconds": 100, "End": True}}
    arn = machine(mapping(wait, MaxConcurrencyPath="$.most", ItemsPath="$.items"))
    started = sfn.start_execution(stateMachineArn=arn, input=json.dumps({"most": 2, "items": [0] * 8}))
    cloud.wait(50)
    (run,) = sfn.list_map_runs(executionArn=started["executionArn"])["mapRuns"]

    def counts():
        return sfn.describe_map_run(mapRunArn=run["mapRunArn"])["executionCounts"]

    assert (counts()["running"], counts()["pending"]) == (2, 6)
    sfn.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=5)
    cloud.wait(1)
    assert (counts()["running"], counts()["pending"]) == (5, 3)
    sfn.stop_execution(executionArn=started["executionArn"])
    cloud.wait(1)
    assert (counts()["aborted"], counts()["pending"]) == (5, 3)
    assert sfn.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "ABORTED"
    with pytest.raises(ClientError, match="is not running"):
        sfn.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=1)


ORDERS = [{"bad": number < 2} for number in range(10)]


@pytest.mark.parametrize(
    ("tolerated", "status"),
    [
        ({}, "FAILED"), ({"ToleratedFailureCount": 1}, "FAILED"), ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 19}, "FAILED"), ({"ToleratedFailurePercentage": 20}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}, "FAILED"),
    ],
)  # fmt: skip
def test_more_failures_than_are_tolerated_fail_the_map(machine, finish, tolerated, status):
    found = finish(machine(mapping(PICKY, **tolerated)), ORDERS)
    assert found["status"] == status
    if status == "FAILED":
        assert found["error"] == "States.ExceedToleratedFailureThreshold"
    else:
        results = json.loads(found["output"])
        assert [one.get("Error") for one in results].count("Burnt") == 2
        assert results[0]["Status"] == "FAILED"


def test_results_are_written_with_a_manifest(s3, sfn, machine, output):
    writer = {"Resource": PUT, "Parameters": {"Bucket": BUCKET, "Prefix": "out"}}
    found = output(machine(mapping(PICKY, ResultWriter=writer, ToleratedFailurePercentage=50)), ORDERS)
    place = found["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(**place)["Body"].read())
    assert place["Key"].startswith("out/")
    assert place["Key"].endswith("/manifest.json")
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == (BUCKET, found["MapRunArn"])
    assert manifest["ResultFiles"]["PENDING"] == []
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    results = json.loads(s3.get_object(Bucket=BUCKET, Key=file["Key"])["Body"].read())
    assert file["Key"].endswith("/SUCCEEDED_0.json")
    assert (len(results), results[0]["Status"], json.loads(results[0]["Output"])) == (8, "SUCCEEDED", {"bad": False})
    (file,) = manifest["ResultFiles"]["FAILED"]
    failed = json.loads(s3.get_object(Bucket=BUCKET, Key=file["Key"])["Body"].read())
    assert [(one["Error"], one["Cause"]) for one in failed] == [("Burnt", "too long")] * 2
    assert sfn.describe_map_run(mapRunArn=found["MapRunArn"])["executionCounts"]["resultsWritten"] == 10


def test_results_are_flattened_and_written_as_lines(s3, machine, output):
    config = {"Transformation": "FLATTEN", "OutputType": "JSONL"}
    assert output(machine(mapping(PASS, ResultWriter={"WriterConfig": config})), [[1, 2], [3]]) == [1, 2, 3]
    writer = {"WriterConfig": config, "Resource": PUT, "Parameters": {"Bucket": BUCKET}}
    place = output(machine(mapping(PASS, ResultWriter=writer)), [[1, 2], [3]])["ResultWriterDetails"]
    (file,) = json.loads(s3.get_object(**place)["Body"].read())["ResultFiles"]["SUCCEEDED"]
    assert file["Key"].endswith("SUCCEEDED_0.jsonl")
    assert s3.get_object(Bucket=BUCKET, Key=file["Key"])["Body"].read() == b"1\n2\n3\n"


def test_a_bucket_that_is_not_there_fails_the_writer(machine, finish):
    writer = {"Resource": PUT, "Parameters": {"Bucket": "nowhere"}}
    assert finish(machine(mapping(PASS, ResultWriter=writer)), [1])["error"] == "States.ResultWriterFailed"


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_redrive_runs_the_children_again_that_did_not_succeed(cloud, sfn, machine, finish, function, kind):
    function(
        "oven",
        """
        cold = {1, 2}
        runs = []
        def handler(event, context):
            runs.append(event)
            if event == "runs":
                return runs
            if event in cold:
                cold.discard(event)
                raise RuntimeError("cold")
            return event
        """,
    )
    task = {"T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:oven", "End": True}}
    found = finish(machine(mapping(task, kind, MaxConcurrency=1, ToleratedFailureCount=1)), [0, 1, 2, 3])
    assert found["error"] == "States.ExceedToleratedFailureThreshold"
    sfn.redrive_execution(executionArn=found["executionArn"])
    cloud.wait(60)
    found = sfn.describe_execution(executionArn=found["executionArn"])
    assert json.loads(found["output"]) == [0, 1, 2, 3]
    ran = json.loads(cloud.client("lambda").invoke(FunctionName="oven", Payload='"runs"')["Payload"].read())
    assert ran == [0, 1, 2, 1, 2, 3, "runs"]
    (run,) = sfn.list_map_runs(executionArn=found["executionArn"])["mapRuns"]
    told = sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (told["status"], told["redriveCount"], told["executionCounts"]["total"]) == ("SUCCEEDED", 1, 4)


def test_jsonata_works_in_every_part(s3, machine, output):
    s3.put_object(Bucket=BUCKET, Key="in.json", Body="[1, 2, 3]")
    fields = {
        "ItemReader": {"Resource": GET, "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $states.input.most %}"},
                       "Arguments": {"Bucket": BUCKET, "Key": "{% $states.input.key %}"}},
        "ItemSelector": {"n": "{% $states.context.Map.Item.Value * 10 %}"},
        "Output": "{% $sum($states.result.n) %}",
    }  # fmt: skip
    arn = machine(mapping(PASS, **fields), QueryLanguage="JSONata")
    assert output(arn, {"key": "in.json", "most": 2}) == 30


@pytest.mark.parametrize(
    ("fields", "config", "message"),
    [
        ({}, {"Mode": "DISTRIBUTED"}, "ExecutionType is required"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 2}}, {}, "'ItemBatcher' is only supported for a DISTRIBUTED Map"),
        ({"Label": "x" * 41}, {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "At most 40 characters"),
        ({"ResultWriter": {}}, {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "must have WriterConfig"),
        ({"ItemReader": reader({"InputType": "XML"}, Key="k")}, {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
         "Value must be one of CSV"),
    ],
)  # fmt: skip
def test_what_is_no_distributed_map_is_refused(machine, fields, config, message):
    processor = {"ProcessorConfig": config, "StartAt": "P", "States": PASS}
    with pytest.raises(ClientError, match=message):
        machine({"Each": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}})
    with pytest.raises(ClientError, match="Express state machine does not support a DISTRIBUTED Map"):
        machine(mapping(PASS), kind="EXPRESS")
