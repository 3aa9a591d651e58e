"""Amazon Bedrock AgentCore, as far as a lab can show it: runtime sessions, MCP gateways, memory, workload identity.

Tokens are handed out and their presence is asked for, but nobody's signature, policy or permission is checked.
"""

from __future__ import annotations

from localcloud.services.agentcore.service import AgentCore

__all__ = ["AgentCore"]
