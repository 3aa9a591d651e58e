"""The standard table: what a workload did to an architecture."""

from __future__ import annotations

from patisserie.measure.comparison import Comparison, compare
from patisserie.measure.digest import digest
from patisserie.measure.functions import FunctionsUse, FunctionUse, functions_use
from patisserie.measure.measurement import COLUMNS, Measurement, measurement, quantile
from patisserie.measure.table import Table

__all__ = [
    "COLUMNS", "Comparison", "FunctionUse", "FunctionsUse", "Measurement", "Table", "compare", "digest",
    "functions_use", "measurement", "quantile",
]  # fmt: skip
