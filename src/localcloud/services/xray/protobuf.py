"""Reading protobuf messages without their generated classes: field numbers and values, as they come.

Source: "Protocol Buffers, Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class Malformed(ValueError):
    """The bytes are no protobuf message."""


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value): whole numbers for the numeric wire types, bytes for texts, bytes and messages.

    Raises Malformed.
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value: int | bytes
            value, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
            value, at = int.from_bytes(_taken(data, at, size), "little"), at + size
        elif kind == _LENGTH:
            size, at = _varint(data, at)
            value, at = _taken(data, at, size), at + size
        else:
            raise Malformed(f"wire type {kind} at byte {at}")
        yield number, value


def double(bits: int) -> float:
    """The number whose eight bytes a fixed64 field holds."""
    found: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return found


def signed(value: int) -> int:
    """An int64 as it was before its encoding."""
    return value - (1 << 64) if value >> 63 else value


def _taken(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise Malformed(f"the message ends inside a field at byte {at}")
    return data[at : at + size]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed(f"no number at byte {at}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
