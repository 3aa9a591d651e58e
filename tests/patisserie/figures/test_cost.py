"""The cost figure draws what was spent, and says it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from patisserie.figures import cost_bars

COSTS = {"before": {"compute": 0.15, "requests": 0.03}, "after": {"compute": 0.02, "requests": 0.01, "events": 0.03}}


def bars(figure):
    """(fill, width) of every bar, without the legend."""
    rects = ET.fromstring(figure.svg).findall("{http://www.w3.org/2000/svg}rect")[1 + 2 :]
    return [(rect.get("fill"), float(rect.get("width"))) for rect in rects]


def test_lines_stand_below_the_total_the_largest_first():
    figure = cost_bars(COSTS)
    assert [row[0] for row in figure.rows] == ["total", "compute", "events", "requests"]
    assert figure.rows[0][1:] == ("0.18 USD", "0.06 USD")
    assert figure.rows[2][1:] == ("0.00 USD", "0.03 USD")


def test_bars_are_as_long_as_their_amounts():
    widths = [width for _, width in bars(cost_bars(COSTS))]
    assert widths[1] == pytest.approx(widths[0] / 3, abs=0.01)
    assert widths[2] == pytest.approx(widths[0] * 0.15 / 0.18, abs=0.01)
    assert widths[4] == 0


def test_the_words_tell_totals_and_the_largest_line():
    assert cost_bars(COSTS).alt == (
        "Cost of 1,000 orders. before: 0.18 USD; after: 0.06 USD. The largest line is compute."
    )


def test_runs_that_cost_nothing_can_be_drawn():
    assert {width for _, width in bars(cost_bars({"before": {}, "after": {}}))} == {0}


def test_the_same_costs_give_the_same_bytes():
    assert cost_bars(COSTS).svg == cost_bars(COSTS).svg


@pytest.mark.parametrize(("costs", "message"), [({}, "nothing to draw"), ({"after": {"x": -1}}, "at least 0 USD")])
def test_what_cannot_be_drawn_is_refused(costs, message):
    with pytest.raises(ValueError, match=message):
        cost_bars(costs)
