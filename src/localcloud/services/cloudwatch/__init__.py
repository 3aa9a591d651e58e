"""CloudWatch metrics in virtual time."""

from __future__ import annotations

from localcloud.services.cloudwatch.service import CloudWatch

__all__ = ["CloudWatch"]
