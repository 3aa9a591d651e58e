"""The command `pattern`: log lines with the same structure, told apart by what varies in them.

AWS finds patterns by machine learning and publishes the fields of the result, not how. Here dates, ids, addresses and
numbers vary, and everything else belongs to the structure: an estimate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.services.log_insights.records import Record

PATTERN, RATIO, COUNT, SEVERITY = "@pattern", "@ratio", "@sampleCount", "@severityLabel"
_VARIES = re.compile(
    r"(?P<Date>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<UUID>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<IPAddress>\b\d{1,3}(?:\.\d{1,3}){3}\b)"
    r"|(?P<Token>\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b)"
    r"|(?P<Number>(?<![A-Za-z_])\d+(?:\.\d+)?)"
)
_SEVERITIES = (
    ("Error", re.compile(r"\b(?:error|exception|fatal|critical|failed)", re.IGNORECASE)),
    ("Warning", re.compile(r"\bwarn", re.IGNORECASE)),
    ("Info", re.compile(r"\binfo\b", re.IGNORECASE)),
    ("Debug", re.compile(r"\bdebug\b", re.IGNORECASE)),
)


def structure(text: str) -> str:
    """The text with a token such as <Number-2> for each part that varies, numbered from 1."""
    number = 0

    def token(match: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return f"<{match.lastgroup}-{number}>"

    return _VARIES.sub(token, text)


def patterns(texts: Iterable[str]) -> list[Record]:
    """A row for each structure, the most frequent first."""
    counts: dict[str, int] = {}
    for text in texts:
        found = structure(text)
        counts[found] = counts.get(found, 0) + 1
    total = sum(counts.values())
    rows = []
    for found, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        severity = next((label for label, expression in _SEVERITIES if expression.search(found)), None)
        rows.append(
            Record({"@message": "", PATTERN: found, RATIO: round(count / total, 4), COUNT: count, SEVERITY: severity})
        )
    return rows
