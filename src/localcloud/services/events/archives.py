"""Archives of a bus, and replays out of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.events.models import Archive, Replay, ReplayState, events_backends

from localcloud.api import ApiCall, ApiError
from localcloud.metering import chunks
from localcloud.services.events.patterns import Pattern

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_GB = 1024**3
_DAY_US = 86_400_000_000
_SLICE_US = 60_000_000  # a replay goes through the time it covers minute by minute
_CHUNK_KB = 64

Route = Callable[[Any, Mapping[str, Any], Collection[str] | None], None]  # bus, event, ARNs of rules (None: all)


@dataclass(slots=True)
class _Kept:
    """Archived events by their time, packed: an archive may hold very many."""

    times_us: list[int] = field(default_factory=list)
    packed: list[bytes] = field(default_factory=list)
    size_bytes: int = 0

    def drop(self, before_us: int) -> None:
        keep = [index for index, at in enumerate(self.times_us) if at >= before_us]
        if len(keep) == len(self.times_us):
            return
        dropped = [index for index, at in enumerate(self.times_us) if at < before_us]
        self.size_bytes -= sum(len(zlib.decompress(self.packed[index])) for index in dropped)
        self.times_us = [self.times_us[index] for index in keep]
        self.packed = [self.packed[index] for index in keep]


class Archives:
    """Archives and replays are moto's; what they hold, and how a replay goes, is ours.

    `compiled(pattern)` gives a predicate on events; `route` brings an event to the rules of a bus.
    """

    def __init__(self, cloud: Cloud, compiled: Callable[[str], Pattern], route: Route) -> None:
        self._cloud = cloud
        self._compiled = compiled
        self._route = route
        self._kept: WeakKeyDictionary[Archive, _Kept] = WeakKeyDictionary()
        self._order = cloud.kernel.streams["events/replay-order"]
        self._slice_pause_us = round(float(cloud.facts.value("model.eventbridge.replay_slice")) * 1e6)

    def install(self) -> None:
        """Answer what concerns the contents of archives."""
        register = self._cloud.api.register
        register("events", "DescribeArchive", self._describe)
        register("events", "ListArchives", self._list)
        register("events", "StartReplay", self._start_replay)
        register("events", "CancelReplay", self._cancel_replay)

    @cached_property
    def _backend(self) -> Any:
        return events_backends[self._cloud.account_id][self._cloud.region]

    # -- keeping -------------------------------------------------------------------------------

    def keep(self, bus: Any, event: Mapping[str, Any]) -> None:
        """Put an event into every archive of the bus that wants it. What was replayed is not archived again."""
        if "replay-name" in event:
            return
        for archive in self._backend.archives.values():
            if archive.source_arn != bus.arn:
                continue
            pattern = archive.event_pattern._raw_pattern
            if pattern and not self._compiled(pattern)(event):
                continue
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
            kept = self._of(archive)
            kept.times_us.append(_event_us(event))
            kept.packed.append(zlib.compress(text, 1))
            kept.size_bytes += len(text)
            self._cloud.meter.add("events.archived_gb", len(text) / _GB, archive.name)

    def _of(self, archive: Archive) -> _Kept:
        kept = self._kept.get(archive)
        if kept is None:
            kept = self._kept[archive] = _Kept()
        days = int(archive.retention or 0)
        if days:  # 0 keeps events for ever
            kept.drop(self._cloud.kernel.unix_us - days * _DAY_US)
        return kept

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        return self._counted(answer, call.params["ArchiveName"])

    def _list(self, call: ApiCall) -> dict[str, Any]:
        answer = self._cloud.api.stock(call)
        return {**answer, "Archives": [self._counted(found, found["ArchiveName"]) for found in answer["Archives"]]}

    def _counted(self, answer: dict[str, Any], name: str) -> dict[str, Any]:
        kept = self._of(self._backend.archives[name])
        return {**answer, "EventCount": len(kept.times_us), "SizeBytes": kept.size_bytes}

    # -- replaying -----------------------------------------------------------------------------

    def _start_replay(self, call: ApiCall) -> dict[str, Any]:
        archived = self._backend.archives.get(call.params["EventSourceArn"].split("/")[-1])
        own_bus = archived is not None and archived.source_arn == call.params["Destination"]["Arn"]
        if own_bus and _unix_us(call.params["EventStartTime"]) >= _unix_us(call.params["EventEndTime"]):
            message = "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            raise ApiError("ValidationException", message, 400)
        answer = self._cloud.api.stock(call)  # moto's archives are empty: it replays nothing
        replay = self._backend.replays[call.params["ReplayName"]]
        replay.state, replay.end_time = ReplayState.STARTING, None
        start_us, end_us = _unix_us(call.params["EventStartTime"]), _unix_us(call.params["EventEndTime"])
        rules = call.params["Destination"].get("FilterArns")
        archive = self._backend.archives[call.params["EventSourceArn"].split("/")[-1]]
        self._cloud.kernel.spawn(
            self._replay, replay, archive, start_us, end_us, rules, name=f"replay {replay.name}", critical=True
        )
        return answer

    def _replay(
        self, replay: Replay, archive: Archive, start_us: int, end_us: int, rules: Collection[str] | None
    ) -> None:
        """Slice by slice, each in an order of its own; into the bus that the events came from."""
        replay.state = ReplayState.RUNNING
        kept = self._of(archive)
        slices: dict[int, list[bytes]] = {}
        for at, packed in zip(kept.times_us, kept.packed, strict=True):
            if start_us <= at < end_us:
                slices.setdefault(at // _SLICE_US, []).append(packed)
        for minute in sorted(slices):
            self._cloud.kernel.sleep(self._slice_pause_us)
            if replay.state is ReplayState.CANCELLING:
                break
            events = slices[minute]
            self._order.shuffle(events)
            for packed in events:
                text = zlib.decompress(packed)
                event = {**json.loads(text), "replay-name": replay.name}
                self._cloud.meter.add("events.published", chunks(len(text), _CHUNK_KB), archive.event_bus_name)
                self._route(self._backend.event_buses[archive.event_bus_name], event, rules)
        cancelled = replay.state is ReplayState.CANCELLING
        replay.state = ReplayState.CANCELLED if cancelled else ReplayState.COMPLETED
        replay.end_time = self._cloud.kernel.unix_us / 1_000_000

    def _cancel_replay(self, call: ApiCall) -> dict[str, Any]:
        replay = self._backend.replays.get(call.params["ReplayName"])
        under_way = replay is not None and replay.state in (ReplayState.STARTING, ReplayState.RUNNING)
        if replay is not None and replay.state is ReplayState.COMPLETED:
            replay.state = ReplayState.FAILED  # moto would cancel one that is done; AWS refuses
            try:
                return self._cloud.api.stock(call)
            finally:
                replay.state = ReplayState.COMPLETED
        answer = self._cloud.api.stock(call)
        if replay is not None and under_way:
            replay.state = ReplayState.CANCELLING
        return answer


def _event_us(event: Mapping[str, Any]) -> int:
    return round(datetime.fromisoformat(event["time"]).timestamp() * 1_000_000)


def _unix_us(value: Any) -> int:
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return round(float(value) * 1_000_000)
