"""The bakery's story: one data file, typed."""

from __future__ import annotations

from patisserie.story.book import MenuItem, Patience, Story, UnknownYear, Year

__all__ = ["MenuItem", "Patience", "Story", "UnknownYear", "Year"]
