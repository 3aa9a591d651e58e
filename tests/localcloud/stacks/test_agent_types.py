"""AgentCore's resources in templates."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile

import pytest
from mcp import Client

SCHEMA = {
    "Type": "object",
    "Properties": {"Cake": {"Type": "string"}, "sizes": {"Type": "array", "Items": {"Type": "integer"}}},
    "Required": ["Cake"],
}
ROLE = "arn:aws:iam::123456789012:role/agents"
AGENT = "import os\ndef handler(payload): return os.environ['Shop'] + payload['order']"


def template(description="What a cake costs", version_days=7, shop="Amélie ", idle="600"):
    lambda_target = {
        "LambdaArn": {"Fn::GetAtt": ["Cakes", "Arn"]},
        "ToolSchema": {
            "InlinePayload": [{"Name": "get_price", "Description": description, "InputSchema": SCHEMA}],
        },
    }
    code = {"S3": {"Bucket": "agents", "Prefix": "baker.zip"}}
    return {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
            },
            "Cakes": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": "def handler(event, context): return {'cake': event['Cake']}"},
                },
            },
            "Gateway": {
                "Type": "AWS::BedrockAgentCore::Gateway",
                "Properties": {
                    "Name": "bakery",
                    "AuthorizerType": "NONE",
                    "ProtocolType": "MCP",
                    "RoleArn": ROLE,
                    "ProtocolConfiguration": {"Mcp": {"Instructions": description}},
                },
            },
            "Target": {
                "Type": "AWS::BedrockAgentCore::GatewayTarget",
                "Properties": {
                    "GatewayIdentifier": {"Ref": "Gateway"},
                    "Name": "cakes",
                    "TargetConfiguration": {"Mcp": {"Lambda": lambda_target}},
                    "CredentialProviderConfigurations": [{"CredentialProviderType": "GATEWAY_IAM_ROLE"}],
                },
            },
            "Agent": {
                "Type": "AWS::BedrockAgentCore::Runtime",
                "Properties": {
                    "AgentRuntimeName": "baker",
                    "RoleArn": ROLE,
                    "AgentRuntimeArtifact": {
                        "CodeConfiguration": {"Code": code, "Runtime": "PYTHON_3_13", "EntryPoint": ["main.py"]}
                    },
                    "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
                    "ProtocolConfiguration": "HTTP",
                    "LifecycleConfiguration": {"IdleRuntimeSessionTimeout": idle, "MaxLifetime": 3600},
                    "EnvironmentVariables": {"Shop": shop},
                },
            },
            "Stable": {
                "Type": "AWS::BedrockAgentCore::RuntimeEndpoint",
                "Properties": {
                    "AgentRuntimeId": {"Ref": "Agent"},
                    "AgentRuntimeVersion": "1",
                    "Name": "stable",
                    "Description": description,
                },
            },
            "Memory": {
                "Type": "AWS::BedrockAgentCore::Memory",
                "Properties": {"Name": "talks", "EventExpiryDuration": version_days},
            },
            "Identity": {
                "Type": "AWS::BedrockAgentCore::WorkloadIdentity",
                "Properties": {"Name": "baker", "AllowedResourceOauth2ReturnUrls": [f"https://{idle}.example/"]},
            },
        },
        "Outputs": {
            "Url": {"Value": {"Fn::GetAtt": ["Gateway", "GatewayUrl"]}},
            "Agent": {"Value": {"Fn::GetAtt": ["Agent", "AgentRuntimeArn"]}},
            "Endpoint": {"Value": {"Ref": "Stable"}},
            "Memory": {"Value": {"Fn::GetAtt": ["Memory", "MemoryId"]}},
        },
    }


@pytest.fixture
def deployed(cloud):
    """Deploy a template and give its outputs: deployed(template(...))."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), AGENT)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="agents")
    s3.put_object(Bucket="agents", Key="baker.zip", Body=buffer.getvalue())
    client = cloud.client("cloudformation")
    known = []

    def deploy(body):
        settings = {"StackName": "agents", "TemplateBody": json.dumps(body), "Capabilities": ["CAPABILITY_IAM"]}
        (client.update_stack if known else client.create_stack)(**settings)
        client.get_waiter("stack_update_complete" if known else "stack_create_complete").wait(StackName="agents")
        known.append(body)
        found = client.describe_stacks(StackName="agents")["Stacks"][0]["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    return deploy


def listed(cloud, url):
    async def main():
        async with Client(url) as client:
            return (await client.list_tools()).tools

    return cloud.kernel.call(asyncio.run, main())


def test_a_template_makes_a_gateway_and_an_agent_that_work(cloud, deployed):
    outputs = deployed(template())
    (tool,) = listed(cloud, outputs["Url"])
    assert tool.name == "cakes___get_price"
    assert tool.input_schema["properties"] == {
        "Cake": {"type": "string"},
        "sizes": {"type": "array", "items": {"type": "integer"}},
    }
    answer = cloud.client("bedrock-agentcore").invoke_agent_runtime(
        agentRuntimeArn=outputs["Agent"], payload=b'{"order": "opera"}', qualifier="stable"
    )
    assert json.loads(answer["response"].read()) == "Amélie opera"
    memory = cloud.client("bedrock-agentcore-control").get_memory(memoryId=outputs["Memory"])["memory"]
    assert memory["eventExpiryDuration"] == 7


def test_an_update_changes_in_place_and_a_deletion_leaves_nothing(cloud, deployed):
    control = cloud.client("bedrock-agentcore-control")
    before = deployed(template())
    after = deployed(template(description="The price", version_days=30, shop="Chez ", idle="700"))
    assert after == before
    assert listed(cloud, after["Url"])[0].description == "The price"
    client = cloud.client("bedrock-agentcore")
    answers = [
        json.loads(
            client.invoke_agent_runtime(agentRuntimeArn=after["Agent"], payload=b'{"order": "x"}', qualifier=name)[
                "response"
            ].read()
        )
        for name in ("DEFAULT", "stable")
    ]
    assert answers == ["Chez x", "Amélie x"]
    assert control.get_memory(memoryId=after["Memory"])["memory"]["eventExpiryDuration"] == 30
    urls = control.get_workload_identity(name="baker")["allowedResourceOauth2ReturnUrls"]
    assert urls == ["https://700.example/"]
    stacks = cloud.client("cloudformation")
    stacks.delete_stack(StackName="agents")
    stacks.get_waiter("stack_delete_complete").wait(StackName="agents")
    assert control.list_gateways()["items"] == []
    assert control.list_agent_runtimes()["agentRuntimes"] == []
    assert control.list_memories()["memories"] == []
    assert control.list_workload_identities()["workloadIdentities"] == []
