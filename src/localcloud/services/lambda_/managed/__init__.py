"""Lambda Managed Instances in virtual time."""

from __future__ import annotations

from localcloud.services.lambda_.managed.service import ManagedInstances

__all__ = ["ManagedInstances"]
