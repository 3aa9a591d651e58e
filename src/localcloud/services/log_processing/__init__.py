"""What happens to log lines when they arrive: metric filters, subscriptions."""

from __future__ import annotations

from localcloud.services.log_processing.service import LogProcessing

__all__ = ["LogProcessing"]
