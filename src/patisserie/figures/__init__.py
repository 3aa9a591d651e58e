"""Figures of the workshop: SVG from pure Python, the same bytes for the same data, with a data table."""

from __future__ import annotations

from patisserie.figures.architecture import architecture
from patisserie.figures.cost import cost_bars
from patisserie.figures.figure import Figure
from patisserie.figures.latency import latency_distribution
from patisserie.figures.throughput import throughput_over_time
from patisserie.figures.trade_offs import trade_offs
from patisserie.figures.waterfall import waterfall

__all__ = [
    "Figure", "architecture", "cost_bars", "latency_distribution", "throughput_over_time", "trade_offs", "waterfall",
]  # fmt: skip
