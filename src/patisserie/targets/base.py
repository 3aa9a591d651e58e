"""What a lab asks of the place it runs in; the same for the local cloud and for AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from patisserie.errors import OneSentence


class TargetError(OneSentence):
    """The target cannot do what was asked. The message says what to do instead."""


class PatienceExhausted(Exception):
    """A request was not answered within the caller's time-out."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What a customer's browser sees. `elapsed_ms` is the client's own stop-watch."""

    status: int
    body: str
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class StackResource:
    """One resource of a deployed stack, as CloudFormation lists it."""

    logical_id: str
    physical_id: str
    type: str


@dataclass(frozen=True, slots=True, repr=False)
class DeployedStack:
    """A stack that stands: its outputs by name and its resources by order of their logical ids."""

    name: str
    outputs: Mapping[str, str]
    resources: tuple[StackResource, ...] = field(default=())

    def __repr__(self) -> str:
        """Short: many a cell ends with a deployment."""
        told = "".join(f"\n  {name}: {value}" for name, value in self.outputs.items())
        count = len(self.resources)
        return f"{self.name} stands, with {count} resource{'' if count == 1 else 's'}.{told}"

    def physical_ids(self, resource_type: str) -> tuple[str, ...]:
        """Physical ids of all resources of one type, in the order of their logical ids."""
        return tuple(r.physical_id for r in self.resources if r.type == resource_type)


@dataclass(frozen=True, slots=True)
class Used:
    """What a stack used over some time. `cost_usd` is at list prices."""

    invocations: int
    cost_usd: float
    lines: tuple[tuple[str, float], ...] = ()  # item, USD


class Listener(Protocol):
    """Listens on a channel of an AppSync Events API."""

    def close(self) -> list[str]:
        """Stop listening; the events that came, in order, as JSON texts."""


class Started(Protocol):
    """Something under way that `spawn_at` started."""

    def join(self) -> None:
        """Wait until it has ended; raise what it raised."""


class Target(Protocol):
    """Where a lab runs.

    `name` is "local" or "aws"; `source` says where figures come from ("simulated" or "aws").
    Times are seconds since the target was opened.
    """

    name: str
    source: str
    seed: int

    def client(self, service: str) -> Any:
        """A boto3 client of the target."""

    def now_s(self) -> float:
        """Time since the target was opened."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def spawn_at(self, at_s: float, fn: Callable[[], None]) -> Started:
        """Run `fn` at that time, beside everything else."""

    def join_all(self, started: Sequence[Started]) -> None:
        """Wait for all of them."""

    def http(
        self,
        method: str,
        url: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> HttpReply:
        """One HTTP request. Raises PatienceExhausted when `timeout_s` passes first."""

    def subscribe(self, api_id: str, channel: str) -> Listener:
        """Listen on a channel of an AppSync Events API, with its first API key."""

    def start_metering(self) -> Callable[[DeployedStack], Used]:
        """Ask the returned function later what a stack has used since now."""

    def plainly(self) -> AbstractContextManager[None]:
        """Within it, what a call to the target raises is a TargetError with one sentence."""

    def delete_rest(self) -> tuple[str, ...]:
        """Delete what stacks leave behind; the names of what is still there."""

    def close(self) -> None:
        """Leave the target."""

    def deploy(self, stack_name: str, template: Path, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        """Deploy or update a stack from a SAM template and the code beside it."""

    def delete(self, stack_name: str) -> None:
        """Delete a stack and wait until it is gone."""
