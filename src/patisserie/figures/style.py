"""One look for all figures: colours that colour-blind readers can tell apart, on a background of their own."""

from __future__ import annotations

from collections.abc import Sequence

BACKGROUND = "#ffffff"  # figures keep their own background, so they read the same in light and dark pages
TEXT = "#1a1a1a"
MUTED = "#595959"
GRID = "#d9d9d9"
FONT = "system-ui, sans-serif"
TEXT_PX = 13  # none below 12

# Okabe and Ito's hues; orange, green and purple darkened so that text in them has a contrast of 4.5 on white.
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#a85400", "#007a5a", "#9c4a7c"
SLATE = "#4a4a4a"  # for a fifth, when there is one
_ORDER = (ORANGE, BLUE, GREEN, PURPLE)
_MEANING = {"before": ORANGE, "after": BLUE}
_DASHES = ("7 4", "", "2 3", "10 3 2 3", "1 5")  # colour is never the only difference


def colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label; "before" and "after" have the same one in every figure.

    Up to five labels differ in colour; from the sixth on colours repeat.
    """
    taken = {_MEANING[label.lower()] for label in labels if label.lower() in _MEANING}
    free = [*sorted((c for c in _ORDER if c not in taken), key=lambda c: c in _MEANING.values()), SLATE]
    chosen: dict[str, str] = {}
    unnamed = 0
    for label in labels:
        if label.lower() in _MEANING:
            chosen[label] = _MEANING[label.lower()]
        else:
            chosen[label] = free[unnamed % len(free)]
            unnamed += 1
    return chosen


def dash(colour: str) -> str:
    """The line pattern that goes with a colour of the palette."""
    return _DASHES[(*_ORDER, SLATE).index(colour)]


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours, 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# the same colour for the same kind of part in every drawing of an architecture
PART_COLOURS = {
    "customer": TEXT,
    "API": PURPLE,
    "function": ORANGE,
    "table": BLUE,
    "queue": GREEN,
    "topic": GREEN,
    "stream": GREEN,
    "archive": BLUE,
    "event bus": GREEN,
    "live channel": PURPLE,
    "partner": MUTED,
}
_SERVICE_COLOURS = {
    "lambda": ORANGE,
    "dynamodb": BLUE,
    "sqs": GREEN,
    "events": GREEN,
    "sns": GREEN,
    "kinesis": GREEN,
    "esm": GREEN,
    "apigateway": PURPLE,
    "appsync": PURPLE,
}


def service_colour(service: str) -> str:
    """The colour of a service's bars; grey for one that has none of its own."""
    return _SERVICE_COLOURS.get(service, MUTED)
