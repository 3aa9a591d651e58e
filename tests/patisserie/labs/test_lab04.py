"""Lab 04 shows what it tells: one queue starves, fan-out overtakes, a stream does neither, and each way has its price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patisserie.checks import NOT_YET, PASS, run_check
from patisserie.course import course_root
from patisserie.labs import find_lab
from patisserie.labs.lab04.attempts import ALSO_RIGHT
from patisserie.labs.lab04.checks import NEW_READER
from patisserie.labs.lab04.evidence import NewcomerEvidence
from patisserie.labs.lab04.readings import NEWCOMER, TEAMS, Readings, TeamReading
from patisserie.load import Outcome
from patisserie.measure import measurement
from patisserie.session import open_lab
from patisserie.targets import TargetError
from patisserie.targets.base import Used

STACKS = course_root() / "infra" / "stacks" / "04-one-event-many-readers"
OUT_OF_REACH = "lost to a new team (%)"


@pytest.fixture(scope="module")
def weighed(tmp_path_factory):
    """By architecture, the readings of some orders and what it weighs."""
    session = open_lab("04", workdir=tmp_path_factory.mktemp("work"))
    found = {}
    for name in ("queue", "fanout", "fifo", "bus", "stream"):
        session.deploy(name)
        measured = session.measure(name, name, session.few(30, 3))
        found[name] = (session.readers(name), session.weigh(name, measured))
    yield found
    session.close()


def values(weighed, measure):
    return {name: measures[measure] for name, (_, measures) in weighed.items()}


def test_on_one_queue_each_team_gets_about_a_third(weighed):
    readings, _ = weighed["queue"]
    heard = [readings.of(team).heard / readings.events for team in TEAMS]
    assert all(0.15 < share < 0.55 for share in heard)
    assert sum(heard) == pytest.approx(1.0, abs=0.05)


def test_every_other_way_tells_each_team_everything(weighed):
    missed = values(weighed, "missed by some team (%)")
    assert {name for name, share in missed.items() if share} == {"queue"}


def test_only_fifo_queues_and_the_stream_keep_the_last_word(weighed):
    wrong = values(weighed, "screens wrong (% of orders)")
    assert wrong["fifo"] == wrong["stream"] == 0
    assert 0 < min(wrong["fanout"], wrong["bus"]) < wrong["queue"]


def test_only_the_archive_and_the_stream_know_what_was_before_a_new_team_came(weighed):
    lost = values(weighed, OUT_OF_REACH)
    assert {name for name, share in lost.items() if share == 0} == {"bus", "stream"}
    assert lost["queue"] == lost["fanout"] == lost["fifo"] == 100


def test_a_replay_for_the_forecast_is_for_nobody_else(tmp_path):
    session = open_lab("04", workdir=tmp_path)
    try:
        session.partners({"OtherErrorPercent": "0"})
        session.deploy("bus")
        session.weigh("bus", session.measure("bus", "bus", session.few(5, 3)))
        heard = session.readers("bus")
        assert heard.of(NEWCOMER).missed == 0
        assert [heard.of(team).twice for team in TEAMS] == [0, 0, 0]
    finally:
        session.close()


def test_the_stream_is_slower_than_queues_and_dearer_while_nothing_happens(weighed):
    late, usd = values(weighed, "loyalty is done, p95 (ms)"), values(weighed, "USD a month")
    assert late["stream"] > 2 * late["fanout"]
    assert usd["stream"] > 2 * max(usd[name] for name in ("fanout", "fifo", "bus"))


@pytest.mark.parametrize("check_id", ALSO_RIGHT)
def test_another_right_design_passes_too(check_id, tmp_path):
    session = open_lab("04", workdir=tmp_path)
    try:
        ALSO_RIGHT[check_id].prepare(session)
        result = session.check(check_id, even_if_open=True)
        assert result.state == PASS, result
    finally:
        session.close()


def test_who_makes_others_hear_yesterday_again_has_not_passed():
    teams = tuple(TeamReading(team, 3, 3, 0, 0, (1.0, 2.0, 3.0)) for team in (*TEAMS, NEWCOMER))
    outcomes = [Outcome(0, 0.0, 1.0, 202, "accepted", "a")]
    found = measurement("yesterday", outcomes, Used(1, 0.0), "simulated", 7)
    good = Readings("mine", 1, 3, 0, teams)
    again = replace(good, teams=(replace(teams[0], twice=1), *teams[1:]))
    states = [run_check(NEW_READER, lambda r=r: NewcomerEvidence(found, r)).state for r in (good, again)]
    assert states == [PASS, NOT_YET]


def test_an_outage_of_the_warehouse_delays_analytics_and_nobody_else(tmp_path):
    session = open_lab("04", workdir=tmp_path)
    try:
        session.deploy("stream")
        session.analytics_outage(0, 10)
        session.wait(5)
        session.measure("stream", "outage", session.few(10, 3))
        session.wait(900)
        heard = session.readers("stream")
        assert [heard.of(team).missed for team in TEAMS] == [0, 0, 0]
        assert max(heard.of("analytics").latencies_ms) > 300_000
        assert max(heard.of("kitchen").latencies_ms) < 60_000
    finally:
        session.close()


def test_a_change_that_follows_soon_overtakes_its_order_in_queues_and_never_in_a_stream(tmp_path):
    session = open_lab("04", workdir=tmp_path)
    try:
        labels, figures = zip(*session.explore().frames, strict=True)
    finally:
        session.close()
    wrong = [figure.rows[0] for figure in figures]
    assert labels == ("0.1 s", "0.3 s", "1 s")
    assert all(row[0].startswith("screens wrong") and row[2] == "0" for row in wrong)
    queues = [int(row[1]) for row in wrong]
    assert queues[0] > queues[1] > queues[2] == 0


def test_the_order_service_differs_only_in_how_it_tells():
    services = {path.read_text() for path in STACKS.glob("*/src/order.py")}
    assert len(services) == 1
    assert len({path.read_text() for path in STACKS.glob("*/src/tell.py")}) == 6


def test_a_lab_without_readers_says_so(tmp_path):
    session = open_lab("02", workdir=tmp_path)
    try:
        with pytest.raises(TargetError, match="does not say who reads what"):
            session.readers("chain")
    finally:
        session.close()


def test_the_lab_is_found_by_its_number():
    assert find_lab(4).folder == "04-one-event-many-readers"
