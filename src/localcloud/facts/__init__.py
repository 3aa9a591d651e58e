"""The facts: every price, quota and latency the simulation uses, with its source and date."""

from __future__ import annotations

from localcloud.facts.book import Fact, Facts, Source, UnknownFact

__all__ = ["Fact", "Facts", "Source", "UnknownFact"]
