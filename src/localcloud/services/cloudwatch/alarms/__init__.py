"""Alarms: they watch metrics in virtual time, and act when their state changes."""

from __future__ import annotations

from localcloud.services.cloudwatch.alarms.service import Alarms

__all__ = ["Alarms"]
