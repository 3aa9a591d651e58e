"""Operations on HTTP APIs that moto lacks, or takes too much of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.apigatewayv2.models import apigatewayv2_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.http_api.authorizers import described
from localcloud.services.http_api.deployments import Deployments
from localcloud.services.http_api.first_class import OPERATIONS
from localcloud.services.http_api.mappings import REQUEST_PLACES, RESPONSE_PLACES, faults, of_all_statuses

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class ControlPlane:
    """Answers them; the APIs themselves are moto's."""

    def __init__(self, cloud: Cloud, deployments: Deployments) -> None:
        self._cloud = cloud
        self._deployments = deployments

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("apigatewayv2", "CreateStage", self._create_stage)
        register("apigatewayv2", "UpdateStage", self._update_stage)
        for operation in ("CreateRoute", "UpdateRoute"):
            register("apigatewayv2", operation, self._route)
        register("apigatewayv2", "CreateIntegration", self._create_integration)
        register("apigatewayv2", "UpdateIntegration", self._update_integration)
        register("apigatewayv2", "CreateApi", self._create_api)
        register("apigatewayv2", "GetAuthorizers", self._get_authorizers)

    def find(self, api_id: str) -> Any:
        """moto's API; None when there is none."""
        return self._backend.apis.get(api_id)

    @cached_property
    def _backend(self) -> Any:
        return apigatewayv2_backends[self._cloud.account_id][self._cloud.region]

    def _create_stage(self, call: ApiCall) -> dict[str, Any]:
        api, name = self.find(call.params["ApiId"]), call.params["StageName"]
        if api is not None and name in api.stages:
            raise ApiError("ConflictException", "Stage already exists", 409)
        answer = self._cloud.api.stock(call)
        if api is not None and call.params.get("DeploymentId"):
            self._deployments.put(api, api.stages[name], call.params["DeploymentId"])
        return answer

    def _route(self, call: ApiCall) -> dict[str, Any]:
        """A route has a method and a path, or is the default, and there is one of each."""
        api, key = self.find(call.params["ApiId"]), call.params.get("RouteKey")
        if api is not None and key is not None and api.protocol_type == "HTTP":
            if not _ROUTE_KEY.fullmatch(key):
                raise ApiError(
                    "BadRequestException",
                    "The provided route key is not formatted properly for HTTP protocol. Format should be "
                    '"<HTTP METHOD> /<RESOURCE PATH>" or "$default"',
                )
            others = (route for route in api.routes.values() if route.route_id != call.params.get("RouteId"))
            if any(route.route_key == key for route in others):
                raise ApiError("ConflictException", f"Route with key {key} already exists for this API", 409)
        return self._cloud.api.stock(call)

    def _update_stage(self, call: ApiCall) -> dict[str, Any]:
        """moto cannot change a stage."""
        params = call.params
        api = self.find(params["ApiId"])
        stage = api.stages.get(params["StageName"]) if api is not None else None
        if stage is None:
            raise ApiError("NotFoundException", "Invalid stage identifier specified", 404)
        lowered = lowered_names(params)
        for name, attribute in _STAGE_SETTINGS.items():
            if name in lowered:
                value = lowered[name]
                setattr(stage, attribute, lowered_names(value) if attribute.endswith("_settings") else value)
        if "routeSettings" in lowered:
            stage.route_settings = {route: lowered_names(value) for route, value in lowered["routeSettings"].items()}
        if "deploymentId" in lowered:
            self._deployments.put(api, stage, lowered["deploymentId"])
        stage.updated = self._cloud.now
        return _described(stage)

    def _create_api(self, call: ApiCall) -> Any:
        """With a target it is made at once: an integration, a route ($default) and a stage that deploys itself.

        moto would keep WebSocket APIs, and nothing would answer behind them: they are refused.
        """
        if call.params["ProtocolType"] == "WEBSOCKET":
            raise ApiError(
                "BadRequestException",
                "The local cloud serves no WebSocket APIs: expected ProtocolType HTTP, found WEBSOCKET; use an "
                "AppSync Events API for messages to subscribers.",
            )
        answer = self._cloud.api.stock(call)
        target = call.params.get("Target")
        if target and call.params["ProtocolType"] == "HTTP":
            client, api = self._cloud.client("apigatewayv2"), answer["ApiId"]
            settings = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0"}
            if not target.startswith("arn:"):
                settings = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "PayloadFormatVersion": "1.0"}
            made = client.create_integration(ApiId=api, IntegrationUri=target, **settings)
            key = call.params.get("RouteKey") or "$default"
            client.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")
            client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        return answer

    def _get_authorizers(self, call: ApiCall) -> dict[str, Any]:
        """moto has each one, and no list."""
        api = self.find(call.params["ApiId"])
        if api is None:
            raise ApiError("NotFoundException", "Invalid API identifier specified", 404)
        return {"Items": [described(authorizer) for authorizer in api.authorizers.values()]}

    def _create_integration(self, call: ApiCall) -> dict[str, Any]:
        """moto takes any integration: those of HTTP APIs are functions, HTTP endpoints and a list of operations."""
        api, params = self.find(call.params["ApiId"]), call.params
        subtype = params.get("IntegrationSubtype")
        if api is not None and api.protocol_type == "HTTP":
            if params["IntegrationType"] not in ("AWS_PROXY", "HTTP_PROXY"):
                raise ApiError("BadRequestException", "Invalid integration type specified for HTTP protocol type.")
            if subtype is not None and subtype.split(":")[0] not in OPERATIONS:
                raise ApiError("BadRequestException", f"Invalid integration subtype {subtype} specified.")
            if subtype is not None and not params.get("CredentialsArn"):
                raise ApiError("BadRequestException", "Credentials are required for an integration with a subtype.")
            if subtype is None:
                _check_mappings(params)
        return self._cloud.api.stock(call)

    def _update_integration(self, call: ApiCall) -> dict[str, Any]:
        api = self.find(call.params["ApiId"])
        known = api.integrations.get(call.params["IntegrationId"]) if api is not None else None
        if known is not None and not (call.params.get("IntegrationSubtype") or known.integration_subtype):
            _check_mappings(call.params)
        return self._cloud.api.stock(call)


