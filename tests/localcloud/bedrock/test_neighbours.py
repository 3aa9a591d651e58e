"""The model behind retries, faults, traces and workflows."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.faults import Fault
from localcloud.services.bedrock import Rule

MODEL = "amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "hello"}]}]


@pytest.fixture(autouse=True)
def _scripted(cloud):
    cloud.bedrock.script(MODEL, [Rule(says="hello", answer="Bonjour.")])


def test_the_stock_client_waits_out_a_short_throttling(cloud):
    cloud.bedrock.quota(MODEL, requests_per_minute=60, tokens_per_minute=1_000_000)
    call = cloud.client(
        "bedrock-runtime", config=Config(retries={"total_max_attempts": 9, "mode": "standard"})
    ).converse
    few = {"modelId": MODEL, "messages": HELLO, "inferenceConfig": {"maxTokens": 10}}
    outcomes = []
    for _ in range(70):
        cloud.kernel.spawn(lambda: outcomes.append(call(**few)["ResponseMetadata"]["RetryAttempts"]))
    cloud.wait(60)
    assert len(outcomes) == 70
    assert sum(attempts > 0 for attempts in outcomes) >= 5


def test_faults_strike_models_by_name(cloud):
    client = cloud.client("bedrock-runtime", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}))
    cloud.faults.add(
        Fault(kind="error", service="bedrock-runtime", resource=MODEL, code="ModelTimeoutException", status=408)
    )
    with pytest.raises(ClientError, match="ModelTimeoutException"):
        client.converse(modelId=MODEL, messages=HELLO)
    assert client.converse(modelId="amazon.nova-micro-v1:0", messages=HELLO)["stopReason"] == "end_turn"


def run(cloud, task):
    """The output of a workflow of one task."""
    states = cloud.client("stepfunctions")
    definition = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "End": True, **task}}}
    machine = states.create_state_machine(
        name="ask", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/states"
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    cloud.wait(30)
    found = states.describe_execution(executionArn=execution)
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def test_a_workflow_asks_the_model_by_the_sdk(cloud):
    output = run(
        cloud,
        {
            "Resource": "arn:aws:states:::aws-sdk:bedrockruntime:converse",
            "Parameters": {"ModelId": MODEL, "Messages": [{"Role": "user", "Content": [{"Text": "hello"}]}]},
            "ResultSelector": {"said.$": "$.Output.Message.Content[0].Text", "tokens.$": "$.Usage.TotalTokens"},
        },
    )
    assert output == {"said": "Bonjour.", "tokens": 4}


def test_a_workflow_asks_the_model_by_the_optimised_integration(cloud):
    output = run(
        cloud,
        {
            "Resource": "arn:aws:states:::bedrock:invokeModel",
            "Parameters": {
                "ModelId": MODEL,
                "Body": {"messages": HELLO, "inferenceConfig": {"maxTokens": 1}},
                "ContentType": "application/json",
            },
        },
    )
    assert output["Body"]["output"]["message"]["content"] == [{"text": "Bonj"}]
    assert output["Body"]["stopReason"] == "max_tokens"
    assert output["ContentType"] == "application/json"


def test_a_trace_shows_how_long_the_model_took(cloud):
    cloud.client("bedrock-runtime").converse(modelId=MODEL, messages=HELLO)
    (span,) = [span for span in cloud.tracer.spans() if span.service == "bedrock-runtime"]
    assert (span.name, span.resource) == ("Converse", MODEL)
    assert span.end_us - span.start_us > 100_000
