"""The SDK's retry quota belongs to a process, so here to an execution environment.

Clients are shared between environments; without this a storm of retries in one would use up the
quota of all.
"""

from __future__ import annotations

from typing import Any

from botocore.retries.quota import RetryQuota

from localcloud.kernel import Kernel
from localcloud.patching import Patches


def install(kernel: Kernel, patches: Patches) -> None:
    """Keep each quota's remaining capacity per environment until the patches are undone."""
    outside: dict[int, int] = {}

    current = kernel.current

    def store() -> dict[Any, Any]:
        task = current()
        state: dict[Any, Any] = getattr(task.group if task is not None else None, "retry_state", outside)
        return state

    def get(self: Any) -> int:  # as `store`, without the call: every successful call asks
        task = current()
        state = getattr(task.group if task is not None else None, "retry_state", outside)
        capacity: int = state.get(id(self), self._max_capacity)
        return capacity

    def put(self: Any, value: int) -> None:
        store()[id(self)] = value

    patches.set(RetryQuota, "_available_capacity", property(get, put))
