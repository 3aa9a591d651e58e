"""AWS::BedrockAgentCore::*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, Updatable, chosen, lower_first, names, timestamp

_CONTROL = "bedrock-agentcore-control"


def _given(making: Making, wanted: str) -> dict[str, Any]:
    """The properties named in `wanted`, in the API's spelling; not for those whose members' names are the user's."""
    found: dict[str, Any] = lower_first(chosen(making.properties, wanted))
    return found


def _times(answer: Mapping[str, Any], wanted: str) -> dict[str, str]:
    """The times named in `wanted`, as attributes give them."""
    return {name: timestamp(answer[name[:1].lower() + name[1:]]) for name in wanted.split()}


class Gateway(Updatable):
    name = "AWS::BedrockAgentCore::Gateway"
    custom_name = "Name"
    properties = names(
        "AuthorizerConfiguration AuthorizerType Description ExceptionLevel InterceptorConfigurations KmsKeyArn Name "
        "PolicyEngineConfiguration ProtocolConfiguration ProtocolType RoleArn Tags WafConfiguration"
    )
    required = names("AuthorizerType Name RoleArn")
    attributes = names("CreatedAt GatewayArn GatewayIdentifier GatewayUrl Status UpdatedAt")
    _passed = "AuthorizerConfiguration AuthorizerType Description ExceptionLevel Name ProtocolConfiguration RoleArn"

    def _arguments(self, making: Making) -> dict[str, Any]:
        return {"protocolType": making.properties.get("ProtocolType", "MCP"), **_given(making, self._passed)}

    def _made(self, answer: Mapping[str, Any]) -> Made:
        attributes = {
            "GatewayArn": answer["gatewayArn"],
            "GatewayIdentifier": answer["gatewayId"],
            "GatewayUrl": answer["gatewayUrl"],
            "Status": answer["status"],
            **_times(answer, "CreatedAt UpdatedAt"),
        }
        return Made(answer["gatewayId"], attributes)

    def create(self, making: Making) -> Made:
        return self._made(making.client(_CONTROL).create_gateway(**self._arguments(making), tags=making.all_tags()))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        arguments = self._arguments(making)
        return self._made(making.client(_CONTROL).update_gateway(gatewayIdentifier=made.physical_id, **arguments))

    def delete(self, making: Making, made: Made) -> None:
        making.client(_CONTROL).delete_gateway(gatewayIdentifier=made.physical_id)


