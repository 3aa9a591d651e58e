"""API Gateway REST APIs in virtual time."""

from __future__ import annotations

from localcloud.imports import without_uri_grammar

with without_uri_grammar():  # moto's API Gateway brings jsonschema in
    from localcloud.services.rest_api.service import RestApis

__all__ = ["RestApis"]
