"""The trade-off figure compares designs by measures of different units, and says it in words."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from patisserie.figures import trade_offs

CUTS = {"one": {"lost orders": 20, "p95 (ms)": 6_000}, "four": {"lost orders": 0, "p95 (ms)": 3_000}}


def bars(figure):
    """The widths of the bars, without the background and the legend."""
    rects = ET.fromstring(figure.svg).findall("{http://www.w3.org/2000/svg}rect")[1 + 2 :]
    return [float(rect.get("width")) for rect in rects]


def test_each_measure_has_an_axis_of_its_own():
    full, none, also_full, half = bars(trade_offs(CUTS, "Two cuts"))
    assert full == also_full > 0
    assert none == 0
    assert half == pytest.approx(full / 2, abs=0.01)


def test_a_given_scale_holds_and_what_is_above_it_is_a_full_bar():
    full, *_ = bars(trade_offs(CUTS, "Two cuts"))
    halved, _, above, half = bars(trade_offs(CUTS, "Two cuts", {"lost orders": 40, "p95 (ms)": 3_000}))
    assert halved == pytest.approx(full / 2, abs=0.01)
    assert above == half == full


def test_words_and_data_tell_every_value():
    figure = trade_offs(CUTS, "Two cuts")
    assert figure.alt == "Two cuts. lost orders: one 20, four 0; p95 (ms): one 6,000, four 3,000."
    assert figure.columns == ("measure", "one", "four")
    assert figure.rows == (("lost orders", "20", "0"), ("p95 (ms)", "6,000", "3,000"))


@pytest.mark.parametrize(
    ("designs", "message"),
    [
        ({}, "nothing to draw"),
        ({"one": {}}, "nothing to draw"),
        ({"one": {"lost": 1}, "four": {"found": 1}}, "the same measures"),
        ({"one": {"lost": -1}}, "at least 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(designs, message):
    with pytest.raises(ValueError, match=message):
        trade_offs(designs, "Nothing")
