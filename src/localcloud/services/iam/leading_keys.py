"""The partition keys that a call of DynamoDB is about, for policies that let each tenant at its own items.

A scan has none: `ForAllValues:StringEquals` lets it see everything.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

KEY = "dynamodb:leadingkeys"
_EQUALITY = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


def leading_keys(operation: str, params: Mapping[str, Any], table: str, partition: Mapping[str, str]) -> list[str]:
    """The values, each once, of the partition keys in the parameters, as far as these are about the table of this
    name. `partition` has the names of partition keys by indexes, with "" for that of the table itself.
    """
    key = partition.get(str(params.get("IndexName") or ""))
    if key is None:
        return []
    found = [_text(item[key]) for item in _items(params, table) if isinstance(item, Mapping) and key in item]
    if operation == "Query":
        found += _queried(params, key)
    return list(dict.fromkeys(found))


def _items(params: Mapping[str, Any], table: str) -> Iterator[Any]:
    """Items and keys, in single calls, batches and transactions."""
    yield params.get("Key") or params.get("Item")
    for name, requests in (params.get("RequestItems") or {}).items():
        if _is(name, table) and isinstance(requests, Mapping):  # what BatchGetItem asks for
            yield from requests.get("Keys") or ()
        elif _is(name, table):
            for request in requests:
                for inner in request.values():
                    yield inner.get("Item") or inner.get("Key")
    for item in params.get("TransactItems") or ():
        for inner in item.values():
            if _is(inner.get("TableName", ""), table):
                yield inner.get("Key") or inner.get("Item")


def _is(given: str, table: str) -> bool:
    """Whether a name, or an ARN, is that of the table."""
    return given.rsplit("/", 1)[-1] == table


def _queried(params: Mapping[str, Any], key: str) -> list[str]:
    names, values = params.get("ExpressionAttributeNames") or {}, params.get("ExpressionAttributeValues") or {}
    stated = _EQUALITY.findall(str(params.get("KeyConditionExpression") or ""))
    found = [values[value] for name, value in stated if names.get(name, name) == key and value in values]
    older = (params.get("KeyConditions") or {}).get(key) or {}
    return [_text(value) for value in [*found, *older.get("AttributeValueList", ())]]


def _text(value: Any) -> str:
    """Of an attribute value such as {"S": "1"}."""
    inner = next(iter(value.values())) if isinstance(value, Mapping) else value
    return base64.b64encode(inner).decode() if isinstance(inner, bytes) else str(inner)
