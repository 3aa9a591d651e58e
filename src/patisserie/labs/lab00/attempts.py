"""What learners write, right and wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from patisserie.labs.lab import Attempt
from patisserie.labs.lab00.evidence import Report
from patisserie.labs.lab00.workload import BAKERY

if TYPE_CHECKING:
    from patisserie.session import LabSession

_ANSWER = 'reply(201, {"orderId": item["orderId"], "cents": item["cents"]})'
CHANGED = _ANSWER.replace("}", f', "bakery": "{BAKERY}"}}')


def right_reader(line: str) -> Report:
    """As the solution reads it."""
    parts = dict(part.split(": ") for part in line.strip().split("\t") if ": " in part)
    init = parts.get("Init Duration")
    return {
        "duration_ms": float(parts["Duration"].split()[0]),
        "billed_ms": int(parts["Billed Duration"].split()[0]),
        "init_ms": float(init.split()[0]) if init else None,
    }


def _billed_for_duration(line: str) -> Report:
    found = dict(right_reader(line))
    return {**found, "duration_ms": found["billed_ms"]}


def _forgets_init(line: str) -> Report:
    return {**right_reader(line), "init_ms": None}


def _reader(name: str, read: Callable[[str], Report] | None) -> Attempt:
    def prepare(session: LabSession) -> None:
        session.answers.pop("00-read-a-report", None)
        if read is not None:
            session.hand_in("00-read-a-report", read)

    return Attempt(name, prepare)


def _shop(name: str, old: str = "", new: str = "", also: bool = False) -> Attempt:
    """`also` makes the change that is asked for too."""

    def prepare(session: LabSession) -> None:
        assert session.workspace is not None
        session.reset()
        if old:
            source = (session.workspace.directory / "src" / "order.py").read_text(encoding="utf-8")
            changed = source.replace(_ANSWER, CHANGED) if also else source
            session.workspace.write_handler("order.py", changed.replace(old, new))
        session.deploy("mine")

    return Attempt(name, prepare)


READ = _reader("solution", right_reader)
READ_FLAWED = _reader("nothing handed in", None)
READ_WRONG = (
    _reader("takes what is billed for what it took", _billed_for_duration),
    _reader("forgets the cold start", _forgets_init),
)
CHANGED_SHOP = _shop("solution", _ANSWER, CHANGED)
CHANGE_FLAWED = _shop("as it starts")
CHANGE_WRONG = (
    _shop("without the accents", _ANSWER, _ANSWER.replace("}", ', "bakery": "Patisserie Amelie"}')),
    _shop("the orderId is gone", _ANSWER, f'reply(201, {{"bakery": "{BAKERY}"}})'),
    _shop("nothing is stored any more", "    orders.put_item(Item=item)\n    print", "    print", also=True),
    _shop("everything is answered with 201", '"statusCode": status', '"statusCode": 201', also=True),
)
