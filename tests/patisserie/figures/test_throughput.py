"""The throughput figure draws what was counted, and says it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from patisserie.figures import throughput_over_time

ARRIVED = [0, 10, 59.9, 60, 130]
ACCEPTED = {"before": [65, 70], "after": [0.1, 10.1, 60, 60.1, 130.1]}


def test_every_bucket_counts_what_was_placed_and_accepted_in_it():
    figure = throughput_over_time(ARRIVED, ACCEPTED)
    assert figure.columns == ("from second", "orders placed", "before", "after")
    assert figure.rows == (("0", 3, 0, 2), ("60", 1, 2, 2), ("120", 1, 0, 1))


def test_the_words_tell_the_totals():
    assert throughput_over_time(ARRIVED, ACCEPTED).alt == (
        "5 orders placed in 180 seconds. before: 2 accepted; after: 5 accepted."
    )


def test_there_is_one_line_for_each_series_told_apart_without_colour():
    lines = ET.fromstring(throughput_over_time(ARRIVED, ACCEPTED).svg).findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3
    assert len({line.get("stroke-dasharray") for line in lines}) == 3


def test_higher_counts_are_drawn_higher():
    lines = ET.fromstring(throughput_over_time([0, 1, 2, 61], {}).svg).findall("{http://www.w3.org/2000/svg}polyline")
    heights = [float(point.split(",")[1]) for point in lines[0].get("points").split()]
    assert heights[0] == heights[1] < heights[2] == heights[3]


def test_the_same_data_give_the_same_bytes_and_nothing_gives_an_empty_figure():
    assert throughput_over_time(ARRIVED, ACCEPTED).svg == throughput_over_time(ARRIVED, ACCEPTED).svg
    assert throughput_over_time([], {"after": []}).rows == (("0", 0, 0),)


def test_a_bucket_without_width_is_refused():
    with pytest.raises(ValueError, match="width above 0"):
        throughput_over_time(ARRIVED, ACCEPTED, 0)
