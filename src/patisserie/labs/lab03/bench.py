"""The bench: a queue and a function whose settings are parameters, to see what one setting does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from patisserie.labs.lab03.queues import waiting
from patisserie.reports import reports

if TYPE_CHECKING:
    from patisserie.session import LabSession

BENCH = "bench"
_BATCH = 10
_LOOK_S = 5.0
_LONGEST_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What some messages met on the bench.

    `waited_ms`: how long each delivery had waited since it was sent; `last_s`: seconds from the first message until the
    queue was empty; `refused`: calls that the provider refused; `dead`: messages in the dead-letter queue.
    """

    messages: int
    waited_ms: tuple[float, ...]
    last_s: float
    refused: int
    dead: int
    invocations: int


def deploy(session: LabSession, settings: Mapping[str, Any]) -> None:
    """Set the bench up with these parameters and the usual ones for the rest."""
    session.deploy(BENCH, {name: str(value) for name, value in settings.items()})


def send(session: LabSession, messages: int, gap_s: float = 0.0) -> Tried:
    """Send messages, all at once or one every `gap_s` seconds, wait until all are done, and look."""
    target, outputs = session.target, session.stacks[BENCH].outputs
    sqs, url = target.client("sqs"), outputs["QueueUrl"]
    since_ms, since_s = session.unix_ms(), target.now_s()

    def batch(first: int) -> None:
        entries = [{"Id": str(n), "MessageBody": "{}"} for n in range(first, min(first + _BATCH, messages))]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def one() -> None:
        sqs.send_message(QueueUrl=url, MessageBody="{}")

    if gap_s:
        started = [target.spawn_at(since_s + number * gap_s, one) for number in range(messages)]
    else:
        started = [target.spawn_at(since_s, partial(batch, first)) for first in range(0, messages, _BATCH)]
    target.join_all(started)
    while waiting(session, url) and target.now_s() - since_s < _LONGEST_S:
        session.wait(_LOOK_S)
    last_s = target.now_s() - since_s
    session.wait(_LOOK_S)  # the last log lines
    waited, refused = _said(session, since_ms)
    invocations = len(reports(target.client("logs"), session.stacks[BENCH], since_ms))
    return Tried(messages, waited, last_s, refused, waiting(session, outputs["DeadLettersUrl"]), invocations)


def _said(session: LabSession, since_ms: int) -> tuple[tuple[float, ...], int]:
    """What the function said in its log about its messages."""
    logs = session.target.client("logs")
    function = session.stacks[BENCH].physical_ids("AWS::Lambda::Function")[0]
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function}", startTime=since_ms, filterPattern='"waitedMs"'
    )
    said = [json.loads(event["message"]) for page in pages for event in page["events"]]
    waited = tuple(float(ms) for entry in said for ms in entry["waitedMs"])
    return waited, sum(entry["refused"] for entry in said)


def empty(session: LabSession) -> None:
    """Throw away what lies among the dead letters of the bench."""
    session.target.client("sqs").purge_queue(QueueUrl=session.stacks[BENCH].outputs["DeadLettersUrl"])
    session.wait(60)
