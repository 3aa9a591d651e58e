"""Models, validators, authorizers and the gateway's own responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names
from localcloud.stacks.types.rest_apis.common import api_of, as_text, client_of, lower_names


class Model(ResourceType):
    name = "AWS::ApiGateway::Model"
    custom_name = "Name"
    properties = names("ContentType Description Name RestApiId Schema")
    required = names("RestApiId")

    def create(self, making: Making) -> Made:
        properties, name = making.properties, making.name("Name").replace("-", "")
        client_of(making).create_model(
            restApiId=api_of(making),
            name=name,
            description=str(properties.get("Description", "")),
            schema=as_text(properties.get("Schema") or {}),
            contentType=properties.get("ContentType", "application/json"),
        )
        return Made(name)

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_model(restApiId=api_of(making), modelName=made.physical_id)


class RequestValidator(ResourceType):
    name = "AWS::ApiGateway::RequestValidator"
    properties = names("Name RestApiId ValidateRequestBody ValidateRequestParameters")
    required = names("RestApiId")
    attributes = names("RequestValidatorId")

    def create(self, making: Making) -> Made:
        properties = making.properties
        answer = client_of(making).create_request_validator(
            restApiId=api_of(making),
            name=making.name("Name"),
            validateRequestBody=as_bool(properties.get("ValidateRequestBody", False)),
            validateRequestParameters=as_bool(properties.get("ValidateRequestParameters", False)),
        )
        return Made(answer["id"], {"RequestValidatorId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_request_validator(restApiId=api_of(making), requestValidatorId=made.physical_id)


class Authorizer(ResourceType):
    name = "AWS::ApiGateway::Authorizer"
    properties = names(
        "AuthType AuthorizerCredentials AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource "
        "IdentityValidationExpression Name ProviderARNs RestApiId Type"
    )
    required = names("Name RestApiId Type")
    attributes = names("AuthorizerId")

    def create(self, making: Making) -> Made:
        wanted = "AuthType AuthorizerCredentials AuthorizerUri IdentitySource IdentityValidationExpression Name Type"
        arguments = lower_names(chosen(making.properties, wanted))
        if "AuthorizerResultTtlInSeconds" in making.properties:
            arguments["authorizerResultTtlInSeconds"] = int(making.properties["AuthorizerResultTtlInSeconds"])
        if "ProviderARNs" in making.properties:
            arguments["providerARNs"] = making.properties["ProviderARNs"]
        answer = client_of(making).create_authorizer(restApiId=api_of(making), **arguments)
        return Made(answer["id"], {"AuthorizerId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_authorizer(restApiId=api_of(making), authorizerId=made.physical_id)


class GatewayResponse(Updatable):
    name = "AWS::ApiGateway::GatewayResponse"
    validated_early = False
    properties = names("ResponseParameters ResponseTemplates ResponseType RestApiId StatusCode")
    required = names("ResponseType RestApiId")
    attributes = names("Id")
    replacing = required

    def create(self, making: Making) -> Made:
        arguments = lower_names(chosen(making.properties, "ResponseParameters ResponseTemplates ResponseType"))
        if "StatusCode" in making.properties:
            arguments["statusCode"] = str(making.properties["StatusCode"])
        client_of(making).put_gateway_response(restApiId=api_of(making), **arguments)
        made = f"{api_of(making)}|{making.properties['ResponseType']}"
        return Made(made, {"Id": made})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        return self.create(making)

    def delete(self, making: Making, made: Made) -> None:
        kind = making.properties["ResponseType"]
        client_of(making).delete_gateway_response(restApiId=api_of(making), responseType=kind)
