"""The explorable: how soon may a change follow, before the kitchen bakes the wrong thing?"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from patisserie.explorable import Explorable
from patisserie.figures import Figure, trade_offs
from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab04.readings import Readings
from patisserie.labs.lab04.workload import tapping
from patisserie.load import Afterwards, Steady
from patisserie.story import Story

if TYPE_CHECKING:
    from patisserie.session import LabSession

PAUSES_S = (0.1, 0.3, 1.0)
DESIGNS = {"a queue each": "fanout", "a stream": "stream"}
_ORDERS = 16


def explore(session: LabSession) -> Explorable:
    """The same orders with one change each, sooner and later after the order."""
    found: dict[float, dict[str, Readings]] = {pause_s: {} for pause_s in PAUSES_S}
    with reliable_partners(session):
        for label, name in DESIGNS.items():
            session.deploy(name)
            for pause_s in PAUSES_S:
                session.measure(name, label, Steady(0.5, _ORDERS / 0.5), then=_one_change(pause_s))
                found[pause_s][label] = session.readers(name)
    frames = tuple((f"{pause_s:g} s", _drawn(pause_s, heard)) for pause_s, heard in found.items())
    return Explorable("How soon may a change follow its order?", "The customer taps again after", frames, start=1)


def _one_change(pause_s: float) -> Callable[[Story, random.Random], Afterwards]:
    def draw(story: Story, stream: random.Random) -> Afterwards:
        return tapping(story, stream, [pause_s])

    return draw


def _drawn(pause_s: float, heard: dict[str, Readings]) -> Figure:
    designs = {
        label: {
            f"screens wrong (of {readings.orders} orders)": float(readings.wrong),
            "loyalty is done, p95 (ms)": readings.of("loyalty").p95_ms,
            "the kitchen is done, p95 (ms)": readings.of("kitchen").p95_ms,
        }
        for label, readings in heard.items()
    }
    most = {f"screens wrong (of {_ORDERS} orders)": float(_ORDERS)}
    most |= {"loyalty is done, p95 (ms)": 2_000.0, "the kitchen is done, p95 (ms)": 5_000.0}
    return trade_offs(designs, f"A change {pause_s:g} s after the order", most)
