"""What AWS's billing knows of a run: charges by day, and the metric of estimated charges."""

from __future__ import annotations

from localcloud.services.billing.charges import Charge
from localcloud.services.billing.service import Billing

__all__ = ["Billing", "Charge"]
