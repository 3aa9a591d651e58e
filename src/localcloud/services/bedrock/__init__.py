"""Amazon Bedrock's runtime, with scripted stand-ins where the models are: nothing here thinks.

A caller says with `cloud.bedrock.script(model_id, rules)` how a model answers. Access to models, guardrails, prompt
management and invocation logging are taken as granted or left out.
"""

from __future__ import annotations

from localcloud.services.bedrock.script import Rule, ToolCall, ToolResult, Turn
from localcloud.services.bedrock.service import Bedrock

__all__ = ["Bedrock", "Rule", "ToolCall", "ToolResult", "Turn"]
