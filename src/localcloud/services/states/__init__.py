"""AWS Step Functions: workflows in the Amazon States Language, in virtual time."""

from __future__ import annotations

from localcloud.services.states.service import StepFunctions

__all__ = ["StepFunctions"]
