"""Amazon DynamoDB: its operations on items and what they consume, tokens of transactions, time to live."""

from __future__ import annotations

from localcloud.services.dynamodb.operations import ItemOperations
from localcloud.services.dynamodb.ttl import TimeToLive

__all__ = ["ItemOperations", "TimeToLive"]
