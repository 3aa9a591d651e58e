"""An open load: customers come whether or not earlier ones have been served."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

from patisserie.load.arrivals import Arrivals
from patisserie.load.outcomes import ABANDONED, ACCEPTED, FAILED, Outcome
from patisserie.story import Patience, Story
from patisserie.targets.base import PatienceExhausted, Target

_MOST_ITEMS, _MOST_OF_ONE = 3, 4
# what one customer does once their order is accepted, with the target, the URL of the orders and the order's id
Afterwards = Callable[[Target, str, str], None]


def make_order(story: Story, stream: random.Random, number: int) -> dict[str, Any]:
    """What customer `number` wants: one to three kinds of things."""
    items = stream.sample(story.menu, stream.randint(1, _MOST_ITEMS))
    return {
        "customer": f"customer-{number}@example.com",
        "phone": f"+33 1 99 00 {number // 100 % 100:02d} {number % 100:02d}",  # a range kept for fiction
        "items": [
            {"sku": item.sku, "cents": item.cents, "quantity": stream.randint(1, _MOST_OF_ONE)} for item in items
        ],
    }


def draw_patience(patience: Patience, stream: random.Random) -> float:
    """Seconds that one customer waits at most."""
    drawn = patience.median_s * math.exp(stream.gauss(0.0, patience.sigma))
    return round(min(drawn, patience.longest_s), 3)


def run_load(
    target: Target,
    url: str,
    arrivals: Arrivals,
    story: Story,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    then: Callable[[Story, random.Random], Afterwards] | None = None,
) -> tuple[Outcome, ...]:
    """Send orders to `url` and wait until each has its end. Outcomes are in the order of arrival.

    The same seed gives the same customers with the same orders and the same patience, whatever they meet.
    `progress(done, of)` is told before the first order and after each end. `then` draws what each customer does after
    an accepted order, while others go on ordering.
    """
    # not hash(): the same on every machine and in every process
    when, what, patience, later = (
        random.Random(f"{seed}/{purpose}") for purpose in ("arrivals", "orders", "patience", "afterwards")
    )
    times = arrivals.times(when)
    outcomes: dict[int, Outcome] = {}
    started_s = target.now_s()

    def customer(number: int, at_s: float) -> Callable[[], None]:
        order = make_order(story, what, number)
        longest_s = draw_patience(story.patience, patience)
        afterwards = then(story, later) if then is not None else None

        def place() -> None:
            outcomes[number] = _place(target, url, number, at_s, order, longest_s)
            if progress is not None:
                progress(len(outcomes), len(times))
            if afterwards is not None and outcomes[number].kind == ACCEPTED:
                afterwards(target, url, outcomes[number].order_id)

        return place

    if progress is not None:
        progress(0, len(times))  # here and not in a customer's task: a notebook's output waits in real time
    started = [target.spawn_at(started_s + at_s, customer(number, at_s)) for number, at_s in enumerate(times)]
    target.join_all(started)
    return tuple(outcomes[number] for number in range(len(times)))


def _place(target: Target, url: str, number: int, at_s: float, order: dict[str, Any], longest_s: float) -> Outcome:
    try:
        reply = target.http("POST", url, json=order, timeout_s=longest_s)
    except PatienceExhausted:
        return Outcome(number, at_s, round(longest_s * 1_000, 3), 0, ABANDONED, "")
    kind = ACCEPTED if 200 <= reply.status < 300 else FAILED
    return Outcome(number, at_s, round(reply.elapsed_ms, 3), reply.status, kind, order_id_in(reply.body))


def order_id_in(body: str) -> str:
    """The orderId in an answer's body; "" when there is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    return str(parsed.get("orderId", "")) if isinstance(parsed, dict) else ""
