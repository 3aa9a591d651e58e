"""What one shard takes and gives in a second."""

from __future__ import annotations

_SECOND_US = 1_000_000


class PerSecond:
    """Counts several quantities in each second of virtual time, against a limit for each."""

    def __init__(self, **limits: float) -> None:
        self._limits = limits
        self._second = -1
        self._used = dict.fromkeys(limits, 0.0)

    def take(self, now_us: int, **amounts: float) -> bool:
        """Whether this much still fits into the second; then it is taken."""
        second = now_us // _SECOND_US
        if second != self._second:
            self._second = second
            self._used = dict.fromkeys(self._limits, 0.0)
        if any(self._used[name] + amount > self._limits[name] for name, amount in amounts.items()):
            return False
        for name, amount in amounts.items():
            self._used[name] += amount
        return True
