"""Amazon DynamoDB: its operations on items and what they consume, tokens of transactions, time to live, streams."""

from __future__ import annotations

from localcloud.services.dynamodb.operations import ItemOperations
from localcloud.services.dynamodb.streams import DynamoDBStreams
from localcloud.services.dynamodb.ttl import TimeToLive

__all__ = ["DynamoDBStreams", "ItemOperations", "TimeToLive"]
