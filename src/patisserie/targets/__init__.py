"""Where a lab runs: the local cloud (default) or an AWS account (on explicit opt-in)."""

from __future__ import annotations

from patisserie.targets.base import DeployedStack, HttpReply, Listener, PatienceExhausted, Target, TargetError, Used

__all__ = ["DeployedStack", "HttpReply", "Listener", "PatienceExhausted", "Target", "TargetError", "Used"]
