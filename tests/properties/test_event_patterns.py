"""Event patterns: what holds for every event and every pattern, well formed or not."""

from __future__ import annotations

import fnmatch
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from localcloud.services.events.patterns import InvalidPattern, compile_pattern

TEXT = st.text(alphabet="abAB*\\é 1", max_size=5)
PLAIN = "abA[]?é"
NUMBERS = st.integers(-5, 5) | st.sampled_from([0.5, -1.25, 300.0])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
NAMES = st.sampled_from(["source", "detail", "kind", "n"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
EVENTS = st.dictionaries(NAMES, JSON, max_size=4)
OPERATORS = st.sampled_from(
    ["prefix", "suffix", "wildcard", "exists", "numeric", "anything-but", "cidr", "equals-ignore-case", "$or", "near"]
)
ANY_PATTERN = st.dictionaries(
    NAMES | OPERATORS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | OPERATORS, inner, max_size=2)
    ),
    max_size=3,
)


def matches(condition, value):
    """Whether the field "f" with this value fits one condition."""
    return compile_pattern({"f": [condition]})({"f": value})


def pattern_of(event):
    """The pattern that asks for just what the event has; None when it has no leaf to ask for."""
    fields = {}
    for name, value in event.items():
        if isinstance(value, dict):
            inner = pattern_of(value)
            if inner is not None:
                fields[name] = inner
        elif isinstance(value, list):
            leaves = [one for one in value if not isinstance(one, dict | list)]
            if leaves:
                fields[name] = leaves
        else:
            fields[name] = [value]
    return fields or None


@given(ANY_PATTERN, EVENTS)
def test_any_pattern_either_is_refused_with_a_reason_or_answers_yes_or_no(pattern, event):
    try:
        compiled = compile_pattern(pattern)
    except InvalidPattern as exc:
        assert str(exc).startswith("Event pattern is not valid. Reason: ")  # noqa: PT017 - refusing is one of two ways
    else:
        assert compiled(event) in (True, False)


@given(ANY_PATTERN)
def test_a_pattern_means_the_same_as_text_and_as_an_object(pattern):
    assume(pattern)
    try:
        compile_pattern(pattern)
    except InvalidPattern as exc:
        with pytest.raises(InvalidPattern) as again:
            compile_pattern(json.dumps(pattern))
        assert str(again.value) == str(exc)  # noqa: PT017 - refusing is one of two ways
    else:
        compile_pattern(json.dumps(pattern))


@given(EVENTS)
def test_an_event_matches_the_pattern_made_of_its_own_leaves(event):
    pattern = pattern_of(event)
    assume(pattern is not None)
    assert compile_pattern(pattern)(event)


@given(EVENTS, NAMES, JSON)
def test_what_an_event_has_beside_the_pattern_does_not_matter(event, name, more):
    pattern = pattern_of(event)
    assume(pattern is not None and name not in event)
    assert compile_pattern(pattern)({**event, name: more})


@given(EVENTS, st.lists(SCALARS, min_size=1, max_size=3), SCALARS, NAMES)
def test_one_more_alternative_never_loses_an_event(event, alternatives, more, name):
    if compile_pattern({name: alternatives})(event):
        assert compile_pattern({name: [*alternatives, more]})(event)


@given(EVENTS, NAMES, NAMES, SCALARS, SCALARS)
def test_fields_are_joined_by_and_and_or_lists_by_or(event, first, second, a, b):
    assume(first != second)
    one, other = compile_pattern({first: [a]}), compile_pattern({second: [b]})
    assert compile_pattern({first: [a], second: [b]})(event) == (one(event) and other(event))
    assert compile_pattern({"$or": [{first: [a]}, {second: [b]}]})(event) == (one(event) or other(event))


@given(SCALARS, SCALARS)
def test_anything_but_is_the_opposite_of_a_value_for_a_field_that_is_there(value, refused):
    assume(isinstance(refused, str | int | float) and not isinstance(refused, bool))
    assert matches({"anything-but": refused}, value) == (not matches(refused, value))
    assert not compile_pattern({"f": [{"anything-but": refused}]})({})


@given(JSON.filter(lambda value: not isinstance(value, list)))
def test_a_field_exists_or_does_not(value):
    assert matches({"exists": True}, value) != matches({"exists": False}, value)
    assert matches({"exists": True}, value) == (not isinstance(value, dict))


@given(st.dictionaries(NAMES, SCALARS, min_size=1, max_size=2))
def test_only_leaves_are_compared(inner):
    for condition in ({"anything-but": "x"}, {"exists": True}, None, {"prefix": ""}):
        assert not matches(condition, inner)


@given(TEXT, TEXT)
def test_prefix_and_suffix_read_strings_as_they_are(value, part):
    assert matches({"prefix": part}, value) == value.startswith(part)
    assert matches({"suffix": part}, value) == value.endswith(part)
    assert matches({"equals-ignore-case": part}, value) == (value.lower() == part.lower())


@given(st.text(PLAIN, max_size=6), st.lists(st.text(PLAIN, min_size=1, max_size=2), max_size=3))
def test_a_wildcard_stands_for_any_text(value, parts):
    wanted = "*".join(parts)
    told = "*".join(part.replace("[", "[[]").replace("?", "[?]") for part in parts)
    assert matches({"wildcard": wanted}, value) == fnmatch.fnmatchcase(value, told)


@given(NUMBERS, st.integers(-5, 5), st.integers(-5, 5))
def test_numeric_ranges_compare_as_numbers_do(value, low, high):
    if low < high:
        assert matches({"numeric": [">", low, "<=", high]}, value) == (low < value <= high)
    assert matches({"numeric": ["=", low]}, value) == (value == low) == matches(low, value)


@given(st.lists(st.dictionaries(NAMES, SCALARS, min_size=1, max_size=3), min_size=1, max_size=3), NAMES, NAMES)
def test_conditions_inside_a_list_of_objects_hold_for_one_and_the_same_object(items, first, second):
    assume(first != second)
    a, b = items[0].get(first), items[-1].get(second)
    pattern = {"items": {first: [a], second: [b]}}
    alone = compile_pattern(pattern["items"])
    assert compile_pattern(pattern)({"items": items}) == any(alone(item) for item in items)
