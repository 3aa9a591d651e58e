"""The account's rates: how many executions start and how many states are entered each second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.api import ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Rate:
    """A token bucket in whole numbers: `wait_us` says how long the next token takes to come.

    It keeps the time at which the bucket would be full, in microseconds times the tokens a second, so that taking a
    token is one addition without a remainder.
    """

    __slots__ = ("_full", "_per_s", "_room")

    def __init__(self, bucket: int, refill_per_s: int) -> None:
        self._per_s = refill_per_s
        self._room = (bucket - 1) * 1_000_000
        self._full = 0

    def wait_us(self, now_us: int) -> int:
        """How long until there is a token; 0 when there is one."""
        return max(0, -((self._room - self._full) // self._per_s) - now_us)

    def take(self, now_us: int) -> None:
        """Take a token, if need be one that is still to come."""
        self._full = max(self._full, now_us * self._per_s) + 1_000_000


class Throttle:
    """StartExecution is refused above its rate; a Standard execution waits before it enters a state."""

    def __init__(self, cloud: Cloud) -> None:
        self._kernel = cloud.kernel
        rates = cloud.facts.value("quota.sfn.rates_us_east_1")
        made = {name: Rate(int(rates[name]["bucket"]), int(rates[name]["refill_s"])) for name in rates}
        self._starts = {False: made["start_execution_standard"], True: made["start_execution_express"]}
        self._transitions = made["transitions_standard"]

    def start(self, express: bool) -> None:
        """Raises ApiError when executions are started too fast."""
        rate, now_us = self._starts[express], self._kernel.now_us
        if rate.wait_us(now_us):
            raise ApiError("ThrottlingException", "Rate exceeded")
        rate.take(now_us)

    def transition_us(self) -> int:
        """How long the next transition of a Standard execution has to wait."""
        now_us, rate = self._kernel.now_us, self._transitions
        wait_us = rate.wait_us(now_us)
        rate.take(now_us)
        return wait_us
