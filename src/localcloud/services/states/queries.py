"""JSONata: expressions between {% and %} in a state's fields."""

from __future__ import annotations

import hashlib
import json
import random
from functools import lru_cache
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils

from localcloud.services.states.errors import QUERY, StateFailed
from localcloud.services.states.intrinsics import _uuid

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def is_expression(value: Any) -> bool:
    """Whether a string is a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.rstrip().endswith("%}")


@lru_cache(maxsize=4_096)
def compile_expression(text: str) -> Jsonata:
    """Raises ValueError with JSONata's reason."""
    source = text.strip()[2:-2].strip()
    try:
        return Jsonata(source)
    except Exception as exc:
        raise ValueError(f"The JSONata expression {source!r} is not valid: {exc}") from exc


def evaluate(
    text: str, states: dict[str, Any], variables: dict[str, Any], stream: random.Random, field: str = ""
) -> Any:
    """The value of one expression in a field. Raises StateFailed, also when it is nothing at all."""
    expression = compile_expression(text)
    told = f"The JSONata expression '{text.strip()[2:-2].strip()}' specified for the field '{field}'"
    try:
        value = _run(expression, states, variables, stream)
        if value is None and not _is_null(text, states, variables, stream):
            raise StateFailed(QUERY, f"{told} returned nothing (undefined).")
    except StateFailed:
        raise
    except Exception as exc:
        code = getattr(exc, "error", None)
        reason = f"{code}: {exc}" if isinstance(code, str) else str(exc)
        raise StateFailed(QUERY, f"{told} threw an error during evaluation. {reason}") from exc
    return _plain(value)


def _run(expression: Jsonata, states: dict[str, Any], variables: dict[str, Any], stream: random.Random) -> Any:
    frame = expression.create_frame()
    frame.bind("states", states)
    for name, value in variables.items():
        frame.bind(name, Utils.NULL_VALUE if value is None else value)
    for name, function in _functions(stream).items():
        expression.register_lambda(name, function)
    return expression.evaluate(None, frame)


def _is_null(text: str, states: dict[str, Any], variables: dict[str, Any], stream: random.Random) -> bool:
    """null and nothing look the same from outside."""
    source = text.strip()[2:-2].strip()
    return bool(_run(_exists(source), states, variables, stream))


@lru_cache(maxsize=1_024)
def _exists(source: str) -> Jsonata:
    return Jsonata(f"$exists(({source}))")


def _functions(stream: random.Random) -> dict[str, Any]:
    """What Step Functions adds to JSONata."""
    return {
        "partition": lambda items, size: [items[n : n + int(size)] for n in range(0, len(items), int(size))],
        "range": lambda first, last, step: list(range(int(first), int(last) + (1 if step > 0 else -1), int(step))),
        "hash": lambda text, algorithm: hashlib.new(_HASHES[algorithm], str(text).encode()).hexdigest(),
        "random": lambda seed=None: (stream if seed is None else random.Random(seed)).random(),
        "uuid": lambda: _uuid(stream),
        "parse": json.loads,
        "eval": _no_eval,
    }


def _no_eval(*arguments: Any) -> Any:
    """JSONata's own, which Step Functions leaves out: $parse reads JSON."""
    raise ValueError("T1006: Attempted to invoke a non-function")


def _plain(value: Any) -> Any:
    """JSONata's own lists and whole floats as JSON has them."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
