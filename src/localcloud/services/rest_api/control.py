"""The control plane where moto's differs from AWS: deployments, and APIs from OpenAPI documents."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from moto.apigateway.models import RestAPI, Stage, apigateway_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.rest_api.definition import Definition, snapshot
from localcloud.services.rest_api.openapi import InvalidDocument, import_document

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class ControlPlane:
    """Keeps what was deployed; reads OpenAPI documents."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._deployed: dict[tuple[str, str], Definition] = {}

    def install(self) -> None:
        """Take over what moto does otherwise than AWS."""
        patches, register = self._cloud.patches, self._cloud.api.register
        patches.set(RestAPI, "create_deployment", self._create_deployment(RestAPI.create_deployment))
        patches.set(RestAPI, "create_authorizer", self._create_authorizer(RestAPI.create_authorizer))
        patches.set(Stage, "_get_default_method_settings", lambda stage: self._default_settings())
        register("apigateway", "ImportRestApi", self._import)
        register("apigateway", "PutRestApi", self._put)

    def deployed(self, api: Any, deployment_id: str) -> Definition | None:
        """The API as it was when it was deployed; None for a deployment that is not there."""
        if deployment_id not in api.deployments:
            return None
        return self._deployed.get((api.id, deployment_id))

    # -- deployments -----------------------------------------------------------------------------

    def _create_deployment(self, stock: Any) -> Any:
        deployed, kernel = self._deployed, self._cloud.kernel

        @functools.wraps(stock)
        def create_deployment(api: Any, name: str, description: str, stage_variables: Any = None) -> Any:
            stage = api.stages.get(name) if name else None
            deployment = stock(api, name, description, stage_variables)
            if stage is not None:  # moto makes the stage anew: on AWS it keeps its settings
                stage.deployment_id = deployment.id
                stage.variables = {**stage.variables, **(stage_variables or {})}
                api.stages[name] = stage
            deployed[api.id, deployment.id] = snapshot(api, kernel.now_us)
            return deployment

        return create_deployment

    def _create_authorizer(self, stock: Any) -> Any:
        @functools.wraps(stock)
        def create_authorizer(api: Any, *arguments: Any, **named: Any) -> Any:
            made = stock(api, *arguments, **named)
            made.identity_validation_expression = named.get("identiy_validation_expression")  # moto loses it
            return made

        return create_authorizer

    def _default_settings(self) -> dict[str, Any]:
        """What a method setting begins with: the account's own limits."""
        account = self._cloud.facts.value("quota.apigw.throttle")
        return {
            "metricsEnabled": False,
            "loggingLevel": "OFF",
            "dataTraceEnabled": False,
            "throttlingBurstLimit": int(account["burst"]),
            "throttlingRateLimit": float(account["rps"]),
            "cachingEnabled": False,
            "cacheTtlInSeconds": 300,
            "cacheDataEncrypted": False,
            "requireAuthorizationForCacheControl": True,
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }

    # -- OpenAPI -----------------------------------------------------------------------------------

    @functools.cached_property
    def _backend(self) -> Any:
        return apigateway_backends[self._cloud.account_id][self._cloud.region]

    def _import(self, call: ApiCall) -> dict[str, Any]:
        document = _document(call.params["body"])
        info = document.get("info") or {}
        api = self._backend.create_rest_api(name=info.get("title") or "", description=info.get("description"))
        try:
            import_document(self._backend, api, document)
        except InvalidDocument as exc:
            self._backend.delete_rest_api(api.id)
            raise ApiError("BadRequestException", str(exc)) from None
        return _described(api)

    def _put(self, call: ApiCall) -> dict[str, Any]:
        api = self._backend.apis.get(call.params["restApiId"])
        if api is None:
            raise ApiError("NotFoundException", "Invalid API identifier specified", 404)
        document = _document(call.params["body"])
        try:
            import_document(self._backend, api, document, overwrite=call.params.get("mode") == "overwrite")
        except InvalidDocument as exc:
            raise ApiError("BadRequestException", str(exc)) from None
        return _described(api)


def _document(body: Any) -> dict[str, Any]:
    content = body.read() if hasattr(body, "read") else body
    try:
        document = json.loads(content)
    except ValueError:
        import yaml

        try:
            document = yaml.safe_load(content)
        except yaml.YAMLError:
            document = None
    if not isinstance(document, dict):
        raise ApiError("BadRequestException", "Invalid OpenAPI input.")
    return document


def _described(api: Any) -> dict[str, Any]:
    """What the operation answers: the API without the members that have no value."""
    return {name: value for name, value in api.to_dict().items() if value is not None}
