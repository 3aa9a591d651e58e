"""boto3 inside the simulation: calls reach moto or our data plane directly, with stock behaviour kept."""

from __future__ import annotations

from localcloud.api.calls import REQUEST_ID, ApiCall, ApiError
from localcloud.api.dispatch import Api

__all__ = ["REQUEST_ID", "Api", "ApiCall", "ApiError"]
