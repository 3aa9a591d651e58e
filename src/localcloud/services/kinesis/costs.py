"""What a stream costs: while it stands, for what is put into it, and for its consumers with a pipe of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PUT_UNIT = 25 * 1024
_GB = 1024**3
_HOUR_US = 3_600_000_000


class StreamCosts:
    """Meters by stream. What depends on time is counted up to now whenever the meter is read."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._since_us: dict[str, tuple[Any, int]] = {}
        cloud.meter.before_reading.append(self.settle)

    def began(self, stream: Any) -> None:
        """A stream stands from now on."""
        self._since_us[stream.arn] = (stream, self._cloud.kernel.now_us)

    def ended(self, stream: Any) -> None:
        """It is gone, or is about to have other shards or consumers."""
        self.settle()
        self._since_us.pop(stream.arn, None)

    def settle(self) -> None:
        """Count hours up to now. A part of an hour counts as a part."""
        now_us = self._cloud.kernel.now_us
        for arn, (stream, since_us) in self._since_us.items():
            hours = (now_us - since_us) / _HOUR_US
            if not hours:
                continue
            name = stream.stream_name
            if on_demand(stream):
                self._cloud.meter.add("kinesis.on_demand_stream_hours", hours, name)
            else:
                shards = sum(shard.is_open for shard in stream.shards.values())
                self._cloud.meter.add("kinesis.shard_hours", shards * hours, name)
                if stream.consumers:
                    self._cloud.meter.add("kinesis.fan_out_shard_hours", shards * len(stream.consumers) * hours, name)
            self._since_us[arn] = (stream, now_us)

    def put(self, stream: Any, size_bytes: int) -> None:
        """One record came in."""
        if on_demand(stream):
            self._cloud.meter.add("kinesis.on_demand_ingested_gb", size_bytes / _GB, stream.stream_name)
        else:
            self._cloud.meter.add("kinesis.put_units", -(-size_bytes // _PUT_UNIT), stream.stream_name)

    def read(self, stream: Any, size_bytes: int, fan_out: bool) -> None:
        """Records went out, to a consumer of its own pipe (`fan_out`) or to one that shares."""
        if on_demand(stream):
            item = "kinesis.on_demand_fan_out_gb" if fan_out else "kinesis.on_demand_retrieved_gb"
            self._cloud.meter.add(item, size_bytes / _GB, stream.stream_name)
        elif fan_out:
            self._cloud.meter.add("kinesis.fan_out_gb", size_bytes / _GB, stream.stream_name)


def on_demand(stream: Any) -> bool:
    """Whether the stream has no provisioned shards."""
    return bool(stream.stream_mode.get("StreamMode") == "ON_DEMAND")
