"""The AWS CLI against the server: lab 02's stack is packaged, deployed and used with nothing but its commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
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
