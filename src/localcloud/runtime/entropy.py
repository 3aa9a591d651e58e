"""Randomness that repeats: everything simulated code draws comes from seeded streams.

`os.urandom` (and with it `uuid.uuid4`, `secrets`, `random.SystemRandom`) draws from a stream of
its execution environment. The global `random` generator has a state of its own while the
simulation runs, so a notebook's randomness is neither disturbed nor disturbing.
"""

from __future__ import annotations

import os
import random
from typing import Any

from localcloud.kernel import Kernel
from localcloud.patching import Patches


def install(kernel: Kernel, patches: Patches) -> None:
    """Make entropy seeded inside the simulation."""
    real_urandom = os.urandom

    def urandom(size: int, /) -> bytes:
        task = kernel.current()
        if task is None and not kernel.running:
            return real_urandom(size)
        tape = getattr(task.group, "tape", None) if task is not None else None
        if tape is not None:
            drawn: bytes = tape.entropy.randbytes(size)
            return drawn
        owner = getattr(task.group, "entropy_name", "tasks") if task is not None else "hub"
        streams = (kernel if task is None else task.kernel).streams
        return streams[f"entropy/{owner}"].randbytes(size)

    patches.set(os, "urandom", urandom)
    patches.set(random, "_urandom", urandom)

    simulated: Any = random.Random(kernel.streams["random"].getrandbits(64)).getstate()
    real: Any = None

    def enter() -> None:
        nonlocal real
        real = random.getstate()
        random.setstate(simulated)

    def leave() -> None:
        nonlocal simulated
        simulated = random.getstate()
        random.setstate(real)

    kernel.on_enter.append(enter)
    kernel.on_exit.append(leave)
