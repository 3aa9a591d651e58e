"""What stands behind methods: Lambda, other AWS services, HTTP endpoints, and nothing (MOCK)."""

from __future__ import annotations

from localcloud.services.rest_api.integrations.run import Integrations

__all__ = ["Integrations"]
