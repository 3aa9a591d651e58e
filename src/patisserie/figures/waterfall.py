"""Where the time of one request went: its spans, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Protocol

from patisserie.figures import format as fmt
from patisserie.figures import style
from patisserie.figures.figure import Figure, drawing, text

_NAMES_W, _BARS_W, _RIGHT, _ROW_H, _TOP, _BOTTOM = 300.0, 440.0, 100.0, 22.0, 44.0, 30.0
_MOST_ROWS = 28
_SHARE = 0.01  # what is shorter than this part of the whole is left out


class SpanLike(Protocol):
    """What the figure needs of a span; times are microseconds."""

    @property
    def span_id(self) -> int: ...
    @property
    def parent_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def start_us(self) -> int: ...
    @property
    def end_us(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def attrs(self) -> dict[str, Any]: ...


def waterfall(spans: Sequence[SpanLike], title: str) -> Figure:
    """Spans of one trace by their start, indented below their parents. Very short ones are left out and counted."""
    if not spans:
        alt = f"{title}. There are no spans to show."
        return Figure(drawing(_NAMES_W + _BARS_W, 60, title, alt, text(16, 34, alt)), alt, _COLUMNS, ())
    first_us, last_us = min(s.start_us for s in spans), max(s.end_us for s in spans)
    whole_us = max(1, last_us - first_us)
    shown = _worth_showing(spans, whole_us)
    depths = _depths(spans)
    scale = _BARS_W / whole_us
    hidden = len(spans) - len(shown)
    height = _TOP + len(shown) * _ROW_H + _BOTTOM
    body = text(16, 24, title) + _axis(whole_us, height - _BOTTOM)
    rows = []
    for number, span in enumerate(shown):
        top = _TOP + number * _ROW_H
        label = f"{span.service} {_what(span)}"
        length_ms = (span.end_us - span.start_us) / 1_000
        body += _row(span, label, depths[span.span_id], top, (span.start_us - first_us) * scale, length_ms, scale)
        rows.append((label, fmt.duration((span.start_us - first_us) / 1_000), fmt.duration(length_ms), _notes(span)))
    if hidden:
        said = "1 shorter step is not shown" if hidden == 1 else f"{hidden} shorter steps are not shown"
        body += text(16, height - 8, said, colour=style.MUTED)
    alt = f"{title}: {fmt.duration(whole_us / 1_000)} in all. {_finding(shown, spans, whole_us)}"
    return Figure(drawing(_NAMES_W + _BARS_W + _RIGHT, height, title, alt, body), alt, _COLUMNS, tuple(rows))


_COLUMNS = ("step", "starts after", "takes", "")


def _worth_showing(spans: Sequence[SpanLike], whole_us: int) -> list[SpanLike]:
    """The longest ones, at most `_MOST_ROWS`, in the order of their start; the longest of all whatever it is."""
    longest = sorted(spans, key=lambda s: (s.start_us - s.end_us, s.span_id))[:_MOST_ROWS]
    kept = [s for s in longest if s.end_us - s.start_us >= whole_us * _SHARE] or longest[:1]
    return sorted(kept, key=lambda s: (s.start_us, s.span_id))


def _depths(spans: Sequence[SpanLike]) -> dict[int, int]:
    by_id = {span.span_id: span for span in spans}
    found: dict[int, int] = {}
    for span in spans:
        depth, above = 0, span.parent_id
        while above is not None and above in by_id:
            depth, above = depth + 1, by_id[above].parent_id
        found[span.span_id] = depth
    return found


def _what(span: SpanLike) -> str:
    resource = span.resource if span.service in ("lambda", "sqs", "dynamodb", "esm") else ""
    short = "-".join(resource.split("-")[:-1][-1:]) if resource.count("-") > 1 else resource
    return f"{span.name} {short}".strip()


def _notes(span: SpanLike) -> str:
    notes = [f"cold start {fmt.duration(float(span.attrs.get('init_ms', 0)))}"] if span.attrs.get("cold") else []
    if span.status not in ("ok", ""):
        notes.append(span.status)
    return ", ".join(notes)


def _row(span: SpanLike, label: str, depth: int, top: float, offset: float, length_ms: float, scale: float) -> str:
    colour = style.service_colour(span.service)
    width = max(1.5, length_ms * 1_000 * scale)
    indent = min(depth, 10) * 9.0
    words = label if len(label) <= 42 - depth else label[: 41 - depth] + "…"
    note = f"{fmt.duration(length_ms)} {_notes(span)}".strip()
    waiting = ' fill-opacity="0.35" stroke-dasharray="3 2"' if span.name == "wait" else ' fill-opacity="0.85"'
    bar = (
        f'<rect x="{_NAMES_W + offset:.1f}" y="{top + 4:.1f}" width="{width:.1f}" height="13" fill="{colour}" '
        f'stroke="{colour}"{waiting}><title>{escape(label)}: {escape(note)}</title></rect>'
    )
    if width > 180:
        on_bar = style.TEXT if span.name == "wait" else style.BACKGROUND  # waits are pale
        shown = text(_NAMES_W + offset + 6, top + 15, note, colour=on_bar)
    elif offset + width + 130 > _BARS_W + _RIGHT:
        shown = text(_NAMES_W + offset - 5, top + 15, note, "end")
    else:
        shown = text(_NAMES_W + offset + width + 5, top + 15, note)
    return text(12 + indent, top + 15, words) + bar + shown


def _axis(whole_us: int, bottom: float) -> str:
    lines = ""
    for part in range(5):
        x = _NAMES_W + _BARS_W * part / 4
        lines += f'<line x1="{x:.1f}" y1="{_TOP - 4:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" stroke="{style.GRID}"/>'
        lines += text(x, bottom + 15, fmt.duration(whole_us / 1_000 * part / 4) if part else "0", "middle", style.MUTED)
    return lines


def _finding(shown: Sequence[SpanLike], spans: Sequence[SpanLike], whole_us: int) -> str:
    """What took the longest by itself: a span's own time is what its children do not cover."""
    own = {span.span_id: span.end_us - span.start_us for span in spans}
    for span in spans:
        if span.parent_id in own:
            own[span.parent_id] -= span.end_us - span.start_us
    longest = max(shown, key=lambda s: (own[s.span_id], -s.span_id))
    share = own[longest.span_id] / whole_us
    return f"The longest step of its own is {longest.service} {_what(longest)}: {share:.0%} of the time."
