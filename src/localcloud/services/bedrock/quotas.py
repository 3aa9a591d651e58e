"""Requests and tokens per minute of each model.

A request reserves its input tokens and the most it may answer with; what it did not use comes back when its answer
is complete. Both quotas fill up evenly over the minute: AWS does not say how its minute is cut.
"""

from __future__ import annotations

import heapq

from localcloud.api import ApiError

_MINUTE_US = 60_000_000


class Bucket:
    """A quota per minute that fills up evenly, and never above a minute's worth."""

    def __init__(self, per_minute: int, now_us: int) -> None:
        self._most = float(per_minute)
        self._level = self._most
        self._at_us = now_us

    def level(self, now_us: int) -> float:
        """What is left at a time no earlier than the last one asked about."""
        self._level = min(self._most, self._level + (now_us - self._at_us) * self._most / _MINUTE_US)
        self._at_us = now_us
        return self._level

    def add(self, amount: float, now_us: int) -> None:
        self._level = min(self._most, self.level(now_us) + amount)


class Quota:
    """The quotas of one model. Raises ThrottlingException as an ApiError when one is used up."""

    def __init__(self, requests_per_minute: int, tokens_per_minute: int, now_us: int) -> None:
        self._requests = Bucket(requests_per_minute, now_us)
        self._tokens = Bucket(tokens_per_minute, now_us)
        self._returns: list[tuple[int, int]] = []  # when an answer is complete, and the tokens it leaves

    def reserve(self, tokens: int, now_us: int) -> None:
        """Take one request and `tokens` tokens. Raises ApiError (429)."""
        while self._returns and self._returns[0][0] <= now_us:
            at_us, unused = heapq.heappop(self._returns)
            self._tokens.add(unused, at_us)
        if self._requests.level(now_us) < 1:
            raise ApiError("ThrottlingException", "Too many requests, please wait before trying again.", 429)
        if self._tokens.level(now_us) < tokens:
            raise ApiError("ThrottlingException", "Too many tokens, please wait before trying again.", 429)
        self._requests.add(-1, now_us)
        self._tokens.add(-tokens, now_us)

    def settle(self, unused: int, at_us: int) -> None:
        """Give back what an answer that is complete at `at_us` did not use."""
        heapq.heappush(self._returns, (at_us, unused))
