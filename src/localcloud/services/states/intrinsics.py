"""Intrinsic functions of JSONPath states: States.Format, States.Array and the others.

Source: the Step Functions developer guide on intrinsic functions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localcloud.services.states.errors import INTRINSIC, StateFailed
from localcloud.services.states.paths import InvalidPath, NoSuchPath, Scope, compile_path

_NAME = re.compile(r"\s*(States\.[A-Za-z0-9]+)\s*\(")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST_RANGE = 1_000
_LONGEST_TEXT = 10_000  # of what is hashed, encoded or decoded, in characters
_LEAST, _MOST = -(2**31), 2**31 - 1
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}

Evaluate = Callable[[Scope, random.Random], Any]


@lru_cache(maxsize=4_096)
def compile_intrinsic(text: str) -> Evaluate:
    """Raises InvalidPath when the text is no call of a known function."""
    evaluate, end = _call(text, 0)
    if text[end:].strip():
        raise InvalidPath(f"Unexpected text after {text[:end]!r}: {text[end:]!r}")
    return evaluate


def _call(text: str, at: int) -> tuple[Evaluate, int]:
    match = _NAME.match(text, at)
    if match is None:
        raise InvalidPath(f"No intrinsic function at {text[at:]!r}")
    name = match[1].removeprefix("States.")
    function = _FUNCTIONS.get(name)
    if function is None:
        raise InvalidPath(f"The intrinsic function States.{name} is not supported")
    arguments: list[Evaluate] = []
    at = _skip(text, match.end())
    while text[at : at + 1] != ")":
        argument, at = _argument(text, at, template=name == "Format" and not arguments)
        arguments.append(argument)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != ")":
            raise InvalidPath(f"Expected , or ) at {text[at:]!r} of {text!r}")

    def evaluate(scope: Scope, stream: random.Random) -> Any:
        values = [argument(scope, stream) for argument in arguments]
        try:
            return function(stream, *values)
        except StateFailed:
            raise
        except Exception as exc:
            raise StateFailed(INTRINSIC, f"Invalid arguments in States.{name}: {exc}") from exc

    return evaluate, at + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _argument(text: str, at: int, template: bool) -> tuple[Evaluate, int]:
    if text[at : at + 1] == "'":
        return _string(text, at, template)
    if text.startswith("States.", at):
        return _call(text, at)
    if text[at : at + 1] == "$":
        end = _path_end(text, at)
        path = compile_path(text[at:end].strip())
        return lambda scope, _: _get(path, scope), end
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return (lambda _scope, _stream, value=value: value), at + len(word)
    match = _NUMBER.match(text, at)
    if match is None:
        raise InvalidPath(f"No argument at {text[at:]!r} of {text!r}")
    number = json.loads(match[0])
    return (lambda _scope, _stream: number), match.end()


def _get(path: Any, scope: Scope) -> Any:
    try:
        return path.get(scope)
    except NoSuchPath as exc:
        raise StateFailed(INTRINSIC, f"The JsonPath argument for the field '{exc}' could not be found.") from None


def _string(text: str, at: int, template: bool) -> tuple[Evaluate, int]:
    """A literal. A template keeps the backslashes of its braces, which tell them from places for values."""
    parts, position = [], at + 1
    while position < len(text) and text[position] != "'":
        if text[position] == "\\" and position + 1 < len(text):
            escaped = text[position + 1]
            parts.append("\\" + escaped if template and escaped in "{}" else escaped)
            position += 2
        else:
            parts.append(text[position])
            position += 1
    if position >= len(text):
        raise InvalidPath(f"A string does not end in {text!r}")
    value = "".join(parts)
    return (lambda _scope, _stream: value), position + 1


def _path_end(text: str, at: int) -> int:
    depth, quoted = 0, False
    for position in range(at, len(text)):
        character = text[position]
        if character == "'" and depth:
            quoted = not quoted
        elif not quoted and character in "[(":
            depth += 1
        elif not quoted and character in ")]":
            if character == ")" and depth == 0:
                return position
            depth -= 1
        elif not quoted and character == "," and depth == 0:
            return position
    return len(text)


# -- the functions ---------------------------------------------------------------------------


def _format(_: random.Random, template: str, *values: Any) -> str:
    pieces = [piece.replace("\\{", "{").replace("\\}", "}") for piece in re.split(r"(?<!\\)\{\}", template)]
    if len(pieces) - 1 != len(values):
        raise ValueError(f"{len(pieces) - 1} places and {len(values)} values")
    text = pieces[0]
    for value, piece in zip(values, pieces[1:], strict=True):
        text += (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))) + piece
    return text


def _integer(value: Any) -> int:
    """A number, rounded to the nearest integer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{json.dumps(value)} is no number")
    return math.floor(value + 0.5)


