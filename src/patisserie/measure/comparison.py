"""Before and after, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from patisserie.measure.measurement import Measurement, table_html, table_text


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two measurements under the same load."""

    before: Measurement
    after: Measurement

    @property
    def p95_ratio(self) -> float:
        """How many times as long the slow orders took before."""
        return self.before.p95_ms / self.after.p95_ms

    @property
    def cost_ratio(self) -> float:
        """Cost of an order after, in parts of what it was before."""
        return self.after.cost_usd_per_1000 / self.before.cost_usd_per_1000

    def finding(self) -> str:
        """The change in one sentence."""
        faster, cost = self.p95_ratio, self.cost_ratio
        return (
            f"p95 went from {self.before.p95_ms:,.0f} to {self.after.p95_ms:,.0f} ms ({faster:.1f} times as fast), "
            f"failed from {self.before.failed} to {self.after.failed}, abandoned from {self.before.abandoned} to "
            f"{self.after.abandoned}; an order costs {cost:.2f} times what it did."
        )

    def __repr__(self) -> str:
        return f"{table_text([self.before, self.after])}\n{self.finding()}"

    def _repr_html_(self) -> str:
        return f"{table_html([self.before, self.after])}<p>{self.finding()}</p>"


def compare(before: Measurement, after: Measurement) -> Comparison:
    """Put two runs side by side. Raises ValueError when they did not get the same load."""
    if [(o.number, o.arrived_s) for o in before.outcomes] != [(o.number, o.arrived_s) for o in after.outcomes]:
        raise ValueError(
            f"{before.label!r} and {after.label!r} did not get the same load; measure both with the same seed and rush."
        )
    return Comparison(before, after)
