"""APIs from OpenAPI documents (2.0 and 3.0) with the x-amazon-apigateway extensions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_VERBS: Mapping[str, str] = {
    **{verb: verb.upper() for verb in ("get", "put", "post", "delete", "options", "head", "patch")},
    "x-amazon-apigateway-any-method": "ANY",
}
_EXTENSION = "x-amazon-apigateway-"
_PLACES: Mapping[str, str] = {"query": "querystring", "header": "header", "path": "path"}


class InvalidDocument(Exception):
    """The document cannot be read as an API; the text is AWS's answer."""


def import_document(backend: Any, api: Any, document: Mapping[str, Any], overwrite: bool = False) -> None:
    """Put the document's parts into moto's API. Raises InvalidDocument.

    `overwrite` takes away what the API had before.
    """
    version = str(document.get("swagger") or document.get("openapi") or "")
    if not version.startswith(("2.", "3.")):
        raise InvalidDocument("Unsupported OpenAPI version. Supported versions are 2.0 and 3.0.x.")
    if not isinstance(document.get("paths", {}), dict):
        raise InvalidDocument("Unable to parse API definition because of a malformed path.")
    _Import(backend, api, document).run(overwrite)


class _Import:
    def __init__(self, backend: Any, api: Any, document: Mapping[str, Any]) -> None:
        self._backend = backend
        self._api = api
        self._document = document
        self._validators: dict[str, str] = {}
        self._authorizers: dict[str, str] = {}
        self._schemes: Mapping[str, Any] = (
            document.get("securityDefinitions") or (document.get("components") or {}).get("securitySchemes") or {}
        )

    def run(self, overwrite: bool) -> None:
        api, document = self._api, self._document
        if overwrite:
            self._clear()
        binary = document.get(_EXTENSION + "binary-media-types")
        if binary:
            api.binaryMediaTypes = list(binary)
        api.api_key_source = document.get(_EXTENSION + "api-key-source") or api.api_key_source
        policy = document.get(_EXTENSION + "policy")
        if policy:
            api.policy = json.dumps(policy)
        schemas = document.get("definitions") or (document.get("components") or {}).get("schemas") or {}
        for name, schema in schemas.items():
            api.add_model(name=name, description="", schema=json.dumps(schema), content_type="application/json")
        for name, settings in (document.get(_EXTENSION + "request-validators") or {}).items():
            made = api.create_request_validator(
                name, settings.get("validateRequestBody", False), settings.get("validateRequestParameters", False)
            )
            self._validators[name] = made.id
        for kind, settings in (document.get(_EXTENSION + "gateway-responses") or {}).items():
            api.put_gateway_response(
                kind, settings.get("statusCode"), _gateway_parameters(settings), settings.get("responseTemplates") or {}
            )
        for name, scheme in self._schemes.items():
            self._authorizer(name, scheme)
        for path, operations in (document.get("paths") or {}).items():
            self._path(path, operations)

    def _clear(self) -> None:
        api = self._api
        for held in (api.resources, api.models, api.authorizers, api.request_validators, api.gateway_responses):
            held.clear()
        api.default = api.add_child("/")
        api.root_resource_id = api.default.id

    def _authorizer(self, name: str, scheme: Mapping[str, Any]) -> None:
        settings = scheme.get(_EXTENSION + "authorizer")
        if not settings:
            return
        source = settings.get("identitySource")
        if source is None and scheme.get("in") == "header":
            source = f"method.request.header.{scheme.get('name', 'Authorization')}"
        made = self._backend.create_authorizer(
            self._api.id,
            name,
            str(settings.get("type", "token")).upper(),
            provider_arns=settings.get("providerARNs"),
            auth_type=scheme.get(_EXTENSION + "authtype"),
            authorizer_uri=settings.get("authorizerUri"),
            authorizer_credentials=settings.get("authorizerCredentials"),
            identity_source=source,
            identiy_validation_expression=settings.get("identityValidationExpression"),
            authorizer_result_ttl=settings.get("authorizerResultTtlInSeconds"),
        )
        self._authorizers[name] = made.id

    # -- paths -------------------------------------------------------------------------------------

    def _path(self, path: str, operations: Any) -> None:
        if not path.startswith("/") or not isinstance(operations, dict):
            raise InvalidDocument(f"Unable to parse API definition because of a malformed path {path}.")
        resource = self._resource(path)
        shared = operations.get("parameters") or []
        for verb, operation in operations.items():
            if verb in _VERBS:
                self._method(resource, _VERBS[verb], operation or {}, shared)

    def _resource(self, path: str) -> Any:
        api = self._api
        current = api.get_resource_for_path("/")
        so_far = ""
        for part in (piece for piece in path.split("/") if piece):
            so_far += f"/{part}"
            current = api.get_resource_for_path(so_far) or api.add_child(part, current.id)
        return current

    def _method(self, resource: Any, verb: str, operation: Mapping[str, Any], shared: list[Any]) -> None:
        authorization, authorizer_id, needs_key = self._security(operation)
        parameters, models = self._inputs(operation, shared)
        validator = operation.get(_EXTENSION + "request-validator") or self._document.get(
            _EXTENSION + "request-validator"
        )
        method = resource.add_method(
            verb,
            authorization,
            api_key_required=needs_key,
            request_parameters=parameters or None,
            request_models=models or None,
            operation_name=operation.get("operationId"),
            authorizer_id=authorizer_id,
            request_validator_id=self._validators.get(str(validator)),
        )
        for status in operation.get("responses") or {}:
            method.create_response(str(status), None, None)
        settings = operation.get(_EXTENSION + "integration")
        if settings:
            self._integration(resource, verb, settings)

    def _security(self, operation: Mapping[str, Any]) -> tuple[str, str | None, bool]:
        needs_key = False
        authorization, authorizer_id = "NONE", None
        declared = operation["security"] if "security" in operation else self._document.get("security") or []
        for requirement in declared:
            for name in requirement:
                scheme = self._schemes.get(name) or {}
                if name in self._authorizers:
                    authorizer_id = self._authorizers[name]
                    kind = self._api.authorizers[authorizer_id].type
                    authorization = "COGNITO_USER_POOLS" if kind == "COGNITO_USER_POOLS" else "CUSTOM"
                elif scheme.get(_EXTENSION + "authtype") == "awsSigv4":
                    authorization = "AWS_IAM"
                elif scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == "x-api-key":
                    needs_key = True
        return authorization, authorizer_id, needs_key

    def _inputs(self, operation: Mapping[str, Any], shared: list[Any]) -> tuple[dict[str, bool], dict[str, str]]:
        parameters: dict[str, bool] = {}
        models: dict[str, str] = {}
        for item in (*shared, *(operation.get("parameters") or [])):
            if item.get("in") in _PLACES:
                parameters[f"method.request.{_PLACES[item['in']]}.{item['name']}"] = bool(item.get("required"))
            elif item.get("in") == "body":
                models["application/json"] = self._model(item.get("schema") or {})
        content = (operation.get("requestBody") or {}).get("content") or {}
        for kind, media in content.items():
            models[kind] = self._model(media.get("schema") or {})
        return parameters, models

    def _model(self, schema: Mapping[str, Any]) -> str:
        """The name of a model; a schema that has none becomes one, as AWS makes it."""
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return reference.rsplit("/", 1)[-1]
        name = f"MODEL{len(self._api.models):06d}"
        self._api.add_model(name=name, description="", schema=json.dumps(schema), content_type="application/json")
        return name

    def _integration(self, resource: Any, verb: str, settings: Mapping[str, Any]) -> None:
        kind = str(settings.get("type", "")).upper()
        if kind not in ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"):
            raise InvalidDocument("Integration type must be one of AWS, AWS_PROXY, HTTP, HTTP_PROXY and MOCK.")
        integration = resource.add_integration(
            verb,
            kind,
            settings.get("uri"),
            request_templates=settings.get("requestTemplates"),
            passthrough_behavior=str(settings.get("passthroughBehavior", "when_no_match")).upper(),
            integration_method=settings.get("httpMethod"),
            timeout_in_millis=settings.get("timeoutInMillis"),
            request_parameters=settings.get("requestParameters"),
            content_handling=settings.get("contentHandling"),
            credentials=settings.get("credentials"),
            connection_type=settings.get("connectionType"),
        )
        for pattern, response in (settings.get("responses") or {}).items():
            integration.create_integration_response(
                str(response.get("statusCode", "200")),
                "" if pattern == "default" else pattern,
                dict(response.get("responseTemplates") or {}),
                dict(response.get("responseParameters") or {}),
                response.get("contentHandling"),
            )


def _gateway_parameters(settings: Mapping[str, Any]) -> dict[str, str]:
    """Documents may write "gatewayresponse.header.X" with or without its prefix of old."""
    return {str(name): str(value) for name, value in (settings.get("responseParameters") or {}).items()}
