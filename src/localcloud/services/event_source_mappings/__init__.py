"""Lambda's event source mappings in virtual time."""

from __future__ import annotations

from localcloud.services.event_source_mappings.service import EventSourceMappings

__all__ = ["EventSourceMappings"]
