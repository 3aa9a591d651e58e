"""The poller of one stream: a reader for each shard, parents before their children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.event_source_mappings.filters import Filter, compile_filters
from localcloud.services.event_source_mappings.lanes import Lane
from localcloud.services.event_source_mappings.sources import DynamoDBSource, KinesisSource, Source
from localcloud.services.kinesis import StreamShard
from localcloud.services.kinesis.times import unix_us

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class ShardReader:
    """One shard with its lanes, from `position` on."""

    def __init__(self, poller: StreamPoller, shard: StreamShard, position: int) -> None:
        self._poller = poller
        self.shard = shard
        self.lanes: list[Lane] = []
        self.set_lanes(position)
        shard.log.on_append.append(self._arrived)

    def set_lanes(self, position: int | None = None) -> None:
        """As many lanes as the mapping wants now. They begin where the slowest one of before was."""
        if position is None:
            position = min(lane.position for lane in self.lanes)
        for lane in self.lanes:
            lane.stopped = True
        count = self._poller.parallelization
        self.lanes = [self._poller.lane(self.shard, (index, count), position) for index in range(count)]

    def _arrived(self, entry: Any) -> None:
        for lane in self.lanes:
            lane.arrived(entry)

    def look(self) -> None:
        for lane in self.lanes:
            lane.look()

    @property
    def finished(self) -> bool:
        """Whether nothing will come out of this shard any more."""
        return all(lane.finished for lane in self.lanes)

    def stop(self) -> None:
        self.shard.log.on_append.remove(self._arrived)
        for lane in self.lanes:
            lane.stopped = True


class StreamPoller:
    """Serves one event source mapping from its creation to its end. `mapping` is moto's, read when used."""

    def __init__(self, cloud: Cloud, mapping: Any, most_filters: int) -> None:
        self._cloud = cloud
        self._mapping = mapping
        self._most_filters = most_filters
        self._filter: tuple[Any, Filter | None] = (None, None)
        self._source = self._make_source()
        self._readers: dict[str, ShardReader] = {}
        shards = self._source.shards()
        self._first = {shard.id: self._first_position(shard) for shard in shards}
        if ":kinesis:" in mapping.event_source_arn:
            cloud.kinesis.on_reshard.append(self._resharded)
        self._read(shards)

    def _make_source(self) -> Source:
        arn = self._mapping.event_source_arn
        if ":kinesis:" in arn:
            role = getattr(self._mapping, "role_arn", None)
            return KinesisSource(
                self._cloud, arn, role or self._cloud.lambda_.functions.model(self._mapping.function_name).role
            )
        return DynamoDBSource(self._cloud, arn)

    def _first_position(self, shard: StreamShard) -> int:
        """Where the mapping's starting position is; it matters only now."""
        kind = self._mapping.starting_position
        if kind == "LATEST":
            return shard.log.end
        if kind == "AT_TIMESTAMP":
            return shard.log.position_at_time(unix_us(self._mapping.starting_position_timestamp))
        return shard.log.start

    # -- for the readers -----------------------------------------------------------------------

    @property
    def parallelization(self) -> int:
        """Lanes in each shard."""
        return int(self._mapping.parallelization_factor or 1)

    def lane(self, shard: StreamShard, part: tuple[int, int], position: int) -> Lane:
        """A lane of a shard."""
        return Lane(
            self._cloud, self._mapping, self._source, shard, part, position, self._accepts, self._found_children
        )

    def _accepts(self) -> Filter | None:
        criteria = self._mapping.filter_criteria
        if self._filter[0] != criteria:
            self._filter = (criteria, compile_filters(criteria, self._most_filters, "data"))
        return self._filter[1]

    def _resharded(self, stream_arn: str) -> None:
        if not self._mapping.event_source_arn.startswith(stream_arn):
            return
        for reader in self._readers.values():
            if reader.shard.log.closed:
                reader.look()  # a lane that had nothing to do sees only so that it is at the end
        self._found_children()

    def _found_children(self) -> None:
        """A shard may have been read to its end: read its children."""
        if all(not reader.shard.log.closed for reader in self._readers.values()):
            return
        try:
            shards = self._source.shards()
        except ApiError:
            return  # the stream is gone: it has no children
        self._read(shards)

    def _read(self, shards: tuple[StreamShard, ...]) -> None:
        """Read shards whose parents have been read to their end; from their beginning, if they came after the mapping.

        `shards` has parents before their children.
        """
        here = {shard.id for shard in shards}
        for shard in shards:
            parents = [self._readers.get(parent) for parent in shard.parents if parent in here]
            if shard.id in self._readers or not all(parent is not None and parent.finished for parent in parents):
                continue
            self._readers[shard.id] = ShardReader(self, shard, self._first.get(shard.id, shard.log.start))
            self._readers[shard.id].look()

    # -- for the service -----------------------------------------------------------------------

    @property
    def last_result(self) -> str:
        """What became of the last batch, as LastProcessingResult says it."""
        return self._source.last_result

    def look(self) -> None:
        """The mapping may have changed: go on as it is now."""
        for reader in self._readers.values():
            if len(reader.lanes) != self.parallelization:
                reader.set_lanes()
            reader.look()

    def settle(self) -> None:
        """Nothing is counted by the time that passes."""

    def stop(self) -> None:
        """Poll no more."""
        if self._resharded in self._cloud.kinesis.on_reshard:
            self._cloud.kinesis.on_reshard.remove(self._resharded)
        for reader in self._readers.values():
            reader.stop()
