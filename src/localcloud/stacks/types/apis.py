"""AWS::ApiGatewayV2::* and AWS::AppSync::Api and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, lower_first, names

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "x-amazon-apigateway-any-method")


class Api(Updatable):
    """An HTTP API; an OpenAPI `Body` becomes its routes and integrations."""

    name = "AWS::ApiGatewayV2::Api"
    properties = names(
        "ApiKeySelectionExpression BasePath Body BodyS3Location CorsConfiguration CredentialsArn Description "
        "DisableExecuteApiEndpoint DisableSchemaValidation FailOnWarnings IpAddressType Name ProtocolType RouteKey "
        "RouteSelectionExpression Tags Target Version"
    )
    attributes = names("ApiEndpoint ApiId ExecuteApiArn")
    replacing = names("ProtocolType")

    def create(self, making: Making) -> Made:
        client, properties = making.client("apigatewayv2"), making.properties
        body = properties.get("Body") or {}
        arguments = chosen(properties, "CorsConfiguration Description DisableExecuteApiEndpoint Version")
        cors = body.get("x-amazon-apigateway-cors")
        if cors and "CorsConfiguration" not in arguments:
            arguments["CorsConfiguration"] = {key[:1].upper() + key[1:]: value for key, value in cors.items()}
        name = properties.get("Name") or (body.get("info") or {}).get("title") or making.generated_name(64)
        answer = client.create_api(
            Name=name, ProtocolType=properties.get("ProtocolType", "HTTP"), Tags=_body_tags(making, body), **arguments
        )
        api_id = answer["ApiId"]
        self._import(client, api_id, body)
        attributes = {
            "ApiEndpoint": answer["ApiEndpoint"],
            "ApiId": api_id,
            "ExecuteApiArn": f"arn:aws:execute-api:{making.region}:{making.account_id}:{api_id}",
        }
        return Made(api_id, attributes)

    def _import(self, client: Any, api_id: str, body: Mapping[str, Any]) -> None:
        guards = _guards(client, api_id, body)
        for path, methods in (body.get("paths") or {}).items():
            for method, operation in methods.items():
                integration = operation.get("x-amazon-apigateway-integration")
                if method not in _METHODS or integration is None:
                    continue
                made = client.create_integration(ApiId=api_id, **_integration(integration))
                verb = "ANY" if method.startswith("x-") else method.upper()
                key = "$default" if path == "/$default" else f"{verb} {path}"
                target = f"integrations/{made['IntegrationId']}"
                security = operation.get("security", body.get("security"))
                client.create_route(ApiId=api_id, RouteKey=key, Target=target, **_authorization(security, guards))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, api_id = making.client("apigatewayv2"), made.physical_id
        arguments = chosen(making.properties, "CorsConfiguration Description Name Version")
        if arguments:
            client.update_api(ApiId=api_id, **arguments)
        if making.properties.get("Body") != old.get("Body"):
            for route in client.get_routes(ApiId=api_id)["Items"]:
                client.delete_route(ApiId=api_id, RouteId=route["RouteId"])
            for integration in client.get_integrations(ApiId=api_id)["Items"]:
                client.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
            for authorizer in client.get_authorizers(ApiId=api_id)["Items"]:
                if authorizer["Name"] in ((old.get("Body") or {}).get("components") or {}).get("securitySchemes", {}):
                    client.delete_authorizer(ApiId=api_id, AuthorizerId=authorizer["AuthorizerId"])
            self._import(client, api_id, making.properties.get("Body") or {})
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("apigatewayv2").delete_api(ApiId=made.physical_id)


def _body_tags(making: Making, body: Mapping[str, Any]) -> dict[str, str]:
    """SAM writes an API's tags into its OpenAPI body."""
    tags = {tag["name"]: str(tag.get("x-amazon-apigateway-tag-value", "")) for tag in body.get("tags") or []}
    return {**making.all_tags(), **tags}


