"""One hand-written source of a lab becomes the learner's notebook and the executed solution."""

from __future__ import annotations

from patisserie.notebooks.findings import Finding
from patisserie.notebooks.source import Cell, Source, SourceError, sources

__all__ = ["Cell", "Finding", "Source", "SourceError", "sources"]
