"""Amazon EventBridge in virtual time."""

from __future__ import annotations

from localcloud.services.events.patterns import InvalidPattern, compile_pattern
from localcloud.services.events.service import EventBridge

__all__ = ["EventBridge", "InvalidPattern", "compile_pattern"]
