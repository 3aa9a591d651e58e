"""Running module code a second time so that it ends with the same memory as the first time.

A snapshot of a process cannot be copied inside one process. What module code can see of the world can:
its randomness, its time, and what AWS answered it. A tape records them once and plays them back; playing
takes no virtual time. Code that runs after the tape has ended sees the world as it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.api.clients import plain_copy

HOOKS = "snapshot_restore_py"  # where functions register what to run before a snapshot and after a restore


@dataclass(slots=True)
class _Answer:
    value: Any
    error: Exception | None
    took_us: int


@dataclass(slots=True)
class Recording:
    """What one run of module code saw. `seed` is that of all its randomness, `unix_us` when it began."""

    seed: int
    unix_us: int
    answers: list[_Answer] = field(default_factory=list)


class Tape:
    """One run over a recording: the first records, the others play. `now_us()` gives the real virtual time."""

    def __init__(self, recording: Recording, now_us: Callable[[], int], *, playing: bool) -> None:
        self._recording = recording
        self._now_us = now_us
        self._next = 0
        self.playing = playing
        self.entropy = random.Random(recording.seed)
        self.shift_us = recording.unix_us - now_us() if playing else 0  # of the clock that module code sees

    def module_seed(self) -> int:
        """The seed of the environment's own `random` module."""
        return random.Random(self._recording.seed + 1).getrandbits(64)

    def slept(self, delay_us: int) -> None:
        """Module code waits; when playing, only its clock moves."""
        self.shift_us += delay_us

    def call(self, call: Callable[[], Any]) -> Any:
        """An API call: made and kept, or answered as it was. What cannot be copied is asked for again."""
        if self.playing and self._next < len(self._recording.answers):
            answer = self._recording.answers[self._next]
            self._next += 1
            self.shift_us += answer.took_us
            if answer.error is not None:
                raise answer.error
            return plain_copy(answer.value)
        began_us = self._now_us()
        value, error = None, None
        try:
            value = call()
        except Exception as exc:
            error = exc
            raise
        finally:
            if not self.playing:
                self._keep(value, error, self._now_us() - began_us)
        return value

    def _keep(self, value: Any, error: Exception | None, took_us: int) -> None:
        try:
            self._recording.answers.append(_Answer(plain_copy(value), error, took_us))
        except TypeError:  # a stream of bytes: it is read anew each time
            return
