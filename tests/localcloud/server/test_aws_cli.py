"""The AWS CLI against the server: lab 02's stack is packaged, deployed and used with nothing but its commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = Path(os.environ.get("PATISSERIE_STAND_IN", ROOT / ".venv-stand-in"))
STACKS = ROOT / "infra" / "stacks"
pytestmark = pytest.mark.stand_in


@pytest.fixture
def aws(endpoint, tmp_path):
    """aws("s3", "mb", ...): what a command prints."""
    command = ENVIRONMENT / "bin" / "aws"
    assert command.is_file(), f"The AWS CLI is not at {command}; run make stand-in, which installs it."
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # else it looks for a host sync-127.0.0.1
    }  # fmt: skip

    def run(*arguments):
        result = subprocess.run(
            [command, *arguments], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert result.returncode == 0, f"{' '.join(arguments)}: {result.stderr}"
        return result.stdout

    return run


def copy_of(source, folder):
    """A stack as `aws cloudformation package` needs it: it does not look at the CodeUri of Globals."""
    shutil.copytree(source, folder)
    template = folder / "template.yaml"
    text = template.read_text(encoding="utf-8").replace("    CodeUri: src/\n", "", 1)
    template.write_text(re.sub(r"(?m)^( +)(Handler: )", r"\1CodeUri: src/\n\1\2", text), encoding="utf-8")
    return template


def test_lab_02_is_deployed_used_and_read(aws, endpoint, tmp_path):
    def deploy(name, source, *more):
        template, packaged = copy_of(source, tmp_path / name), str(tmp_path / f"{name}.yaml")
        aws("cloudformation", "package", "--template-file", str(template), "--s3-bucket", "artifacts",
            "--output-template-file", packaged)  # fmt: skip
        aws("cloudformation", "deploy", "--template-file", packaged, "--stack-name", name, "--s3-bucket", "artifacts",
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", *more)  # fmt: skip
        stacks = json.loads(aws("cloudformation", "describe-stacks", "--stack-name", name))["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}

    aws("s3", "mb", "s3://artifacts")
    urls = deploy("partners", STACKS / "partners")
    found = deploy(
        "shop", STACKS / "02-break-the-sync-chain" / "events",
        "--parameter-overrides", *(f"{name}={urls[name]}" for name in urls if name.endswith("Url")),
    )  # fmt: skip

    api = found["OrdersUrl"].split("//")[1].split(".")[0]
    order = {"items": [{"sku": "eclair", "quantity": 2}], "customer": "Amélie", "total": 9}
    request = urllib.request.Request(
        f"{endpoint}/_aws/execute-api/{api}/$default/orders", json.dumps(order).encode(),
        {"Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202

    items = json.loads(aws("dynamodb", "scan", "--table-name", found["OrdersTable"]))["Items"]
    assert len(items) == 1

    groups = json.loads(aws("logs", "describe-log-groups"))["logGroups"]
    group = next(g["logGroupName"] for g in groups if "OrderFunction" in g["logGroupName"])
    events = json.loads(aws("logs", "filter-log-events", "--log-group-name", group))["events"]
    assert any(event["message"].startswith("REPORT RequestId") for event in events)


def test_commands_that_wait_page_tail_and_copy(aws, tmp_path, zipped):
    """Waiters, `lambda invoke`, the end of a log, `s3 cp` and `s3 sync`, and queries of what they print."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", trust, "--query",
               "Role.Arn", "--output", "text").strip()  # fmt: skip
    aws("iam", "attach-role-policy", "--role-name", "cli", "--policy-arn",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")  # fmt: skip
    source = "def handler(event, context):\n    print('baking', event['cake'])\n    return event['cake'].upper()\n"
    (tmp_path / "code.zip").write_bytes(zipped(source))
    aws("lambda", "create-function", "--function-name", "cli", "--runtime", "python3.13", "--handler", "app.handler",
        "--role", role, "--zip-file", "fileb://code.zip")  # fmt: skip
    aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    aws("lambda", "invoke", "--function-name", "cli", "--payload", '{"cake": "eclair"}', "answer.json")
    assert (tmp_path / "answer.json").read_text() == '"ECLAIR"'
    # the last ten minutes by the clock on the wall, as `logs tail` of the CLI's second version asks for them
    since = str(int((time.time() - 600) * 1_000))
    tail = ("logs", "filter-log-events", "--log-group-name", "/aws/lambda/cli", "--interleaved", "--start-time", since)
    lines = [event["message"] for event in json.loads(aws(*tail))["events"]]
    assert "baking eclair" in lines
    assert any(line.startswith("REPORT RequestId: ") for line in lines)

    aws("s3", "mb", "s3://cli-shelf")
    aws("s3api", "wait", "bucket-exists", "--bucket", "cli-shelf")
    (tmp_path / "large").write_bytes(bytes(9 * 1024 * 1024))  # more than fits into one part
    for source, target in (("large", "s3://cli-shelf/a/large"), ("s3://cli-shelf/a/large", "copy")):
        aws("s3", "cp", source, target)
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "large").read_bytes()
    aws("s3", "sync", "s3://cli-shelf/a", "synced")
    assert (tmp_path / "synced" / "large").stat().st_size == 9 * 1024 * 1024
    assert "a/large" in aws("s3", "ls", "s3://cli-shelf", "--recursive")
    aws("s3", "rb", "s3://cli-shelf", "--force")

    key, attribute = "AttributeName=id,KeyType=HASH", "AttributeName=id,AttributeType=S"
    aws("dynamodb", "create-table", "--table-name", "cli", "--key-schema", key, "--attribute-definitions", attribute,
        "--billing-mode", "PAY_PER_REQUEST")  # fmt: skip
    aws("dynamodb", "wait", "table-exists", "--table-name", "cli")
    aws("dynamodb", "put-item", "--table-name", "cli", "--item", '{"id": {"S": "1"}, "sum": {"N": "7.50"}}')
    found = aws("dynamodb", "get-item", "--table-name", "cli", "--key", '{"id": {"S": "1"}}', "--query", "Item.sum.N")
    assert json.loads(found) == "7.5"  # numbers lose the zeros that say nothing
    aws("cloudwatch", "put-metric-data", "--namespace", "Cli", "--metric-name", "cakes", "--value", "3")
    listed = json.loads(aws("cloudwatch", "list-metrics", "--namespace", "Cli"))["Metrics"]
    assert [metric["MetricName"] for metric in listed] == ["cakes"]