class GatewayTarget(Updatable):
    name = "AWS::BedrockAgentCore::GatewayTarget"
    properties = names(
        "CredentialProviderConfigurations Description GatewayIdentifier MetadataConfiguration Name PrivateEndpoint "
        "TargetConfiguration"
    )
    required = names("TargetConfiguration")
    attributes = names("CreatedAt GatewayArn Status TargetId UpdatedAt")
    replacing = names("GatewayIdentifier")

    def _arguments(self, making: Making) -> dict[str, Any]:
        configuration = _target(making.properties["TargetConfiguration"])
        given = _given(making, "CredentialProviderConfigurations Description MetadataConfiguration")
        return {"name": making.name("Name", 100), "targetConfiguration": configuration, **given}

    def create(self, making: Making) -> Made:
        gateway = making.properties["GatewayIdentifier"]
        answer = making.client(_CONTROL).create_gateway_target(gatewayIdentifier=gateway, **self._arguments(making))
        attributes = {
            "GatewayArn": answer["gatewayArn"],
            "Status": answer["status"],
            "TargetId": answer["targetId"],
            **_times(answer, "CreatedAt UpdatedAt"),
        }
        return Made(f"{gateway}|{answer['targetId']}", attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        gateway, target = made.physical_id.split("|")
        making.client(_CONTROL).update_gateway_target(
            gatewayIdentifier=gateway, targetId=target, **self._arguments(making)
        )
        return made

    def delete(self, making: Making, made: Made) -> None:
        gateway, target = made.physical_id.split("|")
        making.client(_CONTROL).delete_gateway_target(gatewayIdentifier=gateway, targetId=target)


def _target(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The target's configuration in the API's spelling, with the names of a tool's arguments as they are."""
    given: dict[str, Any] = lower_first(configuration)
    schema = configuration.get("Mcp", {}).get("Lambda", {}).get("ToolSchema", {})
    for place, definition in enumerate(schema.get("InlinePayload") or ()):
        tool = given["mcp"]["lambda"]["toolSchema"]["inlinePayload"][place]
        for member in ("InputSchema", "OutputSchema"):
            if member in definition:
                tool[member[:1].lower() + member[1:]] = _schema(definition[member])
    return given


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "Properties":
            found["properties"] = {name: _schema(inner) for name, inner in value.items()}
        elif key == "Items":
            found["items"] = _schema(value)
        else:
            found[key[:1].lower() + key[1:]] = value
    return found


class Runtime(Updatable):
    name = "AWS::BedrockAgentCore::Runtime"
    custom_name = "AgentRuntimeName"
    properties = names(
        "AgentRuntimeArtifact AgentRuntimeName AuthorizerConfiguration CapacityProviderConfiguration Description "
        "EnvironmentVariables FilesystemConfigurations LifecycleConfiguration NetworkConfiguration PlatformVersion "
        "ProtocolConfiguration RequestHeaderConfiguration RoleArn Tags"
    )
    required = names("AgentRuntimeArtifact AgentRuntimeName RoleArn")
    attributes = names("AgentRuntimeArn AgentRuntimeId AgentRuntimeVersion CreatedAt LastUpdatedAt Status")
    replacing = names("AgentRuntimeName")

    def _arguments(self, making: Making) -> dict[str, Any]:
        properties = making.properties
        passed = "AgentRuntimeArtifact AuthorizerConfiguration Description RequestHeaderConfiguration RoleArn"
        arguments = {"networkConfiguration": {"networkMode": "PUBLIC"}, **_given(making, passed)}
        arguments |= _given(making, "NetworkConfiguration")
        if "LifecycleConfiguration" in properties:
            lifetimes = lower_first(properties["LifecycleConfiguration"])
            arguments["lifecycleConfiguration"] = {name: int(value) for name, value in lifetimes.items()}
        if "EnvironmentVariables" in properties:
            variables = properties["EnvironmentVariables"]
            arguments["environmentVariables"] = {name: str(value) for name, value in variables.items()}
        if "ProtocolConfiguration" in properties:
            arguments["protocolConfiguration"] = {"serverProtocol": properties["ProtocolConfiguration"]}
        return arguments

    def _made(self, client: Any, runtime_id: str) -> Made:
        found = client.get_agent_runtime(agentRuntimeId=runtime_id)
        attributes = {
            "AgentRuntimeArn": found["agentRuntimeArn"],
            "AgentRuntimeId": runtime_id,
            "AgentRuntimeVersion": found["agentRuntimeVersion"],
            "Status": found["status"],
            **_times(found, "CreatedAt LastUpdatedAt"),
        }
        return Made(runtime_id, attributes)

    def create(self, making: Making) -> Made:
        client = making.client(_CONTROL)
        answer = client.create_agent_runtime(
            agentRuntimeName=making.properties["AgentRuntimeName"], tags=making.all_tags(), **self._arguments(making)
        )
        return self._made(client, answer["agentRuntimeId"])

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client = making.client(_CONTROL)
        client.update_agent_runtime(agentRuntimeId=made.physical_id, **self._arguments(making))
        return self._made(client, made.physical_id)

    def delete(self, making: Making, made: Made) -> None:
        making.client(_CONTROL).delete_agent_runtime(agentRuntimeId=made.physical_id)


class RuntimeEndpoint(Updatable):
    name = "AWS::BedrockAgentCore::RuntimeEndpoint"
    custom_name = "Name"
    properties = names("AgentRuntimeId AgentRuntimeVersion Description Name Tags")
    required = names("AgentRuntimeId Name")
    attributes = names(
        "AgentRuntimeArn AgentRuntimeEndpointArn CreatedAt Id LastUpdatedAt LiveVersion Status TargetVersion"
    )
    replacing = names("AgentRuntimeId Name")

    def create(self, making: Making) -> Made:
        making.client(_CONTROL).create_agent_runtime_endpoint(
            tags=making.all_tags(), **_given(making, "AgentRuntimeId AgentRuntimeVersion Description Name")
        )
        return self._made(making)

    @staticmethod
    def _made(making: Making) -> Made:
        found = making.client(_CONTROL).get_agent_runtime_endpoint(
            agentRuntimeId=making.properties["AgentRuntimeId"], endpointName=making.properties["Name"]
        )
        attributes = {
            "AgentRuntimeArn": found["agentRuntimeArn"],
            "AgentRuntimeEndpointArn": found["agentRuntimeEndpointArn"],
            "Id": found["id"],
            "LiveVersion": found["liveVersion"],
            "Status": found["status"],
            "TargetVersion": found["targetVersion"],
            **_times(found, "CreatedAt LastUpdatedAt"),
        }
        return Made(found["agentRuntimeEndpointArn"], attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client(_CONTROL).update_agent_runtime_endpoint(
            agentRuntimeId=making.properties["AgentRuntimeId"],
            endpointName=making.properties["Name"],
            **_given(making, "AgentRuntimeVersion Description"),
        )
        return self._made(making)

    def delete(self, making: Making, made: Made) -> None:
        making.client(_CONTROL).delete_agent_runtime_endpoint(
            agentRuntimeId=making.properties["AgentRuntimeId"], endpointName=making.properties["Name"]
        )


class Memory(Updatable):
    name = "AWS::BedrockAgentCore::Memory"
    custom_name = "Name"
    properties = names(
        "Description EncryptionKeyArn EventExpiryDuration IndexedKeys MemoryExecutionRoleArn MemoryStrategies Name "
        "NamespaceKeys StreamDeliveryResources Tags"
    )
    required = names("EventExpiryDuration Name")
    attributes = names("CreatedAt MemoryArn MemoryId Status UpdatedAt")
    replacing = names("EncryptionKeyArn Name")

    def create(self, making: Making) -> Made:
        given = _given(making, "Description EncryptionKeyArn MemoryExecutionRoleArn MemoryStrategies Name")
        answer = making.client(_CONTROL).create_memory(
            eventExpiryDuration=int(making.properties["EventExpiryDuration"]), tags=making.all_tags(), **given
        )["memory"]
        attributes = {
            "MemoryArn": answer["arn"],
            "MemoryId": answer["id"],
            "Status": answer["status"],
            **_times(answer, "CreatedAt UpdatedAt"),
        }
        return Made(answer["arn"], attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client(_CONTROL).update_memory(
            memoryId=made.attributes["MemoryId"],
            eventExpiryDuration=int(making.properties["EventExpiryDuration"]),
            **_given(making, "Description MemoryExecutionRoleArn"),
        )
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client(_CONTROL).delete_memory(memoryId=made.attributes["MemoryId"])


class WorkloadIdentity(Updatable):
    name = "AWS::BedrockAgentCore::WorkloadIdentity"
    custom_name = "Name"
    properties = names("AllowedResourceOauth2ReturnUrls Name Tags")
    required = names("Name")
    attributes = names("CreatedTime LastUpdatedTime WorkloadIdentityArn")
    replacing = names("Name")

    def create(self, making: Making) -> Made:
        given = _given(making, "AllowedResourceOauth2ReturnUrls Name")
        making.client(_CONTROL).create_workload_identity(**given)
        found = making.client(_CONTROL).get_workload_identity(name=making.properties["Name"])
        attributes = {
            "WorkloadIdentityArn": found["workloadIdentityArn"],
            **_times(found, "CreatedTime LastUpdatedTime"),
        }
        return Made(found["name"], attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        given = _given(making, "AllowedResourceOauth2ReturnUrls Name")
        making.client(_CONTROL).update_workload_identity(**given)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client(_CONTROL).delete_workload_identity(name=made.physical_id)


ALL = (Gateway(), GatewayTarget(), Runtime(), RuntimeEndpoint(), Memory(), WorkloadIdentity())
