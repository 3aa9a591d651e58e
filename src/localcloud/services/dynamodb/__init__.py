"""Amazon DynamoDB: what its operations consume, tokens of transactions, time to live."""

from __future__ import annotations

from localcloud.services.dynamodb.capacity import CapacityMeter
from localcloud.services.dynamodb.transactions import TransactionTokens
from localcloud.services.dynamodb.ttl import TimeToLive

__all__ = ["CapacityMeter", "TimeToLive", "TransactionTokens"]
