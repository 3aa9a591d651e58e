"""Random schedules of faults, each decided by its seed alone."""

from __future__ import annotations

import random

from localcloud.faults import Fault

LOAD_S = 120.0
_MOST_FAULTS = 5
_LONGEST_S = 300.0
# what may happen where; {front} and {pay} are the names of the functions
_PLACES = (
    (("latency", "error", "throttle", "outage", "timeout"), {"service": "dynamodb", "resource": "{orders}"}),
    (("latency", "error", "throttle", "outage", "timeout"), {"service": "events", "operation": "PutEvents"}),
    (("latency", "error", "throttle", "outage"), {"service": "sqs", "operation": "SendMessage"}),
    (("error", "throttle", "outage", "timeout", "crash"), {"service": "lambda", "resource": "{front}"}),
    (("error", "throttle", "outage", "timeout", "crash"), {"service": "lambda", "resource": "{pay}"}),
    (("latency", "error", "throttle", "outage", "timeout", "refused"), {"host": "{host}"}),
)


def schedule(seed: int, names: dict[str, str]) -> list[Fault]:
    """One to five faults somewhere in the system while orders come in."""
    stream = random.Random(f"campaign/{seed}")
    return [_fault(stream, names) for _ in range(stream.randint(1, _MOST_FAULTS))]


def _fault(stream: random.Random, names: dict[str, str]) -> Fault:
    kinds, place = _PLACES[stream.randrange(len(_PLACES))]
    kind = stream.choice(kinds)
    start_s = round(stream.uniform(0, LOAD_S), 3)
    delay_ms = {"latency": stream.uniform(50, 20_000), "crash": stream.uniform(0, 2_000)}.get(kind, 0.0)
    return Fault(
        kind,
        start_s=start_s,
        end_s=round(start_s + stream.uniform(1, _LONGEST_S), 3),
        share=round(stream.uniform(0.1, 1), 3),
        delay_ms=round(delay_ms, 3),
        **{name: value.format(**names) for name, value in place.items()},
    )
