"""Before and after, side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass

from patisserie.measure.measurement import Measurement, table_html, table_text


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two measurements under the same load."""

    before: Measurement
    after: Measurement

    @property
    def p95_ratio(self) -> float:
        """How many times as long the slow orders took before; NaN when that is unknown."""
        return _ratio(self.before.p95_ms, self.after.p95_ms)

    @property
    def cost_ratio(self) -> float:
        """Cost of an order after, in parts of what it was before; NaN when that is unknown."""
        return _ratio(self.after.cost_usd_per_1000, self.before.cost_usd_per_1000)

    def finding(self) -> str:
        """The change in one sentence."""
        if self.after.failed + self.after.abandoned == self.after.orders:
            return (
                f"No order was accepted afterwards: {self.after.failed} failed, {self.after.abandoned} abandoned. "
                "How fast and how cheap that was says nothing."
            )
        faster, cost = self.p95_ratio, self.cost_ratio
        return (
            f"p95 went from {self.before.p95_ms:,.0f} to {self.after.p95_ms:,.0f} ms "
            f"({_shown(faster, 1)} times as fast), failed from {self.before.failed} to {self.after.failed}, "
            f"abandoned from {self.before.abandoned} to {self.after.abandoned}; "
            f"an order costs {_shown(cost, 2)} times what it did."
        )

    def __repr__(self) -> str:
        return f"{table_text([self.before, self.after])}\n{self.finding()}"

    def _repr_html_(self) -> str:
        return f"{table_html([self.before, self.after])}<p>{self.finding()}</p>"


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _shown(ratio: float, digits: int) -> str:
    return "unknown" if math.isnan(ratio) else f"{ratio:.{digits}f}"


def compare(before: Measurement, after: Measurement) -> Comparison:
    """Put two runs side by side. Raises ValueError when they did not get the same load."""
    if [(o.number, o.arrived_s) for o in before.outcomes] != [(o.number, o.arrived_s) for o in after.outcomes]:
        raise ValueError(
            f"{before.label!r} and {after.label!r} did not get the same load; measure both with the same seed and rush."
        )
    return Comparison(before, after)
