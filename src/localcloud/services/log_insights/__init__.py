"""CloudWatch Logs Insights over the lines that functions really wrote."""

from __future__ import annotations

from localcloud.services.log_insights.service import LogInsights

__all__ = ["LogInsights"]
