"""Runs state machines on moto's own interpreter, in a process of its own: one JSON line in, one out.

In: {"definition": object, "input": object}. Out: {"status", "output", "error"}. It runs in wall-clock time, on
threads, and shares nothing with the local cloud but the name.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time

import boto3
from moto import mock_aws

POLL_S = 0.002
ROLE = "arn:aws:iam::123456789012:role/machines"


def main():
    logging.disable(logging.CRITICAL)
    answers, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115 - the interpreter prints what fails
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        sfn = boto3.client("stepfunctions")
        for number, line in enumerate(sys.stdin):
            print(json.dumps(run(sfn, number, json.loads(line))), file=answers, flush=True)


def run(sfn, number, asked):
    arn = sfn.create_state_machine(name=f"m{number}", definition=json.dumps(asked["definition"]), roleArn=ROLE)
    started = sfn.start_execution(
        stateMachineArn=arn["stateMachineArn"], name=f"e{number}", input=json.dumps(asked["input"])
    )
    while True:
        found = sfn.describe_execution(executionArn=started["executionArn"])
        if found["status"] != "RUNNING":
            output = json.loads(found["output"]) if found.get("output") else None
            return {"status": found["status"], "output": output, "error": found.get("error")}
        time.sleep(POLL_S)


if __name__ == "__main__":
    main()
