"""The tools that a gateway makes of its targets, and the search over them."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.services.agentcore.openapi import Operation

SEARCH_TOOL = "x_amz_bedrock_agentcore_search"
SEPARATOR = "___"
_WORD = re.compile(r"[a-z0-9]+")
_FILLERS = frozenset({"a", "an", "and", "for", "from", "in", "is", "of", "on", "or", "s", "the", "to", "with"})
_ENDINGS = ("ing", "ers", "ies", "ed", "er", "es", "s")


@dataclass(frozen=True, slots=True)
class GatewayTool:
    """One tool of one target. `name` is what clients call: the target's name, three underscores, the tool's.

    `source` is the ARN of the function behind it, or the operation of an API.
    """

    target_id: str
    target_name: str
    definition: Mapping[str, Any]
    source: str | Operation
    credentials: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.target_name}{SEPARATOR}{self.definition['name']}"

    def described(self) -> dict[str, Any]:
        """As `tools/list` has it."""
        found = {key: value for key, value in self.definition.items() if key in ("description", "inputSchema")}
        return {"name": self.name, **found}


def search_tool() -> dict[str, Any]:
    """The search tool as `tools/list` has it."""
    return {
        "name": SEARCH_TOOL,
        "description": "Finds those of the gateway's tools that fit a task, when there are too many to look at.",
        "inputSchema": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "what the tools are wanted for"}},
            "required": ["query"],
        },
    }


def search(query: str, tools: Sequence[GatewayTool], most: int) -> list[GatewayTool]:
    """The tools that fit `query`, best first.

    AWS compares meanings by embeddings. This stand-in compares word stems, rare ones weighing more: it finds
    "refund" in "refunds an order", and not in "gives money back".
    """
    documents = [_stems(_searchable(tool)) for tool in tools]
    wanted = Counter(_stems(query))
    scored = []
    for place, document in enumerate(documents):
        counted = Counter(document)
        score = sum(
            counted[stem] * count * math.log(1 + len(documents) / sum(stem in other for other in documents))
            for stem, count in sorted(wanted.items())
            if stem in counted
        )
        if score:
            scored.append((-score / math.sqrt(len(document)), place))
    return [tools[place] for _, place in sorted(scored)[:most]]


def _searchable(tool: GatewayTool) -> str:
    return " ".join((tool.name, tool.definition.get("description", ""), json.dumps(tool.definition.get("inputSchema"))))


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.replace("_", " ").lower()) if word not in _FILLERS]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def wrong_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """Why the arguments do not fit a tool's schema (which knows types, members and what is required); "" if they do."""
    return next(iter(_problems(schema, arguments, "")), "")


_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, bool):  # an int to Python, not to JSON
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])


def _problems(schema: Mapping[str, Any], value: Any, path: str) -> Iterable[str]:
    kind: Any = schema.get("type")
    if kind in _KINDS and not _fits(kind, value):
        yield f"{path or 'arguments'}: expected {kind}, found {type(value).__name__}"
        return
    if isinstance(value, dict):
        for name in schema.get("required") or ():
            if name not in value:
                yield f"{f'{path}.' if path else ''}{name}: is required"
        for name, member in (schema.get("properties") or {}).items():
            if name in value:
                yield from _problems(member, value[name], f"{path}.{name}" if path else name)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _problems(schema["items"], item, f"{path}[{index}]")
