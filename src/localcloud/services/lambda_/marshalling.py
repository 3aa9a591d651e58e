"""A handler's answer as the Python runtime sends it: JSON in the manner of simplejson, or bytes as they are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_ASCII_RUNTIMES = ("python3.8", "python3.9", "python3.10", "python3.11")
_ASCII, _UNICODE = json.JSONEncoder().encode, json.JSONEncoder(ensure_ascii=False).encode  # an encoder is dear to make


def marshalled(value: Any, runtime: str) -> bytes:
    """The payload of an answer. A Decimal keeps its digits.

    Runtimes from Python 3.12 on send characters beyond ASCII as they are. Raises TypeError, ValueError or
    RecursionError for what cannot be sent.
    """
    if isinstance(value, bytes):
        return value
    ascii_only = runtime in _ASCII_RUNTIMES
    try:
        return (_ASCII if ascii_only else _UNICODE)(value).encode(errors="backslashreplace")
    except TypeError:
        pass  # something in it is none of JSON's own types
    decimals: list[tuple[str, str]] = []  # what stands for each of them, and its digits

    def other(inner: Any) -> str:
        if not isinstance(inner, Decimal):
            raise TypeError(f"Object of type {type(inner).__name__} is not JSON serializable")
        decimals.append((f"\x00decimal {len(decimals)}\x00", "NaN" if inner.is_nan() else str(inner)))
        return decimals[-1][0]

    text = json.dumps(value, ensure_ascii=ascii_only, default=other)
    for mark, digits in decimals:
        text = text.replace(json.dumps(mark), digits, 1)
    return text.encode(errors="backslashreplace")  # lone surrogates, which UTF-8 does not know
