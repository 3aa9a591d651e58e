"""The names of statistics, from "Average" to "TM(5%:95%)", and what each computes of a period."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from localcloud.services.cloudwatch import statistics
from localcloud.services.cloudwatch.statistics import Bounds, Sample
from localcloud.services.cloudwatch.store import Bucket

Selector = Callable[[Bucket], "float | None"]

BASIC: dict[str, Selector] = {
    "Average": lambda bucket: bucket.total / bucket.count if bucket.count else None,
    "Sum": lambda bucket: bucket.total,
    "Minimum": lambda bucket: bucket.minimum,
    "Maximum": lambda bucket: bucket.maximum,
    "SampleCount": lambda bucket: bucket.count,
}
_BOUNDED: dict[str, Callable[[Sample, Bounds], float | None]] = {
    "TM": statistics.trimmed_mean,
    "TC": statistics.trimmed_count,
    "TS": statistics.trimmed_sum,
    "WM": statistics.winsorized_mean,
    "PR": statistics.percentile_rank,
}
_NUMBER = r"\d+(?:\.\d{1,10})?"
_SHORT = re.compile(rf"(p|tm|tc|ts|wm)({_NUMBER})")
_RANGE = re.compile(rf"(TM|TC|TS|WM|PR)\(({_NUMBER}%?)?:({_NUMBER}%?)?\)")


@lru_cache(maxsize=1_024)
def selector(name: str) -> Selector | None:
    """What computes the statistic; None when there is no statistic of that name.

    A selector answers None for a period that has no such statistic, for instance no percentile
    because only statistic sets were published.
    """
    if name in BASIC:
        return BASIC[name]
    if name in ("IQM", "iqm"):
        return _of_values(statistics.interquartile_mean)
    short = _SHORT.fullmatch(name)
    if short is not None:
        return _short(short[1], float(short[2]))
    spelled = _RANGE.fullmatch(name)
    return _range(spelled[1], spelled[2], spelled[3]) if spelled is not None else None


def _of_values(function: Callable[[Sample], float | None]) -> Selector:
    def select(bucket: Bucket) -> float | None:
        sample = bucket.sample
        return None if sample is None or not sample.size else function(sample)

    return select


def _short(kind: str, percent: float) -> Selector | None:
    if percent > 100:
        return None
    if kind == "p":
        return _of_values(lambda sample: statistics.percentile(sample, percent))
    function, bounds = _BOUNDED[kind.upper()], Bounds(None, percent, percent=True)
    return _of_values(lambda sample: function(sample, bounds))


def _range(kind: str, low: str | None, high: str | None) -> Selector | None:
    given = [text for text in (low, high) if text is not None]
    in_percent = [text.endswith("%") for text in given]
    if not given or len(set(in_percent)) > 1 or (kind == "PR" and in_percent[0]):
        return None
    ends = [None if text is None else float(text.rstrip("%")) for text in (low, high)]
    if in_percent[0] and any(end is not None and end > 100 for end in ends):
        return None
    if ends[0] is not None and ends[1] is not None and ends[0] >= ends[1]:
        return None
    function, bounds = _BOUNDED[kind], Bounds(ends[0], ends[1], percent=in_percent[0])
    return _of_values(lambda sample: function(sample, bounds))
