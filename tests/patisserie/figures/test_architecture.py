"""An architecture is drawn from its template: every part once, nothing on top of another, every arrow in words."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import pytest

from localcloud.stacks.parsing import parse_template
from patisserie.course import course_root
from patisserie.figures import architecture
from patisserie.figures.architecture import BOX_H, BOX_W, layout
from patisserie.figures.connections import parts_and_connections

TEMPLATES = sorted((course_root() / "infra" / "stacks").glob("**/template.yaml"))
LAB_04 = course_root() / "infra" / "stacks" / "04-one-event-many-readers"
LAB_01 = course_root() / "infra" / "stacks" / "01-right-size-the-monolith"


def load(path):
    return parse_template(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_no_box_lies_on_another_and_all_are_inside(path):
    parts, connections = parts_and_connections(load(path))
    places, width, height = layout(parts, connections)
    assert len(places) == len(parts)
    for left, top in places.values():
        assert left >= 0
        assert top >= 0
        assert left + BOX_W <= width
        assert top + BOX_H <= height
    for one, other in itertools.combinations(places.values(), 2):
        assert abs(one[0] - other[0]) >= BOX_W or abs(one[1] - other[1]) >= BOX_H


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_the_drawing_is_valid_and_the_same_every_time(path):
    one, two = architecture(load(path), "Title"), architecture(load(path), "Title")
    assert one.svg == two.svg
    ElementTree.fromstring(one.svg)


def test_the_words_say_who_waits_for_whom():
    chain = architecture(load(course_root() / "infra/stacks/02-break-the-sync-chain/chain/template.yaml"), "The chain")
    assert "Order (function) waits for Payment (function)" in chain.alt
    assert "Payment (function) waits for Payment partner (partner)" in chain.alt
    assert ("Customer (customer)", "orders through", "Orders (API)") in chain.rows


def test_only_functions_that_publish_point_at_the_bus():
    events = architecture(load(course_root() / "infra/stacks/02-break-the-sync-chain/events/template.yaml"), "Events")
    assert [row[0] for row in events.rows if row[1] == "publishes to"] == ["Order (function)", "Payment (function)"]
    assert ("Payment queue (queue)", "gives up into", "Payment dead letters (queue)") in events.rows


def test_a_template_without_connections_says_so():
    lonely = architecture({"Resources": {"A": {"Type": "AWS::SQS::Queue"}}}, "Lonely")
    assert "nothing to connect" in lonely.alt
    ElementTree.fromstring(lonely.svg)


def test_a_row_of_many_functions_is_broken_so_that_it_can_be_read():
    parts, connections = parts_and_connections(load(LAB_01 / "swarm" / "template.yaml"))
    _, width, _ = layout(parts, connections)
    assert width < 1_200


def test_a_function_that_nobody_waits_for_is_handed_over_to():
    template = load(LAB_01 / "domains" / "template.yaml")
    verbs = {(c.source, c.target): c.verb for c in parts_and_connections(template)[1]}
    assert verbs["OrdersFunction", "SalesFunction"] == "hands over to"
    assert verbs["OrdersFunction", "PaymentUrl"] == "waits for"


def test_readers_of_a_stream_a_topic_and_a_bus_with_an_archive_are_drawn():
    rows = {
        name: architecture(load(LAB_04 / name / "template.yaml"), name).rows for name in ("stream", "fanout", "bus")
    }
    assert ("Order (function)", "appends to", "Orders stream (stream)") in rows["stream"]
    assert ("Orders stream (stream)", "feeds", "Kitchen (function)") in rows["stream"]
    assert ("Kitchen (function)", "gives up into", "Failed queue (queue)") in rows["stream"]
    assert ("Orders topic (topic)", "copies to", "Loyalty queue (queue)") in rows["fanout"]
    assert ("Bus (event bus)", "is kept in", "Archive (archive)") in rows["bus"]


def test_what_stands_under_a_condition_or_serves_the_measurement_is_not_drawn():
    drawn = {part.name for part in parts_and_connections(load(LAB_04 / "stream" / "template.yaml"))[0]}
    assert "KitchenFunction" in drawn
    assert not drawn & {"ForecastFunction", "ReadingsTable"}
