"""DynamoDB Streams' API over the records of the tables."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from localcloud.api import ApiCall, ApiError
from localcloud.stores.dynamodb.streams import StreamLogs
from localcloud.stores.shards import Entry, ShardLog

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MOST_BYTES = 1024 * 1024
_UNIT_BYTES = 4096
_HOUR_US = 3_600_000_000


class DynamoDBStreams:
    """The streams of tables."""

    def __init__(self, cloud: Cloud, logs: StreamLogs) -> None:
        self._cloud = cloud
        self._logs = logs
        self.retention_us = int(cloud.facts.value("quota.dynamodb.streams")["retention_h"]) * _HOUR_US

    def install(self) -> None:
        """Answer the operations."""
        self._cloud.api.register("dynamodbstreams", "DescribeStream", self._describe_stream)
        self._cloud.api.register("dynamodbstreams", "ListStreams", self._list_streams)
        self._cloud.api.register("dynamodbstreams", "GetShardIterator", self._get_shard_iterator)
        self._cloud.api.register("dynamodbstreams", "GetRecords", self._get_records)

    # -- for event source mappings -------------------------------------------------------------

    def shard(self, stream_arn: str) -> tuple[str, ShardLog]:
        """The id and the records of a stream's shard, without what has expired. Raises ApiError."""
        shard: Any = self._table(stream_arn).stream_shard
        log = self._logs.of(shard)
        log.trim(self._cloud.kernel.unix_us - self.retention_us)
        return shard.id, log

    def _tables(self) -> dict[str, Any]:
        found: dict[str, Any] = dynamodb_backends[self._cloud.account_id][self._cloud.region].tables
        return found

    def _table(self, stream_arn: str) -> Any:
        table = self._tables().get(stream_arn.partition("/")[2].partition("/")[0])
        if table is None or table.stream_shard is None or _arn(table) != stream_arn:
            raise ApiError("ResourceNotFoundException", f"Requested resource not found: Stream: {stream_arn} not found")
        return table

    def record(self, entry: Entry, stream_arn: str) -> dict[str, Any]:
        """A record as a function receives it; `ApproximateCreationDateTime` is in whole seconds."""
        change = entry.data
        described: dict[str, Any] = {
            "ApproximateCreationDateTime": entry.at_us // 1_000_000,
            "Keys": change.keys,
            "SequenceNumber": str(entry.sequence),
            "SizeBytes": entry.size_bytes,
            "StreamViewType": change.view,
        }
        if change.new_image is not None:
            described["NewImage"] = change.new_image
        if change.old_image is not None:
            described["OldImage"] = change.old_image
        record: dict[str, Any] = {
            "eventID": hashlib.md5(f"{stream_arn}/{entry.sequence}".encode(), usedforsecurity=False).hexdigest(),
            "eventName": change.name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self._cloud.region,
            "dynamodb": described,
        }
        if change.by_service:
            record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        return record

    # -- operations ----------------------------------------------------------------------------

    def _list_streams(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params.get("TableName")
        return {
            "Streams": [
                {"StreamArn": _arn(table), "TableName": table.name, "StreamLabel": table.latest_stream_label}
                for table in self._tables().values()
                if table.stream_shard is not None and wanted in (None, table.name)
            ]
        }

    def _describe_stream(self, call: ApiCall) -> dict[str, Any]:
        table = self._table(call.params["StreamArn"])
        shard_id, log = self.shard(call.params["StreamArn"])
        oldest = log.at(log.start)
        first = oldest.sequence if oldest is not None else table.stream_shard.starting_sequence_number
        enabled = bool(table.stream_specification.get("StreamEnabled"))
        view = table.stream_specification.get("StreamViewType") or (oldest.data.view if oldest else "KEYS_ONLY")
        description = {
            "StreamArn": _arn(table),
            "StreamLabel": table.latest_stream_label,
            "StreamStatus": "ENABLED" if enabled else "DISABLED",
            "StreamViewType": view,
            "CreationRequestDateTime": table.stream_shard.created_on,
            "TableName": table.name,
            "KeySchema": table.schema,
            "Shards": [{"ShardId": shard_id, "SequenceNumberRange": {"StartingSequenceNumber": str(first)}}],
        }
        return {"StreamDescription": description}

    def _get_shard_iterator(self, call: ApiCall) -> dict[str, Any]:
        arn, kind = call.params["StreamArn"], call.params["ShardIteratorType"]
        shard_id, log = self.shard(arn)
        if call.params["ShardId"] != shard_id:
            raise ApiError("ResourceNotFoundException", f"Requested resource not found: Shard {call.params['ShardId']}")
        if kind == "TRIM_HORIZON":
            position = log.start
        elif kind == "LATEST":
            position = log.end
        else:
            sequence = int(call.params.get("SequenceNumber") or _invalid("SequenceNumber is required"))
            position = log.position_after(sequence - (kind == "AT_SEQUENCE_NUMBER"))
            oldest = log.at(log.start)
            if oldest is not None and log.start and sequence < oldest.sequence:
                raise ApiError(
                    "TrimmedDataAccessException",
                    f"Sequence number {sequence} is older than the retention period: its record has been trimmed.",
                )
        return {"ShardIterator": _token(arn, position, self._cloud.kernel.unix_us)}

    def _get_records(self, call: ApiCall) -> dict[str, Any]:
        arn, position, made_us = _read_token(call.params["ShardIterator"])
        _, log = self.shard(arn)
        now_us = self._cloud.kernel.unix_us
        if now_us - made_us > _HOUR_US // 4:
            raise ApiError("ExpiredIteratorException", "The shard iterator has expired: it is valid for 15 minutes.")
        position = max(position, log.start)
        limit, size, records = int(call.params.get("Limit") or 1_000), 0, list[dict[str, Any]]()
        while len(records) < limit and (entry := log.at(position)) is not None:
            size += entry.size_bytes
            if records and size > _MOST_BYTES:
                break
            records.append(_typed(self.record(entry, arn)))
            position += 1
        units = max(1, -(-size // _UNIT_BYTES))
        self._cloud.meter.add("dynamodb.stream_reads", units, arn.split("/")[1])
        return {"Records": records, "NextShardIterator": _token(arn, position, now_us)}


def _arn(table: Any) -> str:
    return f"{table.table_arn}/stream/{table.latest_stream_label}"


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    """What boto3 gives has a datetime, and byte strings as they are."""
    at = datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC)
    typed = {**record, "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": at}}
    if "userIdentity" in typed:
        typed["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    return typed


def _token(arn: str, position: int, unix_us: int) -> str:
    return f"{arn}|1|" + base64.b64encode(json.dumps([position, unix_us]).encode()).decode()


def _read_token(token: str) -> tuple[str, int, int]:
    try:
        arn, _, rest = token.split("|")
        position, unix_us = json.loads(base64.b64decode(rest))
    except ValueError:
        _invalid("Invalid ShardIterator")
    return arn, position, unix_us


def _invalid(message: str) -> Any:
    raise ApiError("ValidationException", message)
