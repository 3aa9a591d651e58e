"""Scripts in JSON files, for those who reach the cloud from outside.

A file maps model ids to lists of rules. A rule has `answer` and, as `Rule` has them, `says` and `after`. An answer is
a text, a tool call ({"tool": ..., "input": {...}}), or a list of both; in a text `{result}` stands for what the tool
of `after` gave back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.errors import ConfigurationError
from localcloud.services.bedrock.script import Part, Rule, ToolCall, Turn

_MEMBERS = frozenset({"answer", "says", "after"})
_RESULT = "{result}"


def read_scripts(path: Path) -> dict[str, tuple[Rule, ...]]:
    """The rules of each model in a file. Raises ConfigurationError when it cannot be read as scripts."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"{path} cannot be read as a file of scripts: {exc}") from exc
    if not isinstance(content, dict) or not all(isinstance(rules, list) for rules in content.values()):
        raise ConfigurationError(f"{path} needs an object with a list of rules for each model id.")
    try:
        return {model: tuple(rule(entry) for entry in rules) for model, rules in content.items()}
    except ConfigurationError as exc:
        raise ConfigurationError(f"{path}: {exc}") from exc


def rule(entry: Any) -> Rule:
    """One rule from its JSON. Raises ConfigurationError."""
    if not isinstance(entry, dict) or "answer" not in entry or not set(entry) <= _MEMBERS:
        raise ConfigurationError(f"A rule has `answer` and may have `says` and `after`; found {entry!r}.")
    given = entry["answer"] if isinstance(entry["answer"], list) else [entry["answer"]]
    parts = tuple(_part(part) for part in given)
    after = entry.get("after")

    def answer(turn: Turn) -> tuple[Part, ...]:
        return tuple(_filled(part, turn, after) for part in parts)

    return Rule(answer=answer, says=entry.get("says"), after=after)


def _part(part: Any) -> Part:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and set(part) == {"tool", "input"} and isinstance(part["input"], dict):
        return ToolCall(part["tool"], part["input"])
    raise ConfigurationError(f'An answer is a text or {{"tool": name, "input": object}}; found {part!r}.')


def _filled(part: Part, turn: Turn, after: str | None) -> Part:
    found = turn.result(after) if after is not None else None
    if not isinstance(part, str) or found is None:
        return part
    return part.replace(_RESULT, found.text if found.data is None else json.dumps(found.data, ensure_ascii=False))
