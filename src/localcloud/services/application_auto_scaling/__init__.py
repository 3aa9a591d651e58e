"""Application Auto Scaling of provisioned concurrency and of DynamoDB's capacity, on the virtual clock."""

from __future__ import annotations

from localcloud.services.application_auto_scaling.service import ApplicationAutoScaling

__all__ = ["ApplicationAutoScaling"]
