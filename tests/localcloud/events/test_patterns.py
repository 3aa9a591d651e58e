"""Event patterns match what EventBridge documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.events import InvalidPattern, compile_pattern

ORDER = {
    "source": "bakery.orders",
    "detail-type": "OrderPlaced",
    "resources": ["arn:one", "arn:two"],
    "detail": {
        "total": 12.5, "count": 3, "paid": True, "note": None, "city": "Lyon", "ip": "10.0.0.7", "tags": [],
        "items": [{"sku": "brioche"}, {"sku": "tarte"}], "file": "menu/2025/spring.png",
    },
}  # fmt: skip


def detail(**rules):
    return {"detail": rules}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["bakery.orders"]},
        {"source": ["other", "bakery.orders"], "detail-type": ["OrderPlaced"]},
        {"resources": ["arn:two"]},
        detail(total=[12.5]),
        detail(count=[3]),
        detail(paid=[True]),
        detail(note=[None]),
        detail(items={"sku": ["tarte"]}),
        {"source": [{"prefix": "bakery."}]},
        {"source": [{"prefix": {"equals-ignore-case": "BAKERY"}}]},
        {"source": [{"suffix": ".orders"}]},
        detail(city=[{"equals-ignore-case": "LYON"}]),
        detail(city=[{"anything-but": "Paris"}]),
        detail(city=[{"anything-but": ["Paris", "Nice"]}]),
        detail(city=[{"anything-but": {"prefix": "Pa"}}]),
        detail(city=[{"anything-but": {"suffix": ["is", "ce"]}}]),
        detail(city=[{"anything-but": {"equals-ignore-case": ["paris"]}}]),
        detail(file=[{"anything-but": {"wildcard": "*/2024/*"}}]),
        detail(count=[{"anything-but": [4, 5]}]),
        detail(count=[{"numeric": [">", 2, "<=", 3]}]),
        detail(total=[{"numeric": ["=", 12.5]}]),
        detail(ip=[{"cidr": "10.0.0.0/24"}]),
        detail(city=[{"exists": True}]),
        detail(country=[{"exists": False}]),
        detail(file=[{"wildcard": "menu/*/*.png"}]),
        {"$or": [{"source": ["other"]}, {"detail": {"count": [3]}}]},
        detail(city=["Paris", {"prefix": "Ly"}]),
    ],
)
def test_a_pattern_matches(pattern):
    assert compile_pattern(pattern)(ORDER)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["bakery"]},
        {"source": ["bakery.orders"], "detail-type": ["OrderPaid"]},
        detail(count=[3.0]),
        detail(paid=[1]),
        detail(count=[True]),
        detail(count=["3"]),
        detail(note=[{"exists": False}]),
        detail(items={"sku": ["baguette"]}),
        detail(city=[{"prefix": "ly"}]),
        detail(city=[{"anything-but": ["Lyon"]}]),
        detail(country=[{"anything-but": ["Lyon"]}]),
        detail(count=[{"numeric": [">", 3]}]),
        detail(city=[{"numeric": [">", 3]}]),
        detail(ip=[{"cidr": "10.0.1.0/24"}]),
        detail(city=[{"cidr": "10.0.0.0/24"}]),
        detail(country=[{"exists": True}]),
        detail(file=[{"wildcard": "menu/*.jpg"}]),
        {"$or": [{"source": ["other"]}, {"detail": {"count": [4]}}]},
        {"detail": {"missing": {"deeper": ["x"]}}},
    ],
)
def test_a_pattern_does_not_match(pattern):
    assert not compile_pattern(pattern)(ORDER)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "is not valid"),
        ({}, "not an object, or is empty"),
        ({"source": "bakery"}, '"source" must be an object or an array'),
        ({"source": []}, "Empty arrays"),
        ({"detail": {}}, "Empty objects"),
        ({"source": [{"starts": "b"}]}, "Unrecognized match type starts at source"),
        ({"source": [{"prefix": "a", "suffix": "b"}]}, "Only one key"),
        ({"source": [{"prefix": 3}]}, "must be a string"),
        (detail(a=[{"numeric": [">"]}]), "numeric needs"),
        (detail(a=[{"numeric": ["~", 3]}]), "Bad numeric comparison"),
        (detail(a=[{"numeric": [">", 5, "<", 5]}]), "Bottom must be less than top"),
        (detail(a=[{"numeric": ["<", 5, ">", 3]}]), "Bad numeric range"),
        (detail(a=[{"exists": "yes"}]), "true or false"),
        (detail(a=[{"cidr": "10.0.0.0/99"}]), "Malformed CIDR"),
        (detail(a=[{"cidr": "10.0.0.0"}]), "Malformed CIDR"),
        (detail(a=[{"wildcard": "a**b"}]), "Consecutive wildcard"),
        (detail(a=[{"anything-but": {"numeric": [">", 1]}}]), "Unsupported anything-but"),
        (detail(a=[["x"]]), "single value"),
    ],
)
def test_a_broken_pattern_says_where_and_why(pattern, reason):
    with pytest.raises(InvalidPattern, match="Event pattern is not valid") as caught:
        compile_pattern(pattern)
    assert reason in str(caught.value)


leaves = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text("ab", max_size=2))


@given(leaves)
def test_every_value_matches_itself_and_not_its_exclusion(value):
    event = {"field": value}
    assert compile_pattern({"field": [value]})(event)
    assert not compile_pattern({"field": [{"anything-but": [value]}]})(event)


@given(st.dictionaries(st.sampled_from("abc"), leaves), st.sampled_from("abc"))
def test_exists_true_and_false_are_opposites(event, name):
    assert compile_pattern({name: [{"exists": True}]})(event) != compile_pattern({name: [{"exists": False}]})(event)
