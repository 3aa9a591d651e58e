"""What one shard takes and gives in a second."""

from __future__ import annotations

_SECOND_US = 1_000_000


class PerSecond:
    """Counts several quantities in each second of virtual time, against a limit for each.

    What is larger than a whole second's limit is let in when nothing else was, and the seconds after it make up for it.
    So it is with what turns out to be larger only when it has been taken.
    """

    def __init__(self, **limits: float) -> None:
        self._limits = limits
        self._second = -1
        self._used = dict.fromkeys(limits, 0.0)

    def take(self, now_us: int, **amounts: float) -> bool:
        """Whether this much still fits into the second; then it is taken."""
        second = now_us // _SECOND_US
        if second != self._second:
            passed, self._second = second - self._second, second
            for name, used in self._used.items():
                self._used[name] = max(0.0, used - passed * self._limits[name])
        for name, amount in amounts.items():
            if self._used[name] and self._used[name] + amount > self._limits[name]:
                return False
        for name, amount in amounts.items():
            self._used[name] += amount
        return True

    def spend(self, **amounts: float) -> None:
        """What has been let in turned out to be this much more."""
        for name, amount in amounts.items():
            self._used[name] += amount
