"""Trade-offs: several designs by several measures, each measure on an axis of its own."""

from __future__ import annotations

from collections.abc import Mapping

from patisserie.figures import style
from patisserie.figures.figure import Figure, drawing, text

_WIDTH = 640.0
_LABEL, _VALUE = 230.0, 70.0  # room for the measures on the left and for values on the right
_BAR, _GAP, _TOP = 15.0, 12.0, 68.0


def trade_offs(
    designs: Mapping[str, Mapping[str, float]], title: str, most: Mapping[str, float] | None = None
) -> Figure:
    """One group of bars for each measure, one bar for each design. Shorter is better.

    Args:
        designs: by name of the design, the value of each measure, at least 0; a measure's name says its unit. Every
            design has the same measures.
        title: stands above the figure.
        most: by measure, the value that a full bar stands for; the highest value when it is not given. A value above
            it is drawn as a full bar.

    Raises ValueError for a negative value, for measures that differ, or when there is nothing to draw.
    """
    if not designs or not all(designs.values()):
        raise ValueError("There is nothing to draw: give at least one design with one measure.")
    measures = list(next(iter(designs.values())))
    if any(list(values) != measures for values in designs.values()):
        raise ValueError("Every design needs the same measures, in the same order.")
    if any(value < 0 for values in designs.values() for value in values.values()):
        raise ValueError("A measure of a trade-off is at least 0.")
    hues = style.colours(list(designs))
    body, y = text(12, 22, title) + _legend(hues), _TOP
    for measure in measures:
        highest = (most or {}).get(measure) or max(values[measure] for values in designs.values()) or 1.0
        body += text(_LABEL - 8, y + _BAR * len(designs) / 2 + 4, measure, "end")
        for name, values in designs.items():
            width = (_WIDTH - _LABEL - _VALUE) * min(1.0, values[measure] / highest)
            body += f'<rect x="{_LABEL:g}" y="{y:.1f}" width="{width:.2f}" height="{_BAR - 2:g}" fill="{hues[name]}"/>'
            body += text(_LABEL + width + 6, y + _BAR - 4, shown(values[measure]))
            y += _BAR
        y += _GAP
    words = "; ".join(
        f"{measure}: {', '.join(f'{name} {shown(values[measure])}' for name, values in designs.items())}"
        for measure in measures
    )
    alt = f"{title}. {words}."
    rows = tuple((measure, *(shown(values[measure]) for values in designs.values())) for measure in measures)
    return Figure(drawing(_WIDTH, y, title, alt, body), alt, ("measure", *designs), rows)


def shown(value: float) -> str:
    """1,234 from a hundred on, three significant digits below."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _legend(hues: Mapping[str, str]) -> str:
    x, parts = 12.0, []
    for label, hue in hues.items():
        parts.append(f'<rect x="{x:.1f}" y="36" width="14" height="14" fill="{hue}"/>{text(x + 20, 48, label)}')
        x += 38 + 7.2 * len(label)
    return "".join(parts)
