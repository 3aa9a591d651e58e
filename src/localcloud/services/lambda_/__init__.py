"""AWS Lambda in virtual time."""

from __future__ import annotations

from localcloud.services.lambda_.results import InvokeResult, Throttled
from localcloud.services.lambda_.service import Lambda

__all__ = ["InvokeResult", "Lambda", "Throttled"]
