"""Roles that a function assumes, as those do that work for one tenant at a time."""

from __future__ import annotations

import json

import pytest

CLERK, BAKER = (f"arn:aws:iam::123456789012:role/{name}" for name in ("clerk", "baker"))
ROOT = "arn:aws:iam::123456789012:root"
SOURCE = """
    import boto3
    def handler(event, context):
        try:
            answer = boto3.client("sts").assume_role(RoleArn=event["role"], RoleSessionName="tenant-1", **event["more"])
            given = answer["Credentials"]
            session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
            who = session.client("sts").get_caller_identity()["Arn"]
            session.client("dynamodb").get_item(TableName=event["table"], Key={"id": {"S": "1"}})
            return [who, "ok"]
        except Exception as exc:
            return exc.response["Error"]["Message"].split(" is not authorized to perform: ")
"""
ASSUMED = "arn:aws:sts::123456789012:assumed-role/baker/tenant-1"


@pytest.fixture
def assume(cloud, function, role, invoke, table):
    """assume({...trust...}, [rights of the role], *rights of the function, **more of AssumeRole): what happened."""
    iam = cloud.client("iam")

    def call(trust, rights, *own, arn=BAKER, **more):
        function("clerk", SOURCE, Role=role("clerk", "lambda", *own))
        role("baker", "lambda", *rights)
        statement = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], **trust}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.update_assume_role_policy(RoleName="baker", PolicyDocument=document)
        return invoke("clerk", {"role": arn, "table": "orders", "more": more})[0]

    return call


def aws(whom, **condition):
    return {"Principal": {"AWS": whom}, **({"Condition": condition} if condition else {})}


MAY = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": BAKER}


@pytest.mark.parametrize(
    ("trust", "rights", "outcome"),
    [
        (aws(CLERK), [], "ok"),  # who is named needs no right of its own
        (aws(ROOT), [MAY], "ok"),
        (aws(ROOT), [], "refused"),
        (aws(BAKER), [MAY], "refused"),
        (aws(CLERK, StringEquals={"sts:ExternalId": "7"}), [MAY], "refused"),
        (aws(CLERK, StringLike={"sts:RoleSessionName": "tenant-*"}), [], "ok"),
    ],
)
def test_the_trust_policy_decides_who_may_assume_a_role(assume, trust, rights, outcome):
    who, told = assume(trust, ["dynamodb:GetItem"], *rights)
    if outcome == "ok":
        assert (who, told) == (ASSUMED, "ok")
    else:
        assert who == "User: arn:aws:sts::123456789012:assumed-role/clerk/clerk"
        assert told.startswith(f"sts:AssumeRole on resource: {BAKER}")


def test_a_role_that_is_not_there_cannot_be_assumed(assume):
    arn = "arn:aws:iam::123456789012:role/nobody"
    assert assume(aws(CLERK), [], "sts:*", arn=arn)[1] == f"sts:AssumeRole on resource: {arn}"


def test_a_call_with_assumed_credentials_is_the_assumed_roles(assume, table):
    who, told = assume(aws(CLERK), ["sqs:*"], "dynamodb:*")
    assert who == f"User: {ASSUMED}"
    assert told.startswith(f"dynamodb:GetItem on resource: {table} because no identity-based policy")


def test_a_session_policy_bounds_what_the_role_may_do(assume):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    told = assume(aws(CLERK), ["dynamodb:*"], "sqs:*", Policy=json.dumps(policy))[1]
    assert told.endswith("because no session policy allows the dynamodb:GetItem action")


@pytest.mark.parametrize(("tenant", "outcome"), [("orders", "ok"), ("others", "refused")])
def test_the_tags_of_a_session_fill_the_variables_of_a_policy(assume, tenant, outcome):
    right = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/t}"}
    told = assume(aws(CLERK), [right], "sqs:*", Tags=[{"Key": "t", "Value": tenant}])[1]
    assert (told == "ok") is (outcome == "ok")


def test_tagging_a_session_is_a_right_of_its_own(assume):
    trust = {**aws(CLERK), "Action": "sts:AssumeRole"}
    told = assume(trust, ["dynamodb:*"], "sts:*", Tags=[{"Key": "t", "Value": "1"}])[1]
    assert told == f"sts:TagSession on resource: {BAKER}"
