"""What Converse demands of the messages it is sent, in AWS's words where AWS's words are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from localcloud.api import ApiError

Message = Mapping[str, Any]


def check(params: Mapping[str, Any], output_tokens: int) -> None:
    """Refuse a conversation that no model takes; `output_tokens` is the most that the model can answer with.

    Raises ApiError (ValidationException).
    """
    messages: Sequence[Message] = params.get("messages") or ()
    _check_roles(messages)
    for at, message in enumerate(messages):
        _check_content(at, message)
    offered = _offered(params)
    _check_tool_blocks(messages, has_tools=bool(offered))
    _check_results(messages)
    _check_choice(params, offered)
    _check_inference(params.get("inferenceConfig") or {}, output_tokens)


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message, 400)


def _check_roles(messages: Sequence[Message]) -> None:
    if not messages or messages[0]["role"] != "user":
        raise _invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message."
        )
    for earlier, later in pairwise(messages):
        if earlier["role"] == later["role"]:
            raise _invalid(
                "A conversation must alternate between user and assistant roles. Make sure the conversation "
                "alternates between user and assistant roles and try again."
            )


def _check_content(at: int, message: Message) -> None:
    if not message["content"]:
        raise _invalid(
            f"The content field in the Message object at messages.{at} is empty. Add a ContentBlock object to the "
            "content field and try again."
        )
    for index, block in enumerate(message["content"]):
        if "text" in block and not block["text"].strip():
            raise _invalid(
                f"The text field in the ContentBlock object at messages.{at}.content.{index} is blank. Add text to "
                "the text field, and try again."
            )
        result = block.get("toolResult")
        if result is not None and result.get("status") == "error" and not result.get("content"):
            raise _invalid(
                f"The content field at messages.{at}.content.{index}.toolResult cannot be empty when status value "
                "is error."
            )


def _offered(params: Mapping[str, Any]) -> tuple[str, ...]:
    tools = (params.get("toolConfig") or {}).get("tools") or ()
    return tuple(tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool)


def _check_tool_blocks(messages: Sequence[Message], has_tools: bool) -> None:
    used = any("toolUse" in block or "toolResult" in block for message in messages for block in message["content"])
    if used and not has_tools:
        raise _invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    for at, message in enumerate(messages):
        wrong = "toolUse" if message["role"] == "user" else "toolResult"
        if any(wrong in block for block in message["content"]):
            raise _invalid(f"The {message['role']} message at messages.{at} cannot hold {wrong} content blocks.")


def _check_results(messages: Sequence[Message]) -> None:
    """Each tool use is answered in the very next message, and nothing else is."""
    asked: list[str] = []
    for at, message in enumerate(messages):
        if message["role"] == "assistant":
            asked = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
            _check_distinct(at, "toolUse", asked)
            continue
        answered = [block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block]
        _check_distinct(at, "toolResult", answered)
        if len(answered) > len(asked):
            raise _invalid(
                f"The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse blocks of "
                "previous turn."
            )
        _expect(at, [name for name in asked if name not in answered])
        asked = []
    _expect(len(messages), asked)


def _check_distinct(at: int, kind: str, ids: Sequence[str]) -> None:
    twice = [name for index, name in enumerate(ids) if name in ids[:index]]
    if twice:
        raise _invalid(f"The {kind} blocks at messages.{at}.content contain duplicate Ids: {', '.join(twice)}")


def _expect(at: int, missing: Sequence[str]) -> None:
    if missing:
        raise _invalid(
            f"Expected toolResult blocks at messages.{at}.content for the following Ids: {', '.join(missing)}"
        )


def _check_choice(params: Mapping[str, Any], offered: Sequence[str]) -> None:
    choice = (params.get("toolConfig") or {}).get("toolChoice") or {}
    named = choice.get("tool", {}).get("name")
    if named is not None and named not in offered:
        raise _invalid(f"The tool {named} in toolConfig.toolChoice is not one of toolConfig.tools.")


def _check_inference(config: Mapping[str, Any], output_tokens: int) -> None:
    most = config.get("maxTokens")
    if most is not None and most > output_tokens:
        raise _invalid(
            f"The maximum tokens you requested exceeds the model limit of {output_tokens}. Try again with a maximum "
            f"tokens value that is lower than {output_tokens}."
        )
    for name in ("temperature", "topP"):
        value = config.get(name)
        if value is not None and not 0 <= value <= 1:
            bound = "less than or equal to 1" if value > 1 else "greater than or equal to 0"
            raise _invalid(
                f"1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed to satisfy "
                f"constraint: Member must have value {bound}"
            )
