"""Models that are listed, and the log of their invocations."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.services.bedrock import Rule

MODEL = "amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "hello"}]}]


@pytest.fixture
def control(cloud):
    return cloud.client("bedrock")


def test_the_models_that_can_be_called_are_listed(cloud, control):
    listed = control.list_foundation_models()["modelSummaries"]
    on_demand = control.list_foundation_models(byInferenceType="ON_DEMAND", byProvider="amazon")["modelSummaries"]
    assert {found["modelId"] for found in listed} - {found["modelId"] for found in on_demand} == {
        "amazon.nova-2-lite-v1:0"
    }
    for found in on_demand:
        cloud.client("bedrock-runtime").converse(modelId=found["modelArn"], messages=HELLO)
    assert control.get_foundation_model(modelIdentifier=MODEL)["modelDetails"]["modelName"] == "Nova Lite"
    assert control.list_foundation_models(byOutputModality="IMAGE")["modelSummaries"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.get_foundation_model(modelIdentifier="nothing")


def records(cloud, group="/models"):
    events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in events]


def test_invocations_are_logged_with_what_was_said(cloud, control):
    cloud.bedrock.script(MODEL, [Rule(answer="Bonjour.")])
    runtime = cloud.client("bedrock-runtime")
    runtime.converse(modelId=MODEL, messages=HELLO)  # nobody has asked for a log yet
    cloud.client("logs").create_log_group(logGroupName="/models")
    destination = {"logGroupName": "/models", "roleArn": "arn:aws:iam::123456789012:role/logs"}
    control.put_model_invocation_logging_configuration(loggingConfig={"cloudWatchConfig": destination})
    runtime.converse(modelId=MODEL, messages=HELLO)
    list(runtime.converse_stream(modelId=MODEL, messages=HELLO)["stream"])
    first, second = records(cloud)
    assert (first["operation"], second["operation"]) == ("Converse", "ConverseStream")
    assert first["schemaType"] == "ModelInvocationLog"
    assert first["modelId"] == MODEL
    assert first["input"]["inputBodyJson"] == {"messages": HELLO}
    assert first["output"]["outputBodyJson"]["output"]["message"]["content"] == [{"text": "Bonjour."}]
    assert (first["input"]["inputTokenCount"], first["output"]["outputTokenCount"]) == (2, 2)


def test_a_log_may_leave_out_what_was_said(cloud, control):
    cloud.client("logs").create_log_group(logGroupName="/models")
    destination = {"logGroupName": "/models", "roleArn": "arn:aws:iam::123456789012:role/logs"}
    control.put_model_invocation_logging_configuration(
        loggingConfig={"cloudWatchConfig": destination, "textDataDeliveryEnabled": False}
    )
    cloud.client("bedrock-runtime").converse(modelId=MODEL, messages=HELLO)
    (record,) = records(cloud)
    assert "inputBodyJson" not in record["input"]
    assert "outputBodyJson" not in record["output"]
    control.delete_model_invocation_logging_configuration()
    cloud.client("bedrock-runtime").converse(modelId=MODEL, messages=HELLO)
    assert len(records(cloud)) == 1


def test_a_log_needs_its_group(control):
    destination = {"logGroupName": "/nothing", "roleArn": "arn:aws:iam::123456789012:role/logs"}
    with pytest.raises(ClientError, match="/nothing does not exist"):
        control.put_model_invocation_logging_configuration(loggingConfig={"cloudWatchConfig": destination})
