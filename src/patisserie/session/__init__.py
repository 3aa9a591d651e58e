"""A learner's session in a lab: deploy, measure, break, check, clean up."""

from __future__ import annotations

from patisserie.session.opening import DEFAULT_SEED, current_session, open_lab
from patisserie.session.session import LabSession
from patisserie.session.workspace import Workspace

__all__ = ["DEFAULT_SEED", "LabSession", "Workspace", "current_session", "open_lab"]
