"""Filters of event source mappings and filter policies of SNS, beside the event patterns they are made of."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from localcloud.api import ApiError
from localcloud.services.event_source_mappings.filters import compile_filters
from localcloud.services.events.patterns import InvalidPattern, compile_pattern
from localcloud.services.sns.filter_policies import ATTRIBUTES, BODY, InvalidFilterPolicy, compile_policy
from localcloud.services.sns.messages import Notification

TEXT = st.text(alphabet="abAB é1", max_size=4)
NUMBERS = st.integers(-5, 5) | st.sampled_from([0.5, -1.25])
NAMES = st.sampled_from(["kind", "price", "shop"])
SCALARS = TEXT | NUMBERS
CONDITIONS = (
    SCALARS
    | st.builds(lambda text: {"prefix": text}, TEXT)
    | st.builds(lambda text: {"suffix": text}, TEXT)
    | st.builds(lambda text: {"equals-ignore-case": text}, TEXT)
    | st.builds(lambda text: {"anything-but": [text]}, TEXT)
    | st.builds(lambda there: {"exists": there}, st.booleans())
    | st.builds(lambda low: {"numeric": [">=", low, "<", low + 3]}, st.integers(-5, 5))
)
POLICIES = st.dictionaries(NAMES, st.lists(CONDITIONS, min_size=1, max_size=3), min_size=1, max_size=3)
BODIES = st.dictionaries(NAMES, SCALARS, max_size=3)
ANYTHING = st.recursive(
    st.none() | st.booleans() | SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXT, inner, max_size=3),
)


def message(body="{}", attributes=None):
    return Notification(id="1", topic_arn="arn", text=body, at_us=0, attributes=attributes or {})


def attribute(value):
    kind = "String" if isinstance(value, str) else "Number"
    return {"DataType": kind, "StringValue": value if isinstance(value, str) else json.dumps(value)}


@given(POLICIES, BODIES)
def test_a_policy_on_the_body_lets_through_what_the_same_event_pattern_matches(policy, body):
    passes = compile_policy(json.dumps(policy), BODY)
    assert passes(message(json.dumps(body))) == compile_pattern(policy)(body)


@given(POLICIES, BODIES.map(lambda body: {name: value for name, value in body.items() if value != ""}))
def test_a_policy_on_attributes_decides_as_one_on_a_body_with_the_same_values(policy, values):
    on_attributes, on_body = (compile_policy(json.dumps(policy), scope) for scope in (ATTRIBUTES, BODY))
    attributes = {name: attribute(value) for name, value in values.items()}
    assert on_attributes(message(attributes=attributes)) == on_body(message(json.dumps(values)))


@given(ANYTHING, st.sampled_from([ATTRIBUTES, BODY]), BODIES)
def test_any_policy_either_is_refused_or_decides(policy, scope, body):
    try:
        passes = compile_policy(json.dumps(policy), scope)
    except InvalidFilterPolicy as exc:
        assert str(exc)  # noqa: PT017 - refusing is one of two ways
    else:
        attributes = {name: attribute(value) for name, value in body.items() if value != ""}
        assert passes(message(json.dumps(body), attributes)) in (True, False)


@given(st.lists(TEXT, min_size=1, max_size=3), st.lists(TEXT, min_size=1, max_size=3))
def test_an_array_attribute_passes_anything_but_when_no_element_is_refused(refused, elements):
    passes = compile_policy(json.dumps({"kind": [{"anything-but": refused}]}))
    listed = {"DataType": "String.Array", "StringValue": json.dumps(elements)}
    assert passes(message(attributes={"kind": listed})) == (not set(refused) & set(elements))


@given(st.integers(-3, 3), st.sampled_from(["{}", "{}.0", "{}e0"]))
def test_policies_compare_numbers_by_value_and_filters_as_they_are_written(number, form):
    written = form.format(number)
    body = f'{{"price": {written}}}'
    assert compile_policy(json.dumps({"price": [number]}), BODY)(message(body))
    accepts = compile_filters({"Filters": [{"Pattern": json.dumps({"body": {"price": [number]}})}]}, most=5)
    assert accepts({"body": body}) == (written == str(number))


@given(st.lists(POLICIES, min_size=1, max_size=3), BODIES)
def test_filters_of_a_mapping_are_joined_by_or(patterns, body):
    filters = [{"Pattern": json.dumps({"body": pattern})} for pattern in patterns]
    accepts = compile_filters({"Filters": filters}, most=5)
    assert accepts({"body": json.dumps(body)}) == any(compile_pattern(pattern)(body) for pattern in patterns)


@given(POLICIES, st.text(max_size=8))
def test_a_body_that_is_no_object_does_not_fit_a_filter_for_objects(pattern, body):
    with contextlib.suppress(ValueError):
        assume(not isinstance(json.loads(body), dict))
    accepts = compile_filters({"Filters": [{"Pattern": json.dumps({"body": pattern})}]}, most=5)
    assert not accepts({"body": body})


@given(ANYTHING.map(json.dumps) | st.text(max_size=6))
def test_any_filter_either_is_refused_by_lambdas_own_error_or_decides(text):
    try:
        accepts = compile_filters({"Filters": [{"Pattern": text}]}, most=5)
    except ApiError as exc:
        assert exc.code == "InvalidParameterValueException"  # noqa: PT017 - refusing is one of two ways
        with pytest.raises((InvalidPattern, ValueError)):
            compile_pattern(text)
    else:
        assert accepts({"body": "{}", "messageId": "1"}) in (True, False)
