"""A fingerprint of results: equal results, equal digest, on every machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any


def digest(results: Any) -> str:
    """SHA-256 over the canonical JSON of dataclasses, mappings, sequences, numbers and texts.

    Floats are rounded to nine digits, so that the last bit of a platform's arithmetic does not show.
    """
    text = json.dumps(_plain(results), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return f"{value:.9g}"
    return value
