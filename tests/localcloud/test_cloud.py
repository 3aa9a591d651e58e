"""Entering and leaving a simulated account."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import time
from datetime import datetime

import boto3
import pytest
import requests
from botocore.loaders import JSONFileLoader, Loader

from localcloud import Cloud, active_cloud
from localcloud.errors import ConfigurationError


def test_virtual_time_passes_only_when_asked(cloud):
    start = cloud.now
    cloud.wait(1_800)
    assert (cloud.now - start).total_seconds() == 1_800


def test_waiting_until_a_condition_stops_at_once_or_at_the_time_out(cloud):
    seen = []
    cloud.kernel.call_later(3_500_000, seen.append, "done")
    assert cloud.wait_until(lambda: bool(seen), timeout_s=60)
    assert cloud.kernel.now_us == 4_000_000
    assert not cloud.wait_until(lambda: False, timeout_s=5)
    assert cloud.kernel.now_us == 9_000_000


def test_boto3_reaches_the_simulated_account(cloud):
    queue = cloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    assert queue.endswith("/123456789012/orders")
    assert boto3.client("sts").get_caller_identity()["Account"] == cloud.account_id


def test_a_second_cloud_is_refused_with_a_clear_sentence(cloud):
    with pytest.raises(ConfigurationError, match="Another Cloud is active"):
        Cloud().start()
    assert active_cloud() is cloud


def test_a_start_without_time_zone_is_refused():
    with pytest.raises(ConfigurationError, match="time zone"):
        Cloud(start=datetime(2025, 1, 6))


def test_the_users_credentials_and_endpoint_are_out_of_reach_and_come_back(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://real.example")
    with Cloud():
        assert "AWS_PROFILE" not in os.environ
        assert "AWS_ENDPOINT_URL" not in os.environ
        assert boto3.client("sqs").create_queue(QueueName="q")
    assert os.environ["AWS_PROFILE"] == "production"
    assert os.environ["AWS_ENDPOINT_URL"] == "https://real.example"


def test_leaving_a_cloud_leaves_time_and_randomness_real():
    random.seed(5)
    expected = random.Random(5).random()
    sleep = time.sleep
    with Cloud() as cloud:
        cloud.wait(10)
    assert time.sleep is sleep
    assert random.random() == expected


def test_a_cloud_lets_python_collect_garbage_less_often_only_while_it_is_active():
    before = gc.get_threshold()
    with Cloud(seed=1):
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_what_few_calls_need_is_not_loaded_at_the_start():
    """Every process that starts a cloud would pay for it, a second and more."""
    slow = ("moto.apigateway", "moto.applicationautoscaling", "moto.ec2", "pydantic", "samtranslator", "rfc3987_syntax")
    source = f"import sys, localcloud\nlocalcloud.Cloud().start()\nprint([n for n in {slow} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


@pytest.mark.parametrize(
    "call",
    [
        "client('apigatewayv2').create_api(Name='shop', ProtocolType='HTTP')",
        "client('apigateway').create_rest_api(name='shop')",
        "client('cloudformation').create_stack(StackName='shop', TemplateBody='"
        '{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Shop": {"Type": "AWS::Serverless::HttpApi"}}}'
        "', Capabilities=['CAPABILITY_AUTO_EXPAND'])",
    ],
)
def test_the_grammar_of_uris_is_never_loaded(call):
    """It takes seconds, and nobody here asks for the format of a URI."""
    source = f"import sys, localcloud\nwith localcloud.Cloud() as cloud:\n    cloud.{call}\n"
    source += "print([name for name in sys.modules if name.startswith('rfc3987_syntax')])"
    found = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_service_models_are_read_once_per_process(monkeypatch):
    read, real = [], JSONFileLoader.load_file
    for _ in range(2):
        read.clear()
        with Cloud():
            kind = Loader.FILE_LOADER_CLASS
            monkeypatch.setattr(kind, "load_file", lambda files, path: read.append(path) or real(files, path))
            assert boto3.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    assert read == []


def test_handlers_of_a_session_end_with_their_cloud():
    heard = []
    for _ in range(2):
        with Cloud():
            if not heard:
                boto3.setup_default_session()
                boto3.DEFAULT_SESSION.events.register("before-call.sqs.*", lambda **_: heard.append("called"))
            boto3.client("sqs").create_queue(QueueName="orders")
    assert heard == ["called"]


def test_libraries_that_send_requests_of_their_own_reach_every_cloud():
    address = "https://sqs.us-east-1.amazonaws.com/"
    for name in ("first", "second"):
        with Cloud():
            answer = requests.post(address, data={"Action": "CreateQueue", "QueueName": name, "Version": "2012-11-05"})
            assert answer.status_code == 200
            assert [url.rsplit("/", 1)[-1] for url in boto3.client("sqs").list_queues()["QueueUrls"]] == [name]