def _guards(client: Any, api_id: str, body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Makes the authorizers of an OpenAPI body; what a route says of each one, by the name of its security scheme."""
    found: dict[str, dict[str, Any]] = {}
    for name, scheme in ((body.get("components") or {}).get("securitySchemes") or {}).items():
        settings = scheme.get("x-amazon-apigateway-authorizer")
        if scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
            found[name] = {"AuthorizationType": "AWS_IAM"}
        if settings is None:
            continue
        is_jwt = settings["type"].lower() == "jwt"
        sources = settings.get("identitySource") or []
        arguments: dict[str, Any] = {
            "AuthorizerType": "JWT" if is_jwt else "REQUEST",
            "IdentitySource": [part.strip() for part in sources.split(",")] if isinstance(sources, str) else sources,
        }
        if "jwtConfiguration" in settings:
            given = {key.lower(): value for key, value in settings["jwtConfiguration"].items()}
            arguments["JwtConfiguration"] = {"Audience": given.get("audience") or [], "Issuer": given.get("issuer")}
        renamed = {
            "authorizerUri": "AuthorizerUri",
            "authorizerCredentials": "AuthorizerCredentialsArn",
            "authorizerPayloadFormatVersion": "AuthorizerPayloadFormatVersion",
        }
        arguments |= {renamed[key]: str(value) for key, value in settings.items() if key in renamed}
        if "authorizerResultTtlInSeconds" in settings:
            arguments["AuthorizerResultTtlInSeconds"] = int(settings["authorizerResultTtlInSeconds"])
        if "enableSimpleResponses" in settings:
            arguments["EnableSimpleResponses"] = as_bool(settings["enableSimpleResponses"])
        made = client.create_authorizer(ApiId=api_id, Name=name, **arguments)
        found[name] = {"AuthorizationType": "JWT" if is_jwt else "CUSTOM", "AuthorizerId": made["AuthorizerId"]}
    return found


def _authorization(security: Any, guards: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A route's authorization: the first security scheme that is an authorizer, with its scopes."""
    for requirement in security or ():
        for name, scopes in requirement.items():
            if name in guards:
                return {**guards[name], **({"AuthorizationScopes": list(scopes)} if scopes else {})}
    return {}


def _integration(openapi: Mapping[str, Any]) -> dict[str, Any]:
    types = {"aws_proxy": "AWS_PROXY", "http_proxy": "HTTP_PROXY", "aws": "AWS", "http": "HTTP", "mock": "MOCK"}
    arguments: dict[str, Any] = {"IntegrationType": types[str(openapi["type"]).lower()]}
    renamed = {
        "httpMethod": "IntegrationMethod",
        "uri": "IntegrationUri",
        "payloadFormatVersion": "PayloadFormatVersion",
        "connectionType": "ConnectionType",
        "subtype": "IntegrationSubtype",
        "credentials": "CredentialsArn",
        "requestParameters": "RequestParameters",
    }
    arguments |= {renamed[key]: value for key, value in openapi.items() if key in renamed}
    if "integrationSubtype" in openapi:
        arguments["IntegrationSubtype"] = openapi["integrationSubtype"]
    if "timeoutInMillis" in openapi:
        arguments["TimeoutInMillis"] = int(openapi["timeoutInMillis"])
    return arguments


class Stage(Updatable):
    name = "AWS::ApiGatewayV2::Stage"
    validated_early = False
    custom_name = "StageName"
    properties = names(
        "AccessLogSettings AccessPolicyId ApiId AutoDeploy ClientCertificateId DefaultRouteSettings DeploymentId "
        "Description RouteSettings StageName StageVariables Tags"
    )
    required = names("ApiId StageName")
    replacing = names("ApiId StageName")

    def _arguments(self, making: Making) -> dict[str, Any]:
        found = chosen(making.properties, "AccessLogSettings Description StageVariables")
        if "AutoDeploy" in making.properties:
            found["AutoDeploy"] = as_bool(making.properties["AutoDeploy"])
        if "DefaultRouteSettings" in making.properties:
            found["DefaultRouteSettings"] = _settings(making.properties["DefaultRouteSettings"])
        if "RouteSettings" in making.properties:
            settings = making.properties["RouteSettings"]
            found["RouteSettings"] = {route: _settings(value) for route, value in settings.items()}
        return found

    def create(self, making: Making) -> Made:
        making.client("apigatewayv2").create_stage(
            **chosen(making.properties, "ApiId StageName"), Tags=making.all_tags(), **self._arguments(making)
        )
        return Made(str(making.properties["StageName"]))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("apigatewayv2").update_stage(
            **chosen(making.properties, "ApiId StageName"), **self._arguments(making)
        )
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("apigatewayv2").delete_stage(**chosen(making.properties, "ApiId StageName"))


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for key, value in settings.items():
        if key == "ThrottlingBurstLimit":
            converted[key] = int(float(value))
        elif key == "ThrottlingRateLimit":
            converted[key] = float(value)
        else:
            converted[key] = value
    return converted


class Integration(ResourceType):
    name = "AWS::ApiGatewayV2::Integration"
    _arguments = (
        "ApiId ConnectionId ConnectionType ContentHandlingStrategy CredentialsArn Description IntegrationMethod "
        "IntegrationSubtype IntegrationType IntegrationUri PassthroughBehavior PayloadFormatVersion RequestParameters "
        "RequestTemplates ResponseParameters TemplateSelectionExpression TimeoutInMillis TlsConfig"
    )
    properties = names(_arguments)
    required = names("ApiId IntegrationType")
    attributes = names("IntegrationId")

    def create(self, making: Making) -> Made:
        answer = making.client("apigatewayv2").create_integration(**chosen(making.properties, self._arguments))
        return Made(answer["IntegrationId"], {"IntegrationId": answer["IntegrationId"]})

    def delete(self, making: Making, made: Made) -> None:
        api_id = making.properties["ApiId"]
        making.client("apigatewayv2").delete_integration(ApiId=api_id, IntegrationId=made.physical_id)


class Route(ResourceType):
    name = "AWS::ApiGatewayV2::Route"
    _arguments = (
        "ApiId ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId ModelSelectionExpression "
        "OperationName RequestModels RequestParameters RouteKey RouteResponseSelectionExpression Target"
    )
    properties = names(_arguments)
    required = names("ApiId RouteKey")
    attributes = names("RouteId")

    def create(self, making: Making) -> Made:
        answer = making.client("apigatewayv2").create_route(**chosen(making.properties, self._arguments))
        return Made(answer["RouteId"], {"RouteId": answer["RouteId"]})

    def delete(self, making: Making, made: Made) -> None:
        making.client("apigatewayv2").delete_route(ApiId=making.properties["ApiId"], RouteId=made.physical_id)


class Authorizer(ResourceType):
    name = "AWS::ApiGatewayV2::Authorizer"
    _arguments = (
        "ApiId AuthorizerCredentialsArn AuthorizerPayloadFormatVersion AuthorizerType AuthorizerUri IdentitySource "
        "IdentityValidationExpression JwtConfiguration Name"
    )
    properties = names(f"{_arguments} AuthorizerResultTtlInSeconds EnableSimpleResponses")
    required = names("ApiId AuthorizerType Name")
    attributes = names("AuthorizerId")

    def create(self, making: Making) -> Made:
        properties = making.properties
        arguments = chosen(properties, self._arguments)
        if "AuthorizerResultTtlInSeconds" in properties:
            arguments["AuthorizerResultTtlInSeconds"] = int(properties["AuthorizerResultTtlInSeconds"])
        if "EnableSimpleResponses" in properties:
            arguments["EnableSimpleResponses"] = as_bool(properties["EnableSimpleResponses"])
        arguments.setdefault("IdentitySource", [])
        answer = making.client("apigatewayv2").create_authorizer(**arguments)
        return Made(answer["AuthorizerId"], {"AuthorizerId": answer["AuthorizerId"]})

    def delete(self, making: Making, made: Made) -> None:
        api_id = making.properties["ApiId"]
        making.client("apigatewayv2").delete_authorizer(ApiId=api_id, AuthorizerId=made.physical_id)


class EventApi(ResourceType):
    """An AppSync Events API."""

    name = "AWS::AppSync::Api"
    custom_name = "Name"
    properties = names("EventConfig Name OwnerContact Tags")
    required = names("EventConfig Name")
    attributes = names("ApiArn ApiId Dns.Http Dns.Realtime")

    def create(self, making: Making) -> Made:
        arguments = lower_first(chosen(making.properties, "Name OwnerContact EventConfig"))
        api = making.client("appsync").create_api(tags=making.all_tags(), **arguments)["api"]
        attributes = {
            "ApiArn": api["apiArn"],
            "ApiId": api["apiId"],
            "Dns.Http": api["dns"]["HTTP"],
            "Dns.Realtime": api["dns"]["REALTIME"],
        }
        return Made(api["apiArn"], attributes)

    def delete(self, making: Making, made: Made) -> None:
        making.client("appsync").delete_api(apiId=made.attributes["ApiId"])


class ChannelNamespace(ResourceType):
    name = "AWS::AppSync::ChannelNamespace"
    custom_name = "Name"
    properties = names("ApiId CodeHandlers CodeS3Location HandlerConfigs Name PublishAuthModes SubscribeAuthModes Tags")
    required = names("ApiId Name")
    attributes = names("ChannelNamespaceArn")

    def create(self, making: Making) -> Made:
        wanted = "ApiId CodeHandlers Name PublishAuthModes SubscribeAuthModes"
        arguments = lower_first(chosen(making.properties, wanted))
        answer = making.client("appsync").create_channel_namespace(**arguments)["channelNamespace"]
        arn = answer["channelNamespaceArn"]
        return Made(arn, {"ChannelNamespaceArn": arn})

    def delete(self, making: Making, made: Made) -> None:
        arguments = lower_first(chosen(making.properties, "ApiId Name"))
        making.client("appsync").delete_channel_namespace(**arguments)


class ApiKey(ResourceType):
    name = "AWS::AppSync::ApiKey"
    validated_early = False
    properties = names("ApiId ApiKeyId Description Expires")
    required = names("ApiId")
    attributes = names("ApiKey ApiKeyId Arn")

    def create(self, making: Making) -> Made:
        arguments = lower_first(chosen(making.properties, "ApiId Description"))
        if "Expires" in making.properties:
            arguments["expires"] = int(making.properties["Expires"])
        key = making.client("appsync").create_api_key(**arguments)["apiKey"]["id"]
        arn = f"arn:aws:appsync:{making.region}:{making.account_id}:apis/{making.properties['ApiId']}/apikeys/{key}"
        return Made(arn, {"ApiKey": key, "ApiKeyId": key, "Arn": arn})

    def delete(self, making: Making, made: Made) -> None:
        making.client("appsync").delete_api_key(apiId=making.properties["ApiId"], id=made.attributes["ApiKeyId"])


ALL = (Api(), Stage(), Integration(), Route(), Authorizer(), EventApi(), ChannelNamespace(), ApiKey())
