"""Amazon DynamoDB: its operations on items and what they consume, storage, tokens of transactions, streams."""

from __future__ import annotations

from localcloud.services.dynamodb.operations import ItemOperations
from localcloud.services.dynamodb.storage import TableStorage
from localcloud.services.dynamodb.streams import DynamoDBStreams
from localcloud.services.dynamodb.ttl import TimeToLive

__all__ = ["DynamoDBStreams", "ItemOperations", "TableStorage", "TimeToLive"]
