"""API Gateway REST APIs in virtual time."""

from __future__ import annotations

from localcloud.imports import URI_GRAMMAR, without

with without(URI_GRAMMAR):  # moto's API Gateway brings jsonschema in
    from localcloud.mended.rest_apis import RestApiSettings
    from localcloud.services.rest_api.service import RestApis

__all__ = ["RestApiSettings", "RestApis"]
