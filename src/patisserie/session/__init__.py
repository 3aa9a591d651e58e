"""A learner's session in a lab: deploy, measure, break, check, clean up."""

from __future__ import annotations

from patisserie.session.session import LabSession, open_lab
from patisserie.session.workspace import Workspace

__all__ = ["LabSession", "Workspace", "open_lab"]
