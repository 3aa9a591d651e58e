"""What each cut of the shop is like: by pain, by money, and by what there is to look after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab01.evidence import RELEASES
from patisserie.labs.lab01.workload import ask_for_report, few
from patisserie.measure import Measurement

if TYPE_CHECKING:
    from patisserie.session import LabSession


def weigh(session: LabSession, name: str, found: Measurement) -> Mapping[str, float]:
    """What a measured day says, then one report by the clock, then some orders after the release with the bug."""
    use = session.functions(name)
    report = ask_for_report(session, name)
    with reliable_partners(session):
        session.release(name, RELEASES[0])
        buggy = session.measure(name, RELEASES[0], few(session))
    session.deploy(name)
    return {
        f"lost to the bug (of {buggy.orders} orders)": buggy.failed,
        "an order, p95 (ms)": found.p95_ms,
        "a report (ms)": report.elapsed_ms,
        "compute (GB-s per 1,000 orders)": use.gb_s / found.orders * 1_000,
        "cold starts (per 1,000 orders)": use.cold_starts / found.orders * 1_000,
        "functions to look after": len(use.functions),
    }
