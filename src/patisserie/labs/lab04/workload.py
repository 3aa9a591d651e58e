"""What goes on in the shop of 2022: customers order, and then tap *one more* a few times."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from patisserie.load import Afterwards, Arrivals, MorningRush
from patisserie.load.runner import make_order
from patisserie.story import Story
from patisserie.targets.base import PatienceExhausted, Target

if TYPE_CHECKING:
    from patisserie.session import LabSession

YEAR = 2022
RUSH_MINUTES = 3.0  # enough for the readers to meet every trouble; a longer rush would not tell more
MOST_TAPS = 3  # an assumption, as are the pauses: a lognormal
TAP_MEDIAN_S, TAP_SIGMA = 0.25, 0.6
_BROWSER_S = 20.0


def arrivals(story: Story) -> Arrivals:
    """The middle of 2022's morning rush."""
    return MorningRush.of(story, YEAR, minutes=RUSH_MINUTES)


def few(session: LabSession, orders: int = 40) -> Arrivals:
    """Orders for the checks, at about the pace of the rush."""
    return session.few(orders, 3)


def taps(story: Story, stream: random.Random) -> Afterwards:
    """How often this customer changes the order, and how long they wait before each tap."""
    pauses_s = [stream.lognormvariate(0.0, TAP_SIGMA) * TAP_MEDIAN_S for _ in range(stream.randint(0, MOST_TAPS))]
    return tapping(story, stream, pauses_s)


def tapping(story: Story, stream: random.Random, pauses_s: list[float]) -> Afterwards:
    """Change the order after each of these pauses, in seconds."""
    wanted = [make_order(story, stream, number)["items"] for number in range(len(pauses_s))]

    def tap(target: Target, url: str, order_id: str) -> None:
        for version, (pause_s, items) in enumerate(zip(pauses_s, wanted, strict=True), 2):
            target.wait(pause_s)
            try:
                target.http("PUT", f"{url}/{order_id}", json={"version": version, "items": items}, timeout_s=_BROWSER_S)
            except PatienceExhausted:
                return

    return tap


def broken_order(story: Story, stream: random.Random) -> dict[str, Any]:
    """An order from an old app that writes a quantity in letters."""
    order = make_order(story, stream, 0)
    order["items"][0]["quantity"] = "une douzaine"
    return order