def _check_mappings(params: Mapping[str, Any]) -> None:
    """Raises ApiError for parameter mappings that API Gateway does not take."""
    found = faults(params.get("RequestParameters") or {}, REQUEST_PLACES)
    found += faults(of_all_statuses(params.get("ResponseParameters") or {}), RESPONSE_PLACES)
    if found:
        result = f"Validation Result: warnings : [], errors : [{', '.join(found)}]"
        raise ApiError("BadRequestException", f"Invalid mapping expression specified: {result}")


_ROUTE_KEY = re.compile(r"\$default|(?:ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\S*")
_STAGE_SETTINGS = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "stageVariables": "stage_variables",
}


def _upper(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name[:1].upper() + name[1:]: inner for name, inner in value.items()}


def _described(stage: Any) -> dict[str, Any]:
    """A stage as the API's own clients see it."""
    described = {
        "AccessLogSettings": _upper(stage.access_log_settings) if stage.access_log_settings else None,
        "AutoDeploy": stage.auto_deploy,
        "CreatedDate": stage.created,
        "DefaultRouteSettings": _upper(stage.default_route_settings),
        "Description": stage.description,
        "LastUpdatedDate": stage.updated,
        "RouteSettings": {route: _upper(settings) for route, settings in stage.route_settings.items()},
        "StageName": stage.name,
        "StageVariables": stage.stage_variables,
        "Tags": stage.tags,
    }
    return {name: value for name, value in described.items() if value is not None}


def route_settings(stage: Any, route_key: str) -> dict[str, Any]:
    """What holds for a route of a stage: its own settings, and the stage's where it has none."""
    own, default = stage.route_settings.get(route_key), stage.default_route_settings
    if not own:
        return lowered_names(default) if default else {}
    return {**lowered_names(default or {}), **lowered_names(own)}


def lowered_names(value: Mapping[str, Any]) -> dict[str, Any]:
    """Members as moto and API definitions spell them: "autoDeploy"."""
    return {name[:1].lower() + name[1:]: inner for name, inner in value.items()}
