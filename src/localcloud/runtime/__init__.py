"""What simulated code sees of Python: virtual clocks, green threads, its own modules and output."""

from __future__ import annotations

from localcloud.runtime.environment import ExecutionEnvironment, current_environment
from localcloud.runtime.install import install

__all__ = ["ExecutionEnvironment", "current_environment", "install"]
