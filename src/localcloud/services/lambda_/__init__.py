"""AWS Lambda in virtual time."""

from __future__ import annotations

from localcloud.services.lambda_.functions import Function
from localcloud.services.lambda_.results import Interference, InvokeResult, Throttled, is_passing
from localcloud.services.lambda_.service import Lambda

__all__ = ["Function", "Interference", "InvokeResult", "Lambda", "Throttled", "is_passing"]
