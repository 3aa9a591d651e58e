"""Streams that get other shards: what Kinesis allows, which shards are open, whose children they are.

The shards themselves are moto's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.kinesis.models import Shard

from localcloud.api import ApiCall, ApiError
from localcloud.services.kinesis.costs import StreamCosts, on_demand
from localcloud.services.kinesis.shard_lists import ShardLists
from localcloud.stores.shards import ShardLog

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_DAY_US = 86_400_000_000


class Resharding:
    """Answers SplitShard, MergeShards, UpdateShardCount and ListShards.

    Args:
        of: finds moto's stream that a request names.
        log: gives the records of a shard.
        costs: told before and after the number of shards changes.
    `on_reshard` is called with a stream's ARN when it has got other shards.
    """

    def __init__(
        self, cloud: Cloud, of: Callable[[dict[str, Any]], Any], log: Callable[[Shard], ShardLog], costs: StreamCosts
    ) -> None:
        self._cloud = cloud
        self._of = of
        self._log = log
        self._costs = costs
        self._updates_a_day = int(cloud.facts.value("quota.kinesis.shard_count_updates"))
        self._updated_us: WeakKeyDictionary[Any, list[int]] = WeakKeyDictionary()
        self._listing = ShardLists(cloud, of)
        self.on_reshard: list[Callable[[str], None]] = []

    def install(self) -> None:
        """Check before moto reshards, and follow what it does."""
        register = self._cloud.api.register
        register("kinesis", "SplitShard", self._reshard)
        register("kinesis", "MergeShards", self._merge)
        register("kinesis", "UpdateShardCount", self._update)
        register("kinesis", "ListShards", self._listing.answer)

    def children(self, stream: Any, shard: Shard) -> list[dict[str, Any]]:
        """The shards that a closed one was split or merged into, as GetRecords answers them."""
        found = []
        for child in stream.shards.values():
            parents = [parent for parent in (child.parent, child.adjacent_parent) if parent]
            if shard.shard_id in parents:
                keys = {"StartingHashKey": str(child.starting_hash), "EndingHashKey": str(child.ending_hash)}
                found.append({"ShardId": child.shard_id, "ParentShards": parents, "HashKeyRange": keys})
        return found

    def _reshard(self, call: ApiCall) -> Any:
        stream = self._of(call.params)
        self._costs.ended(stream)
        answer = self._cloud.api.stock(call)
        stream.shard_count = _open_shards(stream)
        self._listing.resharded(stream)
        self._costs.began(stream)
        for shard in stream.shards.values():
            if not shard.is_open and not self._log(shard).closed:
                self._log(shard).close()
        for told in tuple(self.on_reshard):
            told(stream.arn)
        return answer

    def _merge(self, call: ApiCall) -> Any:
        """In either order; moto takes the lower shard first only."""
        stream = self._of(call.params)
        first = stream.shards.get(call.params["ShardToMerge"])
        second = stream.shards.get(call.params["AdjacentShardToMerge"])
        if first is None or second is None or first.starting_hash < second.starting_hash:
            return self._reshard(call)
        names = {"ShardToMerge": second.shard_id, "AdjacentShardToMerge": first.shard_id}
        answer = self._reshard(replace(call, params={**call.params, **names}))
        child = list(stream.shards.values())[-1]
        child.parent, child.adjacent_parent = first.shard_id, second.shard_id
        return answer

    def _update(self, call: ApiCall) -> Any:
        stream, target = self._of(call.params), int(call.params["TargetShardCount"])
        if not on_demand(stream):
            self._check_target(_open_shards(stream), target)
            now_us = self._cloud.kernel.unix_us
            recent = [at_us for at_us in self._updated_us.get(stream, ()) if now_us - at_us < _DAY_US]
            if len(recent) >= self._updates_a_day:
                raise ApiError(
                    "LimitExceededException",
                    f"UpdateShardCount has been called {len(recent)} times in the past 24 hours for stream "
                    f"{stream.stream_name} under account {self._cloud.account_id}.",
                )
            self._updated_us[stream] = [*recent, now_us]
        return self._reshard(call)

    @staticmethod
    def _check_target(current: int, target: int) -> None:
        counts = f"Current open shard count: {current} Target shard count: {target}"
        for refused, reason in (
            (target > 2 * current, "scale up over double"),
            (2 * target < current, "scale down below half"),
        ):
            if refused:
                message = f"UpdateShardCount cannot {reason} your current open shard count. {counts}"
                raise ApiError("LimitExceededException", message)


def _open_shards(stream: Any) -> int:
    return sum(shard.is_open for shard in stream.shards.values())
