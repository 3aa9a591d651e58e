"""The story's numbers are typed, and other places that repeat them agree."""

from __future__ import annotations

import runpy
import sys
from types import SimpleNamespace

from patisserie.course import course_root
from patisserie.story import Story


def test_the_bakery_grows_every_year():
    orders = [year.orders_per_month for year in Story.load().years.values()]
    assert orders == sorted(orders)
    assert (orders[0], orders[-1]) == (40, 320_000)


def test_assumptions_are_marked():
    years = Story.load().years
    assert not years[2020].assumption
    assert years[2022].assumption


def test_the_shop_of_2020_sells_what_is_on_the_menu_at_its_prices(monkeypatch):
    monkeypatch.setenv("ORDERS_TABLE", "orders")
    fake = SimpleNamespace(resource=lambda name: SimpleNamespace(Table=lambda table: None))
    monkeypatch.setitem(sys.modules, "boto3", fake)
    for variant in ("shop", "start"):
        path = course_root() / "infra" / "stacks" / "00-opening-night" / variant / "src" / "order.py"
        prices = runpy.run_path(str(path))["MENU_CENTS"]
        assert prices == {item.sku: item.cents for item in Story.load().menu}
