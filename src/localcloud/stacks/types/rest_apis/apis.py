"""A REST API, its resources and methods, and the account that it logs for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names
from localcloud.stacks.types.rest_apis.common import (
    API_ID,
    api_of,
    as_text,
    client_of,
    escaped,
    is_needed,
    lower_names,
    replacing,
)


class RestApi(Updatable):
    """A REST API; an OpenAPI `Body` becomes its resources, methods, models and authorizers."""

    name = "AWS::ApiGateway::RestApi"
    properties = names(
        "ApiKeySourceType BinaryMediaTypes Body BodyS3Location CloneFrom Description DisableExecuteApiEndpoint "
        "EndpointAccessMode EndpointConfiguration FailOnWarnings MinimumCompressionSize Mode Name Parameters Policy "
        "SecurityPolicy Tags"
    )
    attributes = names("RestApiId RootResourceId")

    def create(self, making: Making) -> Made:
        client, properties = client_of(making), making.properties
        body = properties.get("Body") or {}
        name = properties.get("Name") or (body.get("info") or {}).get("title") or making.generated_name(64)
        arguments: dict[str, Any] = {"name": str(name), "tags": making.all_tags()}
        if "Description" in properties:
            arguments["description"] = properties["Description"]
        if "ApiKeySourceType" in properties:
            arguments["apiKeySource"] = properties["ApiKeySourceType"]
        if "Policy" in properties:
            arguments["policy"] = as_text(properties["Policy"])
        if "DisableExecuteApiEndpoint" in properties:
            arguments["disableExecuteApiEndpoint"] = as_bool(properties["DisableExecuteApiEndpoint"])
        made = client.create_rest_api(**arguments)
        api_id = made["id"]
        operations = [
            {"op": "add", "path": f"/binaryMediaTypes/{escaped(kind)}", "value": kind}
            for kind in properties.get("BinaryMediaTypes") or ()
        ]
        if operations:
            client.update_rest_api(restApiId=api_id, patchOperations=operations)
        if body:
            client.put_rest_api(restApiId=api_id, mode="overwrite", body=json.dumps(body).encode())
        return self._made(client, api_id)

    def _made(self, client: Any, api_id: str) -> Made:
        resources = client.get_resources(restApiId=api_id, limit=500)["items"]
        root = next(item["id"] for item in resources if item["path"] == "/")
        return Made(api_id, {"RestApiId": api_id, "RootResourceId": root})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, properties = client_of(making), making.properties
        operations = [
            replacing(path, properties[name])
            for name, path in (("Name", "/name"), ("Description", "/description"))
            if name in properties and properties[name] != old.get(name)
        ]
        if operations:
            client.update_rest_api(restApiId=made.physical_id, patchOperations=operations)
        if properties.get("Body") and properties["Body"] != old.get("Body"):
            body = json.dumps(properties["Body"]).encode()
            client.put_rest_api(restApiId=made.physical_id, mode="overwrite", body=body)
        return self._made(client, made.physical_id)

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_rest_api(restApiId=made.physical_id)


class Resource(ResourceType):
    name = "AWS::ApiGateway::Resource"
    properties = names("ParentId PathPart RestApiId")
    required = properties
    attributes = names("ResourceId")

    def create(self, making: Making) -> Made:
        part = str(making.properties["PathPart"])
        answer = client_of(making).create_resource(
            restApiId=api_of(making), parentId=making.properties["ParentId"], pathPart=part
        )
        return Made(answer["id"], {"ResourceId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_resource(restApiId=api_of(making), resourceId=made.physical_id)


class Method(Updatable):
    """A method with its integration and responses."""

    name = "AWS::ApiGateway::Method"
    properties = names(
        "ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId HttpMethod Integration MethodResponses "
        "OperationName RequestModels RequestParameters RequestValidatorId ResourceId RestApiId"
    )
    required = names("HttpMethod ResourceId RestApiId")
    replacing = required

    def create(self, making: Making) -> Made:
        client, properties = client_of(making), making.properties
        where = self._where(properties)
        wanted = "AuthorizationScopes AuthorizerId OperationName RequestModels RequestValidatorId"
        arguments = lower_names(chosen(properties, wanted))
        if "ApiKeyRequired" in properties:
            arguments["apiKeyRequired"] = as_bool(properties["ApiKeyRequired"])
        if "RequestParameters" in properties:
            given = properties["RequestParameters"]
            arguments["requestParameters"] = {key: as_bool(is_needed(value)) for key, value in given.items()}
        client.put_method(**where, authorizationType=properties.get("AuthorizationType", "NONE"), **arguments)
        for response in properties.get("MethodResponses") or ():
            settings = lower_names(chosen(response, "ResponseModels"))
            if "ResponseParameters" in response:
                given = response["ResponseParameters"]
                settings["responseParameters"] = {key: as_bool(is_needed(value)) for key, value in given.items()}
            client.put_method_response(**where, statusCode=str(response["StatusCode"]), **settings)
        self._integrate(client, where, properties.get("Integration") or {})
        return Made(f"{where['restApiId']}|{where['resourceId']}|{where['httpMethod']}")

    def _where(self, properties: Mapping[str, Any]) -> dict[str, str]:
        return {
            "restApiId": str(properties[API_ID]),
            "resourceId": str(properties["ResourceId"]),
            "httpMethod": str(properties["HttpMethod"]),
        }

    def _integrate(self, client: Any, where: dict[str, str], integration: Mapping[str, Any]) -> None:
        if not integration:
            return
        wanted = (
            "CacheKeyParameters CacheNamespace ConnectionId ConnectionType ContentHandling Credentials "
            "PassthroughBehavior RequestParameters RequestTemplates Type Uri"
        )
        arguments = lower_names(chosen(integration, wanted))
        if "IntegrationHttpMethod" in integration:
            arguments["integrationHttpMethod"] = integration["IntegrationHttpMethod"]
        if "TimeoutInMillis" in integration:
            arguments["timeoutInMillis"] = int(integration["TimeoutInMillis"])
        client.put_integration(**where, **arguments)
        for response in integration.get("IntegrationResponses") or ():
            settings = lower_names(
                chosen(response, "ContentHandling ResponseParameters ResponseTemplates SelectionPattern")
            )
            client.put_integration_response(**where, statusCode=str(response["StatusCode"]), **settings)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self.delete(making, made)
        return self.create(making)

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_method(**self._where(making.properties))


class Account(Updatable):
    """The role with which the gateway writes logs; the account keeps it when the stack goes."""

    name = "AWS::ApiGateway::Account"
    properties = names("CloudWatchRoleArn")
    attributes = names("Id")

    def create(self, making: Making) -> Made:
        role = making.properties.get("CloudWatchRoleArn")
        if role:
            client_of(making).update_account(patchOperations=[replacing("/cloudwatchRoleArn", role)])
        name = making.generated_name(64)
        return Made(name, {"Id": name})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self.create(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        """Nothing to take back: the setting is the account's."""
