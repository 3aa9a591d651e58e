"""The server as a process: how it starts, what it prints, how it shares its time and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from typer.testing import CliRunner

from localcloud.cli import app

SLEEPER = "import time\ndef handler(event, context):\n    time.sleep(event['s'])\n    return event\n"
PARTY = """
import boto3, time

def handler(event, context):
    sqs = boto3.client("sqs")
    queue = {"QueueUrl": sqs.get_queue_url(QueueName="guests")["QueueUrl"]}
    sqs.send_message(MessageBody="here", **queue)
    count = "ApproximateNumberOfMessages"
    while int(sqs.get_queue_attributes(AttributeNames=[count], **queue)["Attributes"][count]) < event["guests"]:
        time.sleep(1)
"""


def started(*options):
    """A server that has said where it listens, and its address."""
    process = serving("--port", "0", *options)
    return process, process.stdout.readline().split()[-1]


def serving(*options):
    """The command in a process of its own."""
    command = [sys.executable, "-m", "localcloud.cli", "serve", *options]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environ, preexec_fn=heed_interrupts, **pipes)


def heed_interrupts():
    """Tests that run in the background of a shell have inherited that SIGINT is ignored; a terminal's do not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def moment():
    """What a process of its own says, its answers, and how it ends."""
    process, address = started("--start", "2025-03-01T10:00Z", "--speed", "50", "--enforce-iam")
    try:
        yield process, address
    finally:
        process.kill()
        process.communicate()


def test_roles_decide_when_the_server_is_told_to_enforce_them(moment, client_at, zipped):
    _, address = moment
    nobodys = client_at(address, "iam").create_role(RoleName="nobody", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    function = {"FunctionName": "refused", "Runtime": "python3.13", "Handler": "app.handler"}
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda"):
        client_at(address, "lambda").create_function(Role=nobodys, Code={"ZipFile": zipped(SLEEPER)}, **function)


def test_requests_at_the_same_time_wait_together_and_a_signal_ends_the_server_quietly(moment, client_at, zipped):
    process, address = moment
    lambda_, role = client_at(address, "lambda"), a_role(client_at(address, "iam"))
    for name, source in (("sleeper", SLEEPER), ("party", PARTY)):
        function = {"FunctionName": name, "Runtime": "python3.13", "Handler": "app.handler", "Timeout": 900}
        lambda_.create_function(Role=role, Code={"ZipFile": zipped(source)}, **function)
    queue = client_at(address, "sqs").create_queue(QueueName="guests")["QueueUrl"]
    with ThreadPoolExecutor(4) as pool:  # each ends when all have come: one after the other, none would
        guests = [pool.submit(lambda_.invoke, FunctionName="party", Payload=b'{"guests": 4}') for _ in range(4)]
        answers = [guest.result() for guest in guests]
    assert [(answer["StatusCode"], answer.get("FunctionError")) for answer in answers] == [(200, None)] * 4

    attributes = client_at(address, "sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert 0 <= int(attributes["CreatedTimestamp"]) - 1_740_823_200 < 3_600

    with ThreadPoolExecutor(1) as pool:  # somebody still waits when the server is told to end
        waiting = pool.submit(lambda_.invoke, FunctionName="sleeper", Payload=b'{"s": 800}')
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert isinstance(waiting.exception(), BotoCoreError), waiting.result()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert (out, err.strip().splitlines()[-1:]) == ("", ["Stopped."])
    assert "Traceback" not in err


def a_role(iam):
    """A role that Lambda may assume, and that may use queues."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
    queues = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="guest", PolicyName="queues", PolicyDocument=json.dumps(queues))
    return made["Arn"]


def test_a_port_in_use_is_said_in_one_line(endpoint):
    process = serving("--port", endpoint.rsplit(":", 1)[1])
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert told.startswith("Cannot listen on 127.0.0.1:")
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("option", [("--speed", "0"), ("--speed", "fast"), ("--start", "yesterday")])
def test_an_option_that_makes_no_sense_is_refused(option):
    result = CliRunner().invoke(app, ["serve", *option])
    assert result.exit_code == 2
    assert option[0] in result.stderr
