"""The two kinds of streams that Lambda polls: how their shards are found, and what their records look like."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from localcloud.services.event_source_mappings.described import NOTHING_YET
from localcloud.services.events.patterns import loads
from localcloud.services.kinesis import StreamShard
from localcloud.stores.shards import Entry

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Source(Protocol):
    """A stream as a mapping reads it.

    `hop` names the published latency from a write to the function; `write` the fact of the write's own time, which
    is a part of it. `batch_info` names the part of a discarded batch's record that tells where the batch is.
    `last_result` is the LastProcessingResult of its mapping.
    """

    hop: str
    write: str
    batch_info: str
    last_result: str

    def shards(self) -> tuple[StreamShard, ...]:
        """The shards there are now."""

    def retention_us(self) -> int:
        """How long a record can be read."""

    def record(self, entry: Entry, shard_id: str) -> dict[str, Any]:
        """A record as the function receives it."""

    def filtered(self, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What filter patterns look at; None for a record that no pattern can match."""

    def was_read(self, size_bytes: int) -> None:
        """A batch of that size went to the function."""


class KinesisSource:
    """A Kinesis data stream, or a consumer of one with a pipe of its own (enhanced fan-out)."""

    write = "model.api.kinesis.put_record"
    batch_info = "KinesisBatchInfo"

    def __init__(self, cloud: Cloud, arn: str, role_arn: str) -> None:
        self._cloud = cloud
        self._arn = arn
        self._role_arn = role_arn
        self.last_result = NOTHING_YET
        self.hop = "kinesis_efo_esm" if "/consumer/" in arn else "kinesis_standard_esm"

    def shards(self) -> tuple[StreamShard, ...]:
        return self._cloud.kinesis.shards(self._arn)

    def retention_us(self) -> int:
        return self._cloud.kinesis.retention_us(self._cloud.kinesis.stream(self._arn))

    def record(self, entry: Entry, shard_id: str) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": entry.key,
                "sequenceNumber": str(entry.sequence),
                "data": base64.b64encode(entry.data).decode(),
                "approximateArrivalTimestamp": entry.at_us // 1_000 / 1_000,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{entry.sequence}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._role_arn,
            "awsRegion": self._cloud.region,
            "eventSourceARN": self._arn,
        }

    def filtered(self, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
        described = dict(record["kinesis"])
        try:
            described["data"] = loads(base64.b64decode(described["data"]))
        except (ValueError, binascii.Error):
            described["data"] = None
        return described

    def was_read(self, size_bytes: int) -> None:
        self._cloud.kinesis.was_read(self._arn, size_bytes)


class DynamoDBSource:
    """The stream of a table."""

    hop = "dynamodb_streams_esm"
    write = "model.api.dynamodb.put_item"
    batch_info = "DDBStreamBatchInfo"

    def __init__(self, cloud: Cloud, arn: str) -> None:
        self._cloud = cloud
        self._arn = arn
        self.last_result = NOTHING_YET

    def shards(self) -> tuple[StreamShard, ...]:
        shard_id, log = self._cloud.dynamodb_streams.shard(self._arn)
        return (StreamShard(shard_id, (), log),)

    def retention_us(self) -> int:
        return self._cloud.dynamodb_streams.retention_us

    def record(self, entry: Entry, shard_id: str) -> dict[str, Any]:
        return {**self._cloud.dynamodb_streams.record(entry, self._arn), "eventSourceARN": self._arn}

    def filtered(self, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return record

    def was_read(self, size_bytes: int) -> None:
        """What Lambda reads from a table's stream is free."""
