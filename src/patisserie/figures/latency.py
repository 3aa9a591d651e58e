"""Latency of runs on one axis: the share of orders answered within a time (ECDF), with percentiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from patisserie.figures import style
from patisserie.figures.figure import Figure, drawing, text
from patisserie.figures.format import count, duration, tick

_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 720, 70, 690, 20, 240
_PERCENTS = (50, 95, 99)
_STEPS = 200  # points of a curve: more cannot be seen, and 10,000 orders stay a small file


def latency_distribution(
    series: Mapping[str, Sequence[float]], target_ms: float | None = None, what: str = "answered"
) -> Figure:
    """Latencies in ms by run, such as {"before": [...], "after": [...]}, on a logarithmic time axis.

    `what` had happened to an order by then. A run without latencies is named as such. The text alternative gives p50,
    p95 and p99 of every run.
    """
    runs = {label: sorted(values) for label, values in series.items()}
    rows = tuple(
        (label, count(len(v)), *(duration(_percentile(v, p)) if v else "none" for p in _PERCENTS))
        for label, v in runs.items()
    )
    columns = ("run", "orders", *(f"p{p}" for p in _PERCENTS))
    filled = {label: v for label, v in runs.items() if v}
    if not filled:
        alt = "No latencies: there is nothing to show yet."
        return Figure(drawing(_WIDTH, 80, "Latency", alt, text(_WIDTH / 2, 45, alt, "middle")), alt, columns, rows)
    alt = _finding(runs, target_ms)
    shown = [max(v, 0.01) for values in filled.values() for v in (values[0], values[-1])]
    if target_ms is not None:
        shown.append(target_ms)
    low, high = math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown)))
    high = max(high, low + 1)

    def x(ms: float) -> float:
        return _LEFT + (math.log10(max(ms, 0.01)) - low) / (high - low) * (_RIGHT - _LEFT)

    def y(share: float) -> float:
        return _TOP + (1 - share) * _PLOT

    body = []
    for percent in (0, 25, 50, 75, 100):
        at = y(percent / 100)
        body.append(f'<path d="M{_LEFT} {at:.1f}H{_RIGHT}" stroke="{style.GRID}"/>')
        body.append(text(_LEFT - 8, at + 4, f"{percent} %", "end"))
    for power in range(low, high + 1):
        body.append(f'<path d="M{x(10**power):.1f} {_TOP}V{_TOP + _PLOT}" stroke="{style.GRID}"/>')
        body.append(text(x(10**power), _TOP + _PLOT + 18, tick(10**power), "middle"))
    body.append(text((_LEFT + _RIGHT) / 2, _TOP + _PLOT + 38, f"{what} within (share of orders)", "middle"))
    if target_ms is not None:
        body.append(f'<path d="M{x(target_ms):.1f} {_TOP}v{_PLOT}" stroke="{style.TEXT}" stroke-dasharray="3 3"/>')
    palette = style.colours(list(filled))
    at = _TOP + _PLOT + 62
    for label, values in filled.items():
        colour = palette[label]
        ranks = sorted({math.ceil(i * len(values) / _STEPS) for i in range(1, _STEPS + 1)})
        curve = f"M{x(values[0]):.1f} {y(0):.1f}"
        curve += "".join(f"H{x(values[rank - 1]):.1f}V{y(rank / len(values)):.1f}" for rank in ranks)
        stroke = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{style.dash(colour) or "none"}"'
        body.append(f'<path d="{curve}" fill="none" {stroke}/><path d="M{_LEFT} {at - 4}h32" {stroke}/>')
        for p in _PERCENTS:
            body.append(f'<circle cx="{x(_percentile(values, p)):.1f}" cy="{y(p / 100):.1f}" r="4" fill="{colour}"/>')
        numbers = ", ".join(f"p{p} {duration(_percentile(values, p))}" for p in _PERCENTS)
        body.append(text(_LEFT + 42, at, f"{label}: {numbers}", colour=colour))
        at += 20
    if target_ms is not None:
        body.append(text(_LEFT + 42, at, f"dotted line: target {duration(target_ms)}"))
        at += 20
    return Figure(drawing(_WIDTH, at, "Latency of orders", alt, "".join(body)), alt, columns, rows)


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def _finding(runs: Mapping[str, Sequence[float]], target_ms: float | None) -> str:
    parts = []
    for label, values in runs.items():
        if not values:
            parts.append(f"{label}: no latencies.")
            continue
        numbers = ", ".join(f"p{p} {duration(_percentile(values, p))}" for p in _PERCENTS)
        within = ""
        if target_ms is not None:
            share = sum(v <= target_ms for v in values) / len(values) * 100
            within = f", {share:.1f} % within {duration(target_ms)}"
        parts.append(f"{label} ({count(len(values))} orders): {numbers}{within}.")
    return "Latency of orders. " + " ".join(parts)
