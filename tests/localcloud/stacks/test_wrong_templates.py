"""Mistakes in templates and parameters: each is refused before anything is made, in CloudFormation's words."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

QUEUE = {"Type": "AWS::SQS::Queue"}
ALL = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.fixture
def cfn(cloud):
    return cloud.client("cloudformation")


def refusal(call, **arguments):
    """The message of the ValidationError that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    return error["Message"]


def create(cfn, template, **values):
    body = template if isinstance(template, str) else json.dumps(template)
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    return {"StackName": "shop", "TemplateBody": body, "Parameters": parameters, "Capabilities": ALL}


def named(value):
    """A queue whose name is worked out."""
    return {"Resources": {"A": {**QUEUE, "Properties": {"QueueName": value}}}}


def template(sections=None, **members):
    """A queue with more members, and more sections beside it."""
    return {"Resources": {"A": {**QUEUE, **members}}, **(sections or {})}


def unresolved(name, where="Resources"):
    return f"Template format error: Unresolved resource dependencies [{name}] in the {where} block of the template"


CHOICE = {"Conditions": {"Big": {"Fn::Equals": ["a", "b"]}}}
MAPS = {"Mappings": {"Sizes": {"dev": {"memory": "64"}}}}
IF = "Template error: Fn::If requires a list argument with "
JOIN = (
    "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings "
    "to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
SUB = (
    "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as "
    "first argument, and an optional second argument to specify a mapping of values to replace in the string"
)
GET_ATT = (
    "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
    "attribute"
)
FIND = (
    "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for "
    "return value"
)

REFERENCES = [
    (named({"Ref": "Nobody"}), unresolved("Nobody")),
    (named({"Fn::Sub": "${Nobody}-${AWS::Region}"}), unresolved("Nobody")),
    (named({"Fn::Join": ["", [{"Ref": "One"}, {"Ref": "Two"}, {"Ref": "One"}]]}), unresolved("One, Two")),
    (template(DependsOn="Nobody"), unresolved("Nobody")),
    (template(DependsOn=["A2", "A3"]), unresolved("A2, A3")),
    (template(Metadata={"Who": {"Ref": "Nobody"}}), unresolved("Nobody")),
    (template(CHOICE, Metadata={"Fn::If": ["Big", {"Ref": "Nobody"}, "x"]}), unresolved("Nobody")),
    (template({"Outputs": {"O": {"Value": {"Ref": "Nobody"}}}}), unresolved("Nobody", "Outputs")),
    (named({"Fn::GetAtt": "B.Arn"}), "Template error: instance of Fn::GetAtt references undefined resource B"),
    (
        named({"Fn::Sub": "${B.Arn}"}),
        "Template error: instance of Fn::Sub references invalid resource attribute B.Arn",
    ),
    (named({"Ref": ["A"]}), "Template error: every Ref object must have a single String value."),
    (named({"Fn::GetAtt": ["A"]}), GET_ATT),
    (named({"Fn::GetAtt": ["A", "Dns", "Http"]}), GET_ATT),
    (
        named({"Fn::GetAtt": "A"}),
        "Template error: if specifying one argument to Fn::GetAtt, that argument must be a non-empty string in format "
        "<LogicalId>.<Attribute>",
    ),
    (named({"Ref": "A"}), "Circular dependency between resources: [A]"),
    (template(DependsOn="A"), "Circular dependency between resources: [A]"),
    (
        {"Resources": {"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "Metadata": {"Other": {"Ref": "A"}}}}},
        "Circular dependency between resources: [A, B]",
    ),
]

FUNCTIONS = [
    (named({"Fn::Join": ["-"]}), JOIN),
    (named({"Fn::Join": ["-", "a"]}), JOIN),
    (named({"Fn::Sub": ["${A}"]}), SUB),
    (named({"Fn::Sub": {"A": "b"}}), SUB),
    (
        named({"Fn::Split": ["a,b"]}),
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be "
        "split or a function that returns a string to be split.",
    ),
    (
        named({"Fn::Select": [0]}),
        "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
    ),
    (named({"Fn::FindInMap": ["Sizes", "dev"]}), FIND),
    ({**named({"Fn::If": ["Big", "a"]}), **CHOICE}, IF + "three elements"),
    (named({"Fn::If": "Big"}), IF + "the first element being a condition"),
    (named({"Fn::If": ["Small", "a", "b"]}), "Template error: unresolved condition dependency Small in Fn::If"),
    (
        {**named({"Fn::FindInMap": ["Colours", "dev", "memory"]}), **MAPS},
        "Template error: Mapping named 'Colours' is not present in the 'Mappings' section of template.",
    ),
    (
        {**named({"Fn::FindInMap": ["Sizes", "prod", "memory"]}), **MAPS},
        "Template error: Unable to get mapping for Sizes::prod::memory",
    ),
    (
        {**named({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "memory"]}), **MAPS},
        "Template error: Unable to get mapping for Sizes::us-east-1::memory",
    ),
]

CONDITIONS = [
    (template(Condition="Big"), "Template format error: Condition Big is not defined."),
    (template(Condition={"Fn::Equals": ["a", "b"]}), "Template format error: Every Condition member must be a string."),
    (
        template({"Outputs": {"O": {"Value": "x", "Condition": "Big"}}}),
        "Template format error: Condition Big is not defined.",
    ),
    (
        template({"Conditions": {"Big": {"Fn::Equals": [{"Ref": "A"}, "x"]}}}),
        "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the "
        "template",
    ),
    (
        template({"Conditions": {"Big": "true"}}),
        "Template format error: Conditions can only be boolean operations on parameters and other conditions",
    ),
    (
        template({"Conditions": {"Big": {"Fn::Equals": ["x"]}}}),
        "Template error: every Fn::Equals object requires a list of 2 string parameters.",
    ),
    (
        template({"Conditions": {"Big": {"Fn::Not": [{"Condition": "Small"}]}}}),
        "Template format error: Unresolved condition dependency Small in the Conditions block of the template",
    ),
    (
        template({"Conditions": {"Big": {"Fn::And": [{"Fn::Equals": ["a", "b"]}]}}}),
        "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
    (
        {**CHOICE, "Resources": {"A": {**QUEUE, "Condition": "Big"}, "B": {**QUEUE, "Metadata": {"Ref": "A"}}}},
        unresolved("A"),
    ),
    (
        {**CHOICE, "Resources": {"A": {**QUEUE, "Condition": "Big"}, "B": QUEUE},
         "Outputs": {"O": {"Value": {"Ref": "A"}}}},
        "Unresolved resource dependencies [A] in the Outputs block of the template",
    ),
]  # fmt: skip

SECTIONS = [
    ({"Resources": {}}, "Template format error: At least one Resources member must be defined."),
    ({"Description": "nothing"}, "Template format error: At least one Resources member must be defined."),
    ("just words", "Template format error: unsupported structure."),
    ('{"Resources": {]}', "Template format error: JSON not well-formed. (line 1, column 16)"),
    ("Resources:\n  A: {Type: [}", "Template format error: YAML not well-formed. (line 2, column 14)"),
    (
        template({"AWSTemplateFormatVersion": "2020-01-01"}),
        "Template format error: unsupported value for AWSTemplateFormatVersion.",
    ),
    (template({"Recources": {}}), "Invalid template property or properties [Recources]"),
    (
        {"Resources": {"A": {"Properties": {}}}},
        "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
    ),
    (
        {"Resources": {"A": {"Type": {"Ref": "AWS::Region"}}}},
        "Template format error: [/Resources/A] Every Type member must be a string.",
    ),
    ({"Resources": {"my-queue": QUEUE}}, "Template format error: Resource name {my-queue} is non alphanumeric."),
    (template(Property={}), "Invalid template resource property 'Property'"),
    (template(DependsOn={"Ref": "A"}), "Template format error: DependsOn must be a string or list of strings."),
    (template(DependsOn=[{"Ref": "A"}]), "Template format error: Every DependsOn value must be a string."),
    (template(DeletionPolicy="Keep"), "Template format error: Unrecognized DeletionPolicy Keep for resource A"),
    (
        template(DeletionPolicy="Snapshot"),
        "Template error: resource type AWS::SQS::Queue does not support deletion policy Snapshot",
    ),
    (named(None), "[/Resources/A/Properties/QueueName] 'null' values are not allowed in templates"),
    (template({"Outputs": {"O": {"Value": None}}}), "[/Outputs/O/Value] 'null' values are not allowed in templates"),
    (
        template({"Outputs": {"O": {"Description": "x"}}}),
        "Template format error: Every Outputs member must contain a Value object",
    ),
    (
        template({"Mappings": {"Sizes": {"dev": "64"}}}),
        "Template format error: Every Mappings member dev must be a map",
    ),
    (
        template({"Mappings": {"Sizes": {"dev": {"memory": {"Ref": "AWS::Region"}}}}}),
        "Template format error: Every Mappings attribute must be a String or a List.",
    ),
    (
        {"Resources": {"A": {"Type": "AWS::Bakery::Oven"}}},
        "Template format error: Unrecognized resource types: [AWS::Bakery::Oven] (unknown to CloudFormation, or not "
        "simulated by the local cloud)",
    ),
    (template({"Transform": "Magic"}), "No transform named Magic found."),
]


@pytest.mark.parametrize(("written", "message"), REFERENCES + FUNCTIONS + CONDITIONS + SECTIONS)
def test_a_wrong_template_is_refused_before_anything_is_made(cfn, written, message):
    assert refusal(cfn.create_stack, **create(cfn, written)) == message
    assert cfn.list_stacks()["StackSummaries"] == []


@pytest.mark.parametrize(
    ("written", "message"),
    [case for case in REFERENCES + FUNCTIONS + SECTIONS[:20] if "ircular" not in case[1] and "Unable" not in case[1]],
)
def test_validating_a_template_finds_what_needs_no_values(cfn, written, message):
    body = written if isinstance(written, str) else json.dumps(written)
    assert refusal(cfn.validate_template, TemplateBody=body) == message


def test_a_branch_that_is_not_taken_may_name_what_is_not_made(cfn):
    other = {**QUEUE, "Metadata": {"Other": {"Fn::If": ["Big", {"Ref": "A"}, "none"]}}}
    written = {**CHOICE, "Resources": {"A": {**QUEUE, "Condition": "Big"}, "B": other}}
    cfn.create_stack(**create(cfn, written))
    cfn.get_waiter("stack_create_complete").wait(StackName="shop")
    assert [
        one["LogicalResourceId"] for one in cfn.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    ] == ["B"]


def test_what_is_named_twice_counts_as_it_is_written_last(cfn, cloud):
    written = (
        "Resources:\n  A: {Type: AWS::SQS::Queue, Properties: {QueueName: first}}\n"
        "  A: {Type: AWS::SQS::Queue, Properties: {QueueName: last}}\n"
    )
    cfn.create_stack(**create(cfn, written))
    cfn.get_waiter("stack_create_complete").wait(StackName="shop")
    assert [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues()["QueueUrls"]] == ["last"]


# -- parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "Template format error: Every Parameters object must contain a Type member."),
        ({"Type": "Strin"}, "Template format error: Unrecognized parameter type: Strin"),
        ({"Type": "String", "DefaultValue": "x"}, "Invalid template parameter property 'DefaultValue'"),
        (
            {"Type": "String", "Default": {"Ref": "AWS::Region"}},
            "Template format error: Every Default member must be a string.",
        ),
        (
            {"Type": "String", "AllowedValues": "a b"},
            "Template format error: Every AllowedValues member must be a list.",
        ),
        (
            {"Type": "String", "MinValue": 1},
            "Template error: Parameter 'P' MinValue must be on a parameter of type Number",
        ),
        ({"Type": "String"}, "Parameters: [P] must have values"),
    ],
)
def test_a_parameter_is_declared_as_it_has_to_be(cfn, rule, message):
    assert refusal(cfn.create_stack, **create(cfn, template({"Parameters": {"P": rule}}))) == message


def test_names_are_used_once_and_parameters_are_declared(cfn):
    written = template({"Parameters": {"A": {"Type": "String", "Default": "x"}}})
    assert refusal(cfn.create_stack, **create(cfn, written)) == (
        "Template error: all resources and parameters must have unique names. Common name(s):[A]"
    )
    message = refusal(cfn.create_stack, **create(cfn, template(), Size="big", Colour="red"))
    assert message == "Parameters: [Size, Colour] do not exist in the template"


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a, c",
         "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A1", "Parameter 'P' must match pattern [a-z]+"),
        ({"Type": "String", "MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 3}, "abcd", "Parameter 'P' must contain at most 3 characters"),
        ({"Type": "Number"}, "many", "Parameter 'P' must be a number."),
        ({"Type": "List<Number>"}, "1,many", "Parameter 'P' must be a number."),
        ({"Type": "Number", "MinValue": 3}, "2", "Parameter 'P' must be a number not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "Parameter 'P' must be a number not greater than 3"),
        (
            {"Type": "String", "AllowedValues": ["a"], "ConstraintDescription": "a, and nothing else"},
            "b",
            "Parameter P failed to satisfy constraint: a, and nothing else",
        ),
    ],
)  # fmt: skip
def test_a_value_that_breaks_a_rule_is_refused(cfn, rule, value, message):
    assert refusal(cfn.create_stack, **create(cfn, template({"Parameters": {"P": rule}}), P=value)) == message


def test_a_truth_value_in_yaml_is_the_text_true_or_false(cfn):
    written = """
    Parameters: {Big: {Type: String, AllowedValues: [true, false], Default: false}}
    Conditions: {IsBig: !Equals [!Ref Big, true]}
    Resources: {A: {Type: AWS::SQS::Queue}}
    Outputs: {Big: {Value: !Sub "${Big}"}, Chosen: {Value: !If [IsBig, yes, no]}}
    """
    cfn.create_stack(**create(cfn, written, Big="true"))
    cfn.get_waiter("stack_create_complete").wait(StackName="shop")
    outputs = cfn.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
    assert {one["OutputKey"]: one["OutputValue"] for one in outputs} == {"Big": "true", "Chosen": "true"}


# -- requests --------------------------------------------------------------------------------------


def test_a_stack_that_is_not_there_is_named_as_each_operation_names_it(cfn):
    body = json.dumps(template())
    assert refusal(cfn.update_stack, StackName="x", TemplateBody=body) == "Stack [x] does not exist"
    assert refusal(cfn.describe_stack_events, StackName="x") == "Stack [x] does not exist"
    assert refusal(cfn.describe_stack_resource, StackName="x", LogicalResourceId="A") == "Stack 'x' does not exist"
    assert refusal(cfn.describe_stacks, StackName="x") == "Stack with id x does not exist"
    assert refusal(cfn.get_template, StackName="x") == "Stack with id x does not exist"


def test_a_change_set_that_creates_a_stack_has_no_previous_values(cfn):
    written = template({"Parameters": {"P": {"Type": "String"}}})
    previous = [{"ParameterKey": "P", "UsePreviousValue": True}]
    arguments = {**create(cfn, written), "Parameters": previous}
    message = refusal(cfn.create_change_set, ChangeSetName="c", ChangeSetType="CREATE", **arguments)
    assert message == "Cannot specify UsePreviousValue on Parameters when ChangeSetType is CREATE"


def test_roles_need_a_capability(cfn):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
    with pytest.raises(ClientError) as caught:
        cfn.create_stack(StackName="shop", TemplateBody=json.dumps({"Resources": {"A": role}}))
    error = caught.value.response["Error"]
    assert error["Code"] == "InsufficientCapabilitiesException"
    assert error["Message"] == "Requires capabilities : [CAPABILITY_IAM]"
