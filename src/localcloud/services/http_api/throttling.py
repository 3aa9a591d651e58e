"""Token buckets: requests a second, with a burst."""

from __future__ import annotations

from localcloud.kernel import Kernel


class TokenBucket:
    """Holds up to `burst` tokens, refilled at `rate_per_s`. Its settings may change at any time."""

    __slots__ = ("_at_us", "_burst", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: float, burst: float, now_us: int) -> None:
        self._rate_per_s, self._burst = rate_per_s, burst
        self._tokens = burst
        self._at_us = now_us

    def take(self, rate_per_s: float, burst: float, now_us: int) -> bool:
        """Whether a request may pass now; takes a token when it may."""
        gained = (now_us - self._at_us) * self._rate_per_s / 1e6
        self._tokens = min(self._burst, self._tokens + gained)
        self._at_us = now_us
        if (rate_per_s, burst) != (self._rate_per_s, self._burst):
            self._tokens = min(self._tokens + max(0.0, burst - self._burst), burst)
            self._rate_per_s, self._burst = rate_per_s, burst
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Buckets:
    """Token buckets by name, in virtual time."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}

    def take(self, key: tuple[str, ...], rate_per_s: float, burst: float) -> bool:
        """Whether a request may pass; a bucket is full when it is first asked."""
        now_us = self._kernel.now_us
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(rate_per_s, burst, now_us)
        return bucket.take(rate_per_s, burst, now_us)
