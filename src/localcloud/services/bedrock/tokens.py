"""How many tokens a text is, by an estimate: a fixed number of characters to the token.

Each model has a tokenizer of its own, which is not to be had here. The facts file states the ratio and flags it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localcloud.api import ApiError

_WORDS = re.compile(r"\s*\S+|\s+")


class Tokenizer:
    """Counts tokens and cuts texts by them; `characters` to the token."""

    def __init__(self, characters: int) -> None:
        self._characters = characters

    def count(self, text: str) -> int:
        """Tokens of a text; 0 for an empty one."""
        return -(-len(text) // self._characters)

    def cut(self, text: str, tokens: int) -> str:
        """The first `tokens` tokens of a text."""
        return text[: tokens * self._characters]

    def pieces(self, text: str) -> Iterable[str]:
        """A text in the pieces in which a stream brings it: words, with the space before them."""
        return _WORDS.findall(text)

    def blocks(self, content: Iterable[Mapping[str, Any]]) -> int:
        """Tokens of the content blocks of one message. Raises ApiError for what is not text."""
        return sum(self._block(block) for block in content)

    def _block(self, block: Mapping[str, Any]) -> int:
        if "text" in block:
            return self.count(block["text"])
        if "json" in block:
            return self.count(_compact(block["json"]))
        if "toolUse" in block:
            use = block["toolUse"]
            return self.count(use["name"]) + self.count(_compact(use.get("input") or {}))
        if "toolResult" in block:
            return self.blocks(block["toolResult"].get("content") or ())
        if "cachePoint" in block:
            return 0  # every token is billed as read anew: nothing is cached
        kind = next(iter(block), "empty")
        raise ApiError(
            "ValidationException",
            f"The stand-in models of the local cloud read text, JSON and tool results; found a block of {kind}.",
            400,
        )

    def request(self, params: Mapping[str, Any]) -> int:
        """Input tokens of a conversation with its system prompts and tool specifications."""
        messages: Sequence[Mapping[str, Any]] = params.get("messages") or ()
        total = sum(self.blocks(message["content"]) for message in messages)
        total += sum(self.count(block.get("text", "")) for block in params.get("system") or ())
        for tool in (params.get("toolConfig") or {}).get("tools", ()):
            if "toolSpec" in tool:
                total += self.count(_compact(tool["toolSpec"]))
        return total


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
