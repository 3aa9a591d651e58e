"""One hand-written source of a lab becomes the learner's notebook and the executed solution."""

from __future__ import annotations

from patisserie.notebooks.source import Source, SourceError, sources

__all__ = ["Source", "SourceError", "sources"]
