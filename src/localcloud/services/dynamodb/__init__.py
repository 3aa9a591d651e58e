"""Amazon DynamoDB: what its operations consume, and tokens of transactions."""

from __future__ import annotations

from localcloud.services.dynamodb.capacity import CapacityMeter
from localcloud.services.dynamodb.transactions import TransactionTokens

__all__ = ["CapacityMeter", "TransactionTokens"]
