"""Throughput over time: how many orders come, and how many are answered, in each minute of a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from patisserie.figures import style
from patisserie.figures.figure import Figure, drawing, text
from patisserie.figures.format import count

_WIDTH, _HEIGHT = 640.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 16.0, 56.0, 44.0
_ARRIVED = "orders placed"


def throughput_over_time(
    arrived_s: Sequence[float], accepted_s: Mapping[str, Sequence[float]], bucket_s: float = 60.0
) -> Figure:
    """Orders a bucket: those placed as steps in grey, those accepted as one line for each label.

    Args:
        arrived_s: when each order was placed, in seconds of the run.
        accepted_s: by label ("before", "after"), when each accepted order had its answer.
        bucket_s: the width of a bucket in seconds, above 0.

    Raises ValueError for a bucket without width.
    """
    if bucket_s <= 0:
        raise ValueError(f"A bucket needs a width above 0 s, found {bucket_s!r}.")
    everything = [*arrived_s, *(at for series in accepted_s.values() for at in series)]
    buckets = max(1, math.floor(max(everything, default=0.0) / bucket_s) + 1)
    series = {_ARRIVED: arrived_s, **accepted_s}
    counts = {label: _counted(times, bucket_s, buckets) for label, times in series.items()}
    most = max(1, *(value for values in counts.values() for value in values))
    rows = tuple((count(number * bucket_s), *(counts[label][number] for label in series)) for number in range(buckets))
    alt = _words({label: sum(values) for label, values in counts.items()}, buckets, bucket_s)
    body = _axes(most, buckets, bucket_s) + _line(counts[_ARRIVED], most, style.MUTED, "1 3")
    hues = style.colours(list(accepted_s))
    for label, hue in hues.items():
        body += _line(counts[label], most, hue, style.dash(hue))
    body += _legend({_ARRIVED: (style.MUTED, "1 3"), **{label: (hue, style.dash(hue)) for label, hue in hues.items()}})
    columns = ("from second", *series)
    return Figure(drawing(_WIDTH, _HEIGHT, "Throughput over time", alt, body), alt, columns, rows)


def _counted(times: Sequence[float], bucket_s: float, buckets: int) -> list[int]:
    found = Counter(math.floor(at / bucket_s) for at in times)
    return [found[number] for number in range(buckets)]


def _words(totals: Mapping[str, int], buckets: int, bucket_s: float) -> str:
    placed, *accepted = totals.items()
    answered = "; ".join(f"{label}: {count(total)} accepted" for label, total in accepted)
    return f"{count(placed[1])} orders placed in {count(buckets * bucket_s)} seconds. {answered}.".replace("..", ".")


def _x(number: float, buckets: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * number / buckets


def _y(value: float, most: int) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / most


def _line(values: Sequence[int], most: int, colour: str, dashes: str) -> str:
    """Steps: a bucket's count holds for the whole bucket."""
    points = []
    for number, value in enumerate(values):
        y = _y(value, most)
        points += [f"{_x(number, len(values)):.1f},{y:.1f}", f"{_x(number + 1, len(values)):.1f},{y:.1f}"]
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _axes(most: int, buckets: int, bucket_s: float) -> str:
    parts = []
    for value in sorted({0, most // 2, most}):
        y = _y(value, most)
        parts.append(f'<path d="M{_LEFT:g} {y:.1f}H{_WIDTH - _RIGHT:g}" stroke="{style.GRID}"/>')
        parts.append(text(_LEFT - 8, y + 4, count(value), "end", style.MUTED))
    for number in sorted({0, buckets // 2, buckets}):
        anchor = "end" if number == buckets else "middle"  # the last one stays inside the drawing
        words = f"{count(number * bucket_s)} s"
        parts.append(text(_x(number, buckets), _HEIGHT - _BOTTOM + 20, words, anchor, style.MUTED))
    title = "orders a minute" if bucket_s == 60 else f"orders in {count(bucket_s)} seconds"
    parts.append(text(8, _TOP - 14, title, colour=style.MUTED))
    return "".join(parts)


def _legend(lines: Mapping[str, tuple[str, str]]) -> str:
    x, parts = _LEFT, []
    for label, (colour, dashes) in lines.items():
        parts.append(f'<path d="M{x:.1f} 18h28" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
        parts.append(text(x + 34, 22, label))
        x += 54 + 7.5 * len(label)
    return "".join(parts)
