"""AWS Cost Explorer over the metered use of a run."""

from __future__ import annotations

from localcloud.services.cost_explorer.service import CostExplorer

__all__ = ["CostExplorer"]
