"""The two protocols that carry CBOR: Smithy's RPC v2, and JSON's headers around CBOR, as Java's Kinesis client sends.

They read alike. In the second a timestamp is a number of milliseconds, in the first of seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.parsers import RpcV2CBORParser
from botocore.serialize import CBORSerializer

RPC = "smithy-rpc-v2-cbor"
JSON = "cbor"
PROTOCOLS = (RPC, JSON)
# The JSON protocol that stands behind each content type of the second.
JSON_TYPES: Mapping[str, str] = {
    "application/x-amz-cbor-1.0": "application/x-amz-json-1.0",
    "application/x-amz-cbor-1.1": "application/x-amz-json-1.1",
}
HEADERS: Mapping[str, Mapping[str, str]] = {
    RPC: {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
    JSON: {"content-type": "application/x-amz-cbor-1.1"},
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(body: bytes, shape: Any, protocol: str) -> dict[str, Any]:
    """The members of `shape` in a body. Raises ValueError, or botocore's ResponseParserError for what is no CBOR."""
    if not body or shape is None:
        return {}
    parser = RpcV2CBORParser(timestamp_parser=float)  # numbers stay numbers until the shape is known
    found = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    if not isinstance(found, dict):
        raise ValueError("the body is no map")
    members: dict[str, Any] = _shaped(found, shape, 1_000 if protocol == JSON else 1)
    return members


def _shaped(value: Any, shape: Any, per_second: int) -> Any:
    """The value with datetimes where the shape has timestamps."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {n: _shaped(v, shape.members[n], per_second) for n, v in value.items() if n in shape.members}
    if kind == "list" and isinstance(value, list):
        return [_shaped(item, shape.member, per_second) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: _shaped(inner, shape.value, per_second) for name, inner in value.items()}
    if kind == "timestamp" and isinstance(value, int | float):
        return _EPOCH + timedelta(microseconds=round(value * 1_000_000 / per_second))
    return value


def write(result: Mapping[str, Any], shape: Any, protocol: str) -> bytes:
    """The members of a result that the shape has."""
    if shape is None:
        return text_map({})
    body = bytearray()
    serializer = _Writer(1_000 if protocol == JSON else 1)
    serializer._serialize_data_item(body, _fitting(result, shape), shape)
    return bytes(body)


def _fitting(value: Any, shape: Any) -> Any:
    """Without what the shape does not have: botocore's serializer takes nothing else."""
    if shape.type_name == "structure":
        return {n: _fitting(v, shape.members[n]) for n, v in value.items() if n in shape.members and v is not None}
    if shape.type_name == "list":
        return [_fitting(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {name: _fitting(inner, shape.value) for name, inner in value.items()}
    return value


def text_map(members: Mapping[str, str]) -> bytes:
    """A map of texts, such as an error."""
    serializer, body = CBORSerializer(), bytearray()
    body.append(serializer.MAP_MAJOR_TYPE << 5 | len(members))
    for name, value in members.items():
        serializer._serialize_type_string(body, name, None, None)
        serializer._serialize_type_string(body, value, None, None)
    return bytes(body)


class _Writer(CBORSerializer):  # type: ignore[misc]  # botocore has no types
    """Writes timestamps in the protocol's unit, of which a second has `per_second`."""

    def __init__(self, per_second: int) -> None:
        super().__init__()
        self._per_second = per_second

    def _serialize_type_timestamp(self, serialized: bytearray, value: Any, shape: Any, key: str | None) -> None:
        moment = value if isinstance(value, datetime) else _EPOCH + timedelta(seconds=float(value))
        serialized.extend(self._get_initial_byte(self.TAG_MAJOR_TYPE, 1))
        units = (moment.astimezone(UTC) - _EPOCH) / timedelta(seconds=1) * self._per_second
        if self._per_second > 1 or units.is_integer():
            self._serialize_type_integer(serialized, round(units), shape, None)
        else:
            self._serialize_type_double(serialized, units, shape, None)
