"""State machines: what holds for every definition, also for those that something has gone wrong with."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud import Cloud
from localcloud.services.states.definition import compile_definition
from localcloud.services.states.errors import InvalidDefinition
from localcloud.services.states.schema import TYPES
from tests.differential.machines import INPUTS, machines

ROLE = "arn:aws:iam::123456789012:role/machines"
ODD = st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3) | st.sampled_from(["$", "$.n", "$$", *TYPES])
ODD_JSON = (
    ODD | st.lists(ODD, max_size=2) | st.dictionaries(st.sampled_from(["Type", "Next", "And", "x"]), ODD, max_size=2)
)
ODD_NAMES = st.sampled_from(["Next", "End", "Retry", "Catch", "Result", "InputPath", "Assign", "Output", "Speed"])


def places(value, path=()):
    """Every place in JSON data, as keys and indexes from the top."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, found in inner:
        yield (*path, key)
        yield from places(found, (*path, key))


@st.composite
def damaged(draw):
    """A definition of which one thing was replaced, dropped or added."""
    definition = draw(machines())
    *above, last = draw(st.sampled_from(list(places(definition))))
    here = definition
    for key in above:
        here = here[key]
    how = draw(st.sampled_from(["replace", "drop", "add"]))
    if how == "replace":
        here[last] = draw(ODD_JSON)
    elif how == "drop":
        del here[last]
    elif isinstance(here, dict):
        here[draw(ODD_NAMES)] = draw(ODD_JSON)
    return definition


@pytest.fixture(scope="module")
def account():
    """One simulated account for all examples."""
    with Cloud(seed=7) as cloud:
        yield cloud


@given(machines())
def test_every_machine_of_the_family_is_accepted(definition):
    machine = compile_definition(json.dumps(definition))
    assert list(machine.states) == list(definition["States"])


@given(st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)))
def test_what_is_no_machine_is_refused_with_its_place(value):
    with pytest.raises(InvalidDefinition, match=r"SCHEMA_VALIDATION_FAILED: .* at /"):
        compile_definition(json.dumps(value))


@settings(max_examples=300)
@given(definition=damaged(), data=INPUTS)
def test_a_damaged_machine_is_refused_or_comes_to_an_end(account, definition, data):
    sfn = account.client("stepfunctions")
    name = f"m{account.kernel.serial}"
    try:
        arn = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    except ClientError as exc:
        assert exc.response["Error"]["Code"] == "InvalidDefinition"  # noqa: PT017 - refusing is one of two ways
        return
    started = sfn.start_execution(stateMachineArn=arn, input=json.dumps(data))
    account.wait(60)
    found = sfn.describe_execution(executionArn=started["executionArn"])
    if found["status"] == "RUNNING":  # a loop without an end: the history's limit will stop it
        sfn.stop_execution(executionArn=started["executionArn"])
    else:
        assert found["status"] in ("SUCCEEDED", "FAILED")


@given(machines(), INPUTS)
def test_express_and_standard_machines_give_the_same_output(account, definition, data):
    sfn = account.client("stepfunctions")
    name, text = f"m{account.kernel.serial}", json.dumps(definition)
    arns = {
        kind: sfn.create_state_machine(name=f"{name}{kind}", definition=text, roleArn=ROLE, type=kind)[
            "stateMachineArn"
        ]
        for kind in ("STANDARD", "EXPRESS")
    }
    express = sfn.start_sync_execution(stateMachineArn=arns["EXPRESS"], input=json.dumps(data))
    started = sfn.start_execution(stateMachineArn=arns["STANDARD"], input=json.dumps(data))
    account.wait(60)
    standard = sfn.describe_execution(executionArn=started["executionArn"])
    for member in ("status", "output", "error", "cause"):
        assert standard.get(member) == express.get(member)
