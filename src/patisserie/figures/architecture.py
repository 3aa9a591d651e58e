"""A drawing of an architecture, made from the template that is deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from patisserie.figures import style
from patisserie.figures.connections import Connection, Part, parts_and_connections
from patisserie.figures.figure import Figure, drawing, text

BOX_W, BOX_H = 160.0, 46.0
_GAP_X, _GAP_Y, _EDGE = 26.0, 44.0, 18.0
_TOP = 40.0
_WIDEST = 6  # boxes in a row; with more, their text could not be read on a page


def architecture(template: Mapping[str, Any], title: str) -> Figure:
    """Parts from top to bottom in the order in which an order passes them; dashed: only when something fails."""
    parts, connections = parts_and_connections(template)
    places, width, height = layout(parts, connections)
    body = text(_EDGE, 24, title)
    body += "".join(_arrow(connection, places) for connection in connections)
    body += "".join(_box(part, *places[part.name]) for part in parts)
    marker = (
        f'<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" fill="{style.MUTED}"/></marker></defs>'
    )
    titles = {part.name: f"{part.title} ({part.kind})" for part in parts}
    rows = tuple((titles[c.source], c.verb, titles[c.target]) for c in connections)
    words = "; ".join(f"{source} {verb} {target}" for source, verb, target in rows)
    alt = f"{title}. {words}." if rows else f"{title}. There is nothing to connect."
    return Figure(drawing(width, height, title, alt, marker + body), alt, ("from", "does", "to"), rows)


def layout(
    parts: Sequence[Part], connections: Sequence[Connection]
) -> tuple[dict[str, tuple[float, float]], float, float]:
    """(left, top) of each box by name, and the drawing's width and height. No two boxes overlap."""
    rows = [row[at : at + _WIDEST] for row in _rows(parts, connections) for at in range(0, len(row), _WIDEST)]
    widest = max((len(row) for row in rows), default=1)
    width = 2 * _EDGE + widest * BOX_W + (widest - 1) * _GAP_X
    width = max(width, 420.0)
    places: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        span = len(row) * BOX_W + (len(row) - 1) * _GAP_X
        left = (width - span) / 2
        for index, name in enumerate(row):
            places[name] = (left + index * (BOX_W + _GAP_X), _TOP + number * (BOX_H + _GAP_Y))
    height = _TOP + len(rows) * BOX_H + max(0, len(rows) - 1) * _GAP_Y + _EDGE
    return places, width, height


def _rows(parts: Sequence[Part], connections: Sequence[Connection]) -> list[list[str]]:
    """Names row by row: each part below everything that leads to it, unless that would go in a circle."""
    forward = _without_circles(parts, connections)
    depth = dict.fromkeys((part.name for part in parts), 0)
    for _ in parts:  # longest path: as many rounds as there are parts are enough
        for source, target in forward:
            depth[target] = max(depth[target], depth[source] + 1)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for part in parts:
        rows[depth[part.name]].append(part.name)
    for number in range(1, len(rows)):  # near to what leads to it
        above = {name: index / max(1, len(row)) for row in rows[:number] for index, name in enumerate(row)}
        order = {
            name: [above[source] for source, target in forward if target == name and source in above]
            for name in rows[number]
        }
        rows[number].sort(key=lambda name: sum(order[name]) / len(order[name]) if order[name] else 1.0)
    return rows


def _without_circles(parts: Sequence[Part], connections: Sequence[Connection]) -> list[tuple[str, str]]:
    after: dict[str, list[str]] = {part.name: [] for part in parts}
    for connection in connections:
        after[connection.source].append(connection.target)
    kept: list[tuple[str, str]] = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        done.add(name)
        for target in after[name]:
            if target in path or target == name:
                continue
            kept.append((name, target))
            if target not in done:
                visit(target, (*path, name))

    for part in parts:
        if part.name not in done:
            visit(part.name, ())
    return _acyclic(kept)


def _acyclic(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs that can all point forward, earlier ones first."""
    kept: list[tuple[str, str]] = []
    for source, target in pairs:
        reach, frontier = {target}, [target]
        while frontier:
            here = frontier.pop()
            for one, other in kept:
                if one == here and other not in reach:
                    reach.add(other)
                    frontier.append(other)
        if source not in reach:
            kept.append((source, target))
    return kept


def _box(part: Part, left: float, top: float) -> str:
    colour = style.PART_COLOURS[part.kind]
    radius = 22 if part.kind in ("queue", "topic", "stream", "event bus", "live channel") else 4
    dashes = ' stroke-dasharray="6 4"' if part.kind == "partner" else ""
    middle = left + BOX_W / 2
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{BOX_W:g}" height="{BOX_H:g}" rx="{radius}" '
        f'fill="{style.BACKGROUND}" stroke="{colour}" stroke-width="2"{dashes}/>'
        + text(middle, top + 20, part.title, "middle")
        + f'<text x="{middle:.1f}" y="{top + 37:.1f}" text-anchor="middle" font-size="12" fill="{colour}">'
        f"{escape(part.kind)}</text>"
    )


def _arrow(connection: Connection, places: Mapping[str, tuple[float, float]]) -> str:
    """From the lower border to the upper one; to something above, around the right side."""
    (x1, y1), (x2, y2) = places[connection.source], places[connection.target]
    dashes = ' stroke-dasharray="5 4"' if connection.dashed else ""
    if y2 > y1:
        bend = (y2 - y1 - BOX_H) / 2
        points = [
            x1 + BOX_W / 2,
            y1 + BOX_H,
            x1 + BOX_W / 2,
            y1 + BOX_H + bend,
            x2 + BOX_W / 2,
            y2 - bend,
            x2 + BOX_W / 2,
            y2,
        ]
    else:
        out = max(x1, x2) + BOX_W + 16
        points = [x1 + BOX_W, y1 + BOX_H / 2, out, y1 + BOX_H / 2, out, y2 + BOX_H / 2, x2 + BOX_W, y2 + BOX_H / 2]
    first, *rest = (f"{x:.1f} {y:.1f}" for x, y in zip(points[::2], points[1::2], strict=True))
    path = f"M{first} C{' '.join(rest)}"
    return f'<path d="{path}" fill="none" stroke="{style.MUTED}" stroke-width="1.5"{dashes} marker-end="url(#arrow)"/>'