def test_an_express_workflow_answers_and_a_standard_one_is_followed(aws):
    definition = json.dumps({
        "StartAt": "Greet", "QueryLanguage": "JSONata",
        "States": {"Greet": {"Type": "Pass", "Output": "{% 'bonjour ' & $states.input.name %}", "End": True}},
    })  # fmt: skip
    arns = {}
    for kind in ("EXPRESS", "STANDARD"):
        arns[kind] = aws(
            "stepfunctions", "create-state-machine", "--name", f"cli-{kind}", "--definition", definition, "--type",
            kind, "--role-arn", "arn:aws:iam::123456789012:role/cli", "--query", "stateMachineArn", "--output", "text",
        ).strip()  # fmt: skip
    payload = '{"name": "Amélie"}'
    answer = json.loads(
        aws("stepfunctions", "start-sync-execution", "--state-machine-arn", arns["EXPRESS"], "--input", payload)
    )
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", "bonjour Amélie")
    execution = aws("stepfunctions", "start-execution", "--state-machine-arn", arns["STANDARD"], "--input", payload,
                    "--query", "executionArn", "--output", "text").strip()  # fmt: skip
    described = json.loads(aws("stepfunctions", "describe-execution", "--execution-arn", execution))
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", "bonjour Amélie")
    history = json.loads(aws("stepfunctions", "get-execution-history", "--execution-arn", execution))["events"]
    assert history[-1]["type"] == "ExecutionSucceeded"


def test_an_error_is_shown_with_its_code_and_message(aws, endpoint):
    with pytest.raises(AssertionError, match=r"\(AWS.SimpleQueueService.NonExistentQueue\).*does not exist"):
        aws("--endpoint-url", endpoint, "sqs", "get-queue-url", "--queue-name", "cli-none")  # sqs minds no variable
    with pytest.raises(AssertionError, match=r"\(ResourceNotFoundException\).*Function not found"):
        aws("lambda", "get-function", "--function-name", "cli-none")
