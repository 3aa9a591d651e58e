"""AWS Budgets over the charges of a run."""

from __future__ import annotations

from localcloud.services.budgets.service import Budgets

__all__ = ["Budgets"]
