"""The explorable: how many payments at once may the queue let through?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patisserie.explorable import Explorable
from patisserie.figures import trade_offs
from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab03 import bench

if TYPE_CHECKING:
    from patisserie.session import LabSession

AT_ONCE = (2, 4, 6, 8, 12)
_MESSAGES = 48
_REFUSED = "calls refused (of 100)"
_DONE = "all paid after (s)"


def explore(session: LabSession) -> Explorable:
    """The same spike with more and more payments at once, beside a queue without a maximum."""
    with reliable_partners(session):
        free = _measures(session, 0)
        found = [(number, _measures(session, number)) for number in AT_ONCE]
    most = {measure: max(free[measure], *(values[measure] for _, values in found)) for measure in free}
    frames = tuple(
        (
            f"{number} at once",
            trade_offs({"no maximum": free, f"at most {number}": values}, f"At most {number} payments at once", most),
        )
        for number, values in found
    )
    return Explorable("How many payments at once may the queue let through?", "Maximum concurrency", frames, start=3)


def _measures(session: LabSession, at_once: int) -> dict[str, float]:
    bench.deploy(session, {"AtOnce": at_once, "Batch": 1})
    found = bench.send(session, _MESSAGES)
    asked = len(found.waited_ms)
    bench.empty(session)
    return {
        _DONE: found.last_s,
        _REFUSED: found.refused / asked * 100,
    }
