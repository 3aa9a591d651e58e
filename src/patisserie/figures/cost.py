"""Cost bars: what a thousand orders cost, line by line, before beside after."""

from __future__ import annotations

from collections.abc import Mapping

from patisserie.figures import style
from patisserie.figures.figure import Figure, drawing, text
from patisserie.figures.format import usd

_WIDTH = 640.0
_LABEL, _VALUE = 190.0, 110.0  # room for names on the left and for amounts on the right
_BAR, _GAP, _TOP = 18.0, 14.0, 40.0


def cost_bars(costs_usd: Mapping[str, Mapping[str, float]]) -> Figure:
    """One group of bars for each line of the bill, and one for the total.

    Args:
        costs_usd: by label ("before", "after"), the cost in USD of each line; a line may be missing in some.

    Raises ValueError for a negative cost, or when there is nothing to draw.
    """
    if not costs_usd:
        raise ValueError("There is nothing to draw: give the costs of at least one run.")
    negative = [(label, line) for label, lines in costs_usd.items() for line, cost in lines.items() if cost < 0]
    if negative:
        raise ValueError(f"A cost is at least 0 USD; that of {negative[0][1]!r} ({negative[0][0]}) is below.")
    totals = {label: sum(lines.values()) for label, lines in costs_usd.items()}
    names = sorted(
        {line for lines in costs_usd.values() for line in lines},
        key=lambda line: (-max(lines.get(line, 0.0) for lines in costs_usd.values()), line),
    )
    groups = {"total": totals, **{n: {label: lines.get(n, 0.0) for label, lines in costs_usd.items()} for n in names}}
    most = max(totals.values()) or 1.0
    hues = style.colours(list(costs_usd))
    body, y = _legend(hues), _TOP
    for name, amounts in groups.items():
        body += text(_LABEL - 8, y + _BAR * len(amounts) / 2 + 4, name, "end")
        for label, amount in amounts.items():
            width = (_WIDTH - _LABEL - _VALUE) * amount / most
            body += f'<rect x="{_LABEL:g}" y="{y:.1f}" width="{width:.2f}" height="{_BAR - 2:g}" fill="{hues[label]}"/>'
            body += text(_LABEL + width + 6, y + _BAR - 5, f"{usd(amount)}")
            y += _BAR
        y += _GAP
    spent = "; ".join(f"{label}: {usd(total)}" for label, total in totals.items())
    alt = f"Cost of 1,000 orders. {spent}. " + (f"The largest line is {names[0]}." if names else "There are no lines.")
    rows = tuple((name, *(usd(amount) for amount in amounts.values())) for name, amounts in groups.items())
    columns = ("line", *(f"{label} (USD per 1,000 orders)" for label in costs_usd))
    return Figure(drawing(_WIDTH, y, "Cost of a thousand orders", alt, body), alt, columns, rows)


def _legend(hues: Mapping[str, str]) -> str:
    x, parts = _LABEL, []
    for label, hue in hues.items():
        parts.append(f'<rect x="{x:.1f}" y="10" width="14" height="14" fill="{hue}"/>{text(x + 20, 22, label)}')
        x += 44 + 7.5 * len(label)
    return "".join(parts)
