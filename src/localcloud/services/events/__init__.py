"""EventBridge: what an event matches and what a target gets."""

from __future__ import annotations

from localcloud.services.events.patterns import InvalidPattern, Pattern, compile_pattern

__all__ = ["InvalidPattern", "Pattern", "compile_pattern"]
