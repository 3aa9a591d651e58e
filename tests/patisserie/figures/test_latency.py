from __future__ import annotations

import random
import re
from xml.etree import ElementTree

import pytest

from patisserie.figures import latency_distribution, style
from patisserie.figures.format import count, duration, usd


def _values(n: int) -> list[float]:
    stream = random.Random(7)
    return [stream.lognormvariate(7, 1) for _ in range(n)]


@pytest.mark.parametrize("n", [1, 10, 10_000])
def test_the_drawing_is_valid_small_repeatable_and_inside_its_view_box(n: int) -> None:
    figure = latency_distribution({"before": _values(n), "after <&>": _values(n)}, target_ms=500)
    assert figure == latency_distribution({"before": _values(n), "after <&>": _values(n)}, target_ms=500)
    assert len(figure.svg) < 20_000
    root = ElementTree.fromstring(figure.svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert root.attrib["role"] == "img"
    for node in root.iter():
        for name, limit in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert 0 <= float(node.attrib.get(name, 0)) <= limit
        for name, value in re.findall("([HV])([-0-9.]+)", node.attrib.get("d", "")):
            assert 0 <= float(value) <= (width if name == "H" else height)


def test_the_text_alternative_states_the_percentiles_and_the_share_within_the_target() -> None:
    figure = latency_distribution({"before": [1000.0 * i for i in range(1, 101)]}, target_ms=25_000)
    expected = "before (100 orders): p50 50.0 s, p95 95.0 s, p99 99.0 s, 25.0 % within 25.0 s."
    assert expected in figure.alt
    html = figure._repr_mimebundle_()["text/html"]
    assert expected in html
    assert "<td>95.0 s</td>" in html


@pytest.mark.parametrize("series", [{}, {"before": []}])
def test_without_data_the_figure_says_so(series: dict[str, list[float]]) -> None:
    figure = latency_distribution(series)
    assert "nothing to show" in figure.alt
    ElementTree.fromstring(figure.svg)


def test_text_and_curve_colours_can_be_read_on_the_background() -> None:
    palette = style.colours(["before", "after", "third", "fourth"])
    assert len(set(palette.values())) == 4
    for colour in (style.TEXT, style.MUTED, *palette.values()):
        assert style.contrast(colour, style.BACKGROUND) >= 4.5
    assert len(set(style.colours(["x", "before", "y", "z"]).values())) == 4
    assert len(set(style.colours(["x", "before", "y", "z", "u"]).values())) == 5
    assert style.colours(["after"])["after"] == palette["after"]


def test_numbers_are_written_one_way() -> None:
    assert [count(1234), duration(12), duration(420), duration(1300)] == ["1,234", "12 ms", "0.42 s", "1.3 s"]
    assert [usd(0), usd(1234.5), usd(0.0123456)] == ["0.00 USD", "1,234.50 USD", "0.0123 USD"]


def test_the_axis_says_what_had_happened_to_the_orders():
    assert "paid within (share of orders)" in latency_distribution({"before": [10, 20]}, what="paid").svg
    assert "answered within (share of orders)" in latency_distribution({"before": [10, 20]}).svg
