"""Figures of the workshop: SVG from pure Python, the same bytes for the same data, with a data table."""

from __future__ import annotations

from patisserie.figures.figure import Figure
from patisserie.figures.latency import latency_distribution

__all__ = ["Figure", "latency_distribution"]
