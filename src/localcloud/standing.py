"""What costs for as long as it is there: bytes by the microsecond, things by the hour.

All sums are whole numbers (bytes times microseconds, hours), so that it makes no difference how often a meter is read.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from localcloud.kernel import Kernel
from localcloud.metering import Meter

HOURS_A_MONTH = 730  # AWS's average month: 365 days of 24 hours in twelve parts
_HOUR_US = 3_600_000_000
_GB = 1_000_000_000


@dataclass(slots=True)
class StoredBytes:
    """Bytes that stand in one place. With a retention, what came in is gone after that time, at the end of its hour."""

    since_us: int
    level: int = 0
    byte_us: int = 0  # bytes x microseconds up to `since_us`
    retention_us: int | None = None
    _hours: deque[list[int]] = field(default_factory=deque)  # [hour, bytes that came in], oldest first

    def change(self, now_us: int, size_bytes: int) -> None:
        """Bytes came in, or went (negative)."""
        self.advance(now_us)
        self.level += size_bytes

    def write(self, now_us: int, size_bytes: int) -> None:
        """Bytes came in that a retention may take away later."""
        self.change(now_us, size_bytes)
        hour = now_us // _HOUR_US
        if self._hours and self._hours[-1][0] == hour:
            self._hours[-1][1] += size_bytes
        else:
            self._hours.append([hour, size_bytes])

    def advance(self, now_us: int) -> None:
        """Count up to now."""
        if self.retention_us is not None:
            while self._hours:
                end_us = (self._hours[0][0] + 1) * _HOUR_US + self.retention_us
                if end_us > now_us:
                    break
                self._count(max(end_us, self.since_us))
                self.level -= self._hours.popleft()[1]
        self._count(now_us)

    def _count(self, now_us: int) -> None:
        self.byte_us += self.level * (now_us - self.since_us)
        self.since_us = now_us


class Storage:
    """Meters `item` in GB-months by resource. `share`: so many billed bytes for 1,000 that stand there."""

    def __init__(self, kernel: Kernel, meter: Meter, item: str, per_mille: int = 1_000) -> None:
        self._kernel, self._meter, self._item, self._per_mille = kernel, meter, item, per_mille
        self._places: dict[tuple[str, str], StoredBytes] = {}  # by resource and part of it
        self._ended: dict[str, int] = {}  # byte-microseconds of what is no longer there, by resource
        self._metered: dict[str, int] = {}  # billionths of a GB-month, by resource
        meter.before_reading.append(self.settle)

    def place(self, resource: str, part: str = "") -> StoredBytes:
        """Where the bytes of a resource (or of a part of it) are counted, made when it is first asked for."""
        found = self._places.get((resource, part))
        if found is None:
            found = self._places[resource, part] = StoredBytes(self._kernel.now_us)
        return found

    def parts(self, resource: str) -> list[StoredBytes]:
        """All places of a resource, brought up to now."""
        found = [place for (name, _), place in self._places.items() if name == resource]
        for place in found:
            place.advance(self._kernel.now_us)
        return found

    def end(self, resource: str, part: str | None = None) -> None:
        """A resource, or one part of it, is deleted."""
        for key in [key for key in self._places if key[0] == resource and part in (None, key[1])]:
            place = self._places.pop(key)
            place.advance(self._kernel.now_us)
            self._ended[resource] = self._ended.get(resource, 0) + place.byte_us

    def settle(self) -> None:
        """Meter what has stood up to now and is not metered yet."""
        sums = dict(self._ended)
        for (resource, _), place in self._places.items():
            place.advance(self._kernel.now_us)
            sums[resource] = sums.get(resource, 0) + place.byte_us
        for resource, byte_us in sums.items():
            # billionths of a GB are bytes
            total = byte_us * self._per_mille // (1_000 * HOURS_A_MONTH * _HOUR_US)
            new = total - self._metered.get(resource, 0)
            if new:
                self._metered[resource] = total
                self._meter.add_billionths(self._item, new, resource.rsplit("/", 1)[-1])


@dataclass(slots=True)
class _Held:
    item: str
    quantity: int
    since_us: int
    hours: int = 0  # that are metered


class ByTheHour:
    """Meters things in months: each hour that has begun while they were there is a 730th."""

    def __init__(self, kernel: Kernel, meter: Meter) -> None:
        self._kernel, self._meter = kernel, meter
        self._held: dict[str, _Held] = {}
        meter.before_reading.append(self.settle)

    def began(self, name: str, item: str, quantity: int = 1) -> None:
        """`name` is there from now on, as `quantity` units of `item`; one that was there already goes on."""
        held = self._held.get(name)
        if held is not None and (held.item, held.quantity) == (item, quantity):
            return
        self.ended(name)
        self._held[name] = _Held(item, quantity, self._kernel.now_us)

    def ended(self, name: str) -> None:
        """`name` is gone, or was never there."""
        held = self._held.pop(name, None)
        if held is not None:
            self._count(name, held)

    def settle(self) -> None:
        """Meter the hours that have begun up to now."""
        for name, held in self._held.items():
            self._count(name, held)

    def _count(self, name: str, held: _Held) -> None:
        hours = (self._kernel.now_us - held.since_us) // _HOUR_US + 1
        new, held.hours = hours - held.hours, hours
        if new:
            self._meter.add(held.item, new * held.quantity / HOURS_A_MONTH, name)
