"""The standard table: what a workload did to an architecture."""

from __future__ import annotations

from patisserie.measure.comparison import Comparison, compare
from patisserie.measure.digest import digest
from patisserie.measure.measurement import COLUMNS, Measurement, measurement, quantile

__all__ = ["COLUMNS", "Comparison", "Measurement", "compare", "digest", "measurement", "quantile"]
