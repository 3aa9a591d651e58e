"""What one shard takes and gives in a second."""

from __future__ import annotations

_SECOND_US = 1_000_000


class PerSecond:
    """Counts several quantities in each second of virtual time, against a limit for each.

    What is larger than a whole second's limit is let in when nothing else was, and the seconds after it make up for it.
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


class ReadAllowance:
    """How much may be read from one shard: `calls_s` calls a second, `bytes_s` bytes a second in the long run.

    One call may bring more than a second's bytes. Then the shard gives nothing until that is made up for.
    Source: the API reference of GetRecords.
    """

    def __init__(self, calls_s: int, bytes_s: float) -> None:
        self._calls_s, self._bytes_s = calls_s, bytes_s
        self._second = -1
        self._calls = 0
        self._owed_bytes = 0.0

    def admits(self, now_us: int) -> bool:
        """Whether a call may read now."""
        second = now_us // _SECOND_US
        if second != self._second:
            self._owed_bytes = max(0.0, self._owed_bytes - (second - self._second) * self._bytes_s)
            self._second, self._calls = second, 0
        return self._calls < self._calls_s and self._owed_bytes < self._bytes_s

    def took(self, size_bytes: int) -> None:
        """A call that was admitted has read this much."""
        self._calls += 1
        self._owed_bytes += size_bytes
