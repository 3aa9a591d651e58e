"""API Gateway REST APIs in virtual time."""

from __future__ import annotations

from localcloud.services.rest_api.service import RestApis

__all__ = ["RestApis"]
