"""What goes wrong with the data of a state, and what Step Functions does not take in the first place."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/bakery"
ITEMS = {"ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}}
WHERE = "An error occurred while executing the state 'A' (entered at the event id #2). "


def query(state, **more):
    return {"A": {"QueryLanguage": "JSONata", **state, "End": True}, **more}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"Type": "Pass", "Output": {"t": "{% $states.input.nothing %}"}},
         "The JSONata expression '$states.input.nothing' specified for the field 'Output/t' returned nothing"),
        ({"Type": "Pass", "Output": "{% 1 + 'a' %}"},
         "The JSONata expression '1 + 'a'' specified for the field 'Output' threw an error during evaluation. "),
        ({"Type": "Pass", "Output": "{% $eval('1') %}"}, "The JSONata expression '$eval('1')' specified for"),
        ({"Type": "Wait", "Seconds": "{% 'soon' %}"},
         "The JSONata expression ''soon'' specified for the field 'Seconds'"),
        ({"Type": "Wait", "Seconds": "{% 1.5 %}"}, "The JSONata expression '1.5' specified for the field 'Seconds'"),
        ({"Type": "Wait", "Seconds": "{% -1 %}"}, "The JSONata expression '-1' specified for the field 'Seconds'"),
        ({"Type": "Map", "Items": "{% 3 %}", **ITEMS}, "The JSONata expression '3' specified for the field 'Items'"),
    ],
)  # fmt: skip
def test_a_query_that_comes_to_nothing_useful_is_an_evaluation_error_that_says_where(machine, finish, state, reason):
    done = finish(machine(query(state)))
    assert (done["status"], done["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert done["cause"].startswith(WHERE + reason)


def test_a_condition_must_be_true_or_false(machine, finish):
    choice = {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Condition": "{% 'yes' %}", "Next": "B"}]}
    done = finish(machine({"A": choice, "B": {"Type": "Succeed"}}))
    assert done["error"] == "States.QueryEvaluationError"


def test_the_cause_says_where_also_to_catchers_and_only_once(machine, finish):
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B", "Output": "{% $states.errorOutput %}"}]
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $nothing %}", "End": True}}}
    arn = machine(
        query({"Type": "Map", "Items": [1], "ItemProcessor": inner, "Catch": catch}, B={"Type": "Succeed"}),
        QueryLanguage="JSONata",
    )
    told = json.loads(finish(arn)["output"])
    assert told["Cause"].startswith("An error occurred while executing the state 'I' (entered at the event id #")
    assert told["Cause"].count("An error occurred") == 1


def test_null_is_a_result_and_a_value(cloud, function, machine, finish):
    function("till", "def handler(event, context): return None")
    arn = cloud.client("lambda").get_function_configuration(FunctionName="till")["FunctionArn"]
    call = {"Type": "Task", "Resource": arn, "Assign": {"kept": "{% $states.result %}"}, "Next": "B"}
    states = {"A": {**call, "Output": "{% {'r': $states.result} %}"},
              "B": {"Type": "Pass", "Output": "{% [$states.input.r, $kept, $kept = null] %}", "End": True}}  # fmt: skip
    assert finish(machine(states, QueryLanguage="JSONata"))["output"] == "[null,null,true]"


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_map_takes_the_pairs_of_an_object(machine, finish, language):
    pair = {"key.$": "$$.Map.Item.Key", "value.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"}
    if language == "JSONata":
        pair = {name[:-2]: f"{{% $states.context.Map.Item.{name[:-2].capitalize()} %}}" for name in pair}
    selected = machine({"A": {"Type": "Map", **ITEMS, "ItemSelector": pair, "End": True}}, QueryLanguage=language)
    done = finish(selected, {"opera": 7, "eclair": 3})
    assert json.loads(done["output"]) == [
        {"key": "opera", "value": 7, "index": 0}, {"key": "eclair", "value": 3, "index": 1},
    ]  # fmt: skip
    plain = finish(machine({"A": {"Type": "Map", **ITEMS, "End": True}}, QueryLanguage=language), {"opera": 7})
    assert json.loads(plain["output"]) == [{"Key": "opera", "Value": 7}]


def test_a_result_cannot_be_put_into_what_has_no_parts(machine, finish):
    done = finish(machine({"A": {"Type": "Pass", "Result": 1, "ResultPath": "$.a.b", "End": True}}), {"a": 3})
    assert done["error"] == "States.ResultPathMatchFailure"


@pytest.mark.parametrize(
    "resource",
    [
        "oven",
        "arn:aws:states:::oven:bake",
        "arn:aws:states:::aws-sdk:sqs:bakeMessage",
        "arn:aws:states:::sqs:sendMessage.sync",
        "arn:aws:states:::dynamodb:scan",
    ],
)
def test_a_resource_that_there_is_not_is_refused_with_its_place(sfn, machine, resource):
    states = {"A": {"Type": "Task", "Resource": resource, "Parameters": {}, "End": True}}
    with pytest.raises(ClientError, match=r"is not recognized.*at /States/A/Resource") as caught:
        machine(states)
    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"
    definition = json.dumps({"StartAt": "A", "States": states})
    assert sfn.validate_state_machine_definition(definition=definition)["result"] == "FAIL"


def test_a_name_is_that_of_one_state_machine(sfn, machine):
    bake = {"A": {"Type": "Succeed"}}
    assert machine(bake, name="bake") == machine(bake, name="bake")
    for other in ({"states": {"A": {"Type": "Pass", "End": True}}}, {"states": bake, "kind": "EXPRESS"}):
        with pytest.raises(sfn.exceptions.StateMachineAlreadyExists):
            machine(**other, name="bake")


def test_an_update_changes_something(sfn, machine):
    with pytest.raises(ClientError, match="MissingRequiredParameter"):
        sfn.update_state_machine(stateMachineArn=machine({"A": {"Type": "Succeed"}}))
