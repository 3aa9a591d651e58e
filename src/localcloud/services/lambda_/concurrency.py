"""How many invocations may run at once, and how fast environments may be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from localcloud.api import ApiError
from localcloud.facts import Facts
from localcloud.kernel import Kernel
from localcloud.services.lambda_.functions import Functions
from localcloud.services.lambda_.results import Throttled

ACCOUNT_LIMIT = "ConcurrentInvocationLimitExceeded"
RESERVED_LIMIT = "ReservedFunctionConcurrentInvocationLimitExceeded"


class Concurrency:
    """Account quota (`account_limit`, may be changed), reservations and the scaling rate per function."""

    def __init__(self, kernel: Kernel, facts: Facts, functions: Functions) -> None:
        self._kernel = kernel
        self._functions = functions
        self.account_limit: int = facts.value("quota.lambda.concurrency.account_default")
        self._unreserved_minimum: int = facts.value("quota.lambda.concurrency.unreserved_minimum")
        rate = facts.value("quota.lambda.scaling_rate")
        self._burst = float(rate["envs"])
        self._refill_per_us = rate["envs"] / (rate["per_s"] * 1e6)
        self._tokens: dict[str, tuple[float, int]] = {}
        self.running: Counter[str] = Counter()  # on demand
        self.provisioned: Callable[[], Mapping[str, int]] = dict  # provisioned concurrency by function

    def enter(self, name: str) -> None:
        """Count one more running invocation on demand. Raises Throttled."""
        reserved, provisioned = self._functions.reserved(), self.provisioned()
        if name in reserved:
            if self.running[name] >= reserved[name] - provisioned.get(name, 0):
                raise Throttled(RESERVED_LIMIT)
        else:
            running = self.running
            shared = sum(
                [count for other, count in running.items() if other not in reserved] if reserved else running.values()
            )
            if shared >= self._unreserved(reserved, provisioned):
                raise Throttled(ACCOUNT_LIMIT)
        self.running[name] += 1

    def leave(self, name: str) -> None:
        self.running[name] -= 1

    def grow(self, name: str) -> None:
        """Take the right to one more environment. Raises Throttled above the scaling rate."""
        tokens, at_us = self._tokens.get(name, (self._burst, 0))
        now_us = self._kernel.now_us
        tokens = min(self._burst, tokens + (now_us - at_us) * self._refill_per_us)
        if tokens < 1:
            raise Throttled(ACCOUNT_LIMIT)
        self._tokens[name] = (tokens - 1, now_us)

    def unreserved(self) -> int:
        """What functions without a reservation share; provisioned concurrency of theirs is taken out of it."""
        return self._unreserved(self._functions.reserved(), self.provisioned())

    def _unreserved(self, reserved: Mapping[str, int], provisioned: Mapping[str, int]) -> int:
        taken = sum(count for name, count in provisioned.items() if name not in reserved) if provisioned else 0
        return self.account_limit - sum(reserved.values()) - taken

    def check_reservation(self, name: str, wanted: int) -> None:
        """Raise ApiError InvalidParameterValueException when too little would stay unreserved."""
        own = self.provisioned().get(name, 0)
        if wanted < own:
            raise ApiError(
                "InvalidParameterValueException",
                f"ReservedConcurrentExecutions {wanted} should not be lower than function's total provisioned "
                f"concurrency [{own}].",
                400,
                Type="User",
            )
        others = sum(count for other, count in self._functions.reserved().items() if other != name)
        if self.account_limit - others - wanted < self._unreserved_minimum:
            raise ApiError(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{self._unreserved_minimum}].",
                400,
                Type="User",
            )
