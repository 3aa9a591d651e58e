"""A family of state machines in the JSONPath language, as hypothesis generates them, and inputs for them."""

from __future__ import annotations

from itertools import count

from hypothesis import strategies as st

NUMBERS = st.integers(-20, 20)
WORDS = st.text(alphabet="abcé ", min_size=1, max_size=5)
INPUTS = st.fixed_dictionaries(
    {
        "n": NUMBERS,
        "word": WORDS,
        "list": st.lists(NUMBERS, max_size=4),
        "order": st.fixed_dictionaries({"id": WORDS, "paid": st.booleans(), "total": NUMBERS}),
    }
)
# what every state keeps, so that the next one finds it
PLACES = st.sampled_from(["$.n", "$.word", "$.list", "$.order", "$.order.id", "$.order.paid", "$.order.total"])
# a place below "$.made" may lie in a list: moto writes there, the specification has the state fail
RESULT_PLACES = st.sampled_from(["$.made", "$.order.made", "$.fresh.here"])
ERRORS = st.sampled_from(["Burnt", "SoldOut"])
INTRINSICS = st.sampled_from(
    [
        "States.MathAdd($.n, 3)",
        "States.Format('{} for {}', $.word, $.order.id)",
        "States.ArrayLength($.list)",
        "States.Array($.n, $.word)",
        "States.ArrayContains($.list, 2)",
        "States.ArrayUnique($.list)",
        "States.ArrayRange(0, 6, 2)",
        "States.ArrayPartition(States.ArrayRange(1, 5, 1), 2)",
        "States.ArrayGetItem(States.Array('a', 'b'), 1)",
        "States.JsonToString($.list)",
        "States.StringToJson('[1, 2]')",
        "States.StringSplit('a,b;c', ',;')",
        "States.Base64Encode('brioche')",
        "States.Base64Decode('YnJpb2NoZQ==')",
        "States.Hash('brioche', 'SHA-256')",
    ]
)


@st.composite
def payloads(draw):
    """A payload template: constants, paths and intrinsic functions, some of them nested."""
    made = {"constant": draw(NUMBERS | WORDS), "worked.$": draw(INTRINSICS)}
    if draw(st.booleans()):
        made["path.$"] = draw(PLACES)
    return {"inner": made, "list": [made]} if draw(st.booleans()) else made


@st.composite
def rules(draw, depth=1):
    """A rule of a Choice state, without its Next."""
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from(["And", "Or", "Not"]))
        inner = draw(rules(depth=depth - 1))
        return {kind: inner if kind == "Not" else [inner, draw(rules(depth=depth - 1))]}
    return draw(
        st.builds(
            lambda how, bound: {"Variable": "$.n", f"Numeric{how}": bound},
            st.sampled_from(["Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"]),
            NUMBERS,
        )
        | st.builds(lambda text: {"Variable": "$.word", "StringEquals": text}, WORDS)
        | st.builds(lambda text: {"Variable": "$.word", "StringMatches": f"*{text}*"}, st.sampled_from("abc"))
        | st.builds(lambda paid: {"Variable": "$.order.paid", "BooleanEquals": paid}, st.booleans())
        | st.just({"Variable": "$.order.total", "NumericGreaterThanPath": "$.n"})
        | st.builds(lambda there: {"Variable": "$.made", "IsPresent": there}, st.booleans())
        | st.builds(lambda kind: {"Variable": "$.n", kind: True}, st.sampled_from(["IsNumeric", "IsString", "IsNull"]))
    )


class _Names:
    """Names that are unique in one definition."""

    def __init__(self):
        self._numbers = count(1)

    def __call__(self, kind):
        return f"{kind}{next(self._numbers)}"


def _passing(draw, names):
    fields = {"Type": "Pass"}
    if draw(st.booleans()):
        fields["Parameters"] = draw(payloads())
    elif draw(st.booleans()):
        fields["Result"] = draw(NUMBERS | WORDS)
    fields["ResultPath"] = draw(RESULT_PLACES | st.none())
    return fields


def _choosing(draw, names):
    return {"Type": "Choice"}


def _waiting(draw, names):
    return {"Type": "Wait", "Seconds": 0}


def _parallel(draw, names):
    fields = {"Type": "Parallel", "Branches": [draw(branches(names)) for _ in range(draw(st.integers(1, 2)))]}
    fields["ResultPath"] = draw(RESULT_PLACES)
    if draw(st.booleans()):
        fields["Parameters"] = {"n.$": "$.n", "word.$": "$.word", "list.$": "$.list", "order.$": "$.order"}
    if draw(st.booleans()):
        fields["ResultSelector"] = {"first.$": "$[0]", "all.$": "$"}
    return fields


def _map(draw, names):
    selector = {"n.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "word.$": "$.word", "list.$": "$.list",
                "order.$": "$.order"}  # fmt: skip
    return {
        "Type": "Map", "ItemsPath": "$.list", "ItemSelector": selector, "ItemProcessor": draw(branches(names)),
        "MaxConcurrency": draw(st.integers(0, 2)), "ResultPath": draw(RESULT_PLACES),
    }  # fmt: skip


_KINDS = {"Pass": _passing, "Choice": _choosing, "Wait": _waiting, "Parallel": _parallel, "Map": _map}
_FLAT = ("Pass", "Choice", "Wait")


@st.composite
def branches(draw, names=None):
    """A machine whose states hold no machines: it ends well, or fails with an error of its own."""
    return draw(machines(names, kinds=_FLAT))


@st.composite
def machines(draw, names=None, kinds=tuple(_KINDS)):
    """A chain of states of these kinds; a Choice may also lead to a Fail, and what fails may be caught."""
    names = names or _Names()
    chain = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    named = [names(kind) for kind in chain]
    last, failed = names("Done"), names("Fail")
    states, may_fail = {}, False
    for name, kind, following in zip(named, chain, [*named[1:], last], strict=True):
        state = _KINDS[kind](draw, names)
        if kind == "Choice":
            state["Choices"] = [{**draw(rules()), "Next": draw(st.sampled_from([following, failed]))}]
            state["Default"] = draw(st.sampled_from([following, failed]))
            ways = {state["Choices"][0]["Next"], state["Default"]}
            if following not in ways:
                state["Default"] = following
            may_fail |= failed in {state["Choices"][0]["Next"], state["Default"]}
        else:
            state["Next"] = following
            if "Branches" in state or "ItemProcessor" in state:
                state |= draw(caught(following))
        states[name] = state
    states[last] = {"Type": "Succeed"}
    if draw(st.booleans()):
        states[last]["OutputPath"] = draw(st.sampled_from(["$", "$.order", "$.n"]))
    if may_fail:
        states[failed] = {"Type": "Fail", "Error": draw(ERRORS), "Cause": "not today"}
    return {"StartAt": named[0], "States": states}


@st.composite
def caught(draw, following):
    """Retriers and catchers of a state that holds machines."""
    fields = {}
    if draw(st.booleans()):
        named = draw(st.sampled_from([["Burnt"], ["States.ALL"], ["States.TaskFailed"], ["SoldOut", "Burnt"]]))
        fields["Catch"] = [{"ErrorEquals": named, "ResultPath": "$.failed", "Next": following}]
    if draw(st.booleans()):
        fields["Retry"] = [{"ErrorEquals": [draw(ERRORS)], "MaxAttempts": 0}]
    return fields
