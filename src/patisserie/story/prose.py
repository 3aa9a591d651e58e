"""Numbers in a page of the book: `[26 ms]{.m00_p50}` is the number of that name, as exact as its digits say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from patisserie.story.numbers import Number, UnknownNumber

SPAN = re.compile(r"\[([^\[\]]+)\]\{\.([a-z]+\d*_\w+)\}")
_DIGITS = re.compile(r"(?P<digits>\d[\d,]*(?:\.(?P<decimals>\d+))?)\s*(?P<unit>%|[A-Za-z]+)?")
_COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS: Mapping[str, float] = {
    **{word: count for count, word in enumerate(_COUNTS)},
    "none": 0, "nothing": 0, "no": 0, "once": 1, "twice": 2, "twenty-nine": 29, "thirty": 30, "forty": 40, "sixty": 60,
    "half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "sixth": 1 / 6, "tenth": 1 / 10,
}  # fmt: skip
_UNIT_WORDS = ("second", "seconds", "minute", "minutes", "hour", "hours", "day", "days")
_SHARE_TOLERANCE = 0.03  # "a third" may be 36 %, and no more
_ROUND_ZEROS = 3  # 450,000 is as exact as its first two digits

# what stands in a page and is no prose: code, targets, options and roles of MyST, addresses
_NO_PROSE = re.compile(
    r"^```.*?^```|^\([^\n]+\)=$|^:\w+:[^\n]*$|\]\([^)]*\)|\{\w+\}`[^`]*`|`[^`]*`|<!--.*?-->", re.MULTILINE | re.DOTALL
)
# years; names of labs; statuses of HTTP; a word that ends in a digit (T-10, EC2, python3)
_NO_NUMBER = re.compile(r"\b20[12]\d\b|\b[Ll]abs? \d\d\b|\b[245]0[0-9]\b|\b[A-Za-z][\w-]*\d\b")


def restated(page: str, numbers: Mapping[str, Number]) -> str:
    """The page with every number in digits as it is now, each as exact as before, in the same unit."""

    def restate(match: re.Match[str]) -> str:
        text, name = match.groups()
        if name in numbers and (digits := _DIGITS.search(text)):
            text = text[: digits.start("digits")] + _as_exact(digits, numbers[name]) + text[digits.end("digits") :]
        return f"[{text}]{{.{name}}}"

    return SPAN.sub(restate, page)


def findings(page: str, numbers: Mapping[str, Number]) -> list[str]:
    """Which numbers of a page are unknown or not so, one sentence each; empty when all hold."""
    found = []
    for text, name in SPAN.findall(page):
        if name not in numbers:
            found.append(f"There is no number {name!r} ({text}).")
        else:
            try:
                if not _holds(text, numbers[name]):
                    found.append(f"{name} is {numbers[name].value:g} {numbers[name].unit}, not {text!r}.")
            except UnknownNumber as exc:
                found.append(str(exc))
    return found


def typed(page: str) -> list[str]:
    """What of a page's prose has digits of its own, where a named number should stand."""
    prose = _NO_NUMBER.sub("", _NO_PROSE.sub("", SPAN.sub("", page)))
    return [line.strip() for line in prose.splitlines() if re.search(r"\d", line)]


def _as_exact(digits: re.Match[str], number: Number) -> str:
    """The number as it is now, in the unit and as exact as the digits that stand there."""
    value = number.in_unit(digits["unit"] or number.unit)
    decimals = len(digits["decimals"] or "")
    whole = digits["digits"].replace(",", "")
    zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
    places = -zeros if zeros >= _ROUND_ZEROS and value >= 10**zeros else decimals
    shift = 10.0**places
    return f"{math.floor(value * shift + 0.5 + 1e-9) / shift:,.{decimals}f}"


def _holds(text: str, number: Number) -> bool:
    if digits := _DIGITS.search(text):
        return _as_exact(digits, number) == digits["digits"]
    words = re.findall(r"[a-z]+(?:-[a-z]+)?", text.lower())
    said = next((_WORDS[word] for word in words if word in _WORDS), None)
    if said is None:
        raise UnknownNumber(f"There is no number in {text!r} ({number.name}).")
    unit = next((word for word in words if word in _UNIT_WORDS), number.unit)
    if "two thirds" in text.lower():
        said = 2 / 3
    value = number.in_unit("" if unit == "%" else unit) if number.unit != "%" else number.value / 100
    return abs(value - said) <= _SHARE_TOLERANCE if 0 < said < 1 else value == said
