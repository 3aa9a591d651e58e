"""A model's answer: its blocks, why it stopped, what it took, and the events that a stream brings it in."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.services.bedrock.script import Part, ToolCall
from localcloud.services.bedrock.tokens import Tokenizer

_ALPHABET = string.ascii_letters + string.digits
_JSON_TOKENS = 5  # of a tool's input in one event


@dataclass(frozen=True, slots=True)
class Generated:
    """`content` is the assistant's message; times are virtual microseconds after the request was taken."""

    content: tuple[Mapping[str, Any], ...]
    stop_reason: str
    input_tokens: int
    output_tokens: int
    first_token_us: int
    token_us: int

    @property
    def latency_us(self) -> int:
        return self.first_token_us + self.output_tokens * self.token_us

    @property
    def usage(self) -> dict[str, int]:
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.input_tokens + self.output_tokens,
        }

    @property
    def metrics(self) -> dict[str, int]:
        return {"latencyMs": round(self.latency_us / 1_000)}


def tool_use_id(stream: random.Random) -> str:
    """An id as Bedrock makes them."""
    return "tooluse_" + "".join(stream.choices(_ALPHABET, k=22))


def compose(
    parts: Sequence[Part], tokenizer: Tokenizer, most: int, stops: Sequence[str], stream: random.Random
) -> tuple[tuple[Mapping[str, Any], ...], str, int]:
    """Content blocks, stop reason and output tokens of an answer of at most `most` tokens.

    Text ends before the first of `stops`. A tool call that does not fit any more is left out.
    """
    blocks: list[Mapping[str, Any]] = []
    used = 0
    for part in parts:
        if isinstance(part, ToolCall):
            block = {"toolUse": {"toolUseId": tool_use_id(stream), "name": part.tool, "input": dict(part.input)}}
            cost = tokenizer.blocks((block,))
            if used + cost > most:
                return tuple(blocks), "max_tokens", most
            blocks.append(block)
            used += cost
            continue
        text, stopped = _until(part, stops)
        cost = tokenizer.count(text)
        if used + cost > most:
            rest = tokenizer.cut(text, most - used)
            return (*blocks, *([{"text": rest}] if rest else [])), "max_tokens", most
        if text:
            blocks.append({"text": text})
        used += cost
        if stopped:
            return tuple(blocks), "stop_sequence", used
    called = any("toolUse" in block for block in blocks)
    return tuple(blocks), "tool_use" if called else "end_turn", used


def _until(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    found = [at for at in (text.find(stop) for stop in stops if stop) if at >= 0]
    return (text[: min(found)], True) if found else (text, False)


def events(generated: Generated, tokenizer: Tokenizer) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """ConverseStream's events in order: microseconds after the request, kind, members."""
    at_us, spent = generated.first_token_us, 0
    yield at_us, "messageStart", {"role": "assistant"}
    for index, block in enumerate(generated.content):
        where = {"contentBlockIndex": index}
        use = block.get("toolUse")
        if use is not None:
            spent += tokenizer.count(use["name"])
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield at_us + spent * generated.token_us, "contentBlockStart", {**where, "start": start}
            text = json.dumps(use["input"], separators=(",", ":"), ensure_ascii=False)
            size = len(tokenizer.cut(text, _JSON_TOKENS))
            pieces = [text[n : n + size] for n in range(0, len(text), size)]
        else:
            text = block["text"]
            pieces = list(tokenizer.pieces(text))
        said = 0
        for piece in pieces:
            said += len(piece)
            due = at_us + (spent + tokenizer.count(text[:said])) * generated.token_us
            delta = {"text": piece} if use is None else {"toolUse": {"input": piece}}
            yield due, "contentBlockDelta", {**where, "delta": delta}
        spent += tokenizer.count(text)
        yield at_us + spent * generated.token_us, "contentBlockStop", where
    end_us = generated.latency_us
    yield end_us, "messageStop", {"stopReason": generated.stop_reason}
    yield end_us, "metadata", {"usage": generated.usage, "metrics": generated.metrics}
