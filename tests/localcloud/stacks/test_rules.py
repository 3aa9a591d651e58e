"""Rules: what must hold between the values of parameters before a stack is made or changed."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

SAID = "Production needs a big oven"


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


def body(*assertions, condition=None, said=SAID, **parameters):
    rule = {"Assertions": [{"Assert": one, **({"AssertDescription": said} if said else {})} for one in assertions]}
    if condition is not None:
        rule["RuleCondition"] = condition
    parameters = {name: {"Type": kind} for name, kind in parameters.items()}
    declared = parameters or {"Stage": {"Type": "String"}, "Oven": {"Type": "String"}}
    return json.dumps({"Parameters": declared, "Rules": {"Fit": rule}, "Resources": {"A": {"Type": "AWS::SQS::Queue"}}})


def arguments(written, **values):
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    return {"StackName": "shop", "TemplateBody": written, "Parameters": parameters}


def refusal(call, **asked):
    with pytest.raises(ClientError) as caught:
        call(**asked)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    return caught.value.response["Error"]["Message"]


BIG_IN_PRODUCTION = body({"Fn::Contains": [["big", "huge"], {"Ref": "Oven"}]},
                         condition={"Fn::Equals": [{"Ref": "Stage"}, "prod"]})  # fmt: skip


def test_an_assertion_that_does_not_hold_refuses_every_operation(cfn):
    wrong = arguments(BIG_IN_PRODUCTION, Stage="prod", Oven="small")
    assert refusal(cfn.create_stack, **wrong) == SAID
    assert refusal(cfn.create_change_set, ChangeSetName="c", ChangeSetType="CREATE", **wrong) == SAID
    assert cfn.list_stacks()["StackSummaries"] == []
    cfn.create_stack(**arguments(BIG_IN_PRODUCTION, Stage="prod", Oven="huge"))
    cfn.get_waiter("stack_create_complete").wait(StackName="shop")
    assert refusal(cfn.update_stack, **wrong) == SAID


def test_a_rule_whose_condition_does_not_hold_asks_for_nothing(cfn):
    cfn.create_stack(**arguments(BIG_IN_PRODUCTION, Stage="dev", Oven="small"))


STAGE, OVENS = {"Ref": "Stage"}, {"Ref": "Ovens"}
PROD = {"Fn::Equals": [STAGE, "prod"]}


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        (PROD, True),
        ({"Fn::Not": [PROD]}, False),
        ({"Fn::And": [PROD, {"Fn::Contains": [OVENS, "big"]}]}, True),
        ({"Fn::And": [PROD, {"Fn::Not": [PROD]}]}, False),
        ({"Fn::Or": [{"Fn::Not": [PROD]}, PROD]}, True),
        ({"Fn::Contains": [OVENS, "small"]}, False),
        ({"Fn::EachMemberIn": [OVENS, ["big", "huge", "small"]]}, True),
        ({"Fn::EachMemberIn": [OVENS, ["big"]]}, False),
        ({"Fn::EachMemberEquals": [OVENS, "big"]}, False),
        ({"Fn::EachMemberEquals": [["big", "big"], "big"]}, True),
    ],
)
def test_what_an_assertion_can_say(cfn, assertion, holds):
    written = body(assertion, Stage="String", Ovens="CommaDelimitedList")
    given = arguments(written, Stage="prod", Ovens="big, huge")
    if holds:
        cfn.create_stack(**given)
    else:
        assert refusal(cfn.create_stack, **given) == SAID


@pytest.mark.parametrize(
    ("assertion", "words"),
    [
        ({"Fn::If": ["Big", "a", "b"]}, "A rule takes functions that are true or false"),
        ("yes", "A rule takes functions that are true or false"),
        ({"Fn::Equals": [STAGE]}, "every Fn::Equals object requires a list of 2 parameters"),
        ({"Fn::And": [PROD]}, "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters"),
    ],
)
def test_what_is_no_assertion(cfn, assertion, words):
    written = body(assertion, Stage="String")
    assert words in refusal(cfn.create_stack, **arguments(written, Stage="prod"))


def test_the_check_that_cdk_writes_is_made(cloud, cfn):
    cloud.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="5", Type="String")
    said = "CDK bootstrap stack version 6 required."
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    old = {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]}
    written = json.loads(body(old, said=said, BootstrapVersion="String"))
    written["Parameters"]["BootstrapVersion"] = version
    assert refusal(cfn.create_stack, **arguments(json.dumps(written))) == said
