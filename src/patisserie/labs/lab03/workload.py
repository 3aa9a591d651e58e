"""What goes on at Epiphany 2022: some minutes in which everybody wants a galette, and an app that is out of date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from patisserie.load import Arrivals, MorningRush
from patisserie.load.runner import order_id_in
from patisserie.story import Story
from patisserie.targets.base import Started

if TYPE_CHECKING:
    from patisserie.session import LabSession

YEAR = 2022
SPELL_MINUTES = 4.0
TIMES_A_USUAL_RUSH = 2.6  # an assumption: what the radio spot brings
PROVIDER_PER_S = 4  # an assumption: the contract with the payment provider
OLD_APP_AT = (0.1, 0.4, 0.7)  # of the spell: when customers with the old app order
GALETTE: Mapping[str, Any] = {"sku": "galette", "cents": 1_500, "quantity": 1}


def arrivals(story: Story) -> Arrivals:
    """The minutes after the radio spot."""
    return MorningRush.of(story, YEAR, minutes=SPELL_MINUTES, times=TIMES_A_USUAL_RUSH)


def order(number: int, quantity: int = 1) -> dict[str, Any]:
    """A customer's order of galettes, 15 EUR each."""
    return {"customer": f"customer-{number}@example.com", "items": [{**GALETTE, "quantity": quantity}]}


def order_of_the_old_app() -> dict[str, Any]:
    """The app of 2020 lets guests order: its orders name no customer, and the payment cannot go on without one."""
    return {"items": [dict(GALETTE)]}


def old_app_beside(session: LabSession, name: str, duration_s: float) -> list[Started]:
    """Some guests order with the old app, while customers order."""
    url, now_s = session.orders_url(name), session.target.now_s()

    def guest() -> None:
        place(session, url, order_of_the_old_app())

    return [session.target.spawn_at(now_s + share * duration_s, guest) for share in OLD_APP_AT]


def place(session: LabSession, url: str, body: Mapping[str, Any]) -> str:
    """Place one order; the id that it was given, "" when it was not taken."""
    reply = session.target.http("POST", url, json=dict(body))
    return order_id_in(reply.body) if 200 <= reply.status < 300 else ""


def place_all(session: LabSession, orders: Iterable[Mapping[str, Any]], gap_s: float) -> tuple[str, ...]:
    """Place orders, one every `gap_s` seconds, and wait for their answers; the ids, in the order of the orders."""
    url, now_s = session.orders_url("mine"), session.target.now_s()
    ids: dict[int, str] = {}

    def customer(number: int, body: Mapping[str, Any]) -> Started:
        def go() -> None:
            ids[number] = place(session, url, body)

        return session.target.spawn_at(now_s + number * gap_s, go)

    session.target.join_all([customer(number, body) for number, body in enumerate(orders)])
    return tuple(ids[number] for number in sorted(ids))


def order_id(message: Mapping[str, Any]) -> str:
    """The order that a message of a queue is about; "" when it is about none."""
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return ""
    return str(body.get("orderId", "")) if isinstance(body, dict) else ""
