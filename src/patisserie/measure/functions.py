"""What each function of an architecture did, from its REPORT lines."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from patisserie.reports import Report
from patisserie.targets.base import DeployedStack

_MB_PER_GB = 1_024
_COLUMNS = ("memory (MB)", "invocations", "cold starts", "longest Init (ms)", "billed (s)", "compute (GB-s)")


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """One function over some time. `gb_s` is what is billed of it: seconds, Init included, times memory in GB."""

    function: str
    memory_mb: int
    invocations: int
    cold_starts: int
    longest_init_ms: float
    billed_s: float
    gb_s: float

    def cells(self) -> tuple[str, ...]:
        """The columns as the table shows them."""
        return (
            f"{self.memory_mb:,}",
            f"{self.invocations:,}",
            f"{self.cold_starts:,}",
            f"{self.longest_init_ms:,.0f}",
            f"{self.billed_s:,.1f}",
            f"{self.gb_s:,.1f}",
        )


@dataclass(frozen=True, slots=True)
class FunctionsUse:
    """All functions of an architecture, in the order of their names; those that never ran with zeros."""

    name: str
    functions: tuple[FunctionUse, ...]

    @property
    def gb_s(self) -> float:
        return sum(use.gb_s for use in self.functions)

    @property
    def cold_starts(self) -> int:
        return sum(use.cold_starts for use in self.functions)

    @property
    def invocations(self) -> int:
        return sum(use.invocations for use in self.functions)

    def of(self, function: str) -> FunctionUse:
        """Raises KeyError for a function that the template has not."""
        return {use.function: use for use in self.functions}[function]

    def _total(self) -> tuple[str, ...]:
        billed_s = sum(use.billed_s for use in self.functions)
        return ("", f"{self.invocations:,}", f"{self.cold_starts:,}", "", f"{billed_s:,.1f}", f"{self.gb_s:,.1f}")

    def __repr__(self) -> str:
        rows = [("", *_COLUMNS), *((use.function, *use.cells()) for use in self.functions), ("total", *self._total())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS) + 1)]
        return "\n".join(
            "  ".join(
                text.ljust(width) if column == 0 else text.rjust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in _COLUMNS)
        rows = [(use.function, use.cells()) for use in self.functions] + [("total", self._total())]
        body = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
            for name, cells in rows
        )
        return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"


def functions_use(name: str, found: Sequence[Report], stack: DeployedStack) -> FunctionsUse:
    """Sum up the REPORT lines of a stack's functions."""
    uses = []
    for resource in stack.resources:
        if resource.type != "AWS::Lambda::Function":
            continue
        own = [report for report in found if report.function == resource.physical_id]
        uses.append(
            FunctionUse(
                function=resource.logical_id.removesuffix("Function"),
                memory_mb=own[-1].memory_mb if own else 0,
                invocations=len(own),
                cold_starts=sum(report.init_ms > 0 for report in own),
                longest_init_ms=max((report.init_ms for report in own), default=0.0),
                billed_s=sum(report.billed_ms for report in own) / 1_000,
                gb_s=sum(report.billed_ms / 1_000 * report.memory_mb / _MB_PER_GB for report in own),
            )
        )
    return FunctionsUse(name, tuple(uses))
