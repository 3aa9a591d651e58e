"""The same state machines on the local cloud and on moto's own interpreter end in the same way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from localcloud import Cloud
from tests.differential.machines import INPUTS, machines

ROLE = "arn:aws:iam::123456789012:role/machines"
MACHINES = 150

# (ours, moto's): why ours is right. Source: the Amazon States Language's table of error names.
DIFFERENT_ERRORS = {
    ("States.ResultPathMatchFailure", "States.Runtime"): "the name for a ResultPath that cannot be applied",
    ("States.ParameterPathFailure", "States.Runtime"): "the name for a path in Parameters that finds nothing",
}


class Moto:
    """moto's interpreter behind a pipe."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("moto_interpreter.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def run(self, definition, data):
        self._process.stdin.write(json.dumps({"definition": definition, "input": data}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def moto():
    made = Moto()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ours():
    """Run a definition on the local cloud: what it ended with, in the same shape as moto's."""
    with Cloud(seed=7) as cloud:
        sfn = cloud.client("stepfunctions")

        def run(definition, data):
            arn = sfn.create_state_machine(
                name=f"m{cloud.kernel.serial}", definition=json.dumps(definition), roleArn=ROLE
            )["stateMachineArn"]
            started = sfn.start_execution(stateMachineArn=arn, input=json.dumps(data))
            cloud.wait(60)
            found = sfn.describe_execution(executionArn=started["executionArn"])
            output = json.loads(found["output"]) if "output" in found else None
            return {"status": found["status"], "output": output, "error": found.get("error")}

        yield run


@settings(
    max_examples=MACHINES, derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(definition=machines(), data=INPUTS)
def test_a_machine_ends_as_on_motos_interpreter(moto, ours, definition, data):
    here, there = ours(definition, data), moto.run(definition, data)
    if (here["error"], there["error"]) in DIFFERENT_ERRORS:
        there["error"] = here["error"]
    assert here == there
