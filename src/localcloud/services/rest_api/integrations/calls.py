"""An integration's answer, and waiting for it no longer than its timeout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from localcloud.kernel import Kernel
from localcloud.services.rest_api.errors import GatewayError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """`pattern` is what selection patterns are matched against: a status, or a function's error message.

    "" matches none: the default response is taken.
    """

    pattern: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # the body before it was made text, when there was one


def within(kernel: Kernel, timeout_us: int, name: str, work: Callable[[], T]) -> T:
    """The result of `work`, in a task of its own: it goes on when the gateway has given up.

    Raises GatewayError INTEGRATION_TIMEOUT, and whatever `work` raises.
    """
    task = kernel.spawn(work, name=name)
    if not task.join(timeout_us):
        raise GatewayError("INTEGRATION_TIMEOUT")
    result: T = task.result()
    return result
