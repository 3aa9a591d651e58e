"""Where a lab runs: the local cloud (default) or an AWS account (on explicit opt-in)."""

from __future__ import annotations

from patisserie.targets.base import DeployedStack, HttpReply, PatienceExhausted, Target, TargetError

__all__ = ["DeployedStack", "HttpReply", "PatienceExhausted", "Target", "TargetError"]
