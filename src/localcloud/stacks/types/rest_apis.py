"""AWS::ApiGateway::*: REST APIs and their parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import (
    Made,
    Making,
    ResourceType,
    Updatable,
    as_bool,
    chosen,
    lower_first,
    names,
)

_ID = "RestApiId"


def _client(making: Making) -> Any:
    return making.client("apigateway")


def _api(making: Making) -> str:
    return str(making.properties[_ID])


def _replace(path: str, value: Any) -> dict[str, str]:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


def _escaped(part: Any) -> str:
    """A part of a patch operation's path."""
    return str(part).replace("~", "~0").replace("/", "~1")


class RestApi(Updatable):
    """A REST API; an OpenAPI `Body` becomes its resources, methods, models and authorizers."""

    name = "AWS::ApiGateway::RestApi"
    properties = names(
        "ApiKeySourceType BinaryMediaTypes Body BodyS3Location CloneFrom Description DisableExecuteApiEndpoint "
        "EndpointAccessMode EndpointConfiguration FailOnWarnings MinimumCompressionSize Mode Name Parameters Policy "
        "SecurityPolicy Tags"
    )

    def create(self, making: Making) -> Made:
        client, properties = _client(making), making.properties
        body = properties.get("Body") or {}
        name = properties.get("Name") or (body.get("info") or {}).get("title") or making.generated_name(64)
        arguments: dict[str, Any] = {"name": str(name), "tags": making.all_tags()}
        if "Description" in properties:
            arguments["description"] = properties["Description"]
        if "ApiKeySourceType" in properties:
            arguments["apiKeySource"] = properties["ApiKeySourceType"]
        if "Policy" in properties:
            arguments["policy"] = _text(properties["Policy"])
        if "DisableExecuteApiEndpoint" in properties:
            arguments["disableExecuteApiEndpoint"] = as_bool(properties["DisableExecuteApiEndpoint"])
        made = client.create_rest_api(**arguments)
        api_id = made["id"]
        operations = [
            {"op": "add", "path": f"/binaryMediaTypes/{_escaped(kind)}", "value": kind}
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
        client, properties = _client(making), making.properties
        operations = [
            _replace(path, properties[name])
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
        _client(making).delete_rest_api(restApiId=made.physical_id)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class Resource(ResourceType):
    name = "AWS::ApiGateway::Resource"
    properties = names("ParentId PathPart RestApiId")
    required = properties

    def create(self, making: Making) -> Made:
        part = str(making.properties["PathPart"])
        answer = _client(making).create_resource(
            restApiId=_api(making), parentId=making.properties["ParentId"], pathPart=part
        )
        return Made(answer["id"], {"ResourceId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_resource(restApiId=_api(making), resourceId=made.physical_id)


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
        client, properties = _client(making), making.properties
        where = self._where(properties)
        wanted = "AuthorizationScopes AuthorizerId OperationName RequestModels RequestValidatorId"
        arguments = lower_names(chosen(properties, wanted))
        if "ApiKeyRequired" in properties:
            arguments["apiKeyRequired"] = as_bool(properties["ApiKeyRequired"])
        if "RequestParameters" in properties:
            given = properties["RequestParameters"]
            arguments["requestParameters"] = {key: as_bool(_flag(value)) for key, value in given.items()}
        client.put_method(**where, authorizationType=properties.get("AuthorizationType", "NONE"), **arguments)
        for response in properties.get("MethodResponses") or ():
            settings = lower_names(chosen(response, "ResponseModels"))
            if "ResponseParameters" in response:
                given = response["ResponseParameters"]
                settings["responseParameters"] = {key: as_bool(_flag(value)) for key, value in given.items()}
            client.put_method_response(**where, statusCode=str(response["StatusCode"]), **settings)
        self._integrate(client, where, properties.get("Integration") or {})
        return Made(f"{where['restApiId']}|{where['resourceId']}|{where['httpMethod']}")

    def _where(self, properties: Mapping[str, Any]) -> dict[str, str]:
        return {
            "restApiId": str(properties[_ID]),
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
        _client(making).delete_method(**self._where(making.properties))


def _flag(value: Any) -> Any:
    """A parameter is named with whether it must be there, which may stand in an object."""
    return value.get("Required", False) if isinstance(value, Mapping) else value


def lower_names(members: Mapping[str, Any]) -> dict[str, Any]:
    """The first level only: what lies below are names of the user's own."""
    return {key[:1].lower() + key[1:]: value for key, value in members.items()}


class Deployment(ResourceType):
    """A snapshot of the API. It never changes: a new one needs a new logical id, as SAM makes them."""

    name = "AWS::ApiGateway::Deployment"
    properties = names("DeploymentCanarySettings Description RestApiId StageDescription StageName")
    required = names("RestApiId")

    def must_replace(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return bool(old.get(_ID) != new.get(_ID))

    def create(self, making: Making) -> Made:
        properties = making.properties
        arguments = lower_names(chosen(properties, "Description StageName"))
        described = properties.get("StageDescription") or {}
        if "Variables" in described:
            arguments["variables"] = {key: str(value) for key, value in described["Variables"].items()}
        answer = _client(making).create_deployment(restApiId=_api(making), **arguments)
        return Made(answer["id"], {"DeploymentId": answer["id"]})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        return made

    def delete(self, making: Making, made: Made) -> None:
        client, properties = _client(making), making.properties
        if "StageName" in properties:
            client.delete_stage(restApiId=_api(making), stageName=properties["StageName"])
        client.delete_deployment(restApiId=_api(making), deploymentId=made.physical_id)


class Stage(Updatable):
    name = "AWS::ApiGateway::Stage"
    custom_name = "StageName"
    properties = names(
        "AccessLogSetting CacheClusterEnabled CacheClusterSize CanarySetting ClientCertificateId DeploymentId "
        "Description DocumentationVersion MethodSettings RestApiId StageName Tags TracingEnabled Variables"
    )
    required = names("RestApiId")
    replacing = names("RestApiId StageName")

    def create(self, making: Making) -> Made:
        client, properties = _client(making), making.properties
        name = making.name("StageName")
        arguments = lower_names(chosen(properties, "DeploymentId Description Variables"))
        if "TracingEnabled" in properties:
            arguments["tracingEnabled"] = as_bool(properties["TracingEnabled"])
        client.create_stage(restApiId=_api(making), stageName=name, tags=making.all_tags(), **arguments)
        self._patch(client, _api(making), name, _stage_settings(properties))
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        properties = making.properties
        operations = _stage_settings(properties)
        operations += [
            _replace(f"/{key[:1].lower()}{key[1:]}", properties[key])
            for key in ("DeploymentId", "Description", "TracingEnabled")
            if key in properties
        ]
        variables = properties.get("Variables") or {}
        operations += [_replace(f"/variables/{key}", value) for key, value in variables.items()]
        gone = [key for key in old.get("Variables") or {} if key not in variables]
        operations += [{"op": "remove", "path": f"/variables/{key}"} for key in gone]
        self._patch(_client(making), _api(making), made.physical_id, operations)
        return made

    def _patch(self, client: Any, api_id: str, name: str, operations: list[dict[str, str]]) -> None:
        if operations:
            client.update_stage(restApiId=api_id, stageName=name, patchOperations=operations)

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_stage(restApiId=_api(making), stageName=made.physical_id)


_METHOD_SETTINGS: Mapping[str, str] = {
    "CacheDataEncrypted": "caching/dataEncrypted",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CachingEnabled": "caching/enabled",
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}


def _stage_settings(properties: Mapping[str, Any]) -> list[dict[str, str]]:
    operations = []
    logs = properties.get("AccessLogSetting") or {}
    for key, path in (("DestinationArn", "destinationArn"), ("Format", "format")):
        if key in logs:
            operations.append(_replace(f"/accessLogSettings/{path}", logs[key]))
    for setting in properties.get("MethodSettings") or ():
        path = str(setting.get("ResourcePath", "/*"))
        where = "*" if path == "/*" else path if path.startswith("/~1") else _escaped(path)
        where = f"/{where.lstrip('/')}/{setting.get('HttpMethod', '*')}"
        for key, place in _METHOD_SETTINGS.items():
            if key in setting:
                operations.append(_replace(f"{where}/{place}", setting[key]))
    return operations


class Model(ResourceType):
    name = "AWS::ApiGateway::Model"
    custom_name = "Name"
    properties = names("ContentType Description Name RestApiId Schema")
    required = names("RestApiId")

    def create(self, making: Making) -> Made:
        properties, name = making.properties, making.name("Name").replace("-", "")
        _client(making).create_model(
            restApiId=_api(making),
            name=name,
            description=str(properties.get("Description", "")),
            schema=_text(properties.get("Schema") or {}),
            contentType=properties.get("ContentType", "application/json"),
        )
        return Made(name)

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_model(restApiId=_api(making), modelName=made.physical_id)


class RequestValidator(ResourceType):
    name = "AWS::ApiGateway::RequestValidator"
    properties = names("Name RestApiId ValidateRequestBody ValidateRequestParameters")
    required = names("RestApiId")

    def create(self, making: Making) -> Made:
        properties = making.properties
        answer = _client(making).create_request_validator(
            restApiId=_api(making),
            name=making.name("Name"),
            validateRequestBody=as_bool(properties.get("ValidateRequestBody", False)),
            validateRequestParameters=as_bool(properties.get("ValidateRequestParameters", False)),
        )
        return Made(answer["id"], {"RequestValidatorId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_request_validator(restApiId=_api(making), requestValidatorId=made.physical_id)


class Authorizer(ResourceType):
    name = "AWS::ApiGateway::Authorizer"
    properties = names(
        "AuthType AuthorizerCredentials AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource "
        "IdentityValidationExpression Name ProviderARNs RestApiId Type"
    )
    required = names("Name RestApiId Type")

    def create(self, making: Making) -> Made:
        wanted = "AuthType AuthorizerCredentials AuthorizerUri IdentitySource IdentityValidationExpression Name Type"
        arguments = lower_names(chosen(making.properties, wanted))
        if "AuthorizerResultTtlInSeconds" in making.properties:
            arguments["authorizerResultTtlInSeconds"] = int(making.properties["AuthorizerResultTtlInSeconds"])
        if "ProviderARNs" in making.properties:
            arguments["providerARNs"] = making.properties["ProviderARNs"]
        answer = _client(making).create_authorizer(restApiId=_api(making), **arguments)
        return Made(answer["id"], {"AuthorizerId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_authorizer(restApiId=_api(making), authorizerId=made.physical_id)


class GatewayResponse(Updatable):
    name = "AWS::ApiGateway::GatewayResponse"
    properties = names("ResponseParameters ResponseTemplates ResponseType RestApiId StatusCode")
    required = names("ResponseType RestApiId")
    replacing = required

    def create(self, making: Making) -> Made:
        arguments = lower_names(chosen(making.properties, "ResponseParameters ResponseTemplates ResponseType"))
        if "StatusCode" in making.properties:
            arguments["statusCode"] = str(making.properties["StatusCode"])
        _client(making).put_gateway_response(restApiId=_api(making), **arguments)
        return Made(f"{_api(making)}|{making.properties['ResponseType']}")

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        return self.create(making)

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_gateway_response(restApiId=_api(making), responseType=making.properties["ResponseType"])


class ApiKey(ResourceType):
    name = "AWS::ApiGateway::ApiKey"
    custom_name = "Name"
    properties = names("CustomerId Description Enabled GenerateDistinctId Name StageKeys Tags Value")

    def create(self, making: Making) -> Made:
        answer = _client(making).create_api_key(
            name=making.name("Name"),
            enabled=as_bool(making.properties.get("Enabled", False)),
            tags=making.all_tags(),
            **lower_names(chosen(making.properties, "CustomerId Description Value")),
        )
        return Made(answer["id"], {"APIKeyId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_api_key(apiKey=made.physical_id)


class UsagePlan(ResourceType):
    name = "AWS::ApiGateway::UsagePlan"
    custom_name = "UsagePlanName"
    properties = names("ApiStages Description Quota Tags Throttle UsagePlanName")

    def create(self, making: Making) -> Made:
        properties = making.properties
        arguments: dict[str, Any] = lower_names(chosen(properties, "Description"))
        arguments["apiStages"] = [lower_first(item) | _own_throttle(item) for item in properties.get("ApiStages") or ()]
        if "Throttle" in properties:
            arguments["throttle"] = _limits(properties["Throttle"])
        if "Quota" in properties:
            quota = properties["Quota"]
            arguments["quota"] = {"limit": int(quota["Limit"]), "period": quota["Period"]}
            if "Offset" in quota:
                arguments["quota"]["offset"] = int(quota["Offset"])
        answer = _client(making).create_usage_plan(
            name=making.name("UsagePlanName"), tags=making.all_tags(), **arguments
        )
        return Made(answer["id"], {"Id": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_usage_plan(usagePlanId=made.physical_id)


def _limits(throttle: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "BurstLimit" in throttle:
        found["burstLimit"] = int(throttle["BurstLimit"])
    if "RateLimit" in throttle:
        found["rateLimit"] = float(throttle["RateLimit"])
    return found


def _own_throttle(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Limits by method, whose keys are paths."""
    if "Throttle" not in stage:
        return {}
    return {"throttle": {path: _limits(limits) for path, limits in stage["Throttle"].items()}}


class UsagePlanKey(ResourceType):
    name = "AWS::ApiGateway::UsagePlanKey"
    properties = names("KeyId KeyType UsagePlanId")
    required = properties

    def create(self, making: Making) -> Made:
        answer = _client(making).create_usage_plan_key(
            **lower_names(chosen(making.properties, "KeyId KeyType UsagePlanId"))
        )
        return Made(f"{answer['id']}:{making.properties['UsagePlanId']}", {"Id": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        _client(making).delete_usage_plan_key(**lower_names(chosen(making.properties, "KeyId UsagePlanId")))


class Account(Updatable):
    """The role with which the gateway writes logs; the account keeps it when the stack goes."""

    name = "AWS::ApiGateway::Account"
    properties = names("CloudWatchRoleArn")

    def create(self, making: Making) -> Made:
        role = making.properties.get("CloudWatchRoleArn")
        if role:
            _client(making).update_account(patchOperations=[_replace("/cloudwatchRoleArn", role)])
        return Made(making.generated_name(64))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self.create(making)
        return made

    def delete(self, making: Making, made: Made) -> None:
        """Nothing to take back: the setting is the account's."""


ALL = (
    RestApi(),
    Resource(),
    Method(),
    Deployment(),
    Stage(),
    Model(),
    RequestValidator(),
    Authorizer(),
    GatewayResponse(),
    ApiKey(),
    UsagePlan(),
    UsagePlanKey(),
    Account(),
)
