"""The processor of an execution environment that several processes share."""

from __future__ import annotations

from localcloud.kernel import Kernel


class Processor:
    """So many vCPUs, of which each process uses at most one. With more processes at work, each is slower.

    `busy_us` is the CPU time used so far, summed over the vCPUs.
    """

    def __init__(self, kernel: Kernel, vcpus: float, window_us: int) -> None:
        self._kernel = kernel
        self.vcpus = vcpus
        self._window_us = window_us
        self._working = 0
        self._busy_us = 0.0
        self._at_us = kernel.now_us
        self._since_us, self._since_busy_us = kernel.now_us, 0.0

    @property
    def busy_us(self) -> float:
        self._account()
        return self._busy_us

    def use(self, cpu_us: int) -> None:
        """Pass `cpu_us` of one process's CPU time, at its share of the vCPUs as it begins."""
        self._account()
        self._working += 1
        try:
            self._kernel.sleep(round(cpu_us * max(1.0, self._working / self.vcpus)))
        finally:
            self._account()
            self._working -= 1

    def share(self) -> float:
        """The part of its vCPUs that was in use in the last window, between 0 and 1."""
        self._account()
        passed_us = self._at_us - self._since_us
        used = (self._busy_us - self._since_busy_us) / (passed_us * self.vcpus) if passed_us else 0.0
        if passed_us >= self._window_us:
            self._since_us, self._since_busy_us = self._at_us, self._busy_us
        return used if passed_us >= self._window_us // 2 else 0.0

    def _account(self) -> None:
        now_us = self._kernel.now_us
        self._busy_us += min(self._working, self.vcpus) * (now_us - self._at_us)
        self._at_us = now_us
