"""What the checks look at: who hears what, how soon, past which trouble, and from how long ago."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patisserie.labs.conditions import reliable_partners
from patisserie.labs.lab04.readings import Readings, readings
from patisserie.labs.lab04.workload import YEAR, broken_order, few
from patisserie.load import ACCEPTED, MorningRush
from patisserie.load.runner import order_id_in
from patisserie.measure import Measurement

if TYPE_CHECKING:
    from patisserie.session import LabSession

SATURDAY_MINUTES, SATURDAY_TIMES = 2.0, 2.0
OUTAGE_FROM_S, OUTAGE_MINUTES = 20.0, 1.0
BROKEN_AT_S = 35.0  # in the outage, so that it shares its batch with good orders
PATIENCE_S = 600.0
HOURS_AGO = 26.0
NEW_READER_S = 300.0
_SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class HearingEvidence:
    """A load, and who heard of it."""

    found: Measurement
    readings: Readings


def everybody_hears(session: LabSession) -> HearingEvidence:
    """Some orders with their changes."""
    with reliable_partners(session):
        found = session.measure("mine", "mine", few(session))
        session.wait(_SETTLE_S)
    return HearingEvidence(found, session.readers("mine"))


def saturday(session: LabSession) -> HearingEvidence:
    """Twice the rush of a weekday."""
    rush = MorningRush.of(session.story, YEAR, minutes=SATURDAY_MINUTES, times=SATURDAY_TIMES)
    with reliable_partners(session):
        found = session.measure("mine", "saturday", rush)
        session.wait(_SETTLE_S)
    return HearingEvidence(found, session.readers("mine"))


@dataclass(frozen=True, slots=True)
class BrokenEvidence:
    """Good orders around a broken one, in a minute without the kitchen's screens.

    `readings` leave the broken order out; `kept` says whether the place for failures names it.
    """

    found: Measurement
    readings: Readings
    kept: bool


def broken_record(session: LabSession) -> BrokenEvidence:
    """Orders, an outage of the screens, a broken order in the middle of it; then time for retries."""
    target, url = session.target, session.orders_url("mine")
    order = broken_order(session.story, random.Random(f"{session.seed}/broken"))
    broken: list[str] = []

    def place() -> None:
        broken.append(order_id_in(target.http("POST", url, json=order).body))

    with reliable_partners(session):
        session.kitchen_outage(OUTAGE_FROM_S, OUTAGE_MINUTES)
        placing = target.spawn_at(target.now_s() + BROKEN_AT_S, place)
        since_ms = session.unix_ms()
        found = session.measure("mine", "with a broken order", few(session))
        target.join_all([placing])
        session.wait(PATIENCE_S)
    return BrokenEvidence(found, readings(session, "mine", since_ms, broken), _kept(session, broken[0]))


def _kept(session: LabSession, order_id: str) -> bool:
    """Whether the queue for failures leads to an order: by a message that names it, or by its place in the stream."""
    sqs, url = session.target.client("sqs"), session.stacks["mine"].outputs["FailedUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if order_id in message["Body"] or order_id in _records_named_by(session, message["Body"]):
                return True
    return False


def _records_named_by(session: LabSession, body: str) -> str:
    """The records of a batch that a mapping gave up, one after the other, read from the stream again."""
    try:
        place = json.loads(body)["KinesisBatchInfo"]
    except (ValueError, KeyError, TypeError):
        return ""
    kinesis = session.target.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamARN=place["streamArn"], ShardId=place["shardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=place["startSequenceNumber"],
    )["ShardIterator"]  # fmt: skip
    records = kinesis.get_records(ShardIterator=iterator, Limit=place["batchSize"])["Records"]
    return "\n".join(record["Data"].decode() for record in records)


@dataclass(frozen=True, slots=True)
class NewcomerEvidence:
    """Orders of yesterday and of today, and who heard of them after a new reader came in between."""

    found: Measurement
    readings: Readings


def a_new_reader(session: LabSession) -> NewcomerEvidence:
    """Yesterday's orders without the forecast; a day later the learner's whole system, and some orders more."""

    def without_forecast(template: dict[str, Any]) -> None:
        template["Resources"]["ForecastFunction"]["Properties"].pop("Events", None)

    with reliable_partners(session):
        session.deploy_changed("mine", without_forecast)
        since_ms = session.unix_ms()
        found = session.measure("mine", "yesterday", few(session, 12))
        session.wait(HOURS_AGO * 3_600)
        session.deploy("mine")
        session.measure("mine", "today", few(session, 3))
        session.wait(NEW_READER_S)
    return NewcomerEvidence(found, readings(session, "mine", since_ms))


def accepted(found: Measurement) -> int:
    """How many orders of a load were accepted."""
    return sum(outcome.kind == ACCEPTED for outcome in found.outcomes)
