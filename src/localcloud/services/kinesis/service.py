"""Kinesis Data Streams: streams are moto's, their records are ours."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.kinesis.models import Shard, kinesis_backends

from localcloud.api import ApiCall, ApiError
from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.kinesis.costs import StreamCosts
from localcloud.services.kinesis.limits import PerSecond
from localcloud.services.kinesis.record_sizes import RecordSizes
from localcloud.services.kinesis.resharding import Resharding
from localcloud.services.kinesis.times import unix_us
from localcloud.stores.shards import Entry, ShardLog

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MB = 1024 * 1024
_HOUR_US = 3_600_000_000
_READS_PER_SECOND = 5
_ITERATOR_US = 300_000_000
_FIRST_SEQUENCE = 49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000  # 56 digits, as AWS's
_LONGEST_KEY = 256
_HASH_KEYS = 2**128
_NAMESPACE = "AWS/Kinesis"


@dataclass(frozen=True, slots=True)
class StreamShard:
    """A shard with its records; `parents` are the ids of the shards it was made from."""

    id: str
    parents: tuple[str, ...]
    log: ShardLog


@dataclass(slots=True)
class _Limits:
    writes: PerSecond
    reads: PerSecond


class Kinesis:
    """The streams of one account. `on_reshard` is called with a stream's ARN when it has got other shards."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._quota = cloud.facts.value("quota.kinesis")
        self._logs: WeakKeyDictionary[Shard, ShardLog] = WeakKeyDictionary()
        self._limits: WeakKeyDictionary[Shard, _Limits] = WeakKeyDictionary()
        self._serial = 0
        self._costs = StreamCosts(cloud)
        self._record_sizes = RecordSizes(cloud, self._of)
        self._resharding = Resharding(cloud, self._of, self._log, self._costs)
        self.on_reshard = self._resharding.on_reshard

    def install(self) -> None:
        """Answer what concerns records, and follow what happens to streams."""
        register = self._cloud.api.register
        register("kinesis", "PutRecord", self._put_record)
        register("kinesis", "PutRecords", self._put_records)
        register("kinesis", "GetShardIterator", self._get_shard_iterator)
        register("kinesis", "GetRecords", self._get_records)
        register("kinesis", "CreateStream", self._create_stream)
        register("kinesis", "DeleteStream", self._delete_stream)
        self._record_sizes.install()
        register("kinesis", "RegisterStreamConsumer", self._register_consumer)
        self._resharding.install()
        self._cloud.patches.set(Shard, "get_min_sequence_number", lambda shard: self._sequences(shard)[0])
        self._cloud.patches.set(Shard, "get_max_sequence_number", lambda shard: self._sequences(shard)[1])

    # -- for event source mappings -------------------------------------------------------------

    def stream(self, reference: str) -> Any:
        """moto's stream of a name, a stream's ARN or a consumer's ARN. Raises ApiError."""
        name = reference.split("/")[1] if ":" in reference else reference
        found = kinesis_backends[self._cloud.account_id][self._cloud.region].streams.get(name)
        if found is None:
            message = f"Stream {name} under account {self._cloud.account_id} not found."
            raise ApiError("ResourceNotFoundException", message)
        return found

    def shards(self, reference: str) -> tuple[StreamShard, ...]:
        """The shards of a stream, open and closed, without the records that have expired."""
        stream = self.stream(reference)
        before_us = self._cloud.kernel.unix_us - self.retention_us(stream)
        found = []
        for shard in stream.shards.values():
            log = self._log(shard)
            log.trim(before_us)
            parents = tuple(parent for parent in (shard.parent, shard.adjacent_parent) if parent)
            found.append(StreamShard(shard.shard_id, parents, log))
        return tuple(found)

    @staticmethod
    def retention_us(stream: Any) -> int:
        """How long a stream keeps its records."""
        return int(stream.retention_period_hours) * _HOUR_US

    def was_read(self, reference: str, size_bytes: int) -> None:
        """An event source mapping has read this much."""
        self._costs.read(self.stream(reference), size_bytes, ":consumer" in reference or "/consumer/" in reference)

    def _log(self, shard: Shard) -> ShardLog:
        log = self._logs.get(shard)
        if log is None:
            log = self._logs[shard] = ShardLog()
        return log

    def _sequences(self, shard: Shard) -> tuple[int, int]:
        """The first and the last sequence number of a shard, as its description shows them."""
        log = self._log(shard)
        first, last = log.at(log.start), log.at(log.end - 1)
        start = first.sequence if first else _FIRST_SEQUENCE
        return start, last.sequence if last else start

    # -- streams -------------------------------------------------------------------------------

    def _create_stream(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["StreamName"]
        if name in kinesis_backends[self._cloud.account_id][self._cloud.region].streams:
            message = f"Stream {name} under account {self._cloud.account_id} already exists."
            raise ApiError("ResourceInUseException", message)
        self._record_sizes.check(call.params)
        answer = self._cloud.api.stock(call)
        self._record_sizes.keep(self.stream(name), call.params)
        self._costs.began(self.stream(name))
        return answer

    def _delete_stream(self, call: ApiCall) -> dict[str, Any]:
        stream = self._of(call.params)
        self._costs.ended(stream)
        answer = self._cloud.api.stock(call)
        for shard in stream.shards.values():
            self._log(shard).close()
        return answer

    def _of(self, params: dict[str, Any]) -> Any:
        reference = params.get("StreamName") or params.get("StreamARN")
        if not reference:
            raise ApiError("InvalidArgumentException", "StreamName or StreamARN must be given.")
        return self.stream(reference)

    # -- writing -------------------------------------------------------------------------------

    def _put_record(self, call: ApiCall) -> dict[str, Any]:
        stream = self._of(call.params)
        shard, sequence = self._put(stream, call.params)
        return {"ShardId": shard, "SequenceNumber": sequence, "EncryptionType": "NONE"}

    def _put_records(self, call: ApiCall) -> dict[str, Any]:
        stream, records = self._of(call.params), call.params["Records"]
        if len(records) > self._quota["put_records"]:
            raise _refused(f"[{len(records)} records]", "records", self._quota["put_records"])
        if sum(_size(record) for record in records) > self._quota["put_records_mib"] * _MB:
            raise ApiError("InvalidArgumentException", f"Records size exceeds {self._quota['put_records_mib']} MiB.")
        answers: list[dict[str, Any]] = []
        for record in records:
            try:
                shard, sequence = self._put(stream, record)
            except ApiError as exc:
                if exc.code != "ProvisionedThroughputExceededException":
                    raise
                answers.append({"ErrorCode": exc.code, "ErrorMessage": exc.message})
            else:
                answers.append({"ShardId": shard, "SequenceNumber": sequence})
        failed = sum("ErrorCode" in answer for answer in answers)
        return {"FailedRecordCount": failed, "Records": answers, "EncryptionType": "NONE"}

    def _put(self, stream: Any, record: dict[str, Any]) -> tuple[str, str]:
        size = _size(record)
        most = self._record_sizes.limit_bytes(stream)
        if size > most:
            raise _refused(f"[{size} bytes]", "data", most)
        if len(record["PartitionKey"]) > _LONGEST_KEY:
            raise _refused(record["PartitionKey"], "partitionKey", _LONGEST_KEY)
        shard = self._shard_for(stream, record)
        now_us = self._cloud.kernel.unix_us
        if not self._limits_of(shard).writes.take(now_us, records=1, bytes=size):
            self._count(stream, "WriteProvisionedThroughputExceeded", 1, "Count")
            raise self._exceeded(stream, shard)
        self._serial += 1
        entry = Entry(_FIRST_SEQUENCE + self._serial, now_us, record["PartitionKey"], size, _data(record))
        self._costs.put(stream, size)
        self._count(stream, "IncomingRecords", 1, "Count")
        self._count(stream, "IncomingBytes", size, "Bytes")
        self._log(shard).append(entry)
        return shard.shard_id, str(entry.sequence)

    def _shard_for(self, stream: Any, record: dict[str, Any]) -> Shard:
        explicit = record.get("ExplicitHashKey")
        digest = hashlib.md5(record["PartitionKey"].encode(), usedforsecurity=False).hexdigest()
        at = _hash_key(explicit) if explicit else int(digest, 16)
        found: Shard = next(s for s in stream.shards.values() if s.is_open and s.starting_hash <= at <= s.ending_hash)
        return found

    def _limits_of(self, shard: Shard) -> _Limits:
        found = self._limits.get(shard)
        if found is None:
            writes = PerSecond(records=self._quota["shard_in_records_s"], bytes=self._quota["shard_in_mb_s"] * _MB)
            reads = PerSecond(calls=_READS_PER_SECOND, bytes=self._quota["shard_out_mb_s"] * _MB)
            found = self._limits[shard] = _Limits(writes, reads)
        return found

    def _exceeded(self, stream: Any, shard: Shard) -> ApiError:
        return ApiError(
            "ProvisionedThroughputExceededException",
            f"Rate exceeded for shard {shard.shard_id} in stream {stream.stream_name} under account "
            f"{self._cloud.account_id}.",
        )

    def _register_consumer(self, call: ApiCall) -> Any:
        """A name is that of one consumer of a stream."""
        arn, name = call.params["StreamARN"], call.params["ConsumerName"]
        stream = self._of(call.params)
        if any(consumer.consumer_name == name for consumer in stream.consumers):
            message = f"Consumer {name} already exists for stream {arn}."
            raise ApiError("ResourceInUseException", message)
        return self._cloud.api.stock(call)

    # -- reading -------------------------------------------------------------------------------

    def _get_shard_iterator(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        stream, shard = self._of(params), self._find_shard(params)
        log, kind = self._log(shard), params["ShardIteratorType"]
        if kind == "TRIM_HORIZON":
            position = log.start
        elif kind == "LATEST":
            position = log.end
        elif kind == "AT_TIMESTAMP":
            if "Timestamp" not in params:
                raise ApiError("InvalidArgumentException", "Must either specify timestamp or sequence number.")
            at_us, now_us = unix_us(params["Timestamp"]), self._cloud.kernel.unix_us
            if at_us > now_us:
                raise ApiError(
                    "InvalidArgumentException",
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                    f"timestampInMillis: {at_us // 1_000}, currentTimestampInMillis: {now_us // 1_000}",
                )
            position = log.position_at_time(at_us)
        else:
            if "StartingSequenceNumber" not in params:
                raise ApiError(
                    "InvalidArgumentException", f"StartingSequenceNumber must be specified for {kind} iterator type."
                )
            sequence = int(params["StartingSequenceNumber"])
            position = log.position_after(sequence - (kind == "AT_SEQUENCE_NUMBER"))
        return {"ShardIterator": self._token(stream, shard, position)}

    def _find_shard(self, params: dict[str, Any]) -> Shard:
        stream = self._of(params)
        shard: Shard | None = stream.shards.get(params["ShardId"])
        if shard is None:
            raise ApiError(
                "ResourceNotFoundException",
                f"Shard {params['ShardId']} in stream {stream.stream_name} under account {self._cloud.account_id} "
                "does not exist",
            )
        return shard

    def _token(self, stream: Any, shard: Shard, position: int) -> str:
        text = json.dumps([stream.stream_name, shard.shard_id, position, self._cloud.kernel.unix_us])
        return base64.b64encode(text.encode()).decode()

    def _get_records(self, call: ApiCall) -> dict[str, Any]:
        try:
            name, shard_id, position, made_us = json.loads(base64.b64decode(call.params["ShardIterator"]))
        except ValueError:
            raise ApiError("InvalidArgumentException", "Invalid ShardIterator.") from None
        now_us = self._cloud.kernel.unix_us
        if now_us - made_us > _ITERATOR_US:
            raise ApiError("ExpiredIteratorException", "Iterator expired: it is valid for 5 minutes.")
        stream, shard = self.stream(name), self._find_shard({"StreamName": name, "ShardId": shard_id})
        limit = int(call.params.get("Limit", self._quota["get_records"]))
        if not 0 < limit <= self._quota["get_records"]:
            most = f"Limit must be between 1 and {self._quota['get_records']}, is {limit}."
            raise ApiError("InvalidArgumentException", most)
        reads = self._limits_of(shard).reads
        if not reads.take(now_us, calls=1, bytes=1):  # how much it is will be seen
            self._count(stream, "ReadProvisionedThroughputExceeded", 1, "Count")
            raise self._exceeded(stream, shard)
        log = self._log(shard)
        log.trim(now_us - self.retention_us(stream))
        position = max(position, log.start)
        size, found = 0, list[dict[str, Any]]()
        while len(found) < limit and (entry := log.at(position)) is not None:
            if found and size + entry.size_bytes > self._quota["get_records_mb"] * _MB:
                break
            size += entry.size_bytes
            found.append(_answered(entry))
            position += 1
        reads.spend(bytes=size - 1)
        self._costs.read(stream, size, fan_out=False)
        self._count(stream, "GetRecords.Records", len(found), "Count")
        behind = log.at(position)
        answer: dict[str, Any] = {
            "Records": found,
            "MillisBehindLatest": 0 if behind is None else (now_us - behind.at_us) // 1_000,
        }
        if behind is not None or not log.closed:
            answer["NextShardIterator"] = self._token(stream, shard, position)
        else:
            answer["ChildShards"] = self._resharding.children(stream, shard)
        return answer

    def _count(self, stream: Any, metric: str, value: float, unit: str) -> None:
        dimensions = {"StreamName": stream.stream_name}
        series = self._cloud.cloudwatch.series(_NAMESPACE, metric, dimensions, unit)
        series.add(minute_s(self._cloud.kernel.unix_us), value)


def _hash_key(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= value < _HASH_KEYS:
        raise ApiError(
            "InvalidArgumentException",
            f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {text}",
        )
    return value


def _refused(value: str, member: str, most: int) -> ApiError:
    """What the model of the API forbids."""
    return ApiError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must have "
        f"length less than or equal to {most}",
    )


def _size(record: dict[str, Any]) -> int:
    return len(_data(record)) + len(record["PartitionKey"].encode())


def _data(record: dict[str, Any]) -> bytes:
    data = record["Data"]
    if hasattr(data, "read"):
        data = record["Data"] = data.read()
    return data.encode() if isinstance(data, str) else bytes(data)


def _answered(entry: Entry) -> dict[str, Any]:
    return {
        "SequenceNumber": str(entry.sequence),
        "ApproximateArrivalTimestamp": datetime.fromtimestamp(entry.at_us / 1_000_000, UTC),
        "Data": entry.data,
        "PartitionKey": entry.key,
    }
