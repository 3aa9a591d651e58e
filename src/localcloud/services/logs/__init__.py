"""CloudWatch Logs: lines go straight into moto's state, where its read operations find them."""

from __future__ import annotations

from localcloud.services.logs.service import Logs

__all__ = ["Logs"]
