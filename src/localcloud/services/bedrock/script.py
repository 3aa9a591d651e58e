"""How a stand-in model answers: rules, tried in order on the conversation as the request carries it.

A script keeps nothing between requests. What a rule looks at is the messages, as a model would.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants `tool` to be called with `input`, which JSON must be able to carry."""

    tool: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back: `text` of all its text blocks, `data` of its first JSON block or None."""

    tool: str
    status: str
    text: str
    data: Any


@dataclass(frozen=True, slots=True)
class Turn:
    """One request as a rule sees it.

    `text` is the last message's text, "" when it holds tool results alone; `question` is the last text that the
    user wrote in any message. `tools` maps each offered tool to its JSON schema. `random` is the model's own stream.
    """

    text: str
    question: str
    results: tuple[ToolResult, ...]
    messages: tuple[Mapping[str, Any], ...]
    system: str
    tools: Mapping[str, Mapping[str, Any]]
    random: random.Random

    def result(self, tool: str) -> ToolResult | None:
        """The last message's result of `tool`; None when it has none."""
        return next((found for found in self.results if found.tool == tool), None)


Part = str | ToolCall
Answer = Part | Sequence[Part]


@dataclass(frozen=True, slots=True)
class Rule:
    """Answers when everything it asks for holds.

    Args:
        answer: text, a tool call, several of both, or a function of the turn that gives one of these.
        says: a regular expression to be found in the last message's text, whatever its case.
        after: a tool of which the last message must bring the result.
        when: any further condition on the turn.

    A rule without `after` does not answer a message that brings tool results.
    """

    answer: Answer | Callable[[Turn], Answer]
    says: str | None = None
    after: str | None = None
    when: Callable[[Turn], bool] | None = None

    def matches(self, turn: Turn) -> bool:
        """Whether the rule answers this request."""
        if self.after is not None:
            if turn.result(self.after) is None:
                return False
        elif turn.results and self.when is None:
            return False
        if self.says is not None and re.search(self.says, turn.text, re.IGNORECASE) is None:
            return False
        return self.when is None or self.when(turn)


class Script:
    """The rules of one model."""

    def __init__(self, model_id: str, rules: Sequence[Rule] = ()) -> None:
        self._model_id = model_id
        self._rules = tuple(rules)

    def answer(self, turn: Turn, choice: Mapping[str, Any]) -> tuple[Part, ...]:
        """The parts of the answer; a tool that `choice` (Converse's toolChoice) demands is called whatever happens.

        Raises ConfigurationError for a script that calls a tool which the request does not offer.
        """
        parts = next((self._parts(rule, turn) for rule in self._rules if rule.matches(turn)), None)
        forced = choice.get("tool", {}).get("name") or (next(iter(turn.tools), None) if "any" in choice else None)
        if forced is not None:
            kept = tuple(
                part for part in parts or () if isinstance(part, ToolCall) and ("any" in choice or part.tool == forced)
            )
            return kept or (ToolCall(forced, example(turn.tools[forced])),)
        return parts if parts is not None else (self._fallback(),)

    def _parts(self, rule: Rule, turn: Turn) -> tuple[Part, ...]:
        answer = rule.answer(turn) if callable(rule.answer) else rule.answer
        parts = (answer,) if isinstance(answer, str | ToolCall) else tuple(answer)
        for part in parts:
            if isinstance(part, ToolCall) and part.tool not in turn.tools:
                offered = ", ".join(turn.tools) or "none"
                raise ConfigurationError(
                    f"The script of {self._model_id} calls the tool {part.tool!r}, which the request does not offer "
                    f"(it offers {offered}); name it in toolConfig or change the rule."
                )
        return parts

    def _fallback(self) -> str:
        return (
            f"This is a scripted stand-in for {self._model_id}, not a language model. No rule of its script fits this "
            "message. Give it rules with cloud.bedrock.script(model_id, rules), or with `localcloud serve --models`."
        )


def turn_of(params: Mapping[str, Any], stream: random.Random) -> Turn:
    """What a script looks at in the parameters of Converse, which have been checked."""
    messages = tuple(params["messages"])
    names = {
        block["toolUse"]["toolUseId"]: block["toolUse"]["name"]
        for message in messages
        for block in message["content"]
        if "toolUse" in block
    }
    users = [message for message in messages if message["role"] == "user"]
    results = tuple(
        _result(names[block["toolResult"]["toolUseId"]], block["toolResult"])
        for block in users[-1]["content"]
        if "toolResult" in block
    )
    tools = (params.get("toolConfig") or {}).get("tools") or ()
    return Turn(
        text=_text(users[-1]),
        question=next((text for text in map(_text, reversed(users)) if text), ""),
        results=results,
        messages=messages,
        system="\n".join(block["text"] for block in params.get("system") or () if "text" in block),
        tools={tool["toolSpec"]["name"]: tool["toolSpec"]["inputSchema"].get("json") or {} for tool in tools},
        random=stream,
    )


def _text(message: Mapping[str, Any]) -> str:
    return "\n".join(block["text"] for block in message["content"] if "text" in block)


def _result(tool: str, result: Mapping[str, Any]) -> ToolResult:
    content = result.get("content") or ()
    data = next((block["json"] for block in content if "json" in block), None)
    return ToolResult(tool, result.get("status", "success"), _text({"content": content}), data)


_BLANKS: Mapping[str, Any] = {
    "string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}, "null": None,
}  # fmt: skip


def example(schema: Mapping[str, Any]) -> Any:
    """The plainest value of a JSON schema: required members alone, first of the allowed values."""
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        members = schema.get("properties") or {}
        return {name: example(members.get(name, {"type": "string"})) for name in schema.get("required") or ()}
    return _BLANKS.get(kind)
