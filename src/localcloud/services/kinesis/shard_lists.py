"""ListShards: which shards there are, or were open at some moment. Source: the Kinesis API reference on ShardFilter."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.kinesis.models import Shard

from localcloud.api import ApiCall, ApiError
from localcloud.services.kinesis.times import unix_us

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_HOUR_US = 3_600_000_000
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Life:
    """When a shard was open, in Unix microseconds; 0 for the shards that a stream began with."""

    opened_us: int = 0
    closed_us: int | None = None


class ShardLists:
    """Remembers when shards were open. `of` finds moto's stream that a request names."""

    def __init__(self, cloud: Cloud, of: Callable[[dict[str, Any]], Any]) -> None:
        self._cloud = cloud
        self._of = of
        self._lives: WeakKeyDictionary[Shard, _Life] = WeakKeyDictionary()

    def resharded(self, stream: Any) -> None:
        """A stream has got other shards just now."""
        now_us = self._cloud.kernel.unix_us
        for shard in stream.shards.values():
            life = self._lives.get(shard) or _Life(now_us if shard.parent else 0)
            if not shard.is_open and life.closed_us is None:
                life = _Life(life.opened_us, now_us)
            self._lives[shard] = life

    def answer(self, call: ApiCall) -> dict[str, Any]:
        """The operation. A page follows from the token of the one before."""
        token = call.params.get("NextToken")
        if token:
            name, first = _decoded(token)
            stream, shards = self._of({"StreamName": name}), self._filtered({"StreamName": name})
            shards = [shard for shard in shards if shard.shard_id in first]
        else:
            stream, shards = self._of(call.params), self._filtered(call.params)
        most = int(call.params.get("MaxResults") or _MOST)
        found: dict[str, Any] = {"Shards": [shard.to_json() for shard in shards[:most]]}
        if len(shards) > most:
            found["NextToken"] = _encoded(stream.stream_name, [shard.shard_id for shard in shards[most:]])
        return found

    def _filtered(self, params: dict[str, Any]) -> list[Shard]:
        stream = self._of(params)
        shards = sorted(stream.shards.values(), key=lambda shard: shard.shard_id)
        after = params.get("ExclusiveStartShardId")
        if after:
            shards = [shard for shard in shards if shard.shard_id > after]
        wanted = params.get("ShardFilter")
        return shards if wanted is None else [shard for shard in shards if self._passes(stream, shard, wanted)]

    def _passes(self, stream: Any, shard: Shard, wanted: dict[str, Any]) -> bool:
        kind = wanted["Type"]
        if kind == "AT_LATEST":
            return bool(shard.is_open)
        if kind == "AFTER_SHARD_ID":
            if "ShardId" not in wanted:
                raise ApiError("InvalidArgumentException", "ShardId must be specified for AFTER_SHARD_ID.")
            return str(shard.shard_id) > str(wanted["ShardId"])
        at_us = self._cloud.kernel.unix_us - int(stream.retention_period_hours) * _HOUR_US
        if kind.endswith("TIMESTAMP"):
            if "Timestamp" not in wanted:
                raise ApiError("InvalidArgumentException", f"Timestamp must be specified for {kind}.")
            at_us = unix_us(wanted["Timestamp"])
        life = self._lives.get(shard, _Life())
        lives_on = life.closed_us is None or life.closed_us > at_us
        return lives_on if kind.startswith("FROM_") else lives_on and life.opened_us <= max(at_us, 0)


def _encoded(stream_name: str, shard_ids: list[str]) -> str:
    return base64.b64encode(json.dumps([stream_name, shard_ids]).encode()).decode()


def _decoded(token: str) -> tuple[str, list[str]]:
    try:
        name, shard_ids = json.loads(base64.b64decode(token))
    except ValueError:
        raise ApiError("InvalidArgumentException", "NextToken is invalid.") from None
    return str(name), list(shard_ids)
