"""State machines to try things with."""

from __future__ import annotations

import json

import pytest

ROLE = "arn:aws:iam::123456789012:role/bakery"


@pytest.fixture
def sfn(cloud):
    return cloud.client("stepfunctions")


@pytest.fixture
def machine(cloud, sfn):
    """Create a state machine: machine({"A": {...}}, kind="EXPRESS") -> its ARN. The first state is the start."""

    def create(states, kind="STANDARD", name=None, settings=None, **more):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **more})
        name = name or f"m{cloud.kernel.serial}"
        answer = sfn.create_state_machine(
            name=name, definition=definition, roleArn=ROLE, type=kind, **(settings or {})
        )
        return answer["stateMachineArn"]

    return create


@pytest.fixture
def finish(cloud, sfn):
    """Start a Standard execution, let time pass, and describe it."""

    def run(arn, data=None, seconds=120, **params):
        text = json.dumps(data if data is not None else {})
        started = sfn.start_execution(stateMachineArn=arn, input=text, **params)
        cloud.wait(seconds)
        return sfn.describe_execution(executionArn=started["executionArn"])

    return run


@pytest.fixture
def types(sfn):
    """The types of an execution's events."""

    def read(execution):
        arn = execution if isinstance(execution, str) else execution["executionArn"]
        return [event["type"] for event in sfn.get_execution_history(executionArn=arn, maxResults=1000)["events"]]

    return read


@pytest.fixture
def metric(cloud):
    """The sum of a metric of Step Functions so far."""

    def read(name, **dimensions):
        answer = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States", MetricName=name, Statistics=["Sum"], Period=86_400,
            StartTime=cloud.now.replace(hour=0, minute=0), EndTime=cloud.now.replace(hour=23, minute=59),
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        )  # fmt: skip
        return sum(point["Sum"] for point in answer["Datapoints"])

    return read
