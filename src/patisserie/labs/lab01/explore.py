"""The explorable: is there one memory setting that fits everything one function does?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.explorable import Explorable
from patisserie.figures import trade_offs
from patisserie.labs.lab01.workload import ask_for_report, few

if TYPE_CHECKING:
    from patisserie.session import LabSession

MEMORY_SETTINGS_MB = (256, 512, 1_024, 1_769, 3_008)
_ORDERS = 12


def explore(session: LabSession) -> Explorable:
    """The same few orders and a report, with more and more memory, beside the shop cut by domain."""
    session.deploy("domains")
    by_domain = _measures(session, "domains")
    found = []
    for memory_mb in MEMORY_SETTINGS_MB:
        session.deploy("monolith", {"Memory": str(memory_mb)})
        found.append((f"{memory_mb:,} MB", _measures(session, "monolith")))
    session.deploy("monolith")
    most = {measure: max(values[measure] for _, values in found) for measure in by_domain}
    frames = tuple(
        (label, trade_offs({"one function": values, "four by domain": by_domain}, f"One function with {label}", most))
        for label, values in found
    )
    return Explorable("Is there one size that fits everything?", "Memory of the one function", frames, start=3)


def _measures(session: LabSession, name: str) -> dict[str, float]:
    found = session.measure(name, name, few(session, _ORDERS))
    report = ask_for_report(session, name)
    return {
        "an order, p50 (ms)": found.p50_ms,
        "a report (ms)": report.elapsed_ms,
        "compute (GB-s per 1,000 orders)": session.functions(name).gb_s / found.orders * 1_000,
    }
