"""Amazon Kinesis Data Streams: records in shards, with the shards' limits."""

from __future__ import annotations

from localcloud.services.kinesis.service import Kinesis, StreamShard

__all__ = ["Kinesis", "StreamShard"]