def _equal(one: Any, other: Any) -> bool:
    """As in JSON, where true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{json.dumps(value)} is no string")
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"at most {_LONGEST_TEXT} characters")
    return value


def _add(_: random.Random, first: Any, second: Any) -> int:
    total = _integer(first) + _integer(second)
    if not _LEAST <= total <= _MOST:
        raise ValueError(f"{total} is not between {_LEAST} and {_MOST}")
    return total


def _item(_: random.Random, items: list[Any], index: Any) -> Any:
    at = _integer(index)
    if not isinstance(items, list) or not 0 <= at < len(items):
        raise ValueError(f"there is no item {at}")
    return items[at]


def _hash(_: random.Random, data: Any, algorithm: str) -> str:
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return hashlib.new(_HASHES[algorithm], _text(text).encode()).hexdigest()


def _partition(_: random.Random, items: list[Any], chunk: Any) -> list[list[Any]]:
    size = _integer(chunk)
    if size < 1:
        raise ValueError("a chunk has at least one item")
    return [items[first : first + size] for first in range(0, len(items), size)]


def _range(_: random.Random, first: Any, last: Any, step: Any) -> list[int]:
    by = _integer(step)
    found = range(_integer(first), _integer(last) + (1 if by > 0 else -1), by)
    if len(found) > _LONGEST_RANGE:
        raise ValueError(f"at most {_LONGEST_RANGE} numbers")
    return list(found)


def _merge(_: random.Random, first: dict[str, Any], second: dict[str, Any], deep: bool) -> dict[str, Any]:
    if deep:
        raise ValueError("only a shallow merge is supported: the third argument must be false")
    return {**first, **second}


def _split(_: random.Random, text: str, separators: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _random(stream: random.Random, first: Any, last: Any, seed: int | None = None) -> int:
    return (stream if seed is None else random.Random(seed)).randrange(_integer(first), _integer(last))


def _uuid(stream: random.Random) -> str:
    digits = f"{stream.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _unique(_: random.Random, items: list[Any]) -> list[Any]:
    return list({json.dumps(item, sort_keys=True): item for item in items}.values())


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Array": lambda _, *values: list(values),
    "ArrayContains": lambda _, items, value: any(_equal(item, value) for item in items),
    "ArrayGetItem": _item,
    "ArrayLength": lambda _, items: len(items),
    "ArrayPartition": _partition,
    "ArrayRange": _range,
    "ArrayUnique": _unique,
    "Base64Decode": lambda _, text: base64.b64decode(_text(text)).decode(),
    "Base64Encode": lambda _, text: base64.b64encode(_text(text).encode()).decode(),
    "Format": _format,
    "Hash": _hash,
    "JsonMerge": _merge,
    "JsonToString": lambda _, value: json.dumps(value, separators=(",", ":")),
    "MathAdd": _add,
    "MathRandom": _random,
    "StringSplit": _split,
    "StringToJson": lambda _, text: json.loads(text),
    "UUID": _uuid,
}
