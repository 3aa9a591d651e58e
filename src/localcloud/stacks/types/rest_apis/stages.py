"""Deployments and stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names
from localcloud.stacks.types.rest_apis.common import API_ID, api_of, client_of, escaped, lower_names, replacing


class Deployment(ResourceType):
    """A snapshot of the API. It never changes: a new one needs a new logical id, as SAM makes them."""

    name = "AWS::ApiGateway::Deployment"
    properties = names("DeploymentCanarySettings Description RestApiId StageDescription StageName")
    required = names("RestApiId")
    attributes = names("DeploymentId")

    def must_replace(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return bool(old.get(API_ID) != new.get(API_ID))

    def create(self, making: Making) -> Made:
        properties = making.properties
        arguments = lower_names(chosen(properties, "Description StageName"))
        described = properties.get("StageDescription") or {}
        if "Variables" in described:
            arguments["variables"] = {key: str(value) for key, value in described["Variables"].items()}
        answer = client_of(making).create_deployment(restApiId=api_of(making), **arguments)
        return Made(answer["id"], {"DeploymentId": answer["id"]})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        return made

    def delete(self, making: Making, made: Made) -> None:
        client, properties = client_of(making), making.properties
        if "StageName" in properties:
            client.delete_stage(restApiId=api_of(making), stageName=properties["StageName"])
        client.delete_deployment(restApiId=api_of(making), deploymentId=made.physical_id)


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
        client, properties = client_of(making), making.properties
        name = making.name("StageName")
        arguments = lower_names(chosen(properties, "DeploymentId Description Variables"))
        if "TracingEnabled" in properties:
            arguments["tracingEnabled"] = as_bool(properties["TracingEnabled"])
        client.create_stage(restApiId=api_of(making), stageName=name, tags=making.all_tags(), **arguments)
        self._patch(client, api_of(making), name, _stage_settings(properties))
        return Made(name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        properties = making.properties
        operations = _stage_settings(properties)
        operations += [
            replacing(f"/{key[:1].lower()}{key[1:]}", properties[key])
            for key in ("DeploymentId", "Description", "TracingEnabled")
            if key in properties
        ]
        variables = properties.get("Variables") or {}
        operations += [replacing(f"/variables/{key}", value) for key, value in variables.items()]
        gone = [key for key in old.get("Variables") or {} if key not in variables]
        operations += [{"op": "remove", "path": f"/variables/{key}"} for key in gone]
        self._patch(client_of(making), api_of(making), made.physical_id, operations)
        return made

    def _patch(self, client: Any, api_id: str, name: str, operations: list[dict[str, str]]) -> None:
        if operations:
            client.update_stage(restApiId=api_id, stageName=name, patchOperations=operations)

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_stage(restApiId=api_of(making), stageName=made.physical_id)


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
            operations.append(replacing(f"/accessLogSettings/{path}", logs[key]))
    for setting in properties.get("MethodSettings") or ():
        path = str(setting.get("ResourcePath", "/*"))
        where = "*" if path == "/*" else path if path.startswith("/~1") else escaped(path)
        where = f"/{where.lstrip('/')}/{setting.get('HttpMethod', '*')}"
        for key, place in _METHOD_SETTINGS.items():
            if key in setting:
                operations.append(replacing(f"{where}/{place}", setting[key]))
    return operations
