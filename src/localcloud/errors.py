"""The exception tree of the local cloud.

    LocalCloudError
    ├── KernelError            the virtual clock cannot do what was asked
    │   ├── Deadlock           a call waits for something that can never happen
    │   └── WrongContext       a task-only operation outside a task, or the reverse
    ├── NetworkRefused         simulated code tried to reach a real network
    └── ConfigurationError     the local cloud was set up or used wrongly
        └── LibraryMissing     moto needs a library that is not installed

What AWS itself would answer is not in this tree: those are botocore's exceptions,
as they would be on AWS.
"""

from __future__ import annotations


class LocalCloudError(Exception):
    """Base of everything the local cloud raises about itself."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the sentence; where in the local cloud it arose helps nobody there."""
        return [f"{type(self).__name__}: {self}"]


class KernelError(LocalCloudError):
    """The virtual clock cannot do what was asked."""


class Deadlock(KernelError):
    """A call waits for something that can never happen: no timer is left."""


class WrongContext(KernelError):
    """An operation was used in the wrong place (inside or outside a task)."""


class NetworkRefused(LocalCloudError):
    """Simulated code tried to open a real network connection."""


class ConfigurationError(LocalCloudError):
    """The local cloud was set up or used wrongly."""


class LibraryMissing(ConfigurationError, ModuleNotFoundError):
    """moto answers a service with a library that is not installed."""
