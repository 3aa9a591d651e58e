"""Lab 00 says what was read and answered wrongly, so that a newcomer can mend it."""

from __future__ import annotations

import pytest

from patisserie.labs.lab00.attempts import CHANGED_SHOP, right_reader
from patisserie.session import open_lab


@pytest.fixture
def lab(tmp_path):
    session = open_lab("00", workdir=tmp_path)
    yield session
    session.close()


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda line: None, "it returned None, not a dictionary"),
        (lambda line: {"duration_ms": "188.22 ms"} | {"billed_ms": 1, "init_ms": 2}, "with a text for duration_ms"),
        (lambda line: {"duration_ms": 1.0, "billed": 2, "init_ms": 3.0}, "without billed_ms"),
        (
            lambda line: {**right_reader(line), "init_ms": float(line.split("Init Duration: ")[1].split()[0])},
            "IndexError",
        ),
    ],
    ids=["nothing", "texts", "a name misspelt", "no warm line in mind"],
)
def test_a_reader_that_is_not_right_is_told_what_it_read(lab, read, said):
    lab.hand_in("read-a-report", read)
    result = lab.check("read-a-report")
    assert result.state == "not yet"
    assert said in result.measured


def test_a_shop_that_takes_no_order_is_told_what_it_answers(lab):
    source = (lab.workspace.directory / "src" / "order.py").read_text(encoding="utf-8")
    lab.workspace.write_handler("order.py", source.replace("    return {", "    found = {"))
    assert "(one was answered with 200 null)" in lab.check("change-the-shop").measured


def test_more_memory_makes_the_cold_start_shorter_and_the_warm_order_hardly(lab):
    times = {setting: [_milliseconds(text) for text in figure.rows[0][2:]] for setting, figure in lab.explore().frames}
    cold, warm = ({setting: found[place] for setting, found in times.items()} for place in (-1, 0))
    assert cold["128 MB"] > 1.5 * cold["512 MB"] > 1.1 * cold["3,008 MB"]
    assert warm["128 MB"] - warm["3,008 MB"] < (cold["128 MB"] - cold["3,008 MB"]) / 10


def _milliseconds(text: str) -> float:
    number, unit = text.split(" ")
    return float(number) * (1_000 if unit == "s" else 1)


def test_the_change_of_the_shop_changes_what_customers_are_answered(lab):
    CHANGED_SHOP.prepare(lab)
    assert lab.check("change-the-shop").passed
