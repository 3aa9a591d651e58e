"""Named random streams: one seed, one independent stream per purpose.

Drawing once more from "latency/sqs" does not shift the numbers of "latency/dynamodb",
so a small change of a design does not reshuffle the whole simulated world.
"""

from __future__ import annotations

import hashlib
import random


def whole_number(stream: random.Random, low: int, high: int) -> int:
    """`stream.randint(low, high)` for integers, without its checks: the same number from the same draws."""
    width = high - low + 1
    bits = width.bit_length()
    found = stream.getrandbits(bits)
    while found >= width:
        found = stream.getrandbits(bits)
    return low + found


class Streams:
    """`streams["latency/sqs"]` is a `random.Random`, the same for the same seed and name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def __getitem__(self, name: str) -> random.Random:
        stream = self._streams.get(name)
        if stream is None:
            digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
            stream = self._streams[name] = random.Random(int.from_bytes(digest[:8], "big"))
        return stream
