"""Amazon DynamoDB: what its operations consume."""

from __future__ import annotations

from localcloud.services.dynamodb.capacity import CapacityMeter

__all__ = ["CapacityMeter"]
