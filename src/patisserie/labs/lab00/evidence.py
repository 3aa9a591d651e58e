"""What the checks look at: REPORT lines as the learner reads them, and the shop's answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.labs.lab00.workload import BAKERY, GAP_S, SAMPLE
from patisserie.load.runner import make_order
from patisserie.reports import reports

if TYPE_CHECKING:
    from patisserie.session import LabSession

Report = Mapping[str, float | None]
_SHOWN = 80  # characters of an unexpected answer


@dataclass(frozen=True, slots=True)
class ReadingEvidence:
    """REPORT lines of the shop, and what the learner's function read in them."""

    lines: int
    right: int
    first_miss: str


def reading(session: LabSession) -> ReadingEvidence:
    """Let the learner's function read every REPORT line that the shop has written."""
    read: Callable[[str], Report] = session.answers["00-read-a-report"]
    if "mine" not in session.stacks:
        session.deploy("mine")
    session.measure("mine", "for its logs", session.few(SAMPLE, GAP_S))
    found = reports(session.target.client("logs"), session.stacks["mine"])
    right, first_miss = 0, ""
    for report in found:
        wanted = {"duration_ms": report.duration_ms, "billed_ms": report.billed_ms, "init_ms": report.init_ms or None}
        try:
            answer: Any = read(report.line)
            said = _said(answer, wanted)
        except NotImplementedError:
            raise  # still to be written
        except Exception as exc:  # noqa: BLE001 - the learner's own function: what it raises is what was found
            answer, said = None, f"raised {type(exc).__name__}: {exc}"
        values = answer if isinstance(answer, Mapping) else {}
        if values and all(_same(values.get(name), value) for name, value in wanted.items()):
            right += 1
        elif not first_miss:
            first_miss = f"for {report.line.strip()!r} it {said}"
    return ReadingEvidence(len(found), right, first_miss)


def _said(answer: Any, wanted: Report) -> str:
    """What a function answered, and the first thing in it that has not the form that was asked for."""
    if not isinstance(answer, Mapping):
        return f"returned {answer!r}, not a dictionary"
    missing = [name for name in wanted if name not in answer]
    texts = [name for name in wanted if isinstance(answer.get(name), str)]
    trouble = f", without {missing[0]}" if missing else f", with a text for {texts[0]}, not a number" if texts else ""
    return f"read {dict(answer)!r}{trouble}"


def _same(found: Any, wanted: float | None) -> bool:
    if wanted is None:
        return found in (None, 0)
    return isinstance(found, int | float) and abs(found - wanted) < 0.01


@dataclass(frozen=True, slots=True)
class ShopEvidence:
    """What a few customers of the changed shop were answered. All but `named` was so before the change.

    `first_miss` is the first answer that did not take the order, status and body.
    """

    orders: int
    placed: int
    named: int
    found_again: int
    refused: bool
    first_miss: str


def answers_of_the_shop(session: LabSession) -> ShopEvidence:
    """A few customers order, and ask for their order again; one orders what is not on the menu."""
    url, target = session.orders_url("mine"), session.target
    stream = random.Random(f"{session.seed}/answers")
    ids, placed, named, found_again, first_miss = set(), 0, 0, 0, ""
    for number in range(SAMPLE):
        reply = target.http("POST", url, json=make_order(session.story, stream, number))
        body = _parsed(reply.body)
        taken = reply.status == 201 and "orderId" in body
        placed += taken
        if not taken and not first_miss:
            first_miss = f"{reply.status} {reply.body[:_SHOWN]}".strip()
        named += body.get("bakery") == BAKERY
        ids.add(body.get("orderId"))
        again = target.http("GET", f"{url}/{body.get('orderId')}")
        found_again += again.status == 200 and "cents" in body and _parsed(again.body).get("cents") == body["cents"]
    wrong = {"customer": "x", "phone": "x", "items": [{"sku": "pizza", "quantity": 1}]}
    refused = target.http("POST", url, json=wrong).status == 400
    return ShopEvidence(SAMPLE, placed, named, min(found_again, len(ids)), refused, first_miss)


def _parsed(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
