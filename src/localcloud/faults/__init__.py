"""Faults on purpose: seeded, for a time, on a service, a function, a host or a share of calls."""

from __future__ import annotations

from localcloud.faults.injection import FaultHandle, Faults
from localcloud.faults.model import KINDS, Fault, Injected

__all__ = ["KINDS", "Fault", "FaultHandle", "Faults", "Injected"]
