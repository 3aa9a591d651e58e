"""API Gateway HTTP APIs and Lambda function URLs in virtual time."""

from __future__ import annotations

from localcloud.services.http_api.service import HttpApi
from localcloud.services.http_api.urls import FunctionUrls

__all__ = ["FunctionUrls", "HttpApi"]
