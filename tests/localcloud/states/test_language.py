"""The Amazon States Language: data flow, choices, intrinsic functions, JSONata, maps, and what is refused."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/bakery"


@pytest.fixture
def sfn(cloud):
    return cloud.client("stepfunctions")


@pytest.fixture
def run(cloud, sfn):
    """The description of a finished express execution of these states: run({"A": {...}}, {"n": 1})."""

    def call(states, data=None, **more):
        definition = {"StartAt": next(iter(states)), "States": states, **more}
        name = f"m{cloud.kernel.serial}"
        arn = sfn.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS"
        )["stateMachineArn"]
        return sfn.start_sync_execution(stateMachineArn=arn, input=json.dumps(data if data is not None else {}))

    return call


@pytest.fixture
def value(run):
    """The output of an execution that succeeds."""

    def call(states, data=None, **more):
        found = run(states, data, **more)
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    return call


def passing(**fields):
    return {"P": {"Type": "Pass", "End": True, **fields}}


def task(**fields):
    return {"T": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True, **fields}}


def waiting(**fields):
    return {"W": {"Type": "Wait", "End": True, **fields}}


ORDER = {"order": {"id": "7", "items": [{"sku": "loaf", "n": 2}, {"sku": "cake", "n": 1}]}, "shop": "Lyon"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ORDER),
        ({"InputPath": "$.order.id"}, "7"),
        ({"InputPath": None}, {}),
        ({"Result": 5}, 5),
        ({"Result": 5, "ResultPath": "$.order.total"}, {**ORDER, "order": {**ORDER["order"], "total": 5}}),
        ({"Result": 5, "ResultPath": None}, ORDER),
        ({"OutputPath": "$.order.items[1].sku"}, "cake"),
        ({"Parameters": {"id.$": "$.order.id", "fixed": 1}}, {"id": "7", "fixed": 1}),
        ({"Parameters": {"all.$": "$.order.items[*].sku"}}, {"all": ["loaf", "cake"]}),
        ({"Parameters": {"many.$": "$.order.items[?(@.n > 1)].sku"}}, {"many": ["loaf"]}),
        ({"Parameters": {"who.$": "$$.State.Name"}}, {"who": "P"}),
        ({"InputPath": "$.order", "Parameters": {"i.$": "$.id"}, "ResultPath": "$.p"}, {**ORDER, "p": {"i": "7"}}),
    ],
)
def test_data_flow_through_a_state(value, fields, expected):
    assert value(passing(**fields), ORDER) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Array(1, 'a', $.order.id, null)", [1, "a", "7", None]),
        ("States.ArrayPartition($.list, 2)", [[1, 2], [3, 3]]),
        ("States.ArrayContains($.list, 3)", True),
        ("States.ArrayRange(1, 9, 3)", [1, 4, 7]),
        ("States.ArrayGetItem($.list, 1)", 2),
        ("States.ArrayLength($.list)", 4),
        ("States.ArrayUnique($.list)", [1, 2, 3]),
        ("States.Base64Encode('Amélie')", "QW3DqWxpZQ=="),
        ("States.Base64Decode('QW3DqWxpZQ==')", "Amélie"),
        ("States.Hash('a', 'SHA-256')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("States.JsonMerge($.order, $.other, false)", {"id": "8", "x": 1}),
        ("States.StringToJson('{\"a\": 1}')", {"a": 1}),
        ("States.JsonToString($.list)", "[1,2,3,3]"),
        ("States.MathAdd($.list[0], -3)", -2),
        ("States.StringSplit('a,b;c', ',;')", ["a", "b", "c"]),
        ("States.Format('{} says \\'{}\\' \\{\\}', 'Amélie', States.Format('{}', $.list[0]))", "Amélie says '1' {}"),
    ],
)
def test_intrinsic_functions(value, call, expected):
    data = {"order": {"id": "7", "x": 1}, "other": {"id": "8"}, "list": [1, 2, 3, 3]}
    assert value(passing(Parameters={"v.$": call}), data) == {"v": expected}


def test_random_numbers_and_ids_come_from_the_seed(value):
    found = value(passing(Parameters={"n.$": "States.MathRandom(1, 1000)", "id.$": "States.UUID()"}))
    assert 1 <= found["n"] < 1_000
    assert len(found["id"]) == 36


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        ({"Variable": "$.s", "StringEquals": "bread"}, True),
        ({"Variable": "$.s", "StringLessThan": "a"}, False),
        ({"Variable": "$.s", "StringMatches": "b*d"}, True),
        ({"Variable": "$.s", "StringEqualsPath": "$.same"}, True),
        ({"Variable": "$.n", "NumericGreaterThanEquals": 5}, True),
        ({"Variable": "$.n", "NumericEquals": 6}, False),
        ({"Variable": "$.s", "NumericEquals": 6}, False),
        ({"Variable": "$.b", "BooleanEquals": True}, True),
        ({"Variable": "$.t", "TimestampLessThan": "2025-01-02T00:00:00Z"}, True),
        ({"Variable": "$.none", "IsPresent": False}, True),
        ({"Variable": "$.nil", "IsNull": True}, True),
        ({"Variable": "$.t", "IsTimestamp": True}, True),
        ({"Variable": "$.s", "IsNumeric": False}, True),
        ({"Not": {"Variable": "$.b", "BooleanEquals": True}}, False),
        ({"And": [{"Variable": "$.n", "IsNumeric": True}, {"Variable": "$.n", "NumericLessThan": 9}]}, True),
        ({"Or": [{"Variable": "$.n", "IsString": True}, {"Variable": "$.s", "IsString": True}]}, True),
    ],
)
def test_choices(value, rule, chosen):
    states = {
        "C": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    data = {"s": "bread", "same": "bread", "n": 5, "b": True, "t": "2025-01-01T00:00:00Z", "nil": None}
    assert value(states, data) is chosen


def test_a_choice_without_a_match_or_without_its_value_fails(run):
    states = {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Yes"}]},
        "Yes": {"Type": "Succeed"},
    }
    assert run(states, {"n": 2})["error"] == "States.NoChoiceMatched"
    assert run(states, {})["error"] == "States.Runtime"


JSONATA = {"QueryLanguage": "JSONata"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{% $states.input.n + 1 %}", 6),
        ("{% $sum($states.input.items.price) %}", 6.5),
        ("{% $states.input.items[price > 2].name %}", "cake"),
        ("{% $uppercase($states.input.name) & '!' %}", "AMÉLIE!"),
        ("{% $states.input.nil %}", None),
        ("{% $exists($states.input.none) %}", False),
        ({"a": ["{% $states.input.n %}", "plain"]}, {"a": [5, "plain"]}),
        ("{% $partition([1, 2, 3], 2) %}", [[1, 2], [3]]),
        ("{% $range(0, 10, 5) %}", [0, 5, 10]),
        ("{% $parse('{\"x\": 1}').x %}", 1),
        ("{% $states.context.State.Name %}", "P"),
    ],
)
def test_jsonata_expressions(value, expression, expected):
    items = [{"name": "loaf", "price": 2}, {"name": "cake", "price": 4.5}]
    data = {"n": 5, "name": "Amélie", "nil": None, "items": items}
    assert value(passing(Output=expression), data, **JSONATA) == expected


def test_nothing_and_nonsense_are_query_errors_that_can_be_caught(run, value):
    broken = {"X": {"Type": "Pass", "Output": "{% $states.input.none %}", "End": True}}
    catcher = {"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Z", "Output": "{% $states.errorOutput.Error %}"}
    failing = {"Type": "Parallel", "Branches": [{"StartAt": "X", "States": broken}], "Catch": [catcher]}
    states = {"P": {**failing, "Next": "Z"}, "Z": {"Type": "Pass", "End": True}}
    assert value(states, **JSONATA) == "States.QueryEvaluationError"
    assert run(passing(Output="{% $number('x') %}"), **JSONATA)["error"] == "States.QueryEvaluationError"


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_variables_are_seen_from_the_next_state_on(value, language):
    if language == "JSONata":
        states = {
            "A": {"Type": "Pass", "Assign": {"id": "{% $states.input.n %}", "fixed": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"id": "{% $id + 1 %}"}, "Output": "{% $id %}", "Next": "C"},
            "C": {"Type": "Pass", "Output": "{% [$id, $fixed, $states.input] %}", "End": True},
        }
    else:
        states = {
            "A": {"Type": "Pass", "Assign": {"id.$": "$.n", "fixed": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"id.$": "States.MathAdd($id, 1)"}, "Parameters": {"v.$": "$id"},
                  "OutputPath": "$.v", "Next": "C"},
            "C": {"Type": "Pass", "Parameters": {"v.$": "States.Array($id, $fixed, $)"}, "OutputPath": "$.v",
                  "End": True},
        }  # fmt: skip
    assert value(states, {"n": 5}, QueryLanguage=language) == [6, 1, 5]


def mapping(processor, **fields):
    inner = {"StartAt": next(iter(processor)), "States": processor}
    return {"M": {"Type": "Map", "ItemProcessor": inner, "End": True, **fields}}


def test_a_map_runs_its_states_for_each_item_in_order(value):
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "s.$": "$.shop"}
    states = mapping(passing(), ItemsPath="$.items", ItemSelector=selector)
    assert value(states, {"items": ["a", "b"], "shop": "Lyon"}) == [
        {"i": 0, "v": "a", "s": "Lyon"}, {"i": 1, "v": "b", "s": "Lyon"},
    ]  # fmt: skip
    states = mapping(passing(Output="{% $states.input * 2 %}"), Items="{% $states.input.items %}")
    assert value(states, {"items": [1, 2, 3]}, **JSONATA) == [2, 4, 6]


def test_a_map_runs_no_more_at_once_than_it_may(cloud, value):
    wait = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    began = cloud.now
    value(mapping(wait, MaxConcurrency=2), list(range(6)))
    assert 30 <= (cloud.now - began).total_seconds() < 35
    began = cloud.now
    value(mapping(wait), list(range(6)))
    assert (cloud.now - began).total_seconds() < 15


def test_a_map_tolerates_failures_as_far_as_it_is_told(run, value):
    check = {
        "C": {"Type": "Choice", "Default": "Yes", "Choices": [
            {"Variable": "$", "NumericGreaterThan": 2, "Next": "No"},
        ]},
        "No": {"Type": "Fail", "Error": "TooMany"},
        "Yes": {"Type": "Succeed"},
    }
    assert run(mapping(check), [1, 2, 3])["error"] == "TooMany"
    assert value(mapping(check, ToleratedFailureCount=1), [1, 2, 3]) == [1, 2]
    assert run(mapping(check, ToleratedFailurePercentage=30), [1, 2, 3, 4])["error"] == (
        "States.ExceedToleratedFailureThreshold"
    )


def test_waits_last_as_long_as_they_say(cloud, value):
    began = cloud.now
    value({"W": {"Type": "Wait", "SecondsPath": "$.s", "Next": "U"},
           "U": {"Type": "Wait", "TimestampPath": "$.t", "End": True}},
          {"s": 20, "t": "2025-01-06T08:01:00Z"})  # fmt: skip
    assert cloud.now.strftime("%H:%M") == "08:01"
    assert (cloud.now - began).total_seconds() >= 20


def test_a_task_ends_at_its_time_out(run, function):
    function("slow", "import time\ndef handler(event, context): time.sleep(20)", Timeout=60)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:slow"
    states = {"T": {"Type": "Task", "Resource": arn, "TimeoutSeconds": 5, "End": True}}
    assert run(states)["error"] == "States.Timeout"


def test_an_express_execution_ends_after_five_minutes(run):
    found = run({"W": {"Type": "Wait", "Seconds": 600, "End": True}})
    assert (found["status"], found["error"]) == ("TIMED_OUT", "States.Timeout")
    assert (found["stopDate"] - found["startDate"]).total_seconds() == pytest.approx(300, abs=0.01)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ({"States": {}}, "Field StartAt is required at /StartAt"),
        ({"StartAt": "A", "States": {}}, "at least one state at /States"),
        ({"StartAt": "B", "States": passing()}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: B"),
        ({"StartAt": "P", "States": {"P": {"Type": "Bake"}}}, "Type must be one of"),
        ({"StartAt": "P", "States": {"P": {"Type": "Pass"}}}, "needs either Next or End at /States/P"),
        ({"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "Q"}}}, "Missing 'Next' target: Q"),
        ({"StartAt": "P", "States": passing(Parameters={"a.$": "nonsense"})}, "not a valid JSONPath"),
        ({"StartAt": "P", "States": passing(Parameters={"a.$": "States.Bake(1)"})}, "States.Bake is not supported"),
        ({"StartAt": "P", "States": passing(Output="{% $a + %}"), **JSONATA}, "JSONata expression .* is not valid"),
        ({"StartAt": "P", "States": passing(Output=1)}, "'Output' is not supported when QueryLanguage is JSONPath"),
        ({"StartAt": "P", "States": passing(InputPath="$.x"), **JSONATA}, "'InputPath' is not supported"),
        ({"StartAt": "T", "States": {"T": {"Type": "Task", "End": True}}}, "Field Resource is required"),
        ({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": []}}}, "Field Choices is required"),
        ({"StartAt": "W", "States": {"W": {"Type": "Wait", "End": True}}}, "exactly one of Seconds"),
        ({"StartAt": "M", "States": {"M": {"Type": "Map", "End": True}}}, "Field ItemProcessor is required"),
        ({"StartAt": "M", "States": mapping(passing(), ItemReader={})}, "'ItemReader' is only supported"),
        ({"StartAt": "T", "States": task(Catch="x")}, "Catch must be a list of objects"),
        ({"StartAt": "T", "States": task(Retry=[{"ErrorEquals": ["A"], "Backoff": 2}])}, r"/Retry\[0\]/Back"),
        ({"StartAt": "T", "States": task(TimeoutSeconds=5, HeartbeatSeconds=5)}, "must be smaller than TimeoutSeconds"),
        ({"StartAt": [], "States": passing()}, "Expected value of type String at /StartAt"),
        ({"StartAt": "P", "States": passing(Catch=[])}, "Field is not supported at /States/P/Catch"),
        ({"StartAt": "P", "States": passing(Retries=[])}, "Field is not supported at /States/P/Retries"),
        ({"StartAt": "W", "States": waiting(Seconds="soon")}, "Expected value of type Integer at /States/W/Seconds"),
        ({"StartAt": "W", "States": waiting(Seconds=-1)}, "Value must be at least 0 at /States/W/Seconds"),
        ({"StartAt": "W", "States": waiting(Timestamp="soon")}, "type Timestamp at /States/W/Timestamp"),
        ({"StartAt": "P", "States": {**passing(), "Q": {"Type": "Succeed"}}}, 'State "Q" is not reachable'),
        ({"StartAt": "M", "States": {"M": {**mapping(passing())["M"], "End": False, "Next": "P"}, **passing()}},
         "DUPLICATE_STATE_NAME"),
        ({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"And": 5, "Next": "C"}]}}}, "And must be"),
    ],
)
def test_what_is_no_state_machine_is_refused(sfn, definition, message):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    with pytest.raises(ClientError, match=message):
        sfn.create_state_machine(name="bad", definition=text, roleArn=ROLE)
    found = sfn.validate_state_machine_definition(definition=text)
    assert (found["result"], len(found["diagnostics"])) == ("FAIL", 1)
